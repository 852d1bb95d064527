"""The table of a softmax over the last axis: what turns scores into shares of attention."""

from __future__ import annotations

from math import prod
from typing import Literal

from pydantic import Field

from nnviz3d.layers.shared.attention import Cells
from nnviz3d.spec.layer_table import BadShape, Cost, LayerTable, Shape, Shapes, text


class SoftmaxLayer(LayerTable):
    """e^z / sum e^z over the last axis. With `causal` the cells after the diagonal count for nothing: they stay 0."""

    kind: Literal["softmax"]
    causal: bool = Field(default=False, description="tokens look at themselves and at what stands before them only")

    @property
    def function(self) -> str:
        return "softmax"

    def output_shape(self, inputs: Shapes) -> Shape | None:
        shape = inputs[0]
        if shape is not None and self.causal and (len(shape) < 2 or shape[len(shape) - 1] != shape[len(shape) - 2]):
            message = f"causal is for scores, as many queries as keys; found an input of shape {text(shape)}; use causal = false"
            raise BadShape("causal", message)
        return shape

    def cells(self, shape: Shape) -> Cells:
        *before, keys = shape
        queries = before.pop() if before else 1
        return Cells(prod(before), queries, keys, self.causal)

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        return (self.cells(inputs[0]).count,)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        size = prod(inputs[0])
        return Cost(4 * size, 8 * size)


TABLE = SoftmaxLayer
