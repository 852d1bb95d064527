"""Which connections are drawn as ribbons between groups instead of edges between neurons, and which ids their ends have. No OpenGL.

Channels, tokens and heads are groups by nature. A short vector beside them is one group a neuron; a long one, and one of thousands, is cut
into blocks of neighbours. Ids in pictures: neurons, the groups of all nodes (`Topology.group_starts`) where ribbons leave them, the same
where ribbons enter them, the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.topology import Connection, Node, Topology

SINGLY = 64  # a vector of so many neurons is as many ends of ribbons; a longer one so many blocks at most
LARGE = 4096  # neurons of a vector from which its edges are drawn as ribbons


@dataclass(frozen=True)
class Ends:
    """The groups of a node as ends of ribbons: `count` of them, each `size` neurons but the last; their ids in pictures are `ids`."""

    size: int
    ids: np.ndarray

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Ribbons:
    """A connection that is drawn between groups. Ribbon t x S + s joins group s of the source with group t of the target."""

    source: Ends
    target: Ends

    @property
    def sizes(self) -> tuple[int, int]:
        return self.source.size, self.target.size

    @property
    def count(self) -> int:
        return self.source.count * self.target.count

    def ends(self, ribbon_r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids where these ribbons begin and end."""
        return self.source.ids[ribbon_r % self.source.count], self.target.ids[ribbon_r // self.source.count]


class Groups:
    """`ribbons`: by connection, None where its edges are drawn from neuron to neuron. `count`: ids of groups and blocks after those of
    neurons."""

    def __init__(self, topology: Topology):
        self.topology = topology
        self._blocks: dict[int, Ends] = {}  # by node
        self._natural = topology.group_starts[-1]
        self.count = 2 * self._natural
        self.ribbons = tuple(self._of(c) if between_groups(c) else None for c in topology.connections)

    def _of(self, c: Connection) -> Ribbons:
        return Ribbons(self._ends(c.source, c.target, 0), self._ends(c.target, c.source, self._natural))

    def _ends(self, node: Node, other: Node, entry: int) -> Ends:
        first = self.topology.n_neurons + entry + self.topology.group_starts[node.number]
        if node.groups > 1 or (len(node.shape) > 1 and other.groups > 1):  # a picture that is read as one channel is one group
            return Ends(node.size // node.groups, first + np.arange(node.groups))
        if node.size <= SINGLY:
            return Ends(1, node.neurons.start + np.arange(node.size))
        if node.number not in self._blocks:
            size = -(-node.size // SINGLY)
            ids = self.topology.n_neurons + self.count + np.arange(-(-node.size // size))
            self._blocks[node.number] = Ends(size, ids)
            self.count += len(ids)
        return self._blocks[node.number]

    def ranks(self) -> np.ndarray:
        """(G,) the rank of each group's node."""
        out = np.zeros(self.count)
        for node, first, last in self._stretches():
            out[first:last] = node.rank
        return out

    def places(self, layout: Layout) -> np.ndarray:
        """(G, 4) x, y, z and node of each: where the layout has ribbons leave and enter it, or the middle of its neurons."""
        out = np.zeros((self.count, 4), np.float32)
        for node, first, last in self._stretches():
            if first >= 2 * self._natural:
                out[first:last] = _means(layout.place_n4[node.neurons.slice].astype(np.float64), node.size, last - first)
        if len(layout.group_place_g4):
            out[: 2 * self._natural] = np.concatenate([layout.group_place_g4, layout.group_entry_g4])
        return out

    def means(self, value_n: np.ndarray) -> np.ndarray:
        """(G,) what stands for each group where one number of a neuron is asked for: the mean."""
        out = np.zeros(self.count, np.float32)
        for node, first, last in self._stretches():
            out[first:last] = _means(value_n[node.neurons.slice], node.size, last - first)
        return out

    def _stretches(self) -> list[tuple[Node, int, int]]:
        """Each node with the first and the end of the numbers of its groups, left and entered, and of its blocks."""
        starts, nodes, n = self.topology.group_starts, self.topology.nodes, self.topology.n_neurons
        natural = [(node, side + starts[node.number], side + starts[node.number + 1]) for side in (0, self._natural) for node in nodes]
        return natural + [(nodes[k], int(b.ids[0]) - n, int(b.ids[-1]) + 1 - n) for k, b in self._blocks.items()]


def _means(value_n: np.ndarray, size: int, groups: int) -> np.ndarray:
    """Of each of so many groups."""
    each = -(-size // groups)
    starts = np.arange(0, size, each)
    return (np.add.reduceat(value_n, starts, axis=0).T / np.minimum(each, size - starts)).T


def between_groups(c: Connection) -> bool:
    """Whether one end has groups, or so many neurons that the strongest of their edges would say nothing."""
    if edges_of(c).fixed:
        return False
    vectors = [node for node in (c.source, c.target) if len(node.shape) == 1]
    return max(c.source.groups, c.target.groups) > 1 or any(node.size > LARGE for node in vectors)
