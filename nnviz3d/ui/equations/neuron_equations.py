"""The equations of one neuron, from a `NeuronReading`: symbols first, then the same with numbers, then the result.

How z arises, and what comes back from a node that is fed, the kinds of layers know (`layers.<kind>.equations`); here are the activation
function, the loss, and the sum of what comes back. Pure functions.
"""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, fill, number
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.layers.shared.notation import a_, delta_, ink
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.number_text import MINUS, plain
from nnviz3d.spec.readout import NeuronReading, Sum

LOSSES = {  # loss: dL/da of one output in symbols; n outputs
    "mse": (r"\frac{2}{n}(a_j - t_j)", "2 / {n} · ({a} − {t})"),
    "half_mse": (r"a_j - t_j", "{a} − {t}"),
    "huber": (r"\frac{1}{n}\,\mathrm{clip}(a_j - t_j)", "clip({a} − {t}) / {n}"),
}
LOSS_NAMES = {"mse": "mean squared error", "half_mse": "half the squared error", "huber": "Huber", "bce": "binary cross-entropy",
              "cross_entropy": "cross-entropy"}  # fmt: skip
KILLED = "This neuron is killed: its output is 0 whatever its weighted sum is, and no error passes back through it."


def title(reading: NeuronReading) -> str:
    """What the section is called that tells how z arises."""
    return "" if reading.z is None else equations_of(reading.kind).title


def pre_activation(reading: NeuronReading) -> list[Line]:
    """How z arises: symbols, terms, result. Empty for an input neuron."""
    return [] if reading.z is None else equations_of(reading.kind).pre_activation(reading)


def activation(reading: NeuronReading) -> list[Line]:
    """a = f(z) in symbols, then with numbers; empty where z is passed on as it is. For an input neuron: the sample's own number."""
    j = reading.index
    name = a_(reading.layer, j)
    if reading.z is None:
        return [Line(name, (), reading.a, "result", "An input: its value comes from the displayed sample.", ink="a")]
    if reading.killed:
        return [Line(rf"{name} = 0\ \mathrm{{(killed)}}", (), reading.a, "result", KILLED, ink="a")]
    if not equations_of(reading.kind).applies:
        return answer(reading)
    if reading.activation == "softmax" and reading.incoming is None:
        return [Line(rf"{name} = 0\ \mathrm{{(masked)}}", (), reading.a, "result", "It comes later: no attention goes there.", ink="a")]
    softmax = rf"\frac{{e^{{z_{{{j}}}}}}}{{\sum_k e^{{z_k}}}}"
    symbol = softmax if reading.activation == "softmax" else ACTIVATIONS[reading.activation].tex
    tip = f"The activation function of this layer: {reading.activation}."
    lines = [Line(rf"{name} = {symbol}", tip=tip)]
    if reading.activation == "softmax":
        total = reading.softmax_sum
        below = number(total) if total else (Span("Σ exp(z)"),)
        spans = fill(ACTIVATIONS[reading.activation].numeric, z=number(reading.z), total=below)
        tip = "exp(z) of this output, divided by the sum of exp(z) over all outputs, so that all outputs add up to 1."
        lines.append(Line("", spans, reading.a, "result", tip, ink="a"))
    else:
        spans = fill(ACTIVATIONS[reading.activation].numeric, z=number(reading.z), b=number(reading.z, bracket=True))
        lines.append(Line("", spans, reading.a, "result", "The activation: this neuron's output.", ink="a"))
    return lines + answer(reading)


def answer(reading: NeuronReading) -> list[Line]:
    """Of an output whose target is standardised: where its own unit comes in. Empty for others."""
    unit = reading.unit
    if unit is None or not unit.scaled:
        return []
    tip = (
        f"The target {unit.name} is learned with mean 0 and standard deviation 1. Its mean and deviation in the training set convert "
        f"the output"
    )
    tip += " back into its own unit: that is the answer. Loss, errors and gradients refer to the standardised values."
    texts = [text.replace("-", MINUS) for text in unit.formula(reading.a)]
    a = f"({texts[2]})" if texts[2].startswith(MINUS) else texts[2]
    spans = (Span(f"{texts[0]} + {texts[1]} · "), Span(a, "a", reading.a < 0))
    lines = [Line("", (Span(f"{unit.name} = mean + deviation · a"),), kind="note", tip=tip)]
    lines.append(Line("", spans, unit.own(reading.a), "result", tip, written=unit.text(unit.own(reading.a))))
    if reading.target is not None:
        wanted = unit.own(reading.target)
        spans = (Span(f"target {unit.text(wanted)}: "), *number(reading.target))
        lines.append(Line("", spans, None, "note", "The sample's target, and its standardised value with which the output is compared."))
    return lines


TIP = "The error signal of backpropagation: how fast the loss of the displayed sample changes with z (dL/dz)."


def backward(reading: NeuronReading) -> list[Line]:
    """delta = dL/dz for the shown sample: from the loss at an output, elsewhere from what comes back of all nodes that it feeds."""
    if reading.delta is None:
        return []
    name = delta_(reading.layer, reading.index)
    result = Line(name, (), reading.delta, "result", TIP, ink="d")
    if reading.killed:
        return [Line(rf"{name} = 0\ \mathrm{{(killed)}}", (), reading.delta, "result", KILLED, ink="d")]
    if reading.outgoing is not None and reading.slope_mean is not None:
        return _shared(reading, reading.outgoing, name)
    if reading.outgoing is not None and reading.slope is not None:
        return _collected(reading, reading.outgoing, name)
    if reading.loss in ("cross_entropy", "bce") and reading.target is not None:
        return _difference(reading, name)
    if reading.loss_slope is not None:
        return _chain(reading, name)
    return [Line(rf"{name} = \frac{{\partial L}}{{\partial z}}", tip=TIP), result]


def _collected(reading: NeuronReading, outgoing: Sum, name: str) -> list[Line]:
    """f'(z) times the sum over all connections that lead away."""
    parts = outgoing.connections
    returned = [equations_of(part.kind).returned(part, reading.index) for part in parts]
    symbols, tip, applies = " + ".join(latex for latex, _ in returned), TIP, equations_of(reading.kind).applies
    if len(returned) > 1:
        symbols = rf"\left({symbols}\right)" if applies else symbols
        tip += f"\nIts activation is used in {len(returned)} places: the errors that come back from them are added."
    lines = [Line(rf"{name} = f'(z)\,{symbols}" if applies else f"{name} = {symbols}", tip=tip)]
    for part, (latex, terms) in zip(parts, returned, strict=True):
        if len(returned) > 1 and len(terms) > 1:
            lines.append(Line(latex, kind="shapes", tip=f"The error that comes back from {part.name}:"))
        lines += terms
    if not applies:
        return [*lines, Line(name, (), reading.delta, "result", f"{TIP}\nThe sum of the errors that come back.", ink="d")]
    spans = fill("{slope} · {total}", slope=number(reading.slope), total=number(outgoing.total, "d", True))
    return [*lines, Line("", spans, reading.delta, "result", f"{TIP}\nThe slope f'(z) times the sum above.", ink="d")]


def _shared(reading: NeuronReading, outgoing: Sum, name: str) -> list[Line]:
    """a (g - sum_k a_k g_k): a softmax inside the network, whose shares depend on each other."""
    lines: list[Line] = []
    for part in outgoing.connections:
        lines += equations_of(part.kind).returned(part, reading.index)[1]
    tip = "What comes back to this share, less the mean of its row: shares only grow at the expense of others."
    symbols = rf"{name} = {ink('a', 'a')}\,(g - \sum_k {ink('a_k', 'a')}\,g_k)"
    a, g, m = number(reading.a, "a"), number(outgoing.total, "d"), number(reading.slope_mean, "d", True)
    last = Line("", fill("{a} · ({g} − {m})", a=a, g=g, m=m), reading.delta, "result", TIP, ink="d")
    return [Line(symbols, tip=tip), *lines, last]


def _difference(reading: NeuronReading, name: str) -> list[Line]:
    """p - y: softmax with cross-entropy, sigmoid with binary cross-entropy (there the mean over n outputs)."""
    j, shared = reading.index, reading.loss == "bce" and reading.outputs > 1
    p, y = number(reading.a, "a"), number(reading.target, bracket=True)
    template = "({p} − {y}) / " + str(reading.outputs) if shared else "{p} − {y}"
    end = rf"{ink(f'p_{{{j}}}', 'a')} - y_{{{j}}}"
    end = f"({end})/{reading.outputs}" if shared else end
    if reading.class_weight is not None:
        template, end = "{c} · " + (template if shared else f"({template})"), rf"c\,{end if shared else f'({end})'}"
    why = f"With {reading.activation} and {LOSS_NAMES[reading.loss]} the error is simply its output (p = a) minus the target (y)."
    return [
        Line(rf"{name} = {end}", tip=f"{why}{weight_tip(reading.class_weight)}\n{TIP}"),
        Line("", fill(template, p=p, y=y, **_weight(reading)), reading.delta, "result", "output minus target", ink="d"),
    ]


def _weight(reading: NeuronReading) -> dict:
    return {} if reading.class_weight is None else {"c": number(reading.class_weight)}


def weight_tip(c: float | None) -> str:
    """What a class weight is; empty without one."""
    if c is None:
        return ""
    return f" c = {plain(c)}: the weight of this sample's class; the mean over the training set is 1."


def _chain(reading: NeuronReading, name: str) -> list[Line]:
    """dL/da from the loss, then delta = f'(z) dL/da; softmax ties all outputs together."""
    symbols, template = LOSSES[reading.loss]
    slope = r"\partial L/\partial a_j"
    tip = f"The loss: {LOSS_NAMES[reading.loss]} over {reading.outputs:,} outputs. Below: its derivative with respect to this output."
    if reading.class_weight is not None:
        symbols, template, tip = rf"c\,({symbols})", "{c} · (" + template + ")", tip + weight_tip(reading.class_weight)
    terms = {"a": number(reading.a, "a"), "t": number(reading.target, bracket=True), "n": (Span(f"{reading.outputs:,}"),)}
    numbers = fill(template, **terms, **_weight(reading))
    lines = [Line(rf"{slope} = {symbols}", tip=tip), Line("", numbers, reading.loss_slope, "step", tip)]
    g = number(reading.loss_slope, "d", True)
    if reading.slope is None:
        spans = fill(
            "{a} · ({g} − {m})", a=number(reading.a, "a"), g=number(reading.loss_slope, "d"), m=number(reading.slope_mean, "d", True)
        )
        tail = rf"{ink('a_j', 'a')}\,({slope} - \sum_k a_k\,\partial L/\partial a_k)"
    else:
        spans = fill("{slope} · {g}", slope=number(reading.slope), g=g)
        tail = rf"f'(z)\;{slope}"
    return [*lines, Line(rf"{name} = {tail}", tip=TIP), Line("", spans, reading.delta, "result", TIP, ink="d")]


def bias_gradient(reading: NeuronReading) -> list[Line]:
    """dL/db of the last training step's batch."""
    if reading.bias_gradient is None:
        return []
    tip = "The gradient of the bias in the last training step: the mean of delta over its batch."
    return [Line(rf"\partial L / \partial b_{{{reading.index}}}", (), reading.bias_gradient, "number", tip, ink="d")]
