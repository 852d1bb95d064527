"""The table of an RMS norm: y = weight x / sqrt(mean of x^2 + eps), over the numbers of a row or of a token."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.layers.shared.norm_table import RowNormTable
from nnviz3d.spec.layer_table import Axes, Shape, Shapes


class RmsNormLayer(RowNormTable):
    """RMS norm: the features of each token, or else all numbers of a row, are divided by the root of the mean of their squares, then a
    scale is learned for each of them. There is no mean and no shift."""

    kind: Literal["rms_norm"]
    eps: float = Field(default=1e-6, gt=0, le=1, description="added to the mean square")

    def parts_over(self, inputs: Shapes, axes: tuple[Axes, ...]) -> tuple[tuple[str, Shape], ...]:
        return tuple(("weight", each) for each in self.each(inputs, axes))


TABLE = RmsNormLayer
