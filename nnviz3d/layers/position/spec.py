"""The table of a position: what tells a network where a token stands, which attention alone does not see."""

from __future__ import annotations

from math import prod
from typing import Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, Initializer, LayerTable, Shape, Shapes, text


class PositionLayer(LayerTable):
    """Adds a row for each place to (T, D): `learned` weights, or `sinusoidal` waves. `rotary` turns pairs of features of each head by
    angles that grow with the place instead; it is for the queries and for the keys."""

    kind: Literal["position"]
    form: Literal["learned", "sinusoidal", "rotary"] = "learned"
    heads: int = Field(default=1, ge=1, le=1024, description="rotary: the pairs are those of each head")
    base: float = Field(default=10000.0, gt=1, le=1e9, description="sinusoidal, rotary: the longest wave, in places / 2 pi")
    positions: int = Field(
        default=0, ge=0, le=limits.UNITS, description="learned: how many places have weights; 0: as many as the data have tokens"
    )
    init: Initializer = "normal"
    init_scale: float = Field(default=0.02, ge=0, le=1000)

    @property
    def first_parameters(self) -> tuple[str, float, float] | None:
        return (self.init, self.init_scale, 0.0) if self.form == "learned" else None

    def output_shape(self, inputs: Shapes) -> Shape | None:
        shape = inputs[0]
        if shape is None:
            return None
        if len(shape) != 2:
            raise BadShape("from", f"position reads tokens x features, as an embedding gives; found an input of shape {text(shape)}")
        tokens, width = shape
        if self.form == "learned" and self.positions and self.positions < tokens:
            raise BadShape("positions", f"{self.positions:,} places for sequences of {tokens:,} tokens; use 0, or at least {tokens:,}")
        if self.form == "rotary" and (width % self.heads or width // self.heads % 2):
            message = f"rotary turns pairs of features of each head: {width:,} features do not give {self.heads:,} heads of even width"
            raise BadShape("heads", message)
        if self.form == "sinusoidal" and width % 2:
            raise BadShape("form", f"sinusoidal needs an even number of features; found {width:,}")
        return shape

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        shape = inputs[0]
        return () if shape is None or self.form != "learned" else (("weight", (self.positions or shape[0], shape[1])),)

    def unit_axis(self, axes: Axes) -> int | None:
        """A row is of a place."""
        return 0

    def own_cell(self, index: tuple[int, ...], shape: Shape) -> int | None:
        return index[0] * shape[1] + index[1] if index[0] < shape[0] else -1

    def part_axes(self, part: str, shape: Shape, axes: Axes) -> tuple[str, ...]:
        return "place", "feature"

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """One to one; with rotary each feature also reads the other of its pair."""
        return (prod(inputs[0]) * (2 if self.form == "rotary" else 1),)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        size = prod(inputs[0])
        return Cost((3 if self.form == "rotary" else 1) * size, 12 * size)


TABLE = PositionLayer
