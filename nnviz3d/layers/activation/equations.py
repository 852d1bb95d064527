"""a = f(z), where z is what comes in. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.readout import LayerReading


class ActivationEquations(AlignedEquations):
    applies = True
    still = "An activation function has no weights and no bias: training changes nothing here."

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        tip = "Every neuron reads the activation of the neuron with the same number in the layer before it."
        return [Line(f"{z_(r.layer)} = {a_(r.sources[0].node)}", tip=tip), shapes(f"{axes(r.axes)} = {axes(r.sources[0].shape)}")]


EQUATIONS = ActivationEquations()
