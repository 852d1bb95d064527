"""The table of a pool: one number of each window, channel by channel, without weights."""

from __future__ import annotations

from pydantic import Field, PrivateAttr

from nnviz3d.layers.shared.window_table import Padding, Sides, Steps, WindowTable, map_axes
from nnviz3d.spec.layer_table import Axes, Shape, Shapes
from nnviz3d.spec.sliding_windows import Pair


class PoolTable(WindowTable):
    """Windows slide along the rows and columns of maps, or along their length: their axes say which."""

    kernel: Sides = Field(default=2, description="cells of a window: one number, or [rows, columns]")
    stride: Steps = Field(default=0, description="cells from one window to the next; 0: the length of a window")
    padding: Padding = Field(default=0, description='empty cells around the maps, which take no part; "same": ceil(size / stride) places')

    _spatial: int = PrivateAttr(2)

    @property
    def spatial(self) -> int:
        return self._spatial

    def over(self, axes: tuple[Axes, ...]) -> PoolTable:
        made = self.model_copy()
        made._spatial = map_axes(self.kind, axes[0])
        return made

    @property
    def steps(self) -> Pair:
        return self._pair(self.stride or self.kernel, 1)

    def output_shape(self, inputs: Shapes) -> Shape | None:
        if inputs[0] is None:
            return None
        g = self.windows(inputs[0])
        return (*inputs[0][: -self.spatial], *g.places[-self.spatial :])

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """None begins in the padding."""
        g = self.windows(inputs[0])
        return (g.channels * g.real,)
