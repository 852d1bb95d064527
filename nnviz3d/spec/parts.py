"""What of a network can be folded into one slab: its containers, and the middle of long runs of members that are built alike.

Pure functions of a topology. A part can be folded where no path leaves it and comes back. What lies in a folded part is not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nnviz3d.spec.containers import Container, Repeat, containers, repeats
from nnviz3d.spec.topology import Topology

LONG = 8  # members that are built alike: of more than that all but the first and the last fold as one
ALIKE = ".."  # between the names of the first and the last member of such a run: "dense2..dense199"
Open = Literal["auto", "all"] | tuple[str, ...]


@dataclass(frozen=True)
class NetworkPart:
    """`nodes`: numbers of all nodes in it; `members`: names of the nodes and parts directly in it, in order; `parent`: the name of the part
    around it, "" for the network. `count`: how many members that are built alike it consists of; 1: they are not."""

    name: str
    parent: str
    nodes: tuple[int, ...]
    members: tuple[str, ...]
    count: int = 1

    @property
    def label(self) -> str:
        """ "blocks x 12", "blocks.3", "dense2 to dense199 x 198"."""
        name = " to ".join(self.name.split(ALIKE))
        return name if self.count == 1 else f"{name} x {self.count:,}"


class NetworkParts:
    """Of one network. `by_name`: all parts, the outer before the inner."""

    def __init__(self, topology: Topology):
        self.topology = topology
        found = containers(topology)
        runs = repeats(topology)
        known = {c.name: c.nodes for c in found} | {node.name: (node.number,) for node in topology.nodes}
        middles: dict[str, list[NetworkPart]] = {run.parent: [] for run in runs}
        for run in runs:
            if len(run.members) > LONG:
                middles[run.parent].append(_middle(run, known))
        parts = [part for _, part in sorted(_all(found, runs, middles), key=lambda item: item[0])]
        self.by_name: dict[str, NetworkPart] = {}
        taken: set[tuple[int, ...]] = set()
        for part in parts:  # a part that holds another one and nothing else is that one
            if part.nodes not in taken and _convex(topology, part.nodes):
                self.by_name[part.name] = part
                taken.add(part.nodes)
        self._sets = {name: frozenset(part.nodes) for name, part in self.by_name.items()}

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """Names of what lies in no part: parts and nodes, in order."""
        return self._within(tuple(node.number for node in self.topology.nodes), "")

    @cached_property
    def parents(self) -> dict[str, str]:
        """By the name of a part, the name of the part around it; "" where there is none."""
        return {name: ("", *self.chain(name))[-2] for name in self.by_name}

    def chain(self, name: str) -> tuple[str, ...]:
        """The parts around a part or node, and it itself where it is a part, from the outside."""
        node = self.topology.by_name.get(name)
        first, least = (node.number, 1) if node is not None else (self.by_name[name].nodes[0], len(self.by_name[name].nodes))
        return tuple(each for each in self._around.get(first, ()) if len(self._sets[each]) >= least)

    @cached_property
    def _around(self) -> dict[int, list[str]]:
        """By the number of a node, the names of all parts that it lies in, in their order."""
        found: dict[int, list[str]] = {}
        for name, nodes in self._sets.items():
            for k in nodes:
                found.setdefault(k, []).append(name)
        return found

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        """By the name of a part, those directly in it, the last first."""
        found: dict[str, list[str]] = {}
        for name in reversed(self.by_name):
            found.setdefault(self.parents[name], []).append(name)
        return found

    def inside(self, name: str) -> tuple[str, ...]:
        """Names of the parts and nodes directly in a part, in order."""
        return self._within(self.by_name[name].nodes, name)

    def _within(self, numbers: tuple[int, ...], name: str) -> tuple[str, ...]:
        outer = {k: each for each in self._children.get(name, ()) for k in self.by_name[each].nodes}
        return tuple(dict.fromkeys(outer.get(k, self.topology.nodes[k].name) for k in numbers))

    def opened(self, wanted: Open, most: int) -> frozenset[str]:
        """Names of the open parts. "auto": where more than `most` nodes would be shown, as many as show no more slabs and nodes than that,
        the outermost first."""
        if wanted == "all" or (wanted == "auto" and len(self.topology.nodes) <= most):
            return frozenset(self.by_name)
        if wanted != "auto":
            return frozenset(wanted) & frozenset(self.by_name)
        found: set[str] = set()
        shown = len(self.tops)
        for name in sorted(self.by_name, key=lambda name: len(self.chain(name))):
            more = shown - 1 + len(self.inside(name))
            if set(self.chain(name)) - {name} <= found and more <= most:
                found.add(name)
                shown = more
        return frozenset(found)

    def folded(self, opened: Collection[str]) -> tuple[NetworkPart, ...]:
        """The slabs: closed parts with nothing closed around them. One that would close a circle with others stays open."""
        found: list[NetworkPart] = []
        for name, part in self.by_name.items():
            inner = any(part.nodes[0] in self._sets[each.name] for each in found)
            if name not in opened and not inner and self._fits([*found, part]):
                found.append(part)
        return tuple(found)

    def framed(self, opened: Collection[str]) -> tuple[NetworkPart, ...]:
        """Open containers that are seen, the outer before the inner. Layers in a run are no container: they have no frame."""
        folded = self.folded(opened)
        hidden = {k for part in folded for k in part.nodes}
        seen = (p for p in self.by_name.values() if ALIKE not in p.name and not self._sets[p.name] <= hidden)
        return tuple(p for p in seen if p not in folded)

    def _fits(self, folded: Sequence[NetworkPart]) -> bool:
        return len(folded) == 1 or order(self.topology, folded) is not None


def order(topology: Topology, folded: Sequence[NetworkPart]) -> list[list[int]] | None:
    """The nodes of each unit, a slab or a node alone, so that each unit comes after what it reads; None where that cannot be."""
    unit = {k: part.nodes[0] for part in folded for k in part.nodes}
    inside: dict[int, list[int]] = {}
    for node in topology.nodes:
        inside.setdefault(unit.get(node.number, node.number), []).append(node.number)
    reads = {
        u: {unit.get(s.number, s.number) for k in numbers for s in topology.sources(topology.nodes[k])} - {u}
        for u, numbers in inside.items()
    }
    readers: dict[int, list[int]] = {}
    for u, sources in reads.items():
        for source in sources:
            readers.setdefault(source, []).append(u)
    left = {u: len(sources) for u, sources in reads.items()}
    out, wave = [u for u in inside if not left[u]], dict.fromkeys(inside, 0)
    for u in out:  # grows meanwhile
        for reader in readers.get(u, ()):
            wave[reader] = max(wave[reader], wave[u] + 1)
            left[reader] -= 1
            if not left[reader]:
                out.append(reader)
    if len(out) < len(inside):
        return None
    out = sorted(inside, key=lambda u: wave[u])
    return [inside[u] for u in out]


def _middle(run: Repeat, known: dict[str, tuple[int, ...]]) -> NetworkPart:
    """All members of a run but the first and the last."""
    inner = run.members[1:-1]
    nodes = tuple(k for name in inner for k in known[name])
    return NetworkPart(f"{inner[0]}{ALIKE}{inner[-1]}", run.parent, nodes, inner, len(inner))


def _all(
    found: Sequence[Container], runs: Sequence[Repeat], middles: dict[str, list[NetworkPart]]
) -> list[tuple[tuple[int, int], NetworkPart]]:
    """Containers and middles of runs, with what they are sorted by."""
    whole = {run.parent: run for run in runs}
    out = []
    for container in found:
        run = whole.get(container.name)
        count = len(container.members) if run is not None and run.members == container.members else 1
        out.append(
            (
                (container.nodes[0], -len(container.nodes)),
                NetworkPart(container.name, container.parent, container.nodes, container.members, count),
            )
        )
    return out + [((part.nodes[0], -len(part.nodes)), part) for parts in middles.values() for part in parts]


def _convex(topology: Topology, nodes: tuple[int, ...]) -> bool:
    """No path leaves them and comes back."""
    inside, behind = set(nodes), set()
    for node in topology.nodes[nodes[0] : nodes[-1] + 1]:  # what stands before them is not behind them, what stands after does not matter
        sources = {s.number for s in topology.sources(node)}
        if node.number in inside:
            if sources & behind:
                return False
        elif sources & (inside | behind):
            behind.add(node.number)
    return True
