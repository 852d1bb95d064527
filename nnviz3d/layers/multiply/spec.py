"""The table of a product: y = x1 x2, neuron by neuron. A gate is a product with numbers from 0 to 1."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnviz3d.spec.layer_table import LayerTable, Shape, Shapes, same_shape


class MultiplyLayer(LayerTable):
    """A product of two layers of one shape, neuron by neuron: one can close what the other passes on. It has no weights."""

    kind: Literal["multiply"]

    fewest: ClassVar[int] = 2
    most: ClassVar[int] = 2

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return same_shape(inputs, "multiply")


TABLE = MultiplyLayer
