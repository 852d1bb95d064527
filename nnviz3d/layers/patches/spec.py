"""The table of patches: a picture cut into squares, each of which is a token with its pixels as features."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import Axes, BadShape, LayerTable, Shape, Shapes, text


class PatchesLayer(LayerTable):
    """A picture (rows, columns), or maps (channels, rows, columns), as tokens x features: each square of `size` by `size` cells is a token,
    row by row; its features are the cells of all channels. The same numbers in another order: it has no weights."""

    kind: Literal["patches"]
    size: int = Field(default=1, ge=1, le=limits.UNITS, description="rows and columns of a patch; they divide those of the picture")

    def output_shape(self, inputs: Shapes) -> Shape | None:
        shape = inputs[0]
        if shape is None:
            return None
        if len(shape) not in (2, 3):
            raise BadShape("from", f"patches are cut from pictures or maps; found an input of shape {text(shape)}")
        channels, rows, columns = (1, *shape)[-3:]
        if rows % self.size or columns % self.size:
            message = f"patches of {self.size} x {self.size} do not fill a picture of {rows} x {columns}; use a size that divides both"
            raise BadShape("size", message)
        return (rows // self.size) * (columns // self.size), channels * self.size**2

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return "token", "feature"


TABLE = PatchesLayer
