"""The equations of one neuron, from a `NeuronReading`: LaTeX and plain text, symbols first, then the same with numbers.

Pure functions. They emit only macros of their own and numbers: names and labels from files never get into LaTeX.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnviz3d.spec.readout import NeuronReading, Sum
from nnviz3d.ui.numbers import MINUS, plain, tex

# activation: LaTeX of f(z), plain text of f(z). leaky_relu's slope is 0.01, elu's alpha 1, as in the engine.
FUNCTIONS = {
    "linear": (r"z", "z"),
    "relu": (r"\max(0,\,z)", "max(0, z)"),
    "leaky_relu": (r"\max(0.01\,z,\;z)", "max(0.01 z, z)"),
    "elu": (r"z \;\;(z>0),\;\; e^{z}-1 \;\;(z\le 0)", "z (z > 0), e^z − 1 (z ≤ 0)"),
    "gelu": (r"z\,\Phi(z)", "z Φ(z)"),
    "gelu_tanh": (
        r"\frac{z}{2}\left(1+\tanh\left(\sqrt{2/\pi}\,(z+0.044715\,z^3)\right)\right)",
        "z/2 (1 + tanh(√(2/π)(z + 0.044715 z³)))",
    ),
    "silu": (r"z\,\sigma(z)", "z σ(z)"),
    "softplus": (r"\ln(1+e^{z})", "ln(1 + e^z)"),
    "sigmoid": (r"\frac{1}{1+e^{-z}}", "1 / (1 + e^(−z))"),
    "tanh": (r"\tanh(z)", "tanh(z)"),
    "sin": (r"\sin(z)", "sin(z)"),
    "softmax": (r"\frac{e^{z_j}}{\sum_k e^{z_k}}", "e^z / Σ e^z"),
}
_NUMERIC = {
    "linear": r"{z}", "relu": r"\max(0,\,{z})", "leaky_relu": r"\max(0.01\cdot {z},\;{z})", "elu": r"\mathrm{{elu}}({z})",
    "gelu": r"\mathrm{{gelu}}({z})", "gelu_tanh": r"\mathrm{{gelu}}({z})", "silu": r"{z}\,\sigma({z})", "softplus": r"\ln(1+e^{{{z}}})",
    "sigmoid": r"\sigma({z})", "tanh": r"\tanh({z})", "sin": r"\sin({z})",
}  # fmt: skip
KILLED = "This neuron is killed: it passes on 0 whatever its sum is, and no error goes back through it."


@dataclass(frozen=True)
class Line:
    """One line of an equation. `value`: what stands at its right end; `sign` colours it; `neuron` is where it comes from."""

    tex: str
    text: str
    value: float | None = None
    kind: str = "symbols"  # symbols | term | rest | bias | result | number | step (numbers of an update)
    neuron: int | None = None
    index: int | None = None  # of that neuron inside its layer
    letter: str = "i"  # what counts it in the symbols
    tip: str = ""
    second: float | None = None  # a number beside `value`, in a column of its own
    parameter: int | None = None  # a click chooses it
    chosen: bool = False
    digits: int = 0  # significant ones to print; 0: as everywhere

    @property
    def printed(self) -> str:
        """The value as printed at the right end."""
        if self.digits and self.value is not None and math.isfinite(self.value):
            return f"{self.value:#.{self.digits}g}".replace("-", MINUS)
        return "" if self.value is None else plain(self.value, sign=self.kind in ("term", "rest", "bias"))


def pre_activation(reading: NeuronReading) -> list[Line]:
    """z = sum of w a + b: symbols, the largest terms, the rest as one number, bias, result. Empty for an input neuron."""
    if reading.z is None or reading.incoming is None:
        return []
    j, layer = reading.index, reading.layer
    n = len(reading.incoming.terms) + reading.incoming.rest_count
    lines = [
        Line(
            rf"z^{{[{layer}]}}_{{{j}}} = \sum_{{i=0}}^{{{n - 1}}} w_{{{j},i}}\,a^{{[{layer - 1}]}}_{{i}} + b_{{{j}}}",
            f"z[{layer}]_{j} = Σ w_{j},i a[{layer - 1}]_i + b_{j},  i = 0 .. {n - 1}",
            tip="The weighted sum of all neurons of the layer before, plus the bias.",
        )
    ]
    lines += _terms(reading.incoming, "i", "weight × activation")
    if reading.bias is not None:
        lines.append(Line(rf"b_{{{j}}}", f"b_{j}", reading.bias, "bias", tip="The bias: added whatever the inputs are."))
    lines.append(
        Line(rf"z^{{[{layer}]}}_{{{j}}}", f"z[{layer}]_{j}", reading.z, "result", tip="The pre-activation: all of the above summed.")
    )
    return lines


def _terms(total: Sum, letter: str, what: str) -> list[Line]:
    lines = []
    for term in total.terms:
        numbers = rf"{tex(term.weight)} \cdot {_bracketed(tex(term.value))}"
        lines.append(
            Line(
                numbers,
                f"{plain(term.weight)} · {_bracketed(plain(term.value))}",
                term.product,
                "term",
                term.neuron,
                term.index,
                letter,
                f"{what}, neuron {term.index} (id {term.neuron}): {plain(term.weight)} × {plain(term.value)} = {plain(term.product)}."
                " Click to go to that neuron.",
            )
        )
    if total.rest_count:
        lines.append(
            Line(
                rf"{total.rest_count}\ \mathrm{{more\ terms}}",
                f"{total.rest_count:,} more terms",
                total.rest,
                "rest",
                tip=f"The sum of the other {total.rest_count:,} terms; each is smaller than those above.",
            )
        )
    return lines


def _bracketed(number: str) -> str:
    return f"({number})" if number[:1] in ("-", "\u2212") else number


def activation(reading: NeuronReading) -> list[Line]:
    """a = f(z) in symbols, then with numbers. For an input neuron: the sample's own number."""
    j, layer = reading.index, reading.layer
    name, name_text = rf"a^{{[{layer}]}}_{{{j}}}", f"a[{layer}]_{j}"
    if reading.z is None:
        return [Line(name, name_text, reading.a, "result", tip="An input: the number comes from the shown sample.")]
    if reading.killed:
        return [Line(rf"{name} = 0\ \mathrm{{(killed)}}", f"{name_text} = 0 (killed)", reading.a, "result", tip=KILLED)]
    symbol, symbol_text = FUNCTIONS[reading.activation]
    if reading.activation == "softmax":
        symbol = rf"\frac{{e^{{z_{{{j}}}}}}}{{\sum_k e^{{z_k}}}}"
    lines = [
        Line(rf"{name} = {symbol}", f"{name_text} = {symbol_text}", tip=f"The activation function of this layer: {reading.activation}.")
    ]
    numeric = _NUMERIC.get(reading.activation)
    if numeric is None:
        denominator = _softmax_sum(reading)
        numeric_tex = rf"e^{{{tex(reading.z)}}}\,/\,{tex(denominator)}" if denominator else rf"e^{{{tex(reading.z)}}}\,/\,\Sigma"
        text = f"e^({plain(reading.z)}) / {plain(denominator) if denominator else 'Σ'}"
    else:
        numeric_tex, text = numeric.format(z=tex(reading.z)), numeric_text(reading)
    lines.append(Line(numeric_tex, text, reading.a, "result", tip="The activation: what this neuron passes on."))
    return lines


def _softmax_sum(reading: NeuronReading) -> float | None:
    """sum_k e^z_k = e^z / a; None where that is not a printable number."""
    if not reading.a > 0 or not abs(reading.z) < 80:
        return None
    return math.exp(reading.z) / reading.a


def numeric_text(reading: NeuronReading) -> str:
    """f(z) with the number in it, as plain text."""
    z = plain(reading.z)
    symbol = FUNCTIONS[reading.activation][1]
    return {"relu": f"max(0, {z})", "linear": z, "tanh": f"tanh({z})", "sin": f"sin({z})", "sigmoid": f"σ({z})"}.get(
        reading.activation, f"{symbol} at z = {z}"
    )


def backward(reading: NeuronReading) -> list[Line]:
    """delta = dL/dz for the shown sample: from the target at an output, from the next layer's deltas at a hidden neuron."""
    if reading.delta is None:
        return []
    j, layer = reading.index, reading.layer
    name, name_text = rf"\delta^{{[{layer}]}}_{{{j}}}", f"δ[{layer}]_{j}"
    tip = "How much the loss of the shown sample would change if z grew by one: the error signal of backpropagation."
    result = Line(name, name_text, reading.delta, "result", tip=tip)
    if reading.killed:
        return [Line(rf"{name} = 0\ \mathrm{{(killed)}}", f"{name_text} = 0 (killed)", reading.delta, "result", tip=KILLED)]
    if reading.outgoing is not None and reading.slope is not None:
        k_count = len(reading.outgoing.terms) + reading.outgoing.rest_count
        symbols = rf"{name} = f'(z)\,\sum_{{k=0}}^{{{k_count - 1}}} w_{{k,{j}}}\,\delta^{{[{layer + 1}]}}_{{k}}"
        lines = [Line(symbols, f"{name_text} = f'(z) Σ w_k,{j} δ[{layer + 1}]_k", tip=tip)]
        lines += _terms(reading.outgoing, "k", "weight × delta")
        factor = rf"{tex(reading.slope)} \cdot {_bracketed(tex(reading.outgoing.total))}"
        factor_text = f"{plain(reading.slope)} · {_bracketed(plain(reading.outgoing.total))}"
        return [*lines, Line(factor, factor_text, reading.delta, "result", tip="slope f'(z) × the sum above = delta")]
    if reading.target is not None and _is_difference(reading):
        symbols = Line(rf"{name} = a_{{{j}}} - t_{{{j}}}", f"{name_text} = a_{j} − t_{j}", tip=tip)
        numbers = rf"{tex(reading.a)} - {_bracketed(tex(reading.target))}"
        text = f"{plain(reading.a)} − {_bracketed(plain(reading.target))}"
        return [symbols, Line(numbers, text, reading.delta, "result", tip="output minus target")]
    return [Line(rf"{name} = \frac{{\partial L}}{{\partial z}}", f"{name_text} = ∂L/∂z", tip=tip), result]


def _is_difference(reading: NeuronReading) -> bool:
    """Whether delta is a - t (softmax with cross-entropy, sigmoid with bce): told from the numbers, so it cannot be said wrongly."""
    return math.isclose(reading.delta, reading.a - reading.target, rel_tol=1e-4, abs_tol=1e-6)


def bias_gradient(reading: NeuronReading) -> list[Line]:
    """dL/db of the last training step's batch."""
    if reading.bias_gradient is None:
        return []
    symbol = rf"\partial L / \partial b_{{{reading.index}}}"
    tip = "The gradient of the bias in the last training step: the mean of delta over its batch."
    return [Line(symbol, f"∂L/∂b_{reading.index}", reading.bias_gradient, "number", tip=tip)]
