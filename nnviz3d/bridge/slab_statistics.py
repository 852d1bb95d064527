"""What slabs show of the nodes in them: mean |a|, mean |gradient|, mean |change| / mean |w| of each, worked out a few nodes a frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.sources.viewable import Array
from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.topology import Topology

SLICE = 300_000  # numbers that are read in a frame, or one node's
EACH = 2000  # numbers that a node counts for besides its own: the time that one takes, however small it is
MOST = 100_000  # numbers of one kind of one node, evenly spaced: of more the mean is that of those
ROWS = 32  # of a slab: of more nodes several share a row
DECADES = 4.0  # below the largest of the network a row is dark
UNKNOWN = -1.0


class SlabStatistics:
    """`mean_l3`: by node; nan where it is not known. `pending`: some are of older numbers."""

    def __init__(self, topology: Topology, ops):
        self.topology, self.ops = topology, ops
        self.mean_l3 = np.full((len(topology.nodes), 3), np.nan)
        self._nodes: tuple[int, ...] = ()
        self._left: list[int] = []

    @property
    def pending(self) -> bool:
        return bool(self._left)

    def watch(self, parts: tuple[NetworkPart, ...]) -> None:
        """These slabs are shown. Of other nodes nothing is known any more: what was shown before must not matter."""
        self._nodes = tuple(k for part in parts for k in part.nodes)
        self.mean_l3[np.setdiff1d(np.arange(len(self.mean_l3)), self._nodes)] = np.nan
        self._left = list(self._nodes)

    def refresh(self, tensor: Callable[[str], Array | None], changed: bool, whole: bool) -> bool:
        """Read some of the nodes again, all if `whole`. `changed`: numbers are others than in the last call; nodes that wait keep their
        turn. Returns whether anything was read."""
        if changed:
            waiting = set(self._left)
            self._left += [k for k in self._nodes if k not in waiting]
        if not self._left:
            return False
        arrays, done = {kind: tensor(kind) for kind in ("activation", "gradient", "change", "parameter")}, 0
        while self._left and (whole or done < SLICE):
            done += self._read(self._left.pop(0), arrays) + EACH
        return True

    def _read(self, k: int, arrays: dict[str, Array | None]) -> int:
        """Of one node; returns how many numbers were read."""
        node = self.topology.nodes[k]
        learned = [r.slice for _, r in node.learned]
        size, change, gradient = (
            self._mean(arrays["parameter"], learned),
            self._mean(arrays["change"], learned),
            self._mean(arrays["gradient"], learned),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            self.mean_l3[k] = self._mean(arrays["activation"], [node.neurons.slice]), gradient, np.float64(change) / size
        return min(node.size, MOST) + 3 * sum(min(part.stop - part.start, MOST) for part in learned)

    def _mean(self, array: Array | None, slices: list[slice]) -> float:
        """Of the absolute values."""
        if array is None or not slices:
            return float("nan")
        total = count = 0.0
        for part in slices:
            numbers = array[part][:: -(-(part.stop - part.start) // MOST)]
            total += float(self.ops.to_host(abs(numbers).sum(dtype="float64")))
            count += len(numbers)
        return total / count


def levels(mean_l3: np.ndarray, part: NetworkPart) -> np.ndarray:
    """(R, 3) how bright each row of a slab is, in [0, 1], on a scale of decades below the largest of all nodes; `UNKNOWN` where nothing is
    known. What is not finite is as bright as can be."""
    known = np.where(np.isfinite(mean_l3), mean_l3, np.nan)
    largest = np.array([np.nanmax(column) if np.isfinite(column).any() else 0.0 for column in known.T])
    rows = np.array_split(np.array(part.nodes), min(len(part.nodes), ROWS))
    out = np.full((len(rows), 3), UNKNOWN, np.float32)
    for r, numbers in enumerate(rows):
        for column in range(3):
            value = mean_l3[numbers, column]
            value = value[~np.isnan(value)]
            if len(value):
                out[r, column] = _level(float(value.mean()), float(largest[column]))
    return out


def _level(value: float, largest: float) -> float:
    if not np.isfinite(value):
        return 1.0
    return float(np.clip(1 + np.log10(value / largest) / DECADES, 0, 1)) if value > 0 and largest > 0 else 0.0
