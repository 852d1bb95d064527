"""The table of a mean over whole maps."""

from __future__ import annotations

from typing import Literal

from pydantic import PrivateAttr

from nnviz3d.layers.shared.window_table import map_axes
from nnviz3d.spec.layer_table import Axes, LayerTable, Shape, Shapes


class GlobalAveragePoolLayer(LayerTable):
    """The mean of each channel: one number of a whole map, whatever its size. It has no weights."""

    kind: Literal["global_avg_pool"]

    _spatial: int = PrivateAttr(2)

    def over(self, axes: tuple[Axes, ...]) -> GlobalAveragePoolLayer:
        made = self.model_copy()
        made._spatial = map_axes(self.kind, axes[0])
        return made

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return None if inputs[0] is None else inputs[0][: -self._spatial] or (1,)

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return ("neuron",)


TABLE = GlobalAveragePoolLayer
