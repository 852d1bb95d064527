"""z = a a': a product of two layers, neuron by neuron. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned import axes, gradients
from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, ink, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum

__all__ = ["APPLIES", "LAYER_RETURNED", "SIGN", "STILL", "TITLE", "gradients", "layer", "layer_returned", "pre_activation", "returned"]

TITLE = "Product"
APPLIES = False
SIGN = r"\cdot"
STILL = "A product has no weights and no bias: training changes nothing here."
LAYER_RETURNED = "The error of the product, times the other factor"
OTHER = r"a^{\mathrm{other}}"  # the factor that does not stand at the other end of the edge


def pre_activation(reading: NeuronReading) -> list[Line]:
    """z is the product of two activations."""
    if reading.incoming is None:
        return []
    z, ends = z_(reading.layer, reading.index), [(part, part.terms[0]) for part in reading.incoming.connections]
    names = " and ".join(part.name for part, _ in ends)
    symbols = r"\,".join(a_(part.node, term.index) for part, term in ends)
    lines = [Line(f"{z} = {symbols}", tip=f"The activations of {names}, multiplied.")]
    for part, term in ends:
        tip = f"The activation of neuron {term.index} of {part.name}: {plain(term.value)}. Click to look at it."
        at = {"neuron": term.neuron, "index": term.index, "name": part.name, "ink": "a"}
        lines.append(Line(a_(part.node, term.index), (), term.value, "term", tip, **at))
    return [*lines, Line(z, (), reading.z, "result", "The two multiplied.")]


def returned(back: Sum, j: int) -> tuple[str, list[Line]]:
    """What a neuron that feeds a product gets back from it: the delta of the product times the other factor."""
    lines = []
    for term in back.terms:
        tip = f"other factor × delta of neuron {term.index} of {back.name}: {plain(term.weight)} × {plain(term.value)}."
        spans = (*number(term.weight, "a"), Span(" · "), *number(term.value, "d", True))
        at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
        lines.append(Line("", spans, term.product, "term", f"{tip} Click to look at it.", **at))
    return rf"{ink(rf'{OTHER}_{{{j}}}', 'a')}\,{delta_(back.node, j)}", lines


def layer(r: LayerReading) -> list[Line]:
    """z of all neurons."""
    tip = "Neuron by neuron: both layers have the same shape. Where one is 0, nothing of the other is passed on."
    symbols = r" \odot ".join(a_(end.node) for end in r.sources)
    return [Line(f"{z_(r.layer)} = {symbols}", tip=tip), shapes(f"{axes(r.axes)} = {' ⊙ '.join(axes(end.shape) for end in r.sources)}")]


def layer_returned(end: LayerEnd, size: int) -> tuple[str, str]:
    """What a whole factor gets back: symbols, and their shapes."""
    return rf"{ink(OTHER, 'a')} \odot {delta_(end.node)}", f"({size:,}) ⊙ ({size:,})"
