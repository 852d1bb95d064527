"""A file of tensors of which nothing but the names is known: its structure by the dots in them, and of each tensor a sheet of samples.

However large a tensor is, so many numbers of it are read that a sheet shows them; statistics are of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from nnviz3d.formats.tensors.files import READABLE, TensorFiles
from nnviz3d.formats.weights import CHECKPOINT
from nnviz3d.spec.foreign_graph import ForeignGraph, ForeignNode
from nnviz3d.spec.number_text import short

SIDE = 48  # rows and columns of a sheet at most
RUN = 64  # numbers in a row that are read for one cell of a sheet
MODULES = 4000  # nodes; of more, those with the most numbers
PATH = 200  # characters of a name
FILE = "(file)"  # the first node, which all begins with


def outline(files: TensorFiles, title: str, other: TensorFiles | None = None) -> tuple[ForeignGraph, dict[str, np.ndarray]]:
    """A node for each module, which is what is called alike up to its last dot, in the order of the names; and the sheets of its largest
    tensor: of its numbers, or of how far those of `other` are from them. Which module reads which is not known: each stands behind the one
    before it."""
    modules = _modules(files)
    counted = (("tensors", f"{len(files.stored):,}"), ("numbers", f"{files.parameters:,}"), ("modules", f"{len(modules):,}"))
    nodes: list[ForeignNode] = [ForeignNode(FILE, "file", (), (1,), settings=counted)]
    values, before = {}, (FILE,)
    for name, tensors in modules.items():
        largest = max(tensors, key=lambda each: files.stored[each].size)
        values[name] = sheet(files, largest, other)
        settings = tuple((tensor[len(name) + 1 :] or tensor, _described(files, tensor)) for tensor in tensors)
        settings += tuple(_statistics(values[name], files.stored[largest].size))
        nodes.append(ForeignNode(name, "tensors", before, values[name].shape, _AXES[values[name].ndim], settings=settings))
        before = (name,)
    return ForeignGraph(tuple(nodes), title), values


_AXES = {1: ("neuron",), 2: ("row", "column")}


def sheet(files: TensorFiles, name: str, other: TensorFiles | None = None) -> np.ndarray:
    """(rows, columns) or (columns,) float32: the tensor itself where it is small; else each cell is the mean of at most `RUN` numbers from
    its place. With `other`: |other - this| of each of them; 0 where it has no such tensor."""
    stored = files.stored[name]
    rows, columns = (1, stored.size) if len(stored.shape) < 2 else (stored.shape[0], prod(stored.shape[1:]))
    if not stored.size or stored.dtype not in READABLE:
        return np.zeros(1, np.float32)
    if other is not None and (
        name not in other.stored
        or other.stored[name].shape != stored.shape
        or not {stored.dtype, other.stored[name].dtype} <= READABLE.keys()
    ):
        return np.zeros((min(rows, SIDE), min(columns, SIDE)) if rows > 1 else min(columns, SIDE), np.float32)
    read, (r, c) = _reader(files, other, name, rows, columns), (min(rows, SIDE), min(columns, SIDE))
    made = np.empty((r, c), np.float32)
    begins = np.arange(c) * columns // c
    run = min(RUN, max(columns // c, 1))
    for k, row in enumerate((np.arange(r) * rows // r).tolist()):
        made[k] = np.nan_to_num(np.stack([read(row, slice(begin, begin + run)) for begin in begins])).mean(1)
    return made if rows > 1 else made[0]


def _reader(files: TensorFiles, other: TensorFiles | None, name: str, rows: int, columns: int) -> Callable[[int, slice], np.ndarray]:
    """(row, columns) -> float32 numbers of the tensor, or |other's - its|."""
    flat = files.array(name).reshape(rows, columns)
    if other is None:
        return lambda row, part: files.floats(flat[row, part], name)
    flat2 = other.array(name).reshape(rows, columns)
    return lambda row, part: np.abs(other.floats(flat2[row, part], name) - files.floats(flat[row, part], name))


def _modules(files: TensorFiles) -> dict[str, list[str]]:
    """Names of tensors by the name up to the last dot, in their natural order; without the state of training that a checkpoint keeps."""
    found: dict[str, list[str]] = {}
    for name in sorted((name for name in files.stored if not name.startswith(CHECKPOINT)), key=_natural):
        found.setdefault((name.rpartition(".")[0] or name)[:PATH], []).append(name)
    if len(found) <= MODULES:
        return found
    size = {name: sum(files.stored[tensor].size for tensor in tensors) for name, tensors in found.items()}
    kept = set(sorted(found, key=lambda name: -size[name])[:MODULES])
    return {name: tensors for name, tensors in found.items() if name in kept}


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts h.2 before h.10."""
    counts = [part.isdecimal() and len(part) < 10 for part in name.split(".")]
    return [(counted, int(part) if counted else 0, part) for counted, part in zip(counts, name.split("."), strict=True)]


def _described(files: TensorFiles, tensor: str) -> str:
    stored = files.stored[tensor]
    return f"{' x '.join(map(str, stored.shape)) or 'a number'}, {stored.dtype}"


def _statistics(values: np.ndarray, size: int) -> Iterator[tuple[str, str]]:
    """Of the cells of a sheet."""
    yield "mean", short(float(values.mean()))
    yield "standard deviation", short(float(values.std()))
    yield "range", f"{short(float(values.min()))} to {short(float(values.max()))}"
    if values.size < size:
        yield "of", f"{values.size:,} means of samples, of {size:,} numbers"
