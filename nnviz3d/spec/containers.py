"""Which nodes of a network belong together by their names: `blocks.3.query` lies in the container `blocks.3`, and that in `blocks`.

Pure functions of a topology. Equal neighbours are found by structure, not by name, so that they can be drawn as one, "block x 12".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nnviz3d.spec.topology import Node, Topology

Structure = tuple  # equal for parts of a network that are built alike, whatever they are called


@dataclass(frozen=True)
class Container:
    """Nodes with a common dotted prefix. `nodes`: the numbers of all that lie in it, however deep, in their order; `parent`: the name of
    the container around it, "" for the network itself; `members`: what lies in it directly, containers and nodes by name, in their order.
    """

    name: str
    parent: str
    nodes: tuple[int, ...]
    members: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its last name: "3" of "blocks.3"."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Repeat:
    """Members of one container that follow one another and are built alike: names of containers or of nodes. One alone is a run too."""

    parent: str
    members: tuple[str, ...]


def containers(topology: Topology) -> tuple[Container, ...]:
    """All, by their first node, the outer before the inner. A prefix that holds but one node is a name with a dot, no container."""
    nodes: dict[str, list[int]] = {}
    for node in topology.nodes[1:-1]:
        for prefix in _prefixes(node.name):
            nodes.setdefault(prefix, []).append(node.number)
    kept = {name: numbers for name, numbers in nodes.items() if len(numbers) > 1 and name not in topology.by_name}
    members: dict[str, list[str]] = {name: [] for name in kept}
    for node in topology.nodes[1:-1]:
        path = [*(prefix for prefix in _prefixes(node.name) if prefix in kept), node.name]
        for outer, inner in pairwise(path):
            if inner not in members[outer][-1:]:
                members[outer].append(inner)
    return tuple(
        Container(name, next((p for p in reversed(_prefixes(name)) if p in kept), ""), tuple(numbers), tuple(dict.fromkeys(members[name])))
        for name, numbers in sorted(kept.items(), key=lambda item: (item[1][0], item[0].count(".")))
    )


def repeats(topology: Topology) -> tuple[Repeat, ...]:
    """What the network, and each container in it, consists of: neighbours that are built alike joined, each of which reads the one before
    it and nothing else from outside itself. Input and output are left out."""
    found = containers(topology)
    inside = {name for container in found for name in container.members}
    tops = [name for name in _tops(topology, found) if name not in inside]
    by_name = {container.name: container for container in found}
    levels = [("", tuple(tops)), *((container.name, container.members) for container in found)]
    return tuple(run for parent, members in levels for run in _joined(topology, parent, members, by_name))


def structure(topology: Topology, numbers: Sequence[int]) -> Structure:
    """How these nodes are built: kinds, settings, shapes and what reads what. What is read from outside counts by its order."""
    places: dict[int, tuple[str, int]] = {number: ("in", k) for k, number in enumerate(numbers)}
    facts = []
    for number in numbers:
        node = topology.nodes[number]
        for source in topology.sources(node):
            places.setdefault(source.number, ("out", len(places)))
        reads = tuple(places[source.number] for source in topology.sources(node))
        facts.append((node.kind, _settings(node), node.shape, node.axes, tuple(r.shape for _, r in node.parameters), reads))
    return tuple(facts)


def _prefixes(name: str) -> list[str]:
    """ "a", "a.b" of "a.b.c"."""
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def _settings(node: Node) -> str:
    return "" if node.table is None else repr(sorted(node.table.model_dump(exclude={"name", "from_", "from"}).items()))


def _tops(topology: Topology, found: tuple[Container, ...]) -> list[str]:
    """What lies in no container, by the order of the nodes."""
    outer = {number: container.name for container in found if not container.parent for number in container.nodes}
    return list(dict.fromkeys(outer.get(node.number, node.name) for node in topology.nodes[1:-1]))


def _joined(topology: Topology, parent: str, members: tuple[str, ...], by_name: dict[str, Container]) -> list[Repeat]:
    numbers = {name: by_name[name].nodes if name in by_name else (topology.by_name[name].number,) for name in members}
    out: list[list[str]] = []
    for k, name in enumerate(members):
        before = members[k - 1] if k else ""
        if k and _follows(topology, numbers[before], numbers[name]) and (name in by_name) == (before in by_name):
            out[-1].append(name)
        else:
            out.append([name])
    return [Repeat(parent, tuple(run)) for run in out]


def _follows(topology: Topology, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Built alike, and all that the second reads from outside is the end of the first."""
    mine = set(after)
    outside = {s.number for number in after for s in topology.sources(topology.nodes[number]) if s.number not in mine}
    return outside == {before[-1]} and structure(topology, before) == structure(topology, after)
