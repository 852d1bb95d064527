"""Numbers as people read them: one way for the whole overlay, in plain text and in LaTeX.

Every printed number is the value rounded to the printed digits, nothing else.
"""

from __future__ import annotations

import math

from nnviz3d.spec.score import percent as percent

MINUS = "\u2212"


def parts(value: float) -> tuple[str, int | None]:
    """(mantissa, exponent of ten or None). Plain decimals for 0.001 <= |x| < 100,000, else three digits and a power of ten.

    At least three digits count everywhere: printed factors multiply to the printed product.
    """
    if not math.isfinite(value):
        return ("?" if math.isnan(value) else "∞" if value > 0 else "-∞"), None
    size = abs(value)
    if value == 0:
        return "0", None
    if 0.001 <= size < 100_000:
        digits = 5 if size < 0.01 else 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 1
        return f"{value:.{digits}f}", None
    mantissa, exponent = f"{value:.2e}".split("e")
    return mantissa, int(exponent)


def plain(value: float | None, sign: bool = False) -> str:
    """ "−0.4121", "1.25e−7"; with `sign`, positive numbers carry a plus. None: a dash."""
    if value is None:
        return "–"
    mantissa, exponent = parts(value)
    text = mantissa if exponent is None else f"{mantissa}e{exponent}"
    if sign and value > 0:
        text = "+" + text
    return text.replace("-", MINUS)


def exact(value: float, digits: int) -> str:
    """So many significant digits, trailing zeros too: "0.444619", "4.44619e−7"."""
    if not math.isfinite(value) or value == 0:
        return plain(value)
    if 0.001 <= abs(value) < 100_000:
        return f"{value:#.{digits}g}".removesuffix(".").replace("-", MINUS)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS)


def tex(value: float) -> str:
    """The same digits for LaTeX."""
    mantissa, exponent = parts(value)
    mantissa = mantissa.replace("∞", r"\infty")
    return mantissa if exponent is None else rf"{mantissa}\mathrm{{e}}{{{exponent}}}"


def pair(old: float, new: float) -> tuple[str, str]:
    """Two numbers for LaTeX with as many decimals as show their difference to two digits, as far as 32-bit floats hold any."""
    size, gap = max(abs(old), abs(new)), abs(new - old)
    if not math.isfinite(gap) or not 1e-4 <= size < 1e5:
        return tex(old), tex(new)
    places = 4 if gap == 0 else 1 - math.floor(math.log10(gap))
    places = max(min(places, 6 - math.floor(math.log10(size))), len(parts(size)[0].partition(".")[2]), 1)
    return f"{old:.{places}f}", f"{new:.{places}f}"


def short(value: float | None) -> str:
    """Three significant digits for charts and facts: "0.0832", "1.25e−7"."""
    if value is None:
        return "–"
    if not math.isfinite(value) or (value and not 0.001 <= abs(value) < 100_000):
        return plain(value)
    digits = 5 if abs(value) < 0.01 else 4 if abs(value) < 0.1 else 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}".replace("-", MINUS)


def times(value: float) -> str:
    """ "×240": a factor, two digits where it is small."""
    return f"×{value:,.0f}" if value >= 10 else f"×{value:.2g}"


def pair_plain(old: float, new: float) -> tuple[str, str]:
    """The digits of `pair` in plain text."""
    size = max(abs(old), abs(new))
    text = pair(old, new) if 1e-4 <= size < 1e5 else (plain(old), plain(new))
    return text[0].replace("-", MINUS), text[1].replace("-", MINUS)


def count(value: int) -> str:
    return f"{value:,}"


def weights_and_biases(weights: int, biases: int) -> str:
    """ "4,928 weights and 90 biases": the two are never counted as one."""
    text = f"{weights:,} weight" + "s" * (weights != 1)
    return text + f" and {biases:,} bias" + "es" * (biases != 1)


def shape(sizes) -> str:
    return "×".join(f"{size:,}" for size in sizes)
