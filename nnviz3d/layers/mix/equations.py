"""z = sum of weights times values: what a token takes from those that it looks at. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, ink, z_
from nnviz3d.layers.shared.product_terms import product_terms
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum

OTHERS = "value", "share"  # by slot, what an edge multiplies by


class MixEquations(EquationsFace):
    title = "Shares times values"
    still = "A mixture has no weights and no bias: training changes nothing here."
    returns = "The error of the mixture, times the other factor"

    def of(self, letters: list[str]) -> str:
        return r"\sum_t s_t\,v_t"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """The values that a token looks at, each times its share; the other input says the same products."""
        if reading.incoming is None:
            return []
        share, value = reading.incoming.connections
        n, z = len(value.terms) + value.rest_count, z_(reading.layer, reading.index)
        symbols = rf"{z} = \sum_{{t=0}}^{{{n - 1}}} {a_(share.node, 't')}\,{a_(value.node, 't')}"
        tip = "This feature of every token that is looked at, times the share of the attention that it gets."
        lines = [Line(symbols, tip=tip), *product_terms(value, "a", "share")]
        return [*lines, Line(z, (), reading.z, "result", "The mixture: all of the above summed.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a share or a value gets back: the deltas of the mixtures, times the other factor."""
        other = OTHERS[back.slot]
        factor = ink(rf"a^{{\mathrm{{{other}}}}}_k", "a")
        return rf"\sum_k {factor}\,{delta_(back.node, 'k')}", product_terms(back, "d", other)

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all tokens."""
        share, value = r.sources
        tip = "Head by head: a row of shares for each token times the values of all."
        symbols = rf"{z_(r.layer)} = {a_(share.node)}\,{a_(value.node)}"
        return [Line(symbols, tip=tip), shapes(f"{axes(r.axes)} = {axes(share.shape)}{axes(value.shape)}")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        other = ink(rf"(a^{{\mathrm{{{OTHERS[end.slot]}}}}})^{{\top}}", "a")
        pair = (delta_(end.node), other) if end.slot == 0 else (other, delta_(end.node))
        return r"\,".join(pair), f"({end.size:,})({size:,})"


EQUATIONS = MixEquations()
