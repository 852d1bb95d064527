"""Names that do not fit: cut so that what differs from other names stays. "class with a rather long … no. 7", not "class with a rath…"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from imgui_bundle import imgui

from nnviz3d.ui.core.widgets import elide

WORD = 12  # characters that a difference is widened by at most, to begin with a word: "no. 12" tells more than "2"
_END = re.compile(r"( \([^()]*\)| = \S+)$")  # what follows a name: a share, a value


@lru_cache(maxsize=64)
def differences(names: tuple[str, ...]) -> dict[str, int]:
    """Each name -> where it begins to differ from the one that is most like it; 0 where it begins with no other's beginning."""
    ordered = sorted(set(names))
    shared = [_common(a, b) for a, b in pairwise(ordered)]
    return {name: max([0, *shared[max(k - 1, 0) : k + 1]]) for k, name in enumerate(ordered)}


def _common(a: str, b: str) -> int:
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _fits(text: str, width: float) -> bool:
    return imgui.calc_text_size(text).x <= width


def cut(text: str, width: float, names: Iterable[str] = ()) -> str:
    """The text in `width` pixels of the current font. `names`: what it must be distinguished from."""
    if _fits(text, width):
        return text
    plain = elide(text, width)
    at = differences(tuple(names)).get(text, 0)
    if at < 4 or len(plain) - 1 > at:  # the end that is cut off tells nothing apart
        return plain
    start = max(text.rfind(mark, max(at - WORD, 0), at) + 1 for mark in " _-./")
    tail = text[start or at :] or text[-3:]
    head = _longest(text[: len(text) - len(tail)], lambda beginning: f"{beginning.rstrip()}…{tail}", width)
    return head if head else elide(f"…{tail}", width)


def _longest(text: str, made, width: float) -> str:
    """What is made of the longest beginning that fits, of at least one character; "" where none does."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(made(text[:middle]), width) else (low, middle - 1)
    return made(text[:low]) if low else ""


def kept(before: str, text: str, width: float, names: Iterable[str] = ()) -> str:
    """ "the network says NAME (97.2 %)" in `width` pixels: what is around the name stays while a part of it has room."""
    whole = f"{before}{text}"
    if _fits(whole, width):
        return whole
    end = _END.search(text)
    tail = end.group() if end else ""
    name = text[: len(text) - len(tail)]
    rest = width - imgui.calc_text_size(f"{before}{tail}").x
    shortest = cut(name, max(rest, 0.0), names)
    if len(shortest) < 3 and before:  # no room for words: the name and its number
        return kept("", text, width, names)
    return f"{before}{shortest}{tail}" if rest > 0 else elide(whole, width)


def both(first: str, between: str, second: str, width: float, names: Iterable[str] = ()) -> str:
    """Two names with words between, in `width` pixels: each gets half of it, or what the other leaves."""
    room = width - imgui.calc_text_size(between).x
    a, b = imgui.calc_text_size(first).x, imgui.calc_text_size(second).x
    if a + b <= room:
        return f"{first}{between}{second}"
    half = room / 2
    left = room - b if b < half else min(a, half)
    return f"{kept('', first, left, names)}{between}{kept('', second, room - left, names)}"
