"""The network as a graph of tensors, with the one numbering that everything shares.

`neurons` of a node is its range in the activation arena (N,), `weight` and `bias` are ranges in the parameter arena (P,).
The index in the activation arena = the instance id on the GPU = the picking id = the row in the inspector.
A chain of dense layers is the plain case; other kinds add nodes, not numberings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Network


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
    kind: str  # "input" or "dense"
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    neurons: Range
    activation: str = "linear"
    weight: Range | None = None  # (out, in)
    bias: Range | None = None  # (out,)
    labels: tuple[str, ...] = ()
    number: int = 0  # its index in `Topology.nodes`
    rank: int = 0  # the longest path from an input: when a wave arrives, and mostly where it stands along x

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Connection:
    """What leads from one tensor into another. Its edges are not stored: `layers.<kind>.edges` of the target's kind knows them."""

    source: Node
    target: Node
    weight: Range  # (out, in)
    number: int = 0  # its index in `Topology.connections`

    @property
    def size(self) -> int:
        """How many edges."""
        return self.weight.size


@dataclass(frozen=True)
class EdgeRef:
    """One edge: the number of its connection, and its own number in it, from 0. What its ends and its parameter are, the kind knows."""

    connection: int
    local: int


@dataclass(frozen=True)
class Topology:
    """Nodes in an order in which each comes after its inputs."""

    nodes: tuple[Node, ...]
    n_parameters: int
    by_name: dict[str, Node] = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "by_name", {node.name: node for node in self.nodes})

    @property
    def n_neurons(self) -> int:
        return self.nodes[-1].neurons.stop

    @property
    def input(self) -> Node:
        return self.nodes[0]

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        pairs = ((self.by_name[name], node) for node in self.nodes if node.weight is not None for name in node.inputs)
        return tuple(Connection(source, target, target.weight, number) for number, (source, target) in enumerate(pairs))

    @property
    def n_edges(self) -> int:
        return sum(connection.size for connection in self.connections)

    def locate(self, neuron: int) -> tuple[Node, int]:
        """The node that holds this neuron id, and the index inside it. Raises IndexError outside [0, N)."""
        if neuron >= 0:
            for node in self.nodes:
                if neuron < node.neurons.stop:
                    return node, neuron - node.neurons.start
        raise IndexError(f"neuron {neuron} is not in [0, {self.n_neurons})")

    def parameter(self, p: int) -> tuple[Node, int, int | None]:
        """The node that parameter `p` leads into, the index of the neuron in it, and that of the neuron it comes from (None for a
        bias). Raises IndexError outside [0, P)."""
        if p >= 0:
            for node in self.nodes[1:]:
                if p < node.weight.stop:
                    return (node, *divmod(p - node.weight.start, node.weight.shape[1]))
                if p < node.bias.stop:
                    return node, p - node.bias.start, None
        raise IndexError(f"parameter {p} is not in [0, {self.n_parameters})")


def chain(
    network: Network,
    input_shape: tuple[int, ...],
    n_outputs: int,
    output_activation: str,
    input_labels: tuple[str, ...] = (),
    output_labels: tuple[str, ...] = (),
) -> Topology:
    """The graph of a dense chain: `input`, `dense1` .. `denseL`; the last one is the output.

    `output_activation` is never "auto": the data set has decided it. Raises InputError over `limits.PARAMETERS`.
    """
    size = prod(input_shape)
    nodes = [Node("input", "input", (), tuple(input_shape), Range(0, tuple(input_shape)), labels=input_labels)]
    widths = [layer.units for layer in network.layers] + [n_outputs]
    activations = [layer.activation for layer in network.layers] + [output_activation]
    neurons, parameters = size, 0
    for k, (width, activation) in enumerate(zip(widths, activations, strict=True), start=1):
        fan_in = nodes[-1].size
        weight = Range(parameters, (width, fan_in))
        bias = Range(weight.stop, (width,))
        labels = output_labels if k == len(widths) else ()
        shape = Range(neurons, (width,))
        nodes.append(Node(f"dense{k}", "dense", (nodes[-1].name,), (width,), shape, activation, weight, bias, labels, k, k))
        neurons, parameters = neurons + width, bias.stop
    if parameters > limits.PARAMETERS:
        raise InputError.of(
            "", "network.layers", f"{parameters:,} parameters; at most {limits.PARAMETERS:,} are allowed. Use narrower layers"
        )
    return Topology(tuple(nodes), parameters)
