"""The table of an activation layer: y = f(x), number by number."""

from __future__ import annotations

from typing import Literal

from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.layer_table import LayerTable, Shape, Shapes


class ActivationLayer(LayerTable):
    """An activation function by itself: each neuron is a function of one neuron of the layer that it reads."""

    kind: Literal["activation"]
    activation: ActivationName = "relu"

    @property
    def function(self) -> str:
        return self.activation

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return inputs[0]


TABLE = ActivationLayer
