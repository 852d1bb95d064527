"""What a plain value from a file may be. A check takes any value and says what is wrong with it; "" where nothing is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nnviz3d.spec import limits

Check = Callable[[Any], str]


def nothing(value) -> str:
    return "" if value is None else "takes no value"


def truth(value) -> str:
    return "" if isinstance(value, bool) else "expected true or false"


def whole(low: int, high: int) -> Check:
    return lambda v: "" if type(v) is int and low <= v <= high else f"expected a whole number from {low:,} to {high:,}"


def number(low: float, high: float) -> Check:
    return lambda v: "" if type(v) in (int, float) and low <= v <= high else f"expected a number from {low:g} to {high:g}"


def one_of(*choices: Any) -> Check:
    return lambda v: "" if v in choices and not isinstance(v, bool) else f"expected one of {', '.join(map(repr, choices))}"


def row(*checks: Check) -> Check:
    def check(value) -> str:
        if not isinstance(value, (list, tuple)) or len(value) != len(checks):
            return f"expected a list of {len(checks)}"
        return next((message for each, v in zip(checks, value, strict=True) if (message := each(v))), "")

    return check


def many(each: Check, most: int) -> Check:
    def check(value) -> str:
        if not isinstance(value, (list, tuple)) or len(value) > most:
            return f"expected a list of at most {most:,}"
        return next((message for v in value if (message := each(v))), "")

    return check


def text(most: int, least: int = 1) -> Check:
    message = f"expected a text of {least} to {most:,} characters"
    return lambda v: "" if isinstance(v, str) and least <= len(v) <= most and "\0" not in v else message


def plain(value) -> str:
    """What a setting may be: finite numbers, texts, truths, lists and tables of them."""
    if isinstance(value, dict):
        return next((message for v in value.values() if (message := plain(v))), "")
    if isinstance(value, (list, tuple)):
        return next((message for v in value if (message := plain(v))), "")
    if isinstance(value, float) and not math.isfinite(value):
        return "a number must be finite"
    return "" if value is None or isinstance(value, (str, int, float, bool)) else "expected a simple value"


identity = whole(-1, limits.PARAMETERS * 2)  # of a neuron, a parameter or a layer; -1: none
far = number(-1e9, 1e9)
