"""z = the mean of some cells, and the way back: each cell gets its share. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum


class AverageEquations(EquationsFace):
    """`what`: the cells that the mean is of."""

    title = "Mean"
    reduces = "mean"
    still = "A mean has no weights and no bias: training changes nothing here."
    what = "window"
    returns = "The error of the next layer, shared out equally among the cells of each mean"

    def of(self, letters: list[str]) -> str:
        return r"\mathrm{mean}_i\,a_i"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """1 / n of each cell: symbols, the largest, the rest as one number, result."""
        before = reading.incoming
        if before is None:
            return []
        z, n = z_(reading.layer, reading.index), len(before.terms) + before.rest_count
        tip = f"The mean of the {n:,} cells of the {self.what}; cells outside the map are not counted."
        lines = [Line(rf"{z} = \frac{{1}}{{{n}}} \sum_i {a_(before.node, 'i')}", tip=tip), *_shares(before, "a", "i", "its activation")]
        return [*lines, Line(z, (), reading.z, "result", "All of the above summed.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a cell gets back: of each mean that it is in, the delta divided by the number of its cells."""
        return rf"\sum_k \frac{{1}}{{n_k}}\,{delta_(back.node, 'k')}", _shares(back, "d", "k", "its error")

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all maps."""
        (source,) = r.sources
        tip = f"Of each {self.what} the mean, channel by channel."
        return [Line(rf"{z_(r.layer)} = \mathrm{{mean}}({a_(source.node)})", tip=tip), shapes(f"{axes(r.axes)} = mean{axes(source.shape)}")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return rf"\frac{{1}}{{n}}\,{delta_(end.node)}", f"shares of {axes(end.shape)}"


def _shares(total: Sum, ink: str, letter: str, what: str) -> list[Line]:
    """Each number divided by how many there are in its mean; the largest first, then all others as one."""
    lines = []
    for term in total.terms:
        n = round(1 / term.weight)
        tip = f"{term.called}: {what}, {plain(term.value)}, divided by {n}. Click to show it."
        spans = (*number(term.value, ink), Span(f" / {n}"))
        lines.append(Line("", spans, term.product, "term", tip, neuron=term.neuron, index=term.index, letter=letter))
    if total.rest_count:
        more = f"{total.rest_count:,} more {'cell' if total.rest_count == 1 else 'cells'}"
        lines.append(Line("", (Span(more),), total.rest, "rest", "The sum of the other shares; each is smaller than those above."))
    return lines
