"""From layers that read each other by name to a `Topology` of our own kinds, with the tensor of a file behind each array of parameters.

Limits of scenes do not hold here: a scene is for learning, and needs several arrays as long as the parameters; what is opened is only run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import numpy as np

from nnviz3d.formats.tensors.files import FLOATS, TensorFiles
from nnviz3d.layers.dense.spec import DenseLayer
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import INPUT, LayerTable, Shape, tables
from nnviz3d.spec.topology import Node, Range, Topology

REPORTED = 20  # problems that are listed
STRETCH = 1 << 20  # numbers that are read at once
TOKENS = ("token",)


class DenseWithoutBias(DenseLayer):
    """Its biases are 0 and no parameters of the model."""

    unlearned: ClassVar[tuple[str, ...]] = ("bias",)


@dataclass(frozen=True)
class FilePiece:
    """Where numbers of the arena come from: a tensor, of it the columns or rows `first` to `last` (-1: all), then with the two axes
    exchanged where it is `turned`. `repeat`: blocks of so many rows each come so often, one after another: (rows, times)."""

    tensor: str
    turned: bool = False
    first: int = 0
    last: int = -1
    repeat: tuple[int, int] = (0, 1)

    def shape(self, whole: Shape) -> Shape:
        """Of what it becomes."""
        if len(whole) == 1:
            rows = (self.last if self.last >= 0 else whole[0]) - self.first
            return (rows * self.repeat[1],)
        along = whole[1] if self.turned else whole[0]
        units = (self.last if self.last >= 0 else along) - self.first
        return units * self.repeat[1], *((whole[0],) if self.turned else whole[1:])

    def stretches(self, files: TensorFiles) -> Iterator[tuple[slice, np.ndarray]]:
        """(rows of what it becomes, float32 of them), each read when it is asked for."""
        values = files.array(self.tensor)
        values = values.T if self.turned else values
        values = values[self.first : self.last if self.last >= 0 else None]
        rows, times = self.repeat
        block = rows if times > 1 else max(STRETCH // max(prod(values.shape[1:]), 1), 1)
        for begin in range(0, len(values), block):
            read = files.floats(values[begin : begin + block], self.tensor)
            for k in range(times):
                at = begin * times + k * len(read)
                yield slice(at, at + len(read)), read


Parts = Mapping[str, FilePiece | None]  # by part; None: 0 everywhere


@dataclass(frozen=True)
class Built:
    """`pieces`: by the number of a node and its part; parts that are left out are 0. `shared`: a part of a node that is another's."""

    topology: Topology
    pieces: dict[tuple[int, str], FilePiece]


class Builder:
    """`add` layer by layer, the output last, then `build`. `tokens`: of a sequence."""

    def __init__(self, files: TensorFiles, tokens: int):
        self.files, self.tokens = files, tokens
        self._nodes = [Node(INPUT, "input", (), (tokens,), Range(0, (tokens,)), axes=TOKENS)]
        self._parts: list[dict[str, tuple[Shape, FilePiece | None]]] = [{}]
        self._problems: list[Problem] = []

    def width(self, tensor: str, axis: int) -> int:
        """Of a tensor; 1 and a problem where it is not there."""
        stored = self.files.stored.get(tensor)
        if stored is None or len(stored.shape) <= axis or not stored.shape[axis]:
            self._problems.append(Problem(str(self.files.path), tensor, "missing" if stored is None else f"shape {list(stored.shape)}"))
            return 1
        return stored.shape[axis]

    def add(self, kind: str, name: str, reads: tuple[str, ...], parts: Parts | None = None, **settings: Any) -> str:
        """A layer of one of our kinds; returns its name. What does not fit is told by `build`."""
        parts = parts or {}
        made = DenseWithoutBias if kind == "dense" and parts.get("bias") is None else tables()[kind]
        table: LayerTable = made.model_construct(kind=kind, name=name, from_=reads, **settings)
        sources = [next(node for node in reversed(self._nodes) if node.name == each) for each in reads]
        shapes, axes = tuple(source.shape for source in sources), tuple(source.axes for source in sources)
        table = table.over(axes)
        shape = table.output_shape(shapes) or ()
        wanted = dict(table.parts_over(shapes, axes))
        self._judge(name, wanted, parts)
        number = len(self._nodes)
        self._nodes.append(
            Node(
                name, kind, reads, shape, Range(self._nodes[-1].neurons.stop, shape), table.function, edges=table.edges(shapes),
                number=number, rank=1 + max(source.rank for source in sources), table=table, axes=table.axes(axes, shape),
            )
        )  # fmt: skip
        self._parts.append({part: (size, parts.get(part)) for part, size in wanted.items()})
        return name

    def build(self) -> Built:
        """Raises InputError with every tensor that is missing or does not fit. A tensor that two layers have stands in the arena once."""
        if self._problems:
            more = [Problem(str(self.files.path), "", f"{len(self._problems) - REPORTED:,} more problems")]
            raise InputError(*self._problems[:REPORTED], *(more if len(self._problems) > REPORTED else []))
        (output, tied), places, at = self._tied(), {}, 0
        last = len(self._nodes) - 1
        order = [k for k in range(last) if k != tied] + ([tied] if tied >= 0 else []) + [last]
        pieces: dict[tuple[int, str], FilePiece] = {}
        for k in order:
            made = []
            for part, (shape, piece) in self._parts[k].items():
                shared = k == output and tied >= 0 and part == "weight"
                place = places[tied][0][1] if shared else Range(at, shape)
                made.append((part, place))
                at = max(at, place.stop)
                if piece is not None and not shared:
                    pieces[k, part] = piece
            places[k] = made
        nodes = [replace(node, parameters=tuple(places.get(node.number, ()))) for node in self._nodes]
        return Built(Topology(tuple(nodes), at), pieces)

    def _tied(self) -> tuple[int, int]:
        """The output, and the node whose weights are its weights too; -1: none. What they share stands just before the output's own."""
        last = len(self._nodes) - 1
        piece = self._parts[last].get("weight", ((), None))[1]
        for k, parts in enumerate(self._parts[:-1]):
            if piece is not None and list(parts) == ["weight"] and parts["weight"][1] == piece:
                return last, k
        return last, -1

    def _judge(self, name: str, wanted: dict[str, Shape], parts: Parts) -> None:
        where = str(self.files.path)
        for part, piece in parts.items():
            if piece is None:
                continue
            stored = self.files.stored.get(piece.tensor)
            if part not in wanted:
                self._problems.append(Problem(where, piece.tensor, f"{name} has no {part}"))
            elif stored is None:
                self._problems.append(Problem(where, piece.tensor, f"missing; {name} needs {list(wanted[part])} from it"))
            elif stored.dtype not in FLOATS:
                self._problems.append(Problem(where, piece.tensor, f"values of type {stored.dtype}; expected {', '.join(FLOATS)}"))
            elif not stored.shape or piece.shape(stored.shape) != wanted[part]:
                self._problems.append(
                    Problem(where, piece.tensor, f"shape {list(stored.shape)}; {name} needs {list(wanted[part])} from it")
                )


def size_of(built: Built) -> int:
    """Numbers that opening it takes: the arena of parameters, and two for each neuron."""
    return built.topology.n_parameters + 2 * sum(prod(node.shape) for node in built.topology.nodes)
