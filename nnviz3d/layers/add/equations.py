"""z = a + a' + ...: a sum of layers, neuron by neuron. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.readout import LayerReading


class AddEquations(AlignedEquations):
    title = "Sum"
    still = "A sum has no weights and no bias: training changes nothing here."

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        tip = "Neuron by neuron: all layers that are summed have the same shape. The error passes back unchanged to each of them."
        symbols = " + ".join(a_(end.node) for end in r.sources)
        return [Line(f"{z_(r.layer)} = {symbols}", tip=tip), shapes(f"{axes(r.axes)} = {' + '.join(axes(end.shape) for end in r.sources)}")]


EQUATIONS = AddEquations()
