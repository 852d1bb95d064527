"""The table of a dense layer: y = f(W x + b), every output from every input."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, Initializer, LayerTable, Shape, Shapes, text


class DenseLayer(LayerTable):
    """A dense layer: each unit is a weighted sum of all its inputs, then an activation function."""

    kind: Literal["dense"] = "dense"
    units: int = Field(default=8, ge=1, le=limits.UNITS)
    activation: ActivationName = "relu"
    init: Initializer = "auto"
    init_scale: float = Field(default=1.0, ge=0, le=1000)
    bias: float = Field(default=0.0, ge=-1000, le=1000)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    per_token: bool = Field(default=False, description="works on each token alone: tokens x features in and out")

    numbered: ClassVar[bool] = True

    @property
    def function(self) -> str:
        return self.activation

    @property
    def dropped(self) -> float:
        return self.dropout

    @property
    def first_parameters(self) -> tuple[str, float, float]:
        return self.init, self.init_scale, self.bias

    def output_shape(self, inputs: Shapes) -> Shape | None:
        if not self.per_token:
            return (self.units,)
        if inputs[0] is None:
            return None
        if len(inputs[0]) != 2:
            raise BadShape("per_token", f"needs tokens x features, as an embedding gives; found an input of shape {text(inputs[0])}")
        return inputs[0][0], self.units

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        """Axes of the input are read as one, an image row by row; token by token only the last."""
        if inputs[0] is None:
            return ()
        return ("weight", (self.units, self._width(inputs[0]))), ("bias", (self.units,))

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return ("token", "feature") if self.per_token else ("neuron",)

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        return (self.units * prod(inputs[0]),)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        size, rows = prod(inputs[0]), prod(inputs[0]) // self._width(inputs[0])
        out = rows * self.units
        return Cost(2 * size * self.units + out, 4 * (self._width(inputs[0]) * self.units + size + out + self.units))

    def _width(self, shape: Shape) -> int:
        """Weights that lead into one neuron."""
        return shape[-1] if self.per_token else prod(shape)


TABLE = DenseLayer
