"""z = a a': a product of two layers, neuron by neuron. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, ink, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, Sum

OTHER = r"a^{\mathrm{other}}"  # the factor that does not stand at the other end of the edge


class MultiplyEquations(AlignedEquations):
    title = "Product"
    still = "A product has no weights and no bias: training changes nothing here."
    sign, joined = r"\cdot", "multiplied"
    returns = "The error of the product, times the other factor"

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a neuron that feeds a product gets back from it: the delta of the product times the other factor."""
        lines = []
        for term in back.terms:
            tip = f"other factor × delta of {term.called} of {back.name}: {plain(term.weight)} × {plain(term.value)}."
            spans = (*number(term.weight, "a"), Span(" · "), *number(term.value, "d", True))
            at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
            lines.append(Line("", spans, term.product, "term", f"{tip} Click to show it.", **at))
        return rf"{ink(rf'{OTHER}_{{{j}}}', 'a')}\,{delta_(back.node, j)}", lines

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        tip = "Neuron by neuron: both layers have the same shape. If one is 0, the other is blocked."
        symbols = r" \odot ".join(a_(end.node) for end in r.sources)
        return [Line(f"{z_(r.layer)} = {symbols}", tip=tip), shapes(f"{axes(r.axes)} = {' ⊙ '.join(axes(end.shape) for end in r.sources)}")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What a whole factor gets back: symbols, and their shapes."""
        return rf"{ink(OTHER, 'a')} \odot {delta_(end.node)}", f"({size:,}) ⊙ ({size:,})"


EQUATIONS = MultiplyEquations()
