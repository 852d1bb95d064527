"""How a window slides over maps: what convolutions and pools have in common. Pure; maps along one axis are maps of one row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tables of kinds are read at start, by help too, which has no time for numpy
    import numpy as np

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """Windows of `kernel` (rows, columns) over `channels` maps of `size` (rows, columns) each.

    They begin every `stride` cells; their own cells are `dilation` apart; `padding`: empty cells around the maps, (before, after) of each
    axis. All pairs are (rows, columns).
    """

    channels: int
    size: Pair
    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    @cached_property
    def padded(self) -> Pair:
        """Size of the maps with the empty cells around them."""
        rows, columns = (n + before + after for n, (before, after) in zip(self.size, self.padding, strict=True))
        return rows, columns

    @cached_property
    def reach(self) -> Pair:
        """How many cells a window covers, the gaps between its own included."""
        rows, columns = ((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return rows, columns

    @cached_property
    def places(self) -> Pair:
        """How many windows there are along each axis; 0 or less where not even one fits."""
        rows, columns = ((n - r) // s + 1 for n, r, s in zip(self.padded, self.reach, self.stride, strict=True))
        return rows, columns

    @property
    def cells(self) -> int:
        """Of one map of the result."""
        return self.places[0] * self.places[1]

    @property
    def taps(self) -> int:
        """Cells of one window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def is_padded(self) -> bool:
        return self.padded != self.size

    def apart(self, axis: int) -> bool:
        """Whether each cell is in one window at most, and none of them in the padding."""
        return self.reach[axis] <= self.stride[axis] and self.padding[axis] == (0, 0)

    def cells_of(self, axis: int) -> np.ndarray:
        """(places, kernel) which row or column each cell of each window is; negative or past the end: it lies in the padding."""
        import numpy as np

        first = np.arange(self.places[axis]) * self.stride[axis] - self.padding[axis][0]
        return first[:, None] + np.arange(self.kernel[axis]) * self.dilation[axis]

    def inside(self, axis: int) -> np.ndarray:
        """(places, kernel) bool: whether it lies on the map."""
        cells = self.cells_of(axis)
        return (cells >= 0) & (cells < self.size[axis])

    @cached_property
    def real(self) -> int:
        """Cells of all windows over one map that lie on it: those in the padding do not count."""
        rows, columns = (sum(len(range(self.places[axis])[self.part(axis, k)[0]]) for k in range(self.kernel[axis])) for axis in (0, 1))
        return rows * columns

    @cached_property
    def shares(self) -> np.ndarray:
        """(rows, columns) of the result: 1 / how many cells of each window lie on the map."""
        import numpy as np

        return 1 / np.outer(self.inside(0).sum(1), self.inside(1).sum(1))

    def part(self, axis: int, k: int) -> tuple[slice, slice]:
        """Of the k-th cell of all windows along one axis that lies on the map: (which windows, which cells)."""
        s, start = self.stride[axis], k * self.dilation[axis] - self.padding[axis][0]
        first = max(0, -(start // s))
        last = min(self.places[axis], -(-(self.size[axis] - start) // s))
        if last <= first:
            return slice(0, 0), slice(0, 0)
        begin = first * s + start
        return slice(first, last), slice(begin, begin + (last - first - 1) * s + 1, s)
