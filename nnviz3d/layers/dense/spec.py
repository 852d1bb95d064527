"""The table of a dense layer: y = f(W x + b), every output from every input."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.layer_table import Axes, Cost, Initializer, LayerTable, Shape, Shapes


class DenseLayer(LayerTable):
    """A dense layer: each unit is a weighted sum of all its inputs, then an activation function."""

    kind: Literal["dense"] = "dense"
    units: int = Field(default=8, ge=1, le=limits.UNITS)
    activation: ActivationName = "relu"
    init: Initializer = "auto"
    init_scale: float = Field(default=1.0, ge=0, le=1000)
    bias: float = Field(default=0.0, ge=-1000, le=1000)
    dropout: float = Field(default=0.0, ge=0, lt=1)

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

    def output_shape(self, inputs: Shapes) -> Shape:
        return (self.units,)

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        """Axes of the input are read as one: an image row by row."""
        if inputs[0] is None:
            return ()
        return ("weight", (self.units, prod(inputs[0]))), ("bias", (self.units,))

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return ("neuron",)

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        return (self.units * prod(inputs[0]),)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        width = prod(inputs[0])
        return Cost(2 * width * self.units + self.units, 4 * (width * self.units + width + 2 * self.units))


TABLE = DenseLayer
