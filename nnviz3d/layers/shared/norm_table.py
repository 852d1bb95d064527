"""What the tables of norms over rows have in common: layer norm, RMS norm."""

from __future__ import annotations

from typing import ClassVar

from nnviz3d.layers.shared.norm_geometry import normalized
from nnviz3d.spec.layer_table import Axes, Cost, LayerTable, Shape, Shapes


class RowNormTable(LayerTable):
    """Over the features of each token where the last axis has features, else over all numbers of a row."""

    eps: float = 1e-5

    weighted: ClassVar[bool] = False

    @property
    def fixed(self) -> str:
        return f"eps {self.eps:g}"

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return inputs[0]

    def each(self, inputs: Shapes, axes: tuple[Axes, ...]) -> tuple[Shape, ...]:
        """The shape of scale and shift, once it is known."""
        return () if inputs[0] is None else (normalized(inputs[0], axes[0]),)

    def unit_axis(self, axes: Axes) -> int | None:
        return len(axes) - 1 if axes[-1] == "feature" else 0

    def own_cell(self, index: tuple[int, ...], shape: Shape) -> int | None:
        """Where each number of a row has a scale of its own, the number with the same place."""
        if len(index) != len(shape) or len(shape) == 1:
            return None
        place = 0
        for k, extent in zip(index, shape, strict=True):
            place = place * extent + k
        return place

    def part_axes(self, part: str, shape: Shape, axes: Axes) -> tuple[str, ...]:
        return tuple("map" if axis == "channel" else axis for axis in axes[-len(shape) :])

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        """For each number: its part in the mean and in the variance (2), the mean taken off, the division, the scale and the shift."""
        size = sum(self.edges(inputs))
        return Cost(7 * size, 8 * size)
