"""The table of a layer norm: y = weight (x - mean) / sqrt(variance + eps) + bias, over the numbers of a row or of a token."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.layers.shared.norm_table import RowNormTable
from nnviz3d.spec.layer_table import Axes, Shape, Shapes


class LayerNormLayer(RowNormTable):
    """Layer norm: the features of each token, or else all numbers of a row, get mean 0 and variance 1, then a scale and a shift that are
    learned for each of them."""

    kind: Literal["layer_norm"]
    eps: float = Field(default=1e-5, gt=0, le=1, description="added to the variance")

    def parts_over(self, inputs: Shapes, axes: tuple[Axes, ...]) -> tuple[tuple[str, Shape], ...]:
        return tuple((part, each) for each in self.each(inputs, axes) for part in ("weight", "bias"))


TABLE = LayerNormLayer
