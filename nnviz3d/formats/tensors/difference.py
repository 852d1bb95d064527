"""How far two files of tensors are apart: tensors of the same name and shape, number by number, in pieces that stay small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nnviz3d.formats.tensors.files import FLOATS, TensorFiles
from nnviz3d.formats.tensors.header import Stored
from nnviz3d.formats.weights import CHECKPOINT


@dataclass(frozen=True)
class TensorMoved:
    """A tensor that both have. `norm`: of A's, the root of the sum of squares; `moved`: of B - A; `largest`: the largest |B - A|, at index
    `place`; `numbers`: how many differ. What is not finite in either is left out of these and counted."""

    name: str
    shape: tuple[int, ...]
    norm: float
    moved: float
    mean: float
    largest: float
    place: tuple[int, ...]
    numbers: int
    not_finite: int

    @property
    def relative(self) -> float:
        """|B - A| / |A|; infinite where A is 0 and B is not."""
        return self.moved / self.norm if self.norm else float("inf") if self.moved else 0.0


@dataclass(frozen=True)
class TensorsDifference:
    """`moved`: by how far, relative to their size, the farthest first. `only_a`, `only_b`: names; `reshaped`: (name, shape in A, in B);
    `unread`: names of what is no floating-point number in both."""

    moved: tuple[TensorMoved, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    reshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    unread: tuple[str, ...]

    @property
    def relative(self) -> float:
        """Of all tensors together."""
        norm, moved = (sqrt(sum(getattr(each, key) ** 2 for each in self.moved)) for key in ("norm", "moved"))
        return moved / norm if norm else float("inf") if moved else 0.0


def between(a: TensorFiles, b: TensorFiles) -> TensorsDifference:
    """Of all tensors but what a checkpoint keeps besides weights. Reads each number of both once."""
    in_a, in_b = _names(a), _names(b)
    both = [name for name in in_a if name in set(in_b)]
    same = [name for name in both if a.stored[name].shape == b.stored[name].shape]
    floats = [name for name in same if _floats(a.stored[name]) and _floats(b.stored[name])]
    return TensorsDifference(
        tuple(sorted((_moved(a, b, name) for name in floats), key=lambda each: -each.relative)),
        tuple(name for name in in_a if name not in b.stored),
        tuple(name for name in in_b if name not in a.stored),
        tuple((name, a.stored[name].shape, b.stored[name].shape) for name in both if name not in set(same)),
        tuple(name for name in same if name not in set(floats)),
    )


def _names(files: TensorFiles) -> list[str]:
    return [name for name, what in files.stored.items() if what.size and not name.startswith(CHECKPOINT)]


def _floats(stored: Stored) -> bool:
    return stored.dtype in FLOATS


def _moved(a: TensorFiles, b: TensorFiles, name: str) -> TensorMoved:
    """In float64; the difference of two float32 numbers can be larger than float32 holds."""
    norm = moved = total = 0.0
    largest, place, numbers, wrong, start = -1.0, 0, 0, 0, 0
    for x, d in _pairs(a, b, name):
        finite = np.isfinite(d)
        wrong += int(d.size - np.count_nonzero(finite))
        x, d = np.where(finite, x, 0.0), np.where(finite, d, 0.0)
        norm, moved, total = norm + float(x @ x), moved + float(d @ d), total + float(np.abs(d).sum())
        numbers += int(np.count_nonzero(d))
        k = int(np.abs(d).argmax())
        if abs(d[k]) > largest:
            largest, place = float(abs(d[k])), start + k
        start += d.size
    shape = a.stored[name].shape
    where = tuple(int(k) for k in np.unravel_index(place, shape)) if start else ()
    return TensorMoved(name, shape, sqrt(norm), sqrt(moved), total / max(start - wrong, 1), max(largest, 0.0), where, numbers, wrong)


def _pairs(a: TensorFiles, b: TensorFiles, name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(A, B - A), float64, piece by piece."""
    for x, y in zip(a.pieces(name), b.pieces(name), strict=True):
        wide = x.astype(np.float64)
        with np.errstate(invalid="ignore"):  # what is not finite is counted by the caller
            yield wide, y - wide
