"""The table of a dropout layer: in training a random share of its neurons passes nothing on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.spec.layer_table import LayerTable, Shape, Shapes


class DropoutLayer(LayerTable):
    """Dropout by itself: in training a random share of the numbers is 0 and the rest is scaled up; otherwise it changes nothing."""

    kind: Literal["dropout"]
    dropout: float = Field(default=0.5, ge=0, lt=1, description="fraction of its neurons that are switched off in a training step")

    @property
    def dropped(self) -> float:
        return self.dropout

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return inputs[0]


TABLE = DropoutLayer
