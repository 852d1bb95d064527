"""The parts and layers of a network as rows of a list, and how they are found by name or kind. No imgui."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.topology import Node, Topology


@dataclass(frozen=True)
class TreeRow:
    """One part or node. `depth`: how many parts it lies in. `parameters`: those that learn."""

    name: str
    text: str
    what: str  # "conv2d, 8x8x8, 72 parameters"; of a part, how many layers
    depth: int
    part: bool
    kind: str = ""


def rows(topology: Topology, opened: frozenset[str] | None = None) -> list[TreeRow]:
    """In order; what lies in closed parts is left out. `opened` None: all are. Kept while neither changes: it is drawn in every frame."""
    parts = parts_of(topology)
    if opened not in _ROWS:
        found: list[TreeRow] = []
        for name in parts.tops:
            _grow(parts, name, 0, opened, found)
        for old in list(_ROWS)[: -KEPT + 1]:
            del _ROWS[old]
        _ROWS[opened] = found
    return _ROWS[opened]


def parts_of(topology: Topology) -> NetworkParts:
    """Of the newest network, made once."""
    if not _KNOWN or _KNOWN[0].topology is not topology:
        _KNOWN[:] = [NetworkParts(topology)]
        _ROWS.clear()
    return _KNOWN[0]


KEPT = 4  # of what is open
_KNOWN: list[NetworkParts] = []
_ROWS: dict[frozenset[str] | None, list[TreeRow]] = {}  # of that network, by what is open


def search(topology: Topology, text: str, most: int = 8) -> list[TreeRow]:
    """Those whose name or kind has all words of the text in it; names that begin with it first."""
    words = text.lower().split()
    if not words:
        return []
    found = [row for row in rows(topology) if all(word in f"{row.name} {row.kind}".lower() for word in words)]
    return sorted(found, key=lambda row: (not row.name.lower().startswith(words[0]), not row.name.lower().endswith(words[-1])))[:most]


def _grow(parts: NetworkParts, name: str, depth: int, opened: frozenset[str] | None, found: list[TreeRow]) -> None:
    node = parts.topology.by_name.get(name)
    if node is not None:
        found.append(
            TreeRow(name, name.rpartition(".")[2] if depth else name, _what(node), depth, False, f"{node.kind} {_operation(node)}")
        )
        return
    part = parts.by_name[name]
    size = sum(r.size for k in part.nodes for _, r in parts.topology.nodes[k].learned)
    found.append(TreeRow(name, part.label, f"{len(part.nodes):,} layers" + (f", {size:,} parameters" if size else ""), depth, True, "part"))
    if opened is None or name in opened:
        for inner in parts.inside(name):
            _grow(parts, inner, depth + 1, opened, found)


def _operation(node: Node) -> str:
    return node.kind if node.table is None else node.table.operation


def _what(node: Node) -> str:
    size = sum(r.size for _, r in node.learned)
    shape = "x".join(map(str, node.shape))
    return f"{_operation(node)}, {shape}" + (f", {size:,} parameters" if size else "")
