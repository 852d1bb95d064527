"""The equations of a recorded step: the optimiser's rule for one parameter, with its own state; a gradient beside its check.

Pure functions, like `ui.equations.neuron_equations`: symbols as LaTeX, numbers as text.
"""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, fill, number, plain_text, setting
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec.number_text import MINUS, pair_plain
from nnviz3d.spec.readout import CheckReading, NeuronReading, StepReading, UpdateReading

CLIP_EPSILON = 1e-6  # clipping divides by the length and this, as PyTorch does
DIGITS = 6  # of a gradient: what 32-bit sums hold for sure
HELD = f" {DIGITS} digits are shown, the precision of 32-bit numbers."
_SET = ("learning_rate", "base_rate", "l1", "l2", "momentum", "beta1", "beta2", "rho", "epsilon", "weight_decay", "clip_norm", "kept")


def columns(step: StepReading) -> tuple[str, str]:
    """What the two columns of `gradients` are: in an update the mean that it follows stands in front."""
    mean = f"mean of {step.samples:,}"
    return (mean, "this sample") if step.updating else ("this sample", mean)


def gradients(reading: NeuronReading) -> list[Line]:
    """Of a walk's step: dL/d of the parameters that lead into a neuron, beside each the batch's mean. Empty where there are none."""
    return [] if reading.step is None else equations_of(reading.kind).gradients(reading)


def still(kind: str) -> list[Line]:
    """Of layers that have no parameters: one sentence that says so. Empty for others."""
    words = equations_of(kind).still
    return [Line("", (Span(words),), kind="note")] if words else []


def check(c: CheckReading | None, name: str) -> list[Line]:
    """The gradient beside its central difference. Empty until it is asked for."""
    if c is None:
        return []
    when = f" At step {c.step:,}."
    lines = [
        Line("", (Span("backpropagation"),), c.analytic, "step", f"Delta times activation, in 32-bit numbers.{when}{HELD}", digits=DIGITS),
        Line(
            rf"(L({name}+h) - L({name}-h))/2h", (), c.numeric, "step",
            "The central difference: this sample's loss with the parameter a little larger and a little smaller, in 64-bit numbers."
            + when, digits=DIGITS,
        ),
    ]  # fmt: skip
    if c.kink:
        lines.append(
            Line(
                "",
                (Span("a corner of the loss: they may differ"),),
                kind="note",
                tip="A ReLU (rectified linear unit) has its corner exactly here.",
            )
        )
    return [
        *lines,
        Line("", (Span("relative difference"),), c.relative, "result", "Their difference, relative to the larger of the two."),
    ]


def update(u: UpdateReading | None) -> list[Line]:
    """The optimiser's own rule for one parameter: symbols, the same with numbers, old -> new."""
    if u is None:
        return []
    n = {name: number(value, bracket=True) for name, value in u.numbers.items()}
    n |= {f"{name}_": number(value) for name, value in u.numbers.items()}  # the first of a line needs no brackets
    n |= {name: setting(u.numbers[name]) for name in _SET if name in u.numbers}
    n |= {f"rest_{name}": setting(1 - u.numbers[name]) for name in ("beta1", "beta2", "rho") if name in u.numbers}
    if "kept" in n:
        return _running(u, n)
    return [*_used(u, n), *_state(u, n), *_rate(u, n), *_new(u, n)]


def _running(u: UpdateReading, n: dict) -> list[Line]:
    """A running mean or variance: a share of what it was, and a share of this batch's."""
    w, x, rest = _name(u), u.numbers, setting(1 - u.numbers["kept"])
    tip = "It is kept, not learned: a running average of the batches, which is used outside training instead of the batch's own."
    lines = [
        Line(rf"{w} \leftarrow (1 - m)\,{w} + m\,\mathrm{{batch}}", tip=tip),
        Line("", fill("{rest} · {old} + {kept} · {batch}", rest=rest, **n), x["new"], "step", tip),
    ]
    return [*lines, moved(w, x["old"], x["recorded"], x["recorded"] - x["old"])]


def _both(symbols: str, numbers: str, value: float, tip: str, n: dict) -> list[Line]:
    return [Line(symbols, tip=tip), Line("", fill(numbers, **n), value, "step", tip)]


def _used(u: UpdateReading, n: dict) -> list[Line]:
    """g: what the optimiser is given. L1, L2 and clipping only where they are at work."""
    w, x = _name(u), u.numbers
    symbols, numbers = rf"g = \partial L/\partial {w}", "{data_gradient_}"
    if "l1_term" in x:
        symbols += rf" + \lambda_1\,\mathrm{{sign}}({w})"
        numbers += " + {l1_term}"
    if "l2_term" in x:
        symbols += rf" + \lambda_2 {w}"
        numbers += " + {l2} · {old}"
    tip = "The gradient passed to the optimiser: the mean over the batch, plus the terms of L1 and L2 regularisation."
    if u.samples:
        symbols = symbols.replace("g =", rf"g = \mathrm{{mean\ of\ {u.samples}:}}\;", 1)
    if "l1_term" not in x and "l2_term" not in x:
        lines = [Line(symbols, (), x["gradient"], tip=tip)]
    else:
        lines = _both(symbols, numbers, x["gradient"], tip, n)
    if x["clip"] != 1:
        tip = "Gradient clipping: the gradient of all parameters together is scaled down so that its norm does not exceed the limit."
        if "norm" in x:
            small = setting(CLIP_EPSILON)
            lines += _both(
                r"c = \mathrm{limit}\,/\,(\lVert g\rVert + \epsilon)",
                "{clip_norm} / ({norm_} + {small})",
                x["clip"],
                tip,
                {**n, "small": small},
            )
        lines += _both(r"g \leftarrow c\,g", "{clip_} · {gradient}", x["used"], tip, n)
    return lines


def _state(u: UpdateReading, n: dict) -> list[Line]:
    """What the optimiser remembers: velocity, or the means of the gradient and of its square."""
    x, lines = u.numbers, []
    if "velocity" in x:
        tip = "The velocity: a fraction of the previous velocity, plus the gradient."
        lines += _both(r"v_t = \mu\,v_{t-1} + g", "{momentum} · {velocity_before} + {used}", x["velocity"], tip, n)
    if "m" in x:
        numbers = "{beta1} · {m_before} + {rest_beta1} · {used}"
        lines += _both(r"m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g", numbers, x["m"], "The running mean of the gradient.", n)
    if "v" in x:
        name, symbol = ("rho", r"\rho") if u.optimizer == "rmsprop" else ("beta2", r"\beta_2")
        tip = "The running mean of the squared gradient: how large the gradient of this parameter usually is."
        squared = {**n, "square": _square(x["used"])}
        numbers = f"{{{name}}} · {{v_before}} + {{rest_{name}}} · {{square}}"
        lines += _both(rf"v_t = {symbol}\,v_{{t-1}} + (1-{symbol})\,g^2", numbers, x["v"], tip, squared)
    for letter, k in (("m", 1), ("v", 2)):
        if f"{letter}_hat" in x:
            tip = f"The bias correction: the running mean starts at 0, so its early values are too small. This is step t = {int(x['t']):,}."
            symbols = rf"\hat{{{letter}}} = {letter}_t/(1-\beta_{k}^{{t}}),\; t={int(x['t'])}"
            lines += _both(symbols, f"{{{letter}_}} / {{correction{k}}}", x[f"{letter}_hat"], tip, n)
    return lines


def _square(value: float) -> tuple[Span, ...]:
    (printed,) = number(value, bracket=True)
    power = value > 0 and "e" in printed.text
    return (Span(f"({printed.text})") if power else printed, Span("2", raised=True))


def _rate(u: UpdateReading, n: dict) -> list[Line]:
    """The learning rate of this step, where a schedule or a warm-up makes it."""
    if "base_rate" not in u.numbers:
        return []
    tip = "The learning rate of this step: the rate that is set, times the factors of the schedule and the warm-up."
    return _both(r"\eta = \eta_0 \cdot s_t", "{base_rate} · {rate_factor}", u.numbers["learning_rate"], tip, n)


DIRECTIONS = {
    "sgd": (r"g", "{used}"),
    "momentum": (r"v_t", "{velocity}"),
    "nesterov": (r"(g + \mu\,v_t)", "({used_} + {momentum} · {velocity})"),
    "rmsprop": (r"g/(\sqrt{v_t}+\epsilon)", "{used} / (√{v} + {epsilon})"),
    "adam": (r"\hat{m}/(\sqrt{\hat{v}}+\epsilon)", "{m_hat} / (√{v_hat} + {epsilon})"),
}
DIRECTIONS["adamw"] = DIRECTIONS["adam"]


def _new(u: UpdateReading, n: dict) -> list[Line]:
    """The step, and old -> new."""
    w, x = _name(u), u.numbers
    if u.frozen:
        tip = "The neuron is frozen: the optimiser skips it, whatever its gradient is, and its state does not change."
        still = Line("", (Span(f"{plain_text(w)} ← {plain_text(w)}   (frozen)"),), kind="note", tip=tip)
        return [still, moved(w, x["old"], x["recorded"], x["recorded"] - x["old"])]
    symbol, numbers = DIRECTIONS[u.optimizer]
    for name in ("v", "v_hat"):  # a root of a power of ten needs brackets
        if name in n and "e" in n[name][0].text:
            n = {**n, name: (Span("("), *n[name], Span(")"))}
    tip = "The change: the learning rate times the direction computed by the optimiser."
    lines = _both(rf"s = \eta\,{symbol}", f"{{learning_rate}} · {numbers}", x["step"], tip, n)
    change = x["recorded"] - x["old"]
    if u.dead or not u.applied:
        why = "set to 0 by L1" if u.dead else "not finite: not applied"
        kept = setting(x["recorded"] if u.dead else x["old"])
        lines.append(Line("", (Span(f"{plain_text(w)} ← "), *kept, Span(f"   ({why})")), kind="note"))
    else:
        symbols, numbers = rf"{w} \leftarrow {w} - s", "{old_} − {step}"
        if x.get("decay_term"):
            symbols += rf" - \eta\,\lambda\,{w}"
            numbers += " − {learning_rate} · {weight_decay} · {old}"
        if x.get("shrink"):
            symbols += rf" - \eta\,\lambda_1\,\mathrm{{sign}}({w})"
            numbers += " − {shrink}"
        lines += _both(symbols, numbers, x["recorded"], "The new value, as stored in the network: a 32-bit number.", n)
    return [*lines, moved(w, x["old"], x["recorded"], change)]


def moved(w: str, old: float, new: float, change: float) -> Line:
    """`w`: the letter as LaTeX. "w: 0.36298 → 0.36363", and at the right end "Δw = +0.00065"."""
    printed = [Span(text, "w", text.startswith(MINUS)) for text in pair_plain(old, new)]
    w = plain_text(w)
    spans = (Span(f"{w}:  "), printed[0], Span(" → "), printed[1])
    return Line("", spans, change, "change", "The old value, the new value and the change, as 32-bit numbers.", ink="w", lead=f"Δ{w} =")


def _name(u: UpdateReading) -> str:
    return equations_of(u.kind).letter(u.part)


def title(step: StepReading) -> str:
    """Whose update it is: "Update of weight 5, 12 (adam)"."""
    u = step.update
    what = f"{equations_of(u.kind).word(u.part)} {', '.join(map(str, u.place))}"
    return f"Update of {what}, which changed most ({u.optimizer})"
