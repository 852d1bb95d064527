"""What is wrong with a value of a file, in plain words: those of the library that checks it (tuple, pattern) reach nobody."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

from nnviz3d.spec.layer_table import NAME_PATTERN

WIDE = 60  # characters of a key or a value that are shown
_EXPECTED = {  # type of the error -> what belongs there
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number with fewer digits",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_PATTERNS = {NAME_PATTERN: "a name of letters, digits, _, . and - that begins with a letter or _"}
_REPR = reprlib.Repr()  # never spells out more than is shown, however large the value
_REPR.maxlist = _REPR.maxtuple = _REPR.maxdict = WIDE // 3
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = 2 * WIDE


def reported(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Those that a person needs: a list or table that holds a wrong value is not wrong once more because that value is left out."""
    around = {loc[:k] for loc in {details["loc"] for details in errors} for k in range(len(loc))}
    return [details for details in errors if details["loc"] not in around]


def key(parts: Sequence[int | str]) -> str:
    """The dotted key of a place in a file. Long names are cut."""
    return ".".join(_cut(str(part)) for part in parts)


def message(details: ErrorDetails, accepted: str = "") -> str:
    """`expected ..., found ...`; `accepted`: a range, named at the end."""
    kind, found, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return details["msg"].removeprefix("Value error, ")
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "unknown key"
    if kind == "json_invalid":
        return f"not valid JSON: {context['error']}"
    if kind in ("too_long", "too_short"):
        bound, count = ("at most", context["max_length"]) if kind == "too_long" else ("at least", context["min_length"])
        there = context["actual_length"]
        return f"expected {bound} {_entries(count)}, found {'more' if there is None else f'{there:,}'}"
    if kind in ("string_too_long", "string_too_short"):
        bound, count = ("at most", context["max_length"]) if kind == "string_too_long" else ("at least", context["min_length"])
        return f"expected {bound} {count:,} character{'' if count == 1 else 's'}, found {len(found):,}: {shown(found)}"
    return f"expected {_expected(details)}, found {shown(found)}{accepted}"


def shown(found: Any) -> str:
    """A value as it stands in messages: cut where it is long."""
    return _cut(_REPR.repr(found))


def _expected(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(details.get("ctx", {}).get("pattern", ""), "text of another form")
    return _EXPECTED.get(kind) or details["msg"].removeprefix("Input ").removeprefix("should be ")


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _cut(text: str) -> str:
    return text if len(text) <= WIDE else text[: WIDE - 3] + "..."
