"""One cell: whether it is empty, what number it is, and the same for many at once."""

from __future__ import annotations

import re

from nnviz3d.engine.data.tables import affix

MISSING = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "?", "-", "--", ".", "#n/a", "<na>", "#value!", "#div/0!", "#ref!"}
)  # what people write where there is no value; in a target of words only the empty cell is
SAMPLED = 10_000  # cells that tell the decimal sign
_THOUSANDS = {  # by the decimal sign; a leading 0 is no thousand: 0,066 is a decimal
    ".": re.compile(r"[-+]?[1-9]\d{0,2}(?:(?:,\d{3})+|(?:[ '\u2019\u00a0\u202f]\d{3})+)(?:\.\d*)?"),
    ",": re.compile(r"[-+]?[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ '\u2019\u00a0\u202f]\d{3})+)(?:,\d*)?"),
}
_SEPARATORS = str.maketrans("", "", " '\u2019\u00a0\u202f")
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")  # a thousand or a decimal
_DECIMAL = re.compile(r"[-+]?\d*[.,]\d+(?:[eE][-+]?\d+)?")
UNSURE = re.compile(
    r"[_A-Za-df-z]|[eE](?![-+]?\d)|^[ \t]*[-+]?0\d", re.MULTILINE
)  # what float() takes and nobody means, or a code like 01067


def missing(text: str) -> bool:
    return text.lower() in MISSING


def number(text: str, decimal: str = ".") -> float | None:
    """The value, also with thousands parted as `decimal` allows; None for what is no number. float() reads 1_000, which no file means."""
    if not text or "_" in text:
        return None
    text = text.replace("\u2212", "-")  # the sign that typesetters use
    if decimal == "," and "." not in text:
        plain = text.replace(",", ".", 1)
    else:
        plain = "" if decimal == "," and "," not in text and _THOUSANDS[","].fullmatch(text) else text
    try:
        return float(plain)
    except ValueError:
        pass
    if not _THOUSANDS[decimal].fullmatch(text):
        return None
    digits = text.translate(_SEPARATORS)
    return float(digits.replace(",", "") if decimal == "." else digits.replace(".", "").replace(",", "."))


def is_code(text: str) -> bool:
    """A number by its letters, and a code by its zeros: 01067 is not 1067."""
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def decimal_of(cells: list[str], delimiter: str) -> str:
    """ "," where numbers have a comma for their decimals, else "."."""
    some = cells[:: max(len(cells) // SAMPLED, 1)]
    return _decimal_of(some, delimiter) or _decimal_of([affix.parted(text)[0] for text in some], delimiter) or "."


def _decimal_of(some: list[str], delimiter: str) -> str:
    """ "" where no number tells."""
    points = commas = open_points = open_commas = 0  # open: 1,234 may be either
    for text in some:
        if not _DECIMAL.fullmatch(text):
            if _THOUSANDS[","].fullmatch(text) and "," in text and "." in text:
                commas += 1
            continue
        either = bool(_EITHER.fullmatch(text))
        if "," in text:
            commas, open_commas = commas + (not either), open_commas + either
        else:
            points, open_points = points + (not either), open_points + either
    if points:
        return "."
    if commas:
        return ","
    if open_commas and not open_points and delimiter not in (",", ""):
        return ","
    return "." if open_points else ""
