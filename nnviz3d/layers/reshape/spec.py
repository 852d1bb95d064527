"""The table of a reshape: the same numbers in the same order, with other axes."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import Axes, Axis, BadShape, LayerTable, Shape, Shapes, plain_axes, text


class ReshapeLayer(LayerTable):
    """The same numbers in the same order, with other axes. It has no weights."""

    kind: Literal["reshape"]
    shape: tuple[Annotated[int, Field(ge=1, le=limits.UNITS)], ...] = Field(
        min_length=1, max_length=3, description="lengths of the new axes; their product is the number of inputs"
    )
    axes_: tuple[Axis, ...] = Field(
        default=(),
        alias="axes",
        max_length=3,
        description="what each axis runs over; empty: a vector, a picture, or a picture for each channel",
    )

    @property
    def fixed(self) -> str:
        return f"shape {self.shape}"

    def output_shape(self, inputs: Shapes) -> Shape:
        if self.axes_ and len(self.axes_) != len(self.shape):
            raise BadShape(
                "axes", f"{len(self.axes_)} names for the {len(self.shape)} axes of {text(self.shape)}; give one for each, or none"
            )
        if inputs[0] is not None and prod(inputs[0]) != prod(self.shape):
            there, wanted = prod(inputs[0]), prod(self.shape)
            raise BadShape("shape", f"{text(self.shape)} holds {wanted:,} numbers; the input, {text(inputs[0])}, has {there:,}")
        return self.shape

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return self.axes_ or plain_axes(shape)


TABLE = ReshapeLayer
