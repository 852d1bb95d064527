"""The layouts of one network that were asked for last. One may be worked out on a thread while another is drawn, and is there when the
picture asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnviz3d.layout.grid import Layout, place
from nnviz3d.layout.units import most_open
from nnviz3d.spec.parts import NetworkPart, NetworkParts, Open
from nnviz3d.spec.topology import Topology

KEPT = 3  # layouts: of now, of before, of the one that is on its way
LARGE = 1500  # nodes: a layout of more takes longer than a frame may

Folds = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class LayoutWanted:
    """What a layout depends on, but for folds; as `layout.grid.place` takes it. `area` of the free stage: how many parts are open."""

    open: Open
    pitch: float
    gap: float
    plate: bool
    near: float
    aspect: float
    area: float


@dataclass(frozen=True, eq=False)
class Arranged:
    """`opened`: names of the parts that are open; `folded`: the slabs."""

    opened: frozenset[str]
    folded: tuple[NetworkPart, ...]
    layout: Layout


class Arrangements:
    def __init__(self, topology: Topology):
        self.topology, self.parts = topology, NetworkParts(topology)
        self._kept: dict[LayoutWanted, Arranged] = {}

    def has(self, asked: LayoutWanted) -> bool:
        """Whether it is there at once, or soon enough."""
        return asked in self._kept or len(self.topology.nodes) <= LARGE

    def of(self, asked: LayoutWanted, folds: Folds | None = None) -> Arranged:
        """Kept where nothing is folded into stacks."""
        found = None if folds else self._kept.get(asked)
        if found is None:
            found = self._made(asked, folds or {})
        if not folds:
            self._kept = dict([*((a, b) for a, b in self._kept.items() if a != asked), (asked, found)][-KEPT:])
        return found

    def _made(self, asked: LayoutWanted, folds: Folds) -> Arranged:
        opened = self.parts.opened(asked.open, most_open(asked.aspect, asked.area))
        folded, framed = self.parts.folded(opened), self.parts.framed(opened)
        layout = place(self.topology, asked.pitch, asked.gap, asked.plate, asked.near, dict(folds), asked.aspect, folded, framed)
        return Arranged(opened, folded, layout)
