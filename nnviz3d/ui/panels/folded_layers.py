"""The Layers section of a network with parts: what is closed in the picture is one line, with the mean and the range of what is in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np

from nnviz3d.spec.readout import LayersReading
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.core import part_groups
from nnviz3d.ui.core.part_groups import PartLine


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldedLayers(LayersReading):
    """Of lines instead of layers: `names`, `gradient_tl` and `ratio_tl` are of the lines of `charted`, means where a line is a closed part,
    with the least and the largest gradient in it. `whole`: the reading that it was made from."""

    whole: LayersReading
    lines: tuple[PartLine, ...]
    charted: tuple[PartLine, ...]
    least_tl: np.ndarray
    largest_tl: np.ndarray


class Folding:
    """The newest one, kept until the reading or what is open is another one."""

    def __init__(self):
        self._of: tuple = (None, None)
        self._found: FoldedLayers | None = None

    def of(self, r: LayersReading, topology: Topology, opened: Collection[str]) -> FoldedLayers | None:
        """None where nothing of this network can be folded."""
        if self._of[0] is not r or self._of[1] != opened:
            self._of, self._found = (r, opened), folded(r, topology, opened)
        return self._found


def folded(r: LayersReading, topology: Topology, opened: Collection[str]) -> FoldedLayers | None:
    """As `Folding.of`."""
    if not r.nodes or r.nodes[-1] >= len(topology.nodes):
        return None
    lines = part_groups.lines(topology, r.nodes, r.names, opened)
    if not part_groups.folds(lines):
        return None
    charted = part_groups.charted(lines)

    def of_each(what, values_tl: np.ndarray) -> np.ndarray:
        return np.stack([what(values_tl, line.members) for line in charted], axis=-1)

    kept = {field.name: getattr(r, field.name) for field in fields(LayersReading)}
    kept |= {
        "names": tuple(line.label for line in charted),
        "gradient_tl": of_each(part_groups.mean, r.gradient_tl),
        "ratio_tl": of_each(part_groups.mean, r.ratio_tl),
    }
    ends = of_each(part_groups.least, r.gradient_tl), of_each(part_groups.largest, r.gradient_tl)
    return FoldedLayers(**kept, whole=r, lines=lines, charted=charted, least_tl=ends[0], largest_tl=ends[1])
