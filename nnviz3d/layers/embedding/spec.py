"""The table of an embedding: every token is a number, and each number has a row of weights of its own."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, Initializer, LayerTable, Shape, Shapes, text


class EmbeddingLayer(LayerTable):
    """(T,) numbers of tokens become (T, units): for each the row of the weight matrix (vocabulary, units) with its number."""

    kind: Literal["embedding"]
    units: int = Field(default=48, ge=1, le=limits.UNITS, description="features of a token")
    vocabulary: int = Field(
        default=0, ge=0, le=limits.CLASSES, description="how many different tokens there are; 0: as many as in the data"
    )
    init: Initializer = "normal"
    init_scale: float = Field(default=0.02, ge=0, le=1000)

    known: ClassVar[tuple[str, ...]] = ("token",)

    @property
    def first_parameters(self) -> tuple[str, float, float]:
        return self.init, self.init_scale, 0.0

    def of_tokens(self, vocabulary: int) -> LayerTable:
        if not self.vocabulary:
            return self.model_copy(update={"vocabulary": vocabulary})
        if self.vocabulary < vocabulary:
            message = f"{self.vocabulary:,} rows for {vocabulary:,} different tokens in the data; use 0, or at least {vocabulary:,}"
            raise BadShape("vocabulary", message)
        return self

    def output_shape(self, inputs: Shapes) -> Shape | None:
        if inputs[0] is None:
            return None
        if len(inputs[0]) != 1:
            raise BadShape("from", f"embedding reads the numbers of tokens, one axis; found an input of shape {text(inputs[0])}")
        return (*inputs[0], self.units)

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        return (("weight", (self.vocabulary, self.units)),) if self.vocabulary else ()

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        if inputs[0] != self.known:
            message = "embedding reads the numbers of tokens, which only the input of data of kind sort, modular, story or text holds"
            raise BadShape("from", message)
        return "token", "feature"

    def unit_axis(self, axes: Axes) -> int | None:
        """A row is of a token, wherever in a sequence that stands."""
        return None

    def part_axes(self, part: str, shape: Shape, axes: Axes) -> tuple[str, ...]:
        return "token number", "feature"

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """From each token one to each of its features."""
        return (prod(inputs[0]) * self.units,)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        """Nothing is multiplied: rows are copied."""
        size = prod(inputs[0]) * self.units
        return Cost(0, 4 * (prod(inputs[0]) + 2 * size))


TABLE = EmbeddingLayer
