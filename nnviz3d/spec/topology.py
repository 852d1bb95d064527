"""The network as a graph of tensors, with the one numbering that everything shares.

`neurons` of a node is its range in the activation arena (N,), `parameters` are ranges in the parameter arena (P,).
The index in the activation arena = the instance id on the GPU = the picking id = the row in the inspector.
A chain of dense layers is the plain case; other kinds add nodes, not numberings. `topology_builder` makes it from a scene.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod

from nnviz3d.spec.layer_table import Axes, LayerTable
from nnviz3d.spec.parameter_ref import ParameterRef, placed

GROUPED = frozenset({"channel", "token", "head"})  # first axes along which a tensor falls into parts that have a place of their own


@dataclass(frozen=True)
class Range:
    """A stretch of an arena seen with axes: `array[start:stop].reshape(shape)`."""

    start: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    def view(self, arena):
        """The stretch as a view (never a copy) of a contiguous arena."""
        return arena[self.start : self.stop].reshape(self.shape)


@dataclass(frozen=True)
class Node:
    """One tensor of the graph. `shape` keeps its axes; `neurons` is the same size in the activation arena."""

    name: str
    kind: str  # "input", or one of `layers.KINDS`
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    neurons: Range
    activation: str = "linear"
    parameters: tuple[tuple[str, Range], ...] = ()  # by the name of the part, in the order of the arena
    edges: tuple[int, ...] = ()  # how many lead in from each input
    labels: tuple[str, ...] = ()
    number: int = 0  # its index in `Topology.nodes`
    rank: int = 0  # the longest path from an input: when a wave arrives, and mostly where it stands along x
    table: LayerTable | None = field(default=None, compare=False, repr=False)  # of the scene; None for the input
    axes: Axes = ("neuron",)  # what each axis of `shape` runs over
    layer: int | None = None  # index in the scene's list of the layer that it is or is a part of; None for input and output
    picture: tuple[int, ...] = ()  # axes of the picture that a vector stands for: an output that gives the input back
    inner: str = ""  # of a part of a composite: number of its block and name in it, "0.conv"

    @property
    def groups(self) -> int:
        """Its natural parts: channels, tokens or heads, each `size // groups` neurons one after another; 1 where it has none."""
        return self.shape[0] if len(self.shape) > 1 and self.axes[0] in GROUPED else 1

    @property
    def size(self) -> int:
        return prod(self.shape)

    @cached_property
    def weight(self) -> Range | None:
        """(out, in), or with more axes, the weights of its sums, where the kind has them. A norm has none: its scale is in `parameters`."""
        return dict(self.parameters).get("weight") if self.table is None or self.table.weighted else None

    @cached_property
    def bias(self) -> Range | None:
        """(out,), what is added to its sums, where the kind has them."""
        return dict(self.parameters).get("bias") if self.table is None or self.table.weighted else None

    @cached_property
    def unlearned(self) -> tuple[tuple[str, Range], ...]:
        """The parts that training keeps up by itself instead of by their gradients: running means."""
        names = () if self.table is None else self.table.unlearned
        return tuple((part, r) for part, r in self.parameters if part in names)

    @cached_property
    def learned(self) -> tuple[tuple[str, Range], ...]:
        """The parts that have gradients."""
        return tuple(pair for pair in self.parameters if pair not in self.unlearned)

    @cached_property
    def unit_axis(self) -> int | None:
        """The axis of `shape` that the first axis of its parameters runs along; None where no parameter belongs to certain neurons."""
        return None if self.table is None or not self.parameters else self.table.unit_axis(self.axes)

    def unit(self, j: int) -> int | None:
        """Which of the first axis of its parameters neuron j has: its own in a dense layer, its channel's in a convolution."""
        axis = self.unit_axis
        return None if axis is None else j // prod(self.shape[axis + 1 :]) % self.shape[axis]

    def cells(self, unit: int) -> range:
        """The neurons that have these parameters, by their numbers in the node: the first axis is theirs, or the last one."""
        axis = self.unit_axis
        if axis is None:
            return range(0)
        inner = prod(self.shape[axis + 1 :])
        return range(unit * inner, (unit + 1) * inner) if axis == 0 else range(unit, self.size, self.shape[axis])

    @property
    def parts(self) -> slice:
        """All its parameters: they lie one after another. Empty where there are none."""
        ranges = [part for _, part in self.parameters]
        return slice(ranges[0].start, ranges[-1].stop) if ranges else slice(0, 0)


@dataclass(frozen=True)
class Connection:
    """What leads from one tensor into another. Its edges are not stored: `layers.<kind>.edges` of the target's kind knows them."""

    source: Node
    target: Node
    number: int = 0  # its index in `Topology.connections`
    slot: int = 0  # which input of the target it is
    inputs: tuple[Node, ...] = ()  # all that the target reads, by slot

    @property
    def size(self) -> int:
        """How many edges."""
        return self.target.edges[self.slot]

    @property
    def weight(self) -> Range | None:
        """The target's: (out, in) of a dense one; None where it has no weights."""
        return self.target.weight


@dataclass(frozen=True)
class EdgeRef:
    """One edge: the number of its connection, and its own number in it, from 0. What its ends and its parameter are, the kind knows."""

    connection: int
    local: int


@dataclass(frozen=True)
class Topology:
    """Nodes in an order in which each comes after its inputs; the first is the input, the last the output."""

    nodes: tuple[Node, ...]
    n_parameters: int
    by_name: dict[str, Node] = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "by_name", {node.name: node for node in self.nodes})

    @cached_property
    def n_neurons(self) -> int:
        return self.nodes[-1].neurons.stop

    @property
    def input(self) -> Node:
        return self.nodes[0]

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    @cached_property
    def ranks(self) -> int:
        """The longest path through the network: the rank of the output, unless there are others behind a longer one."""
        return max(node.rank for node in self.nodes)

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """All nodes by rank, then number: the order of the phases of a step. Each comes after its inputs."""
        return tuple(sorted(self.nodes, key=lambda node: (node.rank, node.number)))

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all nodes in that order."""
        return tuple(node.number for node in self.order)

    @cached_property
    def learning(self) -> tuple[int, ...]:
        """The numbers of the nodes that have parameters, from the output back."""
        return tuple(node.number for node in reversed(self.order) if node.parameters)

    @cached_property
    def by_layer(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of each layer of the scene's list: one, or those of a composite; the last of them is its output."""
        found: list[list[Node]] = []
        for node in self.nodes:
            if node.layer is not None:
                found += [[] for _ in range(node.layer + 1 - len(found))]
                found[node.layer].append(node)
        return tuple(map(tuple, found))

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """By target, then slot."""
        ends = ((source, node, slot) for node in self.nodes for slot, source in enumerate(self.sources(node)))
        return tuple(Connection(source, target, k, slot, self.sources(target)) for k, (source, target, slot) in enumerate(ends))

    @cached_property
    def _into(self) -> dict[str, tuple[Connection, ...]]:
        return _by_name(self.nodes, ((c.target, c) for c in self.connections))

    @cached_property
    def _out_of(self) -> dict[str, tuple[Connection, ...]]:
        return _by_name(self.nodes, ((c.source, c) for c in self.connections))

    def into(self, node: Node) -> tuple[Connection, ...]:
        """The connections that lead into a node, by slot."""
        return self._into[node.name]

    def out_of(self, node: Node) -> tuple[Connection, ...]:
        """The connections that lead out of a node, by number."""
        return self._out_of[node.name]

    def sources(self, node: Node) -> tuple[Node, ...]:
        """The nodes that a node reads, by slot."""
        return tuple(self.by_name[name] for name in node.inputs)

    @cached_property
    def n_edges(self) -> int:
        return sum(connection.size for connection in self.connections)

    @cached_property
    def unlearned(self) -> tuple[Range, ...]:
        """Where the arena holds numbers that are kept but not learned, rising."""
        return tuple(r for node in self.nodes for _, r in node.unlearned)

    @cached_property
    def coupled(self) -> bool:
        """In training, what a row of a batch becomes depends on the other rows."""
        return any(node.table is not None and node.table.coupled for node in self.nodes)

    @cached_property
    def n_learned(self) -> int:
        """How many parameters people count: `n_parameters`, the length of the arena, without what is kept but not learned."""
        return self.n_parameters - sum(r.size for r in self.unlearned)

    @cached_property
    def n_weights(self) -> int:
        """How many of the learned ones are weights or scales; the rest are biases or shifts. Edges of some kinds have none."""
        return sum(r.size for r in {r for node in self.nodes for part, r in node.parameters if part == "weight"})

    @cached_property
    def is_line(self) -> bool:
        """Each node reads the one before it and nothing else."""
        return all(after.inputs == (before.name,) for before, after in pairwise(self.nodes))

    @cached_property
    def is_chain(self) -> bool:
        """Dense layers one after another, without names of their own."""
        return all(
            after.table is not None
            and after.table.numbered
            and after.name == f"{after.kind}{after.number}"
            and after.inputs == (before.name,)
            for before, after in pairwise(self.nodes)
        )

    def parameter_name(self, node: Node, part: str) -> str:
        """What an array of parameters is called in weights files: `<node>.weight`.

        A plain chain of dense layers keeps the names that all its files have had: `layers.k.weight`, k from 0.
        """
        return f"layers.{node.number - 1}.{part}" if self.is_chain else f"{node.name}.{part}"

    @cached_property
    def parameter_ranges(self) -> dict[str, Range]:
        """Where each array of parameters lies, by that name."""
        return {self.parameter_name(node, part): r for node in self.nodes for part, r in node.parameters}

    @cached_property
    def other_names(self) -> dict[str, str]:
        """The other name of each array of parameters that a file may have: `layers.k.weight`, k counting the layers with parameters, for
        `<node>.weight`, and the reverse for a chain."""
        learning = [node for node in self.nodes if node.parameters]
        return {
            self.parameter_name(node, part): f"{node.name if self.is_chain else f'layers.{k}'}.{part}"
            for k, node in enumerate(learning) for part, _ in node.parameters
        }  # fmt: skip

    @cached_property
    def group_starts(self) -> tuple[int, ...]:
        """By node, the number of its first group; the last entry is how many there are. In pictures group g is neuron n_neurons + g."""
        return tuple(accumulate((node.groups for node in self.nodes), initial=0))

    @cached_property
    def _starts(self) -> list[int]:
        return [node.neurons.start for node in self.nodes]

    @cached_property
    def _parts(self) -> tuple[list[int], list[tuple[Node, str, Range]]]:
        own = {r.start: (node, part, r) for node in reversed(self.nodes) for part, r in node.parameters}  # what two share is the first's
        return sorted(own), [own[start] for start in sorted(own)]

    def locate(self, neuron: int) -> tuple[Node, int]:
        """The node that holds this neuron id, and the index inside it. Raises IndexError outside [0, N)."""
        if not 0 <= neuron < self.n_neurons:
            raise IndexError(f"neuron {neuron} is not in [0, {self.n_neurons})")
        node = self.nodes[bisect_right(self._starts, neuron) - 1]
        return node, neuron - node.neurons.start

    def part(self, p: int) -> tuple[Node, str, Range]:
        """The node that has parameter `p`, and in which of its parts it lies. Raises IndexError outside [0, P)."""
        if not 0 <= p < self.n_parameters:
            raise IndexError(f"parameter {p} is not in [0, {self.n_parameters})")
        starts, parts = self._parts
        return parts[bisect_right(starts, p) - 1]

    def parameter(self, p: int) -> ParameterRef:
        """Which parameter number `p` is. Raises IndexError outside [0, P)."""
        node, part, r = self.part(p)
        return ParameterRef(node, part, placed(p - r.start, r.shape))


def _by_name(nodes: tuple[Node, ...], ends: Iterable[tuple[Node, Connection]]) -> dict[str, tuple[Connection, ...]]:
    found: dict[str, list[Connection]] = {node.name: [] for node in nodes}
    [found[node.name].append(connection) for node, connection in ends]
    return {name: tuple(each) for name, each in found.items()}
