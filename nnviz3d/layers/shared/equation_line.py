"""One line of an equation: symbols as LaTeX, or numbers as coloured pieces of text; and the words that make them.

Pure. LaTeX comes from `neuron_equations`, `updates` and `layer_equations` only and holds macros of their own and whole numbers:
names and labels from files never get into it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from nnviz3d.spec.number_text import MINUS, exact, plain

_PLAIN = {
    r"\cdot": "·", r"\,": " ", r"\;": " ", r"\ ": " ", r"\partial ": "∂", r"\delta": "δ", r"\eta": "η", r"\mu": "μ", r"\rho": "ρ",
    r"\beta_1": "β₁", r"\beta_2": "β₂", r"\lambda": "λ", r"\epsilon": "ε", r"\hat{m}": "m̂", r"\hat{v}": "v̂", r"\to": "→",
    r"\Delta": "Δ", r"\leftarrow": "←", r"\infty": "∞", r"\approx": "≈", "^2": "²", r"\sum": "Σ", r"\tanh": "tanh", r"\sin": "sin",
    r"\max": "max", r"\min": "min", r"\ln": "ln", r"\Phi": "Φ", r"\sigma": "σ", r"\pi": "π", r"\left": "", r"\right": "",
    r"\odot": "⊙", r"\top": "T", r"\times": "×", r"\le": "≤", r"\quad": "   ", r"\lVert ": "‖", r"\rVert": "‖",
    r"\gamma": "γ", r"\beta": "β", r"\hat{x}": "x̂", r"\overline": "", r"\lfloor ": "⌊", r"\rfloor": "⌋",
}  # fmt: skip


class Span(NamedTuple):
    """A piece of a line of numbers. `ink`: w weight, a activation, d error or gradient (each coloured by the number's sign), "" neutral;
    `raised`: an exponent."""

    text: str
    ink: str = ""
    negative: bool = False
    raised: bool = False


@dataclass(frozen=True)
class Line:
    """`tex` or `spans`, and what stands at the right end: `value`, and `second` in a column of its own.

    `kind`: symbols, term, rest, bias, result, number, step (numbers of an update), change (of what `lead` names), note. A click chooses
    `parameter`; the pointer over it lights its edge. `neuron` is where a term comes from, number `index` of its layer, counted by `letter`;
    or called by its `name`.
    """

    tex: str = ""
    spans: tuple[Span, ...] = ()
    value: float | None = None
    kind: str = "symbols"
    tip: str = ""
    neuron: int | None = None
    index: int | None = None
    letter: str = "i"
    second: float | None = None
    parameter: int | None = None
    chosen: bool = False
    digits: int = 0  # significant ones to print; 0: as everywhere
    ink: str = ""  # of `value`
    lead: str = "="  # stands before `value`
    written: str = ""  # the value in words of its own: with a unit
    name: str = ""  # of the neuron that a term comes from, where it has one

    @property
    def text(self) -> str:
        """The line without its right end, as plain text."""
        return plain_text(self.tex) if self.tex else "".join(f"^{s.text}" if s.raised else s.text for s in self.spans)

    @property
    def printed(self) -> str:
        """The value as printed at the right end."""
        if self.written:
            return self.written.replace("-", MINUS)
        if self.digits and self.value is not None and math.isfinite(self.value):
            return exact(self.value, self.digits)
        return "" if self.value is None else plain(self.value, sign=self.kind in ("term", "rest", "bias", "change"))


def plain_text(latex: str) -> str:
    """What our own LaTeX says, as plain text: where formulas cannot be rendered."""
    latex = re.sub(r"\\textcolor\{[^{}]*\}", "", latex)
    latex = re.sub(r"\\sqrt\{((?:[^{}]|\{[^{}]*\})*)\}", r"√(\1)", latex)
    latex = re.sub(r"\\frac\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", r"(\1)/(\2)", latex)
    latex = latex.replace("^{[", "[")
    latex = re.sub(r"\\(?:mathrm|mathbf)\{([^{}]*)\}", r"\1", latex)
    for macro in sorted(_PLAIN, key=len, reverse=True):  # "top" before "to"
        latex = latex.replace(macro, _PLAIN[macro])
    return re.sub(r"[{}$]", "", latex).replace("-", MINUS)


def number(value: float | None, ink: str = "", bracket: bool = False) -> tuple[Span, ...]:
    """A number as everywhere (`spec.number_text`), in brackets where it is negative and `bracket`."""
    if value is None:
        return (Span("–"),)
    text = plain(value)
    negative = text.startswith(MINUS)
    return (Span(f"({text})" if bracket and negative else text, ink, negative),)


def setting(value: float) -> tuple[Span, ...]:
    """A constant as somebody set it: at most six digits."""
    mantissa, e, exponent = f"{value:.6g}".partition("e")
    return (Span((mantissa + (f"e{int(exponent)}" if e else "")).replace("-", MINUS)),)


def fill(template: str, **pieces: tuple[Span, ...]) -> tuple[Span, ...]:
    """The template's words with spans in the places of `{name}`."""
    spans: list[Span] = []
    for k, piece in enumerate(re.split(r"\{(\w+)\}", template)):
        if k % 2:
            spans += pieces[piece]
        elif piece:
            spans.append(Span(piece))
    return tuple(spans)
