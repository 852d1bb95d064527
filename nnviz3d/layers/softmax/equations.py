"""z is the score as it stands; the softmax is the activation function, over the row of it. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.readout import LayerReading


class SoftmaxEquations(AlignedEquations):
    title = "Its score"
    applies = True
    still = "A softmax has no weights and no bias: training changes nothing here."

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all cells."""
        (source,) = r.sources
        tip = "The scores as they stand. The softmax works on each row of the last axis; masked cells stay 0."
        return [Line(f"{z_(r.layer)} = {a_(source.node)}", tip=tip), shapes(f"{axes(r.axes)} = {axes(source.shape)}")]


EQUATIONS = SoftmaxEquations()
