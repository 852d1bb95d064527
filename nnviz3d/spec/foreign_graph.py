"""A network that was built elsewhere, as a graph of named tensors: what it becomes here is a `Topology` of nodes of the kind "opaque".

Of such nodes the names, shapes, operations and parameters are known, not how their numbers arise: they have no edges, only connections. The
first node without inputs is the input, further ones stand beside it; the last node is the main output. Everything is checked before a
`Topology` is made of it, and nothing of the size of its tensors is allocated.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import prod

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import Axes, LayerTable, Shape, plain_axes, tables_of
from nnviz3d.spec.ranks import longest_paths
from nnviz3d.spec.topology import Node, Range, Topology

MOST = 100_000  # nodes
NAME = 200  # characters of a name
REPORTED = 20  # problems that are listed
AXES = 3  # of a tensor that is drawn; of more, the first ones are joined


@dataclass(frozen=True)
class ForeignNode:
    """One tensor. `op`: what makes it, as its own framework says; `shape`: of one sample, without the batch, () of a single number;
    `axes`: what each axis runs over (`spec.layer_table.Axis`), none where nothing is known of it. `parameters`: part and shape of each
    array that it has. `place`: where it comes from, in words: a class, a line of a program. `settings`: name and value of each."""

    name: str
    op: str
    inputs: tuple[str, ...]
    shape: Shape
    axes: Axes = ()
    parameters: tuple[tuple[str, Shape], ...] = ()
    place: str = ""
    labels: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ForeignGraph:
    """Nodes in any order. Names with dots lie in containers: `blocks.3.query` in `blocks.3`, and that in `blocks`."""

    nodes: tuple[ForeignNode, ...]
    title: str = ""

    def topology(self) -> Topology:
        """Raises InputError with everything that is wrong: no nodes, two of one name, inputs that do not exist, tensors without a number,
        circles, and more than fits."""
        problems = _wrong(self)
        ordered = [] if problems else _ordered(self.nodes)
        if not problems and len(ordered) < len(self.nodes):
            problems = [_circle(self.nodes, {node.name for node in ordered})]
        if problems:
            more = [Problem(self.title, "", f"{len(problems) - REPORTED:,} more problems")] if len(problems) > REPORTED else []
            raise InputError(*problems[:REPORTED], *more)
        return _built(ordered)


def is_foreign(topology: Topology) -> bool:
    """Whether its connections are no edges: it was built elsewhere."""
    table = topology.output.table
    return table is not None and not table.known


def drawn_shape(shape: Shape, axes: Axes = ()) -> tuple[Shape, Axes]:
    """With at most three axes, as they are drawn: of more, the first ones are one. A single number is a vector of one."""
    if not shape:
        return (1,), ("neuron",)
    if len(shape) > AXES:
        joined = len(shape) - AXES + 1
        return (prod(shape[:joined]), *shape[joined:]), (axes[joined - 1 :] if axes else plain_axes(shape[:AXES]))
    return tuple(shape), tuple(axes) or plain_axes(shape)


def _wrong(graph: ForeignGraph) -> list[Problem]:
    """All that can be said without following the connections."""
    nodes = graph.nodes
    if not 2 <= len(nodes) <= MOST:
        return [Problem(graph.title, "", f"a graph of {len(nodes):,} nodes; expected 2 to {MOST:,}")]
    names = Counter(node.name for node in nodes)
    found = [(name, f"is the name of {times} nodes") for name, times in names.items() if times > 1]
    for node in nodes:
        if not 0 < len(node.name) <= NAME or not node.name.isprintable():
            found.append((node.name[:NAME], f"a name has 1 to {NAME} printable characters"))
        if any(length < 1 for length in node.shape):
            found.append((node.name, f"holds no number: its shape is {node.shape}"))
        if node.axes and len(node.axes) != len(node.shape):
            found.append((node.name, f"{len(node.axes)} names for {len(node.shape)} axes"))
        if any(length < 1 for _, shape in node.parameters for length in shape):
            found.append((node.name, "has parameters that hold no number"))
        found += [(node.name, f"reads {name[:NAME]}, which is not there") for name in node.inputs if name not in names]
    if not found and (numbers := sum(prod(node.shape) for node in nodes)) > limits.NEURONS:
        found.append(("", f"tensors of {numbers:,} numbers in all; at most {limits.NEURONS:,} are allowed"))
    return [Problem(graph.title, name, message) for name, message in found]


def _ordered(nodes: tuple[ForeignNode, ...]) -> list[ForeignNode]:
    """Each after its inputs, otherwise as they are given: the first that reads nothing first, the last one last where nothing reads it.
    Nodes on circles, and behind them, are left out."""
    number = {node.name: k for k, node in enumerate(nodes)}
    readers: list[list[int]] = [[] for _ in nodes]
    waits = [len(set(node.inputs)) for node in nodes]
    for k, node in enumerate(nodes):
        for name in set(node.inputs):
            readers[number[name]].append(k)
    last = len(nodes) - 1
    places = [*range(last), last if readers[last] else len(nodes)]  # behind all others where nothing reads it
    ready = [places[k] for k, count in enumerate(waits) if not count]
    heapify(ready)
    out: list[ForeignNode] = []
    while ready:
        k = min(heappop(ready), last)
        out.append(nodes[k])
        for reader in readers[k]:
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, places[reader])
    return out


def _circle(nodes: tuple[ForeignNode, ...], done: set[str]) -> Problem:
    """The names along one circle."""
    by_name = {node.name: node for node in nodes}
    name, way = next(node.name for node in nodes if node.name not in done), []
    while name not in way:
        way.append(name)
        name = next(each for each in by_name[name].inputs if each not in done)
    way = [*way[way.index(name) :], name]
    text = " reads ".join(way if len(way) <= 6 else [*way[:5], "...", name])
    return Problem("", name, f"the graph has a circle: {text}")


def _built(nodes: list[ForeignNode]) -> Topology:
    numbers = {node.name: k for k, node in enumerate(nodes)}
    table_of, ranks = tables_of("opaque"), longest_paths([tuple(numbers[name] for name in node.inputs) for node in nodes])
    built, neurons, parameters = [], 0, 0
    for number, node in enumerate(nodes):
        shape, axes = drawn_shape(node.shape, node.axes)
        parts = []
        for part, size in node.parameters:
            parts.append((part, Range(parameters, tuple(size) or (1,))))
            parameters = parts[-1][1].stop
        table: LayerTable = table_of(kind="opaque", op=node.op, place=node.place, settings=node.settings)
        built.append(Node(
            node.name, "opaque" if number else "input", node.inputs, shape, Range(neurons, shape), parameters=tuple(parts),
            edges=table.edges(((1,),) * len(node.inputs)), labels=node.labels, number=number, rank=ranks[number],
            table=table if number else None, axes=axes,
        ))  # fmt: skip
        neurons = built[-1].neurons.stop
    return Topology(tuple(built), parameters)
