"""Numbers with a sign beside them: $1,216.62, 2.179.445 €, 46 %, 21.4 km. A column whose cells all have the same one holds numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

CODES = {
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "CNY",
    "INR",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "AUD",
    "CAD",
    "BRL",
    "Rs",
    "Fr",
    "kr",
    "US$",
    "A$",
    "R$",
}
WIDEST = 16  # characters of a unit
LONGEST = 64  # of a number with its unit
TRIED = 200  # texts that decide whether all are looked at
_BEFORE = re.compile(r"([-+\u2212]?)\s*([^\d\s.,+\-\u2212]{1,3}\.?)\s*([-+\u2212]?[\d.,].*)")
_AFTER = re.compile(r"([-+\u2212]?[\d.,](?:.*\d[.,]?)?)\s*([^\W\d_][^\d]*|[^\w\s.,;:/+\-()*!?#&=<>'\"|][^\d]*)")


def parted(text: str) -> tuple[str, str]:
    """(number as it stands, unit): ("-1,216.62", "$"), ("46", "%"); without one ("46", ""). Only money stands before a number.

    Numbers in brackets are negative, as in accounts: ("-45.20", "").
    """
    if len(text) > LONGEST:
        return text, ""
    if text.startswith("(") and text.endswith(")") and text[1:2] not in "-+\u2212(":
        bare, unit = parted(text[1:-1].strip())
        return (f"-{bare}", unit) if bare[:1].isdigit() else (text, "")
    if found := _BEFORE.fullmatch(text):
        sign, unit, rest = found.groups()
        if is_money(unit):
            return sign + rest, unit
    if (found := _AFTER.fullmatch(text)) and len(unit := found[2].strip()) <= WIDEST:
        return found[1], unit
    return text, ""


def is_money(unit: str) -> bool:
    return unit.rstrip(".") in CODES or (len(unit) == 1 and unicodedata.category(unit) == "Sc")


def common(texts: Sequence[str], most: float) -> str:
    """The unit that at least this share of the texts has; "" where there is none."""
    if len(texts) > TRIED and not common(texts[:TRIED], most / 2):
        return ""
    units: dict[str, int] = {}
    for text in texts:
        unit = parted(text)[1]
        units[unit] = units.get(unit, 0) + 1
    best = max(units, key=units.__getitem__, default="")
    return best if best and units[best] >= most * len(texts) else ""
