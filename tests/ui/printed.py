"""Reading printed lines back: numbers with the value of one unit of their last digit, and what their arithmetic gives."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.spec.number_text import MINUS

_NUMBER = re.compile(r"(?<![\w.^])(\d+\.?\d*)(?:e(-?\d+))?")


class Printed(NamedTuple):
    value: float
    unit: float  # of the last printed digit; 0 for a bare 0

    def says(self, expected: float) -> bool:
        """Whether this is `expected`, rounded to the printed digits."""
        return abs(self.value - expected) <= 0.5001 * self.unit + 1e-12 * abs(expected)


def number(text: str) -> Printed:
    """The number at the right end of a line."""
    text = text.replace(MINUS, "-").replace("+", "")
    mantissa, _, exponent = text.partition("e")
    digits = 0.0 if float(mantissa) == 0 and "." not in mantissa else 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return Printed(float(text), digits)


def numbers(line: Line) -> list[Printed]:
    """Every number of a line's own text, with its sign where a minus belongs to it and is no subtraction."""
    text, found = line.text.replace(MINUS, "-").replace(",", ""), []
    for m in _NUMBER.finditer(text):
        sign = -1 if text[: m.start()].endswith("-") else 1
        mantissa, exponent = m[1], int(m[2] or 0)
        unit = 0.0 if float(mantissa) == 0 and "." not in mantissa else 10.0 ** (exponent - len(mantissa.partition(".")[2]))
        found.append(Printed(sign * float(f"{mantissa}e{exponent}"), unit))
    return found


FUNCTIONS = {
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "sin": math.sin, "max": max, "min": min, "sqrt": lambda v: math.sqrt(max(v, 0.0)),
    "sigma": lambda z: 1 / (1 + math.exp(-z)), "Phi": lambda z: 0.5 * math.erfc(-z / math.sqrt(2)),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "gelu": lambda z: z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
}  # fmt: skip


def python(text: str) -> str:
    """A line of numbers as an expression of Python."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.replace(MINUS, "-")).replace("ln(", "log(").replace("σ(", "sigma(").replace("Φ(", "Phi(")
    text = re.sub(r"√\(([^()]*)\)|√([\d.e-]+)", lambda m: f"sqrt({m[1] or m[2]})", text)
    return text.replace(" · ", " * ").replace("^2", "**2")


NUMBER = re.compile(r"(?<![\w.])(?<!\*\*)\d+\.?\d*(?:e-?\d+)?")


def unit(text: str) -> float:
    mantissa, _, exponent = text.partition("e")
    return 0.0 if text == "0" else 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def evaluate(text: str, exact: frozenset[str] = frozenset(), **functions) -> tuple[float, float]:
    """(what the printed numbers give, how far the digits that were not printed can move it). `exact` ones are printed to six digits.
    `functions`: others than `FUNCTIONS`."""
    expression = python(text)
    found = list(NUMBER.finditer(expression))
    values = [float(m[0]) for m in found]
    for k, m in reversed(list(enumerate(found))):
        expression = f"{expression[: m.start()]}n[{k}]{expression[m.end() :]}"

    def at(n):
        return eval(expression, {**FUNCTIONS, **functions, "n": n})

    middle, slack = at(values), 0.0
    for k, m in enumerate(found):
        step = 0.5 * (1e-5 * values[k] if m[0] in exact else unit(m[0]))
        slack += max(abs(at([v + side * step * (i == k) for i, v in enumerate(values)]) - middle) for side in (-1, 1))
    return middle, slack
