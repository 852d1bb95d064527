"""z is what comes in, layer beside layer. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.readout import LayerEnd, LayerReading


class ConcatEquations(AlignedEquations):
    still = "A concatenation has no weights and no bias: training changes nothing here."
    returns = "Its own part of the error of the next layer"

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        tip = "The layers are placed side by side in this order, and every value is passed on unchanged."
        symbols = r",\;".join(a_(end.node) for end in r.sources)
        return [
            Line(rf"{z_(r.layer)} = ({symbols})", tip=tip),
            shapes(f"{axes(r.axes)} = {', '.join(axes(end.shape) for end in r.sources)}"),
        ]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """A layer that is joined gets back the part of the error that stands where it does."""
        return delta_(end.node, rf"\mathrm{{part\ {end.slot + 1}}}"), f"({size:,} of {end.size:,})"


EQUATIONS = ConcatEquations()
