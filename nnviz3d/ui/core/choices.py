"""The closed lists of words that a scene accepts, flattened from its own type definitions; and what a table's columns are called."""

from __future__ import annotations

import typing
from collections import Counter
from functools import lru_cache


def words(literal) -> tuple[str, ...]:
    """`Literal["auto", Literal["a", "b"]]` -> ("auto", "a", "b")."""
    found: list[str] = []
    for item in typing.get_args(literal):
        found += [item] if isinstance(item, str) else words(item)
    return tuple(found)


@lru_cache(maxsize=8)
def column_names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Each column's name for people: one without a name, or with that of another, is reported by its number (from 0)."""
    count = Counter(columns)
    return tuple(
        f"column {k}" if not name or name == str(k) else name[:60] if count[name] == 1 else f"{name[:60]} (column {k})"
        for k, name in enumerate(columns)
    )
