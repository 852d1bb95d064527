"""The matrix form of one layer, from a `LayerReading`: symbols, and under each the real shapes. Pure.

Vectors are columns; a product of shapes reads as the arrays do: (48) = (48 × 64)(64) + (48).
"""

from __future__ import annotations

import numpy as np

from nnviz3d.spec.readout import LayerReading
from nnviz3d.ui.equations import FUNCTIONS, LOSS_NAMES, a_, delta_, ink, weight_tip
from nnviz3d.ui.line import Line, Span

RULES = {
    "sgd": r"W \leftarrow W - \eta\,G", "momentum": r"V \leftarrow \mu V + G,\quad W \leftarrow W - \eta V",
    "nesterov": r"V \leftarrow \mu V + G,\quad W \leftarrow W - \eta(G + \mu V)",
    "rmsprop": r"W \leftarrow W - \eta\,G/(\sqrt{V}+\epsilon)",
    "adam": r"W \leftarrow W - \eta\,\hat{M}/(\sqrt{\hat{V}}+\epsilon)",
    "adamw": r"W \leftarrow W - \eta\,\hat{M}/(\sqrt{\hat{V}}+\epsilon) - \eta\lambda W",
}  # fmt: skip


def forward(r: LayerReading) -> list[Line]:
    o, i = (f"{n:,}" for n in r.shape)
    k, z = r.layer, rf"z^{{[{r.layer}]}}"
    before = a_(k - 1)
    tip = "All neurons of the layer at once: row j of W holds the weights that lead into neuron j."
    function = rf"\mathrm{{{r.activation}}}" if r.activation == "softmax" else "f"
    what = "softmax" if r.activation == "softmax" else r.activation
    lines = [
        Line(rf"{z} = W^{{[{k}]}}\,{before} + b^{{[{k}]}}", tip=tip),
        _shapes(f"({o}) = ({o} × {i})({i}) + ({o})"),
        Line(rf"{a_(k)} = {function}({z})", tip=f"The activation function, applied to every element: {what}."),
    ]
    if r.activation in FUNCTIONS and r.activation != "linear":
        lines.append(Line(rf"f(z) = {FUNCTIONS[r.activation]}", kind="shapes", tip=f"{what}, of each element by itself."))
    return [
        *lines,
        _size(r"\lVert z\rVert", r.z, f"The length of z: the root of the sum of its {o} squares."),
        _size(r"\lVert a\rVert", r.a, "The length of a.", "a"),
    ]


def backward(r: LayerReading) -> list[Line]:
    """Empty in the phase `after`: no error has been sent back through the new weights."""
    if r.delta is None:
        return []
    k, o = r.layer, f"{len(r.z):,}"
    delta = delta_(k)
    end = _size(r"\lVert \delta\rVert", r.delta, "The length of the error signal of this layer.", "d")
    if r.next_size:
        n = f"{r.next_size:,}"
        tip = "The error of the next layer, sent back through its weights, times the slope of the activation function, element by element."
        following = rf"(W^{{[{k + 1}]}})^{{\top}}\,{delta_(k + 1)}"
        return [Line(rf"{delta} = {following} \odot f'(z)", tip=tip), _shapes(f"({o}) = ({o} × {n})({n}) ⊙ ({o})"), end]
    if r.loss in ("cross_entropy", "bce"):
        tip = f"With {r.activation} and {LOSS_NAMES[r.loss]} the error is what the network says (p = a) minus what is right (y)."
        share = f"/{o}" if r.loss == "bce" and len(r.z) > 1 else ""
        weighted = "" if r.class_weight is None else r"c\,"
        ends = rf"{weighted}({ink('p', 'a')} - y){share}" if share or weighted else rf"{ink('p', 'a')} - y"
        tip += weight_tip(r.class_weight)
        return [Line(rf"{delta} = {ends}", tip=tip), _shapes(f"({o}) = ({o}) − ({o})"), end]
    tip = f"The slope of the loss ({LOSS_NAMES.get(r.loss, r.loss)}) times the slope of the activation function."
    if r.slope is None:
        form = rf"{ink('a', 'a')} \odot (\partial L/\partial a - {ink('a', 'a')}^{{\top}}\,\partial L/\partial a)"
    else:
        form = r"\partial L/\partial a \odot f'(z)"
    return [Line(rf"{delta} = {form}", tip=tip), _shapes(f"({o}) = ({o}) ⊙ ({o})"), end]


def gradient(r: LayerReading) -> list[Line]:
    o, i = (f"{n:,}" for n in r.shape)
    k = r.layer
    lines = []
    if r.delta is not None:
        tip = "Every error at the end times every activation at the start: a whole matrix from two vectors."
        delta, a = delta_(k), rf"({a_(k - 1)})^{{\top}}"
        lines = [
            Line(rf"\partial L/\partial W = {delta}\,{a}", tip=tip),
            _shapes(f"({o} × {i}) = ({o})(1 × {i})"),
            Line(rf"\partial L/\partial b = {delta}", tip="The gradient of the biases is the error itself."),
            _shapes(f"({o}) = ({o})"),
        ]
        length = _length(r.delta) * _length(r.x)
        tip = "The length of the shown sample's gradient: that of delta times that of a."
        lines.append(Line(r"\lVert \delta\,a^{\top}\rVert", (), length, "number", tip, ink="d"))
    if r.samples and r.stride == (1, 1):
        words = rf"\lVert G\rVert,\; \mathrm{{mean\ over\ the\ batch\ of}}\ {r.samples}"
        lines.append(_size(words, r.gradient, "The length of the batch's mean gradient of W.", "d"))
    return lines


def update(r: LayerReading) -> list[Line]:
    if not r.samples:
        return []
    o, i = (f"{n:,}" for n in r.shape)
    tip = "The same rule for every weight of the matrix, element by element. G is the batch's mean gradient."
    lines = [Line(RULES[r.optimizer], tip=tip), _shapes(f"({o} × {i}) = ({o} × {i}) − ({o} × {i})")] if r.optimizer else []
    if r.rate is not None:
        lines.append(Line(r"\eta", (), r.rate, "number", "The learning rate of this step."))
    if r.stride != (1, 1):
        return lines
    step, size = _length(r.change), _length(r.weight)
    lines.append(Line(r"\lVert \Delta W\rVert", (), step, "number", "The length of the whole change of W in this step."))
    if size:
        tip = "How far this step moved the weights, relative to their size. About 0.001 is usual."
        lines.append(Line(r"\lVert \Delta W\rVert\,/\,\lVert W\rVert", (), step / size, "number", tip))
    return lines


def _shapes(text: str) -> Line:
    return Line("", (Span(text),), kind="shapes", tip="The shapes of the arrays above: rows × columns.")


def _size(latex: str, array: np.ndarray, tip: str, colour: str = "") -> Line:
    return Line(latex, (), _length(array), "number", tip, ink=colour)


def _length(array: np.ndarray) -> float:
    """Euclidean, in float64."""
    return float(np.linalg.norm(array.astype(np.float64)))
