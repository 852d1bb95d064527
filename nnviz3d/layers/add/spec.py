"""The table of a sum: y = x1 + x2 + ..., neuron by neuron. A residual connection is a sum with what it skips."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnviz3d.spec.layer_table import MANY, LayerTable, Shape, Shapes, same_shape


class AddLayer(LayerTable):
    """A sum of layers of one shape, neuron by neuron. It has no weights."""

    kind: Literal["add"]

    fewest: ClassVar[int] = 2
    most: ClassVar[int] = MANY

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return same_shape(inputs, "add")


TABLE = AddLayer
