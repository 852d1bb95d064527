"""z = the largest cell of a window, and the way back: the error goes to the winner alone. Pure."""

from __future__ import annotations

import numpy as np

from nnviz3d.layers.max_pool.edges import cells_of_window
from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line, Span
from nnviz3d.layers.shared.equations_face import Asked, EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum
from nnviz3d.spec.topology import Node

SHOWN = 6  # cells of a window with a line of their own


class MaxPoolEquations(EquationsFace):
    title = "Maximum"
    reduces = "maximum"
    still = "A maximum has no weights and no bias: training changes nothing here."
    returns = "The error of the next layer, for the winner of each window alone"

    def of(self, letters: list[str]) -> str:
        return r"\max_i a_i"

    def asks(self, node: Node, sources: tuple[Node, ...], j: int) -> Asked:
        """The cells of its window, in the order of reading: their activations and their numbers in the layer."""
        cells = cells_of_window(node, sources, j)
        return {"a": ("activation", sources[0].neurons.start + cells), "index": ("number", cells)}

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """The winner first, then the others in the order of reading."""
        before, a, cells = reading.incoming, reading.given.get("a"), reading.given.get("index")
        if before is None or a is None or cells is None:
            return []
        z, won = z_(reading.layer, reading.index), int(a.argmax())
        start = before.terms[0].neuron - before.terms[0].index
        names = {term.index: term.called for term in before.terms}
        tip = f"The largest of the {len(a)} cells of the window that lie on the map. Of equal ones the first, row by row, counts."
        lines = [Line(rf"{z} = \max_i {a_(before.node, 'i')}", tip=tip)]
        order = [won, *np.delete(np.arange(len(a)), won)[: SHOWN - 1].tolist()]
        for k in order:
            index = int(cells[k])
            whose = names.get(index, f"neuron {index}")
            role = "the winner: it alone passes on, and it alone gets the error back" if k == won else "not the largest"
            spans, at = (Span("winner"),) if k == won else (), {"neuron": start + index, "index": index, "ink": "a"}
            tex = "" if spans else a_(before.node, index)
            lines.append(Line(tex, spans, float(a[k]), "term", f"{whose}, {role}: {plain(float(a[k]))}. Click to show it.", **at))
        if len(a) > len(order):
            lines.append(Line("", (Span(f"{len(a) - len(order):,} more cells, none of them larger"),), kind="note"))
        return [*lines, Line(z, (), reading.z, "result", "The largest of them.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a cell gets back: the deltas of the windows that it wins."""
        symbols = rf"\sum_{{\mathrm{{won}}}} {delta_(back.node, 'k')}"
        lines = []
        for term in back.terms:
            if term.weight:
                tip = f"The error of {term.called} of {back.name}, whose window this cell wins: {plain(term.value)}. Click to show it."
                at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
                lines.append(Line(delta_(back.node, term.index), (), term.product, "term", tip, **at))
        if back.rest:
            tip = f"The errors of the other {back.rest_count:,} windows that it is in."
            lines.append(Line("", (Span("more windows"),), back.rest, "rest", tip))
        if not lines:
            lines.append(Line("", (Span("not the largest of any window: no error"),), kind="note"))
        return symbols, lines

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all maps."""
        (source,) = r.sources
        tip = "Of each window the largest cell, channel by channel."
        return [Line(rf"{z_(r.layer)} = \max({a_(source.node)})", tip=tip), shapes(f"{axes(r.axes)} = max{axes(source.shape)}")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return rf"\mathrm{{winners}}\,{delta_(end.node)}", f"{axes(end.shape)} to the winners"


EQUATIONS = MaxPoolEquations()
