"""z = q k / sqrt(d): how well a query fits a key. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, ink, z_
from nnviz3d.layers.shared.product_terms import product_terms
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum

OTHERS = "key", "query"  # by slot, whose features an edge multiplies by


class ScoresEquations(EquationsFace):
    title = "Query times key"
    still = "Scores have no weights and no bias: training changes nothing here."
    returns = "The error of the scores, times the other factor, divided by the root of the number of features"

    def of(self, letters: list[str]) -> str:
        return r"q \cdot k / \sqrt{d}"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """The features of the query, each times that of the key; the other input says the same products."""
        if reading.incoming is None:
            return []
        query, key = reading.incoming.connections
        n, z = len(query.terms) + query.rest_count, z_(reading.layer, reading.index)
        symbols = rf"{z} = \frac{{1}}{{\sqrt{{{n}}}}}\sum_{{f=0}}^{{{n - 1}}} {a_(query.node, 'f')}\,{a_(key.node, 'f')}"
        tip = "Every feature of the query times that of the key, added up, and divided by the root of their number."
        lines = [Line(symbols, tip=tip), *product_terms(query, "a", "key / √d")]
        return [*lines, Line(z, (), reading.z, "result", "The score: all of the above summed.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a feature of a query or of a key gets back: the deltas of its scores, times the other factor."""
        other = OTHERS[back.slot]
        factor = ink(rf"a^{{\mathrm{{{other}}}}}_k", "a")
        symbols = rf"\frac{{1}}{{\sqrt{{d}}}}\sum_k {factor}\,{delta_(back.node, 'k')}"
        return symbols, product_terms(back, "d", f"{other} / √d")

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all queries and keys."""
        query, key = r.sources
        tip = "Head by head, every row of Q times every row of K. d: features of a head."
        symbols = rf"{z_(r.layer)} = {a_(query.node)}\,({a_(key.node)})^{{\top}} / \sqrt{{d}}"
        return [Line(symbols, tip=tip), shapes(f"{axes(r.axes)} = {axes(query.shape)}{axes(key.shape)}ᵀ")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        turned = r"^{\top}" if end.slot else ""
        other = ink(rf"a^{{\mathrm{{{OTHERS[end.slot]}}}}}", "a")
        return rf"{delta_(end.node)}{turned}\,{other} / \sqrt{{d}}", f"({end.size:,})({size:,})"


EQUATIONS = ScoresEquations()
