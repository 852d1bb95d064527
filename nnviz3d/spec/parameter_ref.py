"""One parameter by its place: in which array of which node, and which neurons of that node it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnviz3d.spec.topology import Node, Range


@dataclass(frozen=True)
class ParameterRef:
    """`index`: its place on each axis of the array `part`: (out, in) of a matrix, (out, in, row, column) of kernels."""

    node: Node
    part: str
    index: tuple[int, ...]

    @property
    def places(self) -> range:
        """The neurons that it makes, by their numbers in the node: one in a dense layer, a whole channel of a convolution."""
        own = None if self.node.table is None else self.node.table.own_cell(self.index, self.node.shape)
        return self.node.cells(self.index[0]) if own is None else range(max(own, 0), own + 1)

    @property
    def neuron(self) -> int:
        """One of these, to be shown for all; the node's first where none is its own."""
        return self.places[0] if self.places else 0

    @property
    def source(self) -> int | None:
        """The index of the one neuron that it multiplies; None where that is none, or more than one."""
        if self.part != "weight" or len(self.index) != 2 or not self.single:
            return None
        added = self.node.table is not None and self.node.table.own_cell(self.index, self.node.shape) is not None
        return None if added else self.index[1]

    @property
    def learned(self) -> bool:
        """It has a gradient; else it is kept up by training without one."""
        return self.node.table is None or self.part not in self.node.table.unlearned

    @property
    def single(self) -> bool:
        """It makes one neuron only."""
        return len(self.places) == 1


def own_parameter(node: Node, part: Range, j: int) -> int | None:
    """The parameter of an array of one for each unit (a bias, a scale), or for each neuron, that neuron j has; None of other arrays."""
    if len(part.shape) == 1:
        unit = node.unit(j)
        return None if unit is None else part.start + unit
    own = None if node.table is None or j >= part.size else node.table.own_cell(placed(j, part.shape), node.shape)
    return part.start + j if own == j else None


def placed(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The place on each axis of number `number` of an array."""
    index = []
    for extent in reversed(shape):
        number, k = divmod(number, extent)
        index.append(k)
    return tuple(reversed(index))
