"""Which numbers of a model's own tensors a named array of a frame consists of: a projection cut in three, a bias that is 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod

import numpy as np

from nnviz3d.live.kept_frames import FrameLayout, LoopFrame
from nnviz3d.live.wire import Structure

Patterns = str | tuple[str, ...] | list[str]


@dataclass(frozen=True)
class CopiedRange:
    """`count` numbers from `start` on of the tensor `source`, in C order, are those from `at` on of the array."""

    source: str
    start: int
    at: int
    count: int


@dataclass(frozen=True)
class PlannedArray:
    """An array, and where its numbers come from; those that come from nowhere are 0."""

    name: str
    shape: tuple[int, ...]
    ranges: tuple[CopiedRange, ...]

    @classmethod
    def whole(cls, name: str, shape: tuple[int, ...]) -> PlannedArray:
        return cls(name, shape, (CopiedRange(name, 0, 0, prod(shape)),))


@dataclass(frozen=True)
class Described:
    """What is watched: its structure as viewers are told, and how its arrays are copied."""

    structure: Structure
    arrays: tuple[PlannedArray, ...]

    @property
    def layout(self) -> FrameLayout:
        return FrameLayout({array.name: array.shape for array in self.arrays})


class OtherShape(Exception):
    """A tensor is not of the size that it had: the model has changed."""


def chosen(names: list[str], include: Patterns, exclude: Patterns) -> set[str]:
    """The names that match a pattern of `include` and none of `exclude`; * stands for any letters."""
    wanted, left_out = ([each] if isinstance(each, str) else list(each) for each in (include, exclude))
    return {
        name
        for name in names
        if any(fnmatchcase(name, pattern) for pattern in wanted) and not any(fnmatchcase(name, pattern) for pattern in left_out)
    }


def fill(frame: LoopFrame, kind: str, arrays: tuple[PlannedArray, ...], read: Callable[[str], np.ndarray | None]) -> None:
    """Copy arrays into a frame. `read`: (n,) float32 of a source, None where it has none (no gradient): such arrays are left out.

    Raises OtherShape.
    """
    known: dict[str, np.ndarray | None] = {}
    for array in arrays:
        for each in array.ranges:
            if each.source not in known:
                known[each.source] = read(each.source)
        if (not array.ranges and kind == "gradient") or any(known[each.source] is None for each in array.ranges):
            continue
        name = f"{kind}/{array.name}"
        numbers = frame.layout.view(frame.numbers, name).reshape(-1)
        for each in array.ranges:
            values = known[each.source]
            assert values is not None
            if len(values) < each.start + each.count:
                raise OtherShape(each.source)
            numbers[each.at : each.at + each.count] = values[each.start : each.start + each.count]
        if name not in frame.names:
            frame.names.append(name)
