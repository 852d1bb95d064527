"""The time line of a walk: the phases of an iteration in the order in which they pass, those of a folded part as one. Pure.

A place of the walk stays what `spec.phases` says, so that session logs, films and addresses do not depend on what is open. The line says
how fast it passes: one unit for each stretch, whatever it holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.phases import LAYERED, Phase, phases
from nnviz3d.spec.topology import Topology

_SEEN = 0.5  # of a folded stretch: what leads into a slab is seen, what happens in it is not
_TITLES = {"forward": "Forward", "backward": "Backward", "update": "Update"}


@dataclass(frozen=True)
class Stretch:
    """Phases `first` to `last` of `phases(topology)`, both of them in it, of one `kind`. `part`: the folded part that they belong to;
    None: it is one phase. `title` for people."""

    first: int
    last: int
    kind: str
    title: str
    part: NetworkPart | None = None

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """(share of the stretch, place of the walk): straight lines between these."""
        start, end = float(self.first), float(self.last + 1)
        inner = {"forward": (_SEEN, start + 1), "backward": (_SEEN, end - 1)}.get(self.kind) if self.last > self.first else None
        return ((0.0, start), *([inner] if inner else []), (1.0, end))


@dataclass(frozen=True)
class WalkLine:
    """`stretches` follow each other without a gap. A place of the walk is a `number` as in `spec.phases`; along the line it is between
    0 and the number of stretches. Where two meet, the earlier one is meant."""

    stretches: tuple[Stretch, ...]

    def __len__(self) -> int:
        return len(self.stretches)

    def at(self, number: float) -> int:
        """Which stretch a place lies in."""
        found = bisect_left(self.stretches, number, key=lambda stretch: stretch.last + 1)
        return min(found, len(self) - 1)

    def along(self, number: float) -> float:
        """How far along the line a place is."""
        k = self.at(number)
        return k + _between(((place, share) for share, place in self.stretches[k].ends), number)

    def number(self, along: float) -> float:
        """The place that is so far along; outside the line its nearest end."""
        along = min(max(along, 0.0), float(len(self)))
        k = min(int(along), len(self) - 1)
        return _between(self.stretches[k].ends, along - k)


def _between(ends, at: float) -> float:
    """Straight lines through (x, y), at x."""
    points = list(ends)
    for (x0, y0), (x1, y1) in pairwise(points):
        if at <= x1 or (x1, y1) == points[-1]:
            return y0 + (y1 - y0) * min(max((at - x0) / (x1 - x0), 0.0), 1.0)
    return points[-1][1]


def walk_line(topology: Topology, folded: Sequence[NetworkPart] = ()) -> WalkLine:
    """Of this network while these parts are folded. Where phases of a part and of others alternate, it passes in several stretches."""
    part_of = {k: part for part in folded for k in part.nodes}
    every = phases(topology)

    parts = [part_of.get(phase.layer) if phase.kind in LAYERED else None for phase in every]
    owners = [(phase.kind, k if part is None else part.name) for k, (phase, part) in enumerate(zip(every, parts, strict=True))]
    out = []
    for _, group in groupby(range(len(every)), key=owners.__getitem__):
        first, *rest = group
        phase, part = every[first], parts[first]
        title = phase.title(topology) if part is None else _title(phase, part)
        out.append(Stretch(first, rest[-1] if rest else first, phase.kind, title, part))
    return WalkLine(tuple(out))


def _title(phase: Phase, part: NetworkPart) -> str:
    """ "Forward, blocks.0 (14 layers)"."""
    return f"{_TITLES[phase.kind]}, {part.label} ({len(part.nodes):,} layers)"
