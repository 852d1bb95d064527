"""The closed lists of words that a scene accepts, flattened from its own type definitions."""

from __future__ import annotations

import typing


def words(literal) -> tuple[str, ...]:
    """`Literal["auto", Literal["a", "b"]]` -> ("auto", "a", "b")."""
    found: list[str] = []
    for item in typing.get_args(literal):
        found += [item] if isinstance(item, str) else words(item)
    return tuple(found)
