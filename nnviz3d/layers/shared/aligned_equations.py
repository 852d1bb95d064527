"""Equations of kinds without parameters whose edges join neurons one by one and pass numbers on as they are.

What such a kind does to whole layers (`layer`) it says itself.
"""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, NeuronReading, Sum

WRITTEN = 4  # addends; of more the first ones and the last


class AlignedEquations(EquationsFace):
    """z is the sum of what comes in, one activation from each connection; most kinds have one only. `joined`: what is done to several."""

    joined = "summed"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """Each number that comes in with the layer that it comes from."""
        if reading.incoming is None:
            return []
        ends = [(part, term) for part in reading.incoming.connections for term in part.terms]
        z, shown = z_(reading.layer, reading.index), [a_(part.node, term.index) for part, term in ends]
        if len(shown) > WRITTEN:
            shown = [*shown[: WRITTEN - 1], r"\ldots", shown[-1]]
        lines = [Line(f"{z} = {f' {self.sign} '.join(shown)}", tip=f"The input from {', '.join(part.name for part, _ in ends)}.")]
        for part, term in ends:
            tip = f"The activation of {term.called} of {part.name}: {plain(term.value)}. Click to show it."
            at = {"neuron": term.neuron, "index": term.index, "name": part.name, "ink": "a"}
            lines.append(Line(a_(part.node, term.index), (), term.value, "term", tip, **at))
        return [*lines, Line(z, (), reading.z, "result", f"The inputs, {self.joined}." if len(ends) > 1 else "The input.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a neuron that feeds such a node gets back from it: the delta of the neuron that it feeds."""
        lines = []
        for term in back.terms:
            tip = f"The error of {term.called} of {back.name}, which uses this activation unchanged: {plain(term.value)}."
            at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
            lines.append(Line(delta_(back.node, term.index), (), term.value, "term", f"{tip} Click to show it.", **at))
        return " + ".join(delta_(back.node, term.index) for term in back.terms), lines

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return delta_(end.node), f"({size:,})"


def axes(shape: tuple[int, ...]) -> str:
    """A shape as it is written: "(8 × 8)"."""
    return f"({' × '.join(f'{n:,}' for n in shape)})"
