"""The matrix form of one layer, from a `LayerReading`: symbols, and under each the real shapes. Pure.

Vectors are columns; a product of shapes reads as the arrays do: (48) = (48 × 64)(64) + (48).
"""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.layers.shared.matrix_lines import length, shapes, size
from nnviz3d.layers.shared.notation import a_, delta_, ink, z_
from nnviz3d.spec.activations import ACTIVATIONS, ELEMENTWISE
from nnviz3d.spec.readout import LayerReading, MatrixReading
from nnviz3d.ui.equations.neuron_equations import LOSS_NAMES, weight_tip

# (what the optimiser remembers, what the rate multiplies); @ is the gradient that it is given: G, or c G where that is clipped
RULES = {
    "sgd": ("", "@"),
    "momentum": (r"V \leftarrow \mu V + @", "V"),
    "nesterov": (r"V \leftarrow \mu V + @", r"(@ + \mu V)"),
    "rmsprop": (r"V \leftarrow \rho V + (1-\rho)(@)^2", r"@/(\sqrt{V}+\epsilon)"),
    "adam": (
        r"M \leftarrow \beta_1 M + (1-\beta_1) @,\quad V \leftarrow \beta_2 V + (1-\beta_2)(@)^2",
        r"\hat{M}/(\sqrt{\hat{V}}+\epsilon)",
    ),
}
RULES["adamw"] = RULES["adam"]
HOLDS = 5e-3  # relative: a change so near to rate times direction is shown as their product; else 32 bits have rounded it


def forward(r: LayerReading) -> list[Line]:
    """z as the kind makes it, a = f(z), and how long they are."""
    kind, o = equations_of(r.kind), f"{len(r.z):,}"
    lines = kind.layer(r)
    if kind.applies:
        function = rf"\mathrm{{{r.activation}}}" if r.activation == "softmax" else "f"
        tip = f"The activation function, applied to every element: {r.activation}."
        lines.append(Line(rf"{a_(r.layer)} = {function}({z_(r.layer)})", tip=tip))
        if r.activation in ELEMENTWISE and r.activation != "linear":
            lines.append(
                Line(rf"f(z) = {ACTIVATIONS[r.activation].tex}", kind="shapes", tip=f"{r.activation}, applied to each element separately.")
            )
        lines.append(size(r"\lVert z\rVert", r.z, f"The norm (length) of z: the square root of the sum of its {o} squared elements."))
    return [*lines, size(r"\lVert a\rVert", r.a, "The norm of a.", "a")]


def backward(r: LayerReading) -> list[Line]:
    """Empty in the phase `after`: no error has been sent back through the new weights."""
    if r.delta is None:
        return []
    o, delta = f"{len(r.z):,}", delta_(r.layer)
    end = size(r"\lVert \delta\rVert", r.delta, "The norm of this layer's error signal.", "d")
    if r.targets:
        return [*_collected(r, delta, o), end]
    if r.loss in ("cross_entropy", "bce"):
        tip = f"With {r.activation} and {LOSS_NAMES[r.loss]} the error is the network's output (p = a) minus the target (y)."
        share = f"/{o}" if r.loss == "bce" and len(r.z) > 1 else ""
        weighted = "" if r.class_weight is None else r"c\,"
        ends = rf"{weighted}({ink('p', 'a')} - y){share}" if share or weighted else rf"{ink('p', 'a')} - y"
        tip += weight_tip(r.class_weight)
        return [Line(rf"{delta} = {ends}", tip=tip), shapes(f"({o}) = ({o}) − ({o})"), end]
    tip = f"The slope of the loss ({LOSS_NAMES.get(r.loss, r.loss)}) times the slope of the activation function."
    if r.slope is None:
        form = rf"{ink('a', 'a')} \odot (\partial L/\partial a - {ink('a', 'a')}^{{\top}}\,\partial L/\partial a)"
    else:
        form = r"\partial L/\partial a \odot f'(z)"
    return [Line(rf"{delta} = {form}", tip=tip), shapes(f"({o}) = ({o}) ⊙ ({o})"), end]


def _collected(r: LayerReading, delta: str, o: str) -> list[Line]:
    """What comes back from every node that it feeds, added, times the slope."""
    kinds = [equations_of(end.kind) for end in r.targets]
    returned = [kind.layer_returned(end, len(r.z)) for kind, end in zip(kinds, r.targets, strict=True)]
    symbols, arrays = (" + ".join(pieces) for pieces in zip(*returned, strict=True))
    tip = kinds[0].returns if len(returned) == 1 else f"What comes back from the {len(returned)} layers that it feeds, added"
    if not equations_of(r.kind).applies:
        return [Line(rf"{delta} = {symbols}", tip=f"{tip}."), shapes(f"({o}) = {arrays}")]
    if len(returned) > 1:
        symbols, arrays = rf"\left({symbols}\right)", f"({arrays})"
    tip += ", times the slope of the activation function, element by element."
    return [Line(rf"{delta} = {symbols} \odot f'(z)", tip=tip), shapes(f"({o}) = {arrays} ⊙ ({o})")]


def gradient(r: LayerReading) -> list[Line]:
    """Of the parameters, for the shown sample and over the batch. Empty where there are none."""
    if not isinstance(r, MatrixReading):
        return []
    lines = equations_of(r.kind).layer_gradient(r)
    if r.samples:
        regular = (r" + \lambda_1\,\mathrm{sign}(W)" if r.l1 else "") + (r" + \lambda_2 W" if r.l2 else "")
        batch = rf"\mathrm{{mean\ of}}\ \partial L/\partial W\ \mathrm{{over\ the\ batch\ of}}\ {r.samples}"
        lines.append(Line(f"G = {batch}{regular}", tip="The gradient used for the step, before clipping."))
        if r.stride == (1, 1):
            lines.append(size(r"\lVert G\rVert", r.gradient, "The norm of G for this layer's weights.", "d"))
    return lines


def update(r: LayerReading) -> list[Line]:
    """The optimiser's rule for the matrix. Empty where there is none, and before the first step."""
    if not isinstance(r, MatrixReading) or not r.samples:
        return []
    o, i = (f"{n:,}" for n in r.shape)
    lines = _rule(r)
    if lines:
        lines.append(shapes(f"({o} × {i}) = ({o} × {i}) − ({o} × {i})"))
    if r.rate is not None:
        lines.append(Line(r"\eta", (), r.rate, "number", "The learning rate of this step."))
        if r.clip != 1:
            tip = (
                "Gradient clipping: the gradient of all parameters together is scaled by this factor, so that its norm does not exceed "
                "the limit."
            )
            lines.append(Line("c", (), r.clip, "number", tip))
    if r.stride != (1, 1) or r.change is None:
        return lines
    step, whole = length(r.change), length(r.weight)
    name, tip = r"\lVert \Delta W\rVert", "The norm of the total change of W in this step."
    if r.direction is not None and r.rate is not None:
        what = _given(r, RULES[r.optimizer][1])
        what = what[1:-1] if what.startswith("(") else what  # one pair of bars is enough
        symbol = rf"\lVert {what}\rVert" + (r"_{\mathrm{free\ rows}}" if r.frozen else "")
        if symbol != r"\lVert G\rVert":  # that stands above
            lines.append(
                Line(symbol, (), r.direction, "number", "The norm of the direction that is multiplied by the learning rate.", ink="d")
            )
        alone = not r.shrinks and r.optimizer != "adamw"
        if alone and abs(r.rate * r.direction - step) <= HOLDS * step:
            name, tip = rf"\lVert \Delta W\rVert = \eta\,{symbol}", f"{tip} The learning rate times the norm above."
        elif alone:
            tip += (
                " It differs from the learning rate times the norm above, because so small a change is partly lost when 32-bit "
                "weights are rounded."
            )
    lines.append(Line(name, (), step, "number", tip))
    if whole:
        tip = "How far this step moved the weights, relative to their size. About 0.001 is typical."
        lines.append(Line(r"\lVert \Delta W\rVert\,/\,\lVert W\rVert", (), step / whole, "number", tip))
    return lines


def _given(r: MatrixReading, symbols: str) -> str:
    """With what the optimiser is given in the place of @."""
    return symbols.replace("(@)^2", "G^2" if r.clip == 1 else r"(c\,G)^2").replace("@", "G" if r.clip == 1 else r"c\,G")


def _rule(r: MatrixReading) -> list[Line]:
    """What the optimiser remembers, and the new W."""
    if not r.optimizer:
        return []
    state, direction = (_given(r, symbols) for symbols in RULES[r.optimizer])
    tip = "The same rule for every weight of the matrix, element by element. G is the batch's mean gradient."
    tip += " c: the clipping factor, which limits the norm of the gradient of all parameters." if r.clip != 1 else ""
    tip += f" The rows of the {r.frozen:,} frozen neurons do not change." if r.frozen else ""
    tail = r" - \eta\lambda W" if r.optimizer == "adamw" else ""
    if r.shrinks:
        tail += r" - \eta\lambda_1\,\mathrm{sign}(W)"
        tip += " A weight that the last term would push past 0 is set to 0 and stays 0."
    lines = [Line(piece, tip=tip) for piece in state.split(r",\quad ") if piece]
    return [*lines, Line(rf"W \leftarrow W - \eta\,{direction}{tail}", tip=tip)]
