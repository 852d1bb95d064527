"""z is a cell of the picture, among the features of its patch. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.readout import LayerReading


class PatchesEquations(AlignedEquations):
    still = "Cutting a picture has no weights and no bias: training changes nothing here."

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        tip = "The same values, patch by patch: each row holds the cells of one patch."
        symbols = rf"\mathrm{{patches}}({a_(r.sources[0].node)})"
        return [Line(f"{z_(r.layer)} = {symbols}", tip=tip), shapes(f"{axes(r.axes)} = patches{axes(r.sources[0].shape)}")]


EQUATIONS = PatchesEquations()
