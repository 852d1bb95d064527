"""The equations of a recorded step, from a `StepReading`: gradients, the optimiser's rule, the check of a gradient.

Pure functions, like `ui.equations`: LaTeX from here and numbers from the reading, nothing else. The plain text that stands in where
formulas cannot be rendered is translated from the LaTeX, so the two cannot differ.
"""

from __future__ import annotations

import re

from nnviz3d.spec.readout import GradientReading, NeuronReading, UpdateReading
from nnviz3d.ui.equations import Line
from nnviz3d.ui.numbers import MINUS, pair, plain, setting, tex

WIDEST = 14  # digits and signs of "delta · a" beside two columns of numbers; wider products say delta as a symbol
_PLAIN = {
    r"\cdot": "·", r"\,": " ", r"\;": " ", r"\ ": " ", r"\partial ": "∂", r"\delta": "δ", r"\eta": "η", r"\mu": "μ", r"\rho": "ρ",
    r"\beta_1": "β₁", r"\beta_2": "β₂", r"\lambda": "λ", r"\epsilon": "ε", r"\hat{m}": "m̂", r"\hat{v}": "v̂", r"\to": "→",
    r"\Delta": "Δ", r"\leftarrow": "←", r"\infty": "∞", r"\approx": "≈", "^2": "²",
}  # fmt: skip


def text(latex: str) -> str:
    """What our own LaTeX says, as plain text."""
    latex = re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", latex)
    latex = re.sub(r"10\^\{(-?\d+)\}", r"1e\1", latex)
    latex = re.sub(r"\\sqrt\{((?:[^{}]|\{[^{}]*\})*)\}", r"√(\1)", latex)
    latex = latex.replace("^{[", "[")
    latex = re.sub(r"\\mathrm\{([^{}]*)\}", r"\1", latex)
    for macro, plain_text in _PLAIN.items():
        latex = latex.replace(macro, plain_text)
    return re.sub(r"[{}]", "", latex).replace("-", MINUS)


def gradients(reading: NeuronReading) -> list[Line]:
    """dL/dw_ji = delta_j a_i for the weights that are told apart, dL/db_j = delta_j; beside each the batch's mean."""
    step = reading.step
    if step is None:
        return []
    j, layer = reading.index, reading.layer
    delta = rf"\delta^{{[{layer}]}}_{{{j}}}"
    tip = "The gradient of a weight: the error signal at its end times the activation at its start."
    lines = [
        _line(rf"\partial L/\partial w_{{{j},i}} = {delta}\,a^{{[{layer - 1}]}}_{{i}}", tip=tip),
        _line(rf"{delta} = {tex(step.delta)}", tip="The error signal of this neuron, worked out with the weights before the update."),
    ]
    for g in step.gradients:
        lines.append(_gradient(g, step.delta, j, step.samples, g.parameter == step.update.parameter))
    return lines


def _gradient(g: GradientReading, delta: float, j: int, samples: int, chosen: bool) -> Line:
    mean = f"Mean over the batch of {samples:,}, with L1 and L2, as the optimiser saw it: {plain(g.batch)}. Click for its update."
    if g.a is None:
        latex, what = rf"\partial L/\partial b_{{{j}}}", f"The bias: its gradient is delta, {plain(g.sample)}."
    else:
        a = _bracketed(tex(g.a))
        fits = len(plain(delta)) + len(_bracketed(plain(g.a))) <= WIDEST and "10^" not in tex(delta)
        front = tex(delta) if fits else rf"\delta_{{{j}}}"
        latex = rf"{front} \cdot {a}"
        what = f"Weight from neuron {g.index}: {plain(delta)} × {plain(g.a)} = {plain(g.sample)} for this sample."
    return _line(latex, g.sample, "bias" if g.a is None else "term", f"{what}\n{mean}", g.index, g.batch, g.parameter, chosen)


def check(reading: NeuronReading) -> list[Line]:
    """The gradient beside its central difference. Empty until it is asked for."""
    step = reading.step
    if step is None or step.check is None:
        return []
    c = step.check
    w = _name(step.update)
    lines = [
        _line(r"\mathrm{backpropagation}", c.analytic, "step", "The gradient above: delta times activation, in 32-bit numbers.", digits=8),
        _line(
            rf"(L({w}+h) - L({w}-h))/2h",
            c.numeric,
            "step",
            "The central difference: this sample's loss with the parameter a little larger and a little smaller, in 64-bit numbers.",
            digits=8,
        ),
        _line(r"\mathrm{relative\ difference}", c.relative, "result", "Their difference, relative to the larger of the two."),
    ]
    if c.kink:
        lines.insert(2, _line(r"\mathrm{a\ corner\ of\ the\ loss:\ they\ may\ differ}", kind="step", tip="A ReLU switches just here."))
    return lines


def update(reading: NeuronReading) -> list[Line]:
    """The optimiser's own rule for one parameter: symbols, the same with numbers, old -> new."""
    if reading.step is None:
        return []
    u = reading.step.update
    n = {name: _bracketed(tex(value)) for name, value in u.numbers.items()}
    for name in ("learning_rate", "l1", "l2", "momentum", "beta1", "beta2", "rho", "epsilon", "weight_decay"):
        if name in u.numbers:
            n[name] = setting(u.numbers[name])
    for name in ("beta1", "beta2", "rho"):
        if name in u.numbers:
            n[f"rest_{name}"] = setting(1 - u.numbers[name])
    return [*_used(u, n), *_state(u, n), *_new(u, n)]


def _used(u: UpdateReading, n: dict[str, str]) -> list[Line]:
    """g: what the optimiser is given. L1, L2 and clipping only where they are at work."""
    w, x = _name(u), u.numbers
    symbols, numbers = rf"g = \partial L/\partial {w}", n["data_gradient"]
    if "l1_term" in x:
        symbols += rf" + \lambda_1\,\mathrm{{sign}}({w})"
        numbers += f" + {n['l1_term']}"
    if "l2_term" in x:
        symbols += rf" + \lambda_2 {w}"
        numbers += rf" + {n['l2']} \cdot {n['old']}"
    tip = "The gradient that the optimiser is given: the mean over the batch, and what L1 and L2 add to it."
    plain_gradient = "l1_term" not in x and "l2_term" not in x
    lines = [_line(symbols, x["gradient"] if plain_gradient else None, tip=tip)]
    if not plain_gradient:
        lines.append(_line(numbers, x["gradient"], "step", tip))
    if x["clip"] != 1:
        tip = "Clipping: the whole gradient is scaled down to the length that is allowed."
        lines += [_line(r"g \leftarrow c\,g", tip=tip), _line(rf"{n['clip']} \cdot {n['gradient']}", x["used"], "step", tip)]
    return lines


def _state(u: UpdateReading, n: dict[str, str]) -> list[Line]:
    """What the optimiser remembers: velocity, or the means of the gradient and of its square."""
    x, lines = u.numbers, []

    def both(symbols: str, numbers: str, value: float, tip: str) -> None:
        lines.extend((_line(symbols, tip=tip), _line(numbers, value, "step", tip)))

    if "velocity" in x:
        tip = "The velocity: a share of the last one goes on, and the gradient is added."
        both(r"v_t = \mu\,v_{t-1} + g", rf"{n['momentum']} \cdot {n['velocity_before']} + {n['used']}", x["velocity"], tip)
    if "m" in x:
        tip = "The running mean of the gradient."
        numbers = rf"{n['beta1']} \cdot {n['m_before']} + {n['rest_beta1']} \cdot {n['used']}"
        both(r"m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g", numbers, x["m"], tip)
    if "v" in x:
        name, symbol = ("rho", r"\rho") if u.optimizer == "rmsprop" else ("beta2", r"\beta_2")
        tip = "The running mean of the squared gradient: how large gradients are here as a rule."
        square = rf"({n['used']})^2" if not n["used"].startswith("(") and "10^" in n["used"] else f"{n['used']}^2"
        numbers = rf"{n[name]} \cdot {n['v_before']} + {n['rest_' + name]} \cdot {square}"
        both(rf"v_t = {symbol}\,v_{{t-1}} + (1-{symbol})\,g^2", numbers, x["v"], tip)
    for letter, k in (("m", 1), ("v", 2)):
        if f"{letter}_hat" in x:
            tip = "The bias correction: the mean began at 0, so early ones are too small."
            t = int(x["t"])
            symbols = rf"\hat{{{letter}}} = {letter}_t/(1-\beta_{k}^{{t}}),\; t={t}"
            both(symbols, f"{n[letter]} / {n['correction' + str(k)]}", x[f"{letter}_hat"], tip)
    return lines


DIRECTIONS = {
    "sgd": (r"g", "{used}"),
    "momentum": (r"v_t", "{velocity}"),
    "nesterov": (r"(g + \mu\,v_t)", r"({used} + {momentum} \cdot {velocity})"),
    "rmsprop": (r"g/(\sqrt{v_t}+\epsilon)", r"{used}/(\sqrt{{{v}}}+{epsilon})"),
    "adam": (r"\hat{m}/(\sqrt{\hat{v}}+\epsilon)", r"{m_hat}/(\sqrt{{{v_hat}}}+{epsilon})"),
}
DIRECTIONS["adamw"] = DIRECTIONS["adam"]


def _new(u: UpdateReading, n: dict[str, str]) -> list[Line]:
    """The step, and old -> new."""
    w, x = _name(u), u.numbers
    if u.frozen:
        tip = "The neuron is frozen: the optimiser passes it over, whatever the gradient is, and remembers nothing of it."
        still = _line(rf"{w} \leftarrow {w}\;\; \mathrm{{(frozen)}}", tip=tip)
        return [still, _line(rf"{w}:\; {tex(x['old'])} \to {tex(x['recorded'])}", x["recorded"] - x["old"], "result", tip)]
    symbol, numbers = DIRECTIONS[u.optimizer]
    tip = "The step: the learning rate times the direction that the optimiser has chosen."
    lines = [
        _line(rf"s = \eta\,{symbol}", tip=tip),
        _line(rf"{n['learning_rate']} \cdot {numbers.format(**n)}", x["step"], "step", tip),
    ]
    old, new = pair(x["old"], x["recorded"])
    change = x["recorded"] - x["old"]
    if u.dead or not u.applied:
        why = "L1\\ has\\ put\\ it\\ to\\ rest" if u.dead else "not\\ finite:\\ not\\ applied"
        lines.append(_line(rf"{w} \leftarrow {setting(x['recorded'] if u.dead else x['old'])}\;\; \mathrm{{({why})}}"))
    else:
        symbols, numbers = rf"{w} \leftarrow {w} - s", rf"{tex(x['old'])} - {n['step']}"
        if x.get("decay_term"):
            symbols += rf" - \eta\,\lambda\,{w}"
            numbers += f" - {n['decay_term']}"
        if x.get("shrink"):
            symbols += rf" - \eta\,\lambda_1\,\mathrm{{sign}}({w})"
            numbers += f" - {n['shrink']}"
        tip = "The new value, as the network holds it: a 32-bit number."
        lines += [_line(symbols, tip=tip), _line(numbers, x["recorded"], "step", tip)]
    lines.append(_line(rf"{w}:\; {old} \to {new}", change, "result", "Old, new, and the change, as 32-bit numbers hold them."))
    return lines


def _name(u: UpdateReading) -> str:
    return "b" if u.index is None else "w"


def title(reading: NeuronReading) -> str:
    """Whose update it is: "Update of weight 5, 12 (adam)"."""
    u = reading.step.update
    what = f"bias {reading.index}" if u.index is None else f"weight {reading.index}, {u.index}"
    return f"Update of {what}  ({u.optimizer})"


def _bracketed(latex: str) -> str:
    return f"({latex})" if latex.startswith("-") else latex


def _line(latex, value=None, kind="symbols", tip="", index=None, second=None, parameter=None, chosen=False, digits=0) -> Line:
    latex = re.sub(r"^\((-[^()]*)\)(?!\^)", r"\1", latex)  # a number that begins a line needs no brackets
    return Line(latex, text(latex), value, kind, None, index, "i", tip, second, parameter, chosen, digits)
