"""Layers as lines of a panel: those inside a closed part of the network are one line, as in the Outline. No imgui.

What is open is what the picture shows open, so that a panel and the picture tell of the same things.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.core.tree import parts_of


@dataclass(frozen=True)
class PartLine:
    """`name`: of a part, or of a layer. `members`: places in the list of layers of what it stands for. `closed`: it is one line for all of
    them; else, of a part, the lines that follow and lie deeper are its members. `depth`: how many parts it lies in."""

    name: str
    label: str
    members: tuple[int, ...]
    depth: int
    part: bool = False
    closed: bool = False


def lines(topology: Topology, nodes: Sequence[int], labels: Sequence[str], opened: Collection[str]) -> tuple[PartLine, ...]:
    """Of layers in a list: by their nodes' numbers, with their names. In the order of the network; parts without any of them are left
    out."""
    parts = parts_of(topology)
    place = {number: k for k, number in enumerate(nodes)}
    found: list[PartLine] = []
    for name in parts.tops:
        _grow(parts, name, 0, opened, place, labels, found)
    return tuple(found)


def charted(found: Sequence[PartLine]) -> tuple[PartLine, ...]:
    """Those that stand for layers of their own: closed parts, and layers."""
    return tuple(line for line in found if not line.part or line.closed)


def folds(found: Sequence[PartLine]) -> bool:
    """Whether there is anything that opens or closes."""
    return any(line.part for line in found)


def closed_part(topology: Topology, number: int, opened: Collection[str]) -> str:
    """The outermost closed part that a node lies in; "" where it is seen by itself."""
    return next((name for name in parts_of(topology).chain(topology.nodes[number].name) if name not in opened), "")


def part_label(topology: Topology, name: str) -> str:
    return parts_of(topology).by_name[name].label


def mean(values_tl: np.ndarray, members: Sequence[int]) -> np.ndarray:
    """(T,) of the last axis, of those that are known; nan where none is."""
    return _of(values_tl, members, np.nansum) / np.maximum(np.isfinite(values_tl[..., list(members)]).sum(-1), 1)


def least(values_tl: np.ndarray, members: Sequence[int]) -> np.ndarray:
    return _of(values_tl, members, np.fmin.reduce)


def largest(values_tl: np.ndarray, members: Sequence[int]) -> np.ndarray:
    return _of(values_tl, members, np.fmax.reduce)


def _of(values_tl: np.ndarray, members: Sequence[int], what) -> np.ndarray:
    inside = np.where(np.isfinite(values_tl), values_tl, np.nan)[..., list(members)]
    return np.where(np.isfinite(inside).any(-1), what(inside, axis=-1), np.nan)


def _grow(
    parts: NetworkParts, name: str, depth: int, opened: Collection[str], place: dict[int, int], labels, found: list[PartLine]
) -> None:
    node = parts.topology.by_name.get(name)
    if node is not None:
        if node.number in place:
            k = place[node.number]
            label = labels[k].rpartition(".")[2] if depth else labels[k]
            found.append(PartLine(name, label, (k,), depth))
        return
    part = parts.by_name[name]
    members = tuple(place[k] for k in part.nodes if k in place)
    if not members:
        return
    found.append(PartLine(name, part.label, members, depth, True, name not in opened))
    if name in opened:
        for inner in parts.inside(name):
            _grow(parts, inner, depth + 1, opened, place, labels, found)
