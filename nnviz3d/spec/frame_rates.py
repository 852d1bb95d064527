"""Frame rates as exact ratios: 30, 29.97 (which means 30000/1001, as in television), "24000/1001", 12.5."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

LEAST, MOST, FINEST = 1, 1000, 1_000_000
NEAR = Fraction(1, 200)  # 23.98, 23.976 and 23.97602 all mean 24000/1001
EXPECTED = "frames per second, 1 to 1,000: 30, 29.97 or 30000/1001"
_TEXT = re.compile(r"\s*(\d{1,9}(\.\d{1,20})?)\s*(/\s*(\d{1,9}))?\s*")


def exact(value: Any) -> Fraction:
    """Of a number or a text. Raises ValueError that says what is expected."""
    found = _TEXT.fullmatch(str(value)) if not isinstance(value, bool) else None
    if found is None or (found[4] and (found[2] or not int(found[4]))):
        raise ValueError(f"expected {EXPECTED}")
    rate = Fraction(found[1]) / int(found[4] or 1)
    if not found[4] and rate.denominator > 1:
        whole = round(rate * 1001 / 1000)
        television = Fraction(whole * 1000, 1001)
        rate = television if abs(television - rate) < NEAR else rate
    if not LEAST <= rate <= MOST or rate.denominator > FINEST:
        raise ValueError(f"expected {EXPECTED}")
    return rate


def canonical(value: Any) -> int | str:
    """As it is kept in files: a whole number, or a text such as "30000/1001". Raises ValueError."""
    rate = exact(value)
    return rate.numerator if rate.denominator == 1 else str(rate)


def words(value: Any) -> str:
    """For people: "30", "29.97 (30000/1001)"."""
    rate = exact(value)
    return str(rate) if rate.denominator == 1 else f"{float(rate):.5g} ({rate})"


Rate = Annotated[int | str, BeforeValidator(canonical), Field(description=EXPECTED)]
