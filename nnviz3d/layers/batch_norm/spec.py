"""The table of a batch norm: y = weight (x - mean) / sqrt(variance + eps) + bias, by channel over the rows of a batch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.layers.shared.norm_geometry import channels
from nnviz3d.spec.layer_table import Axes, Cost, LayerTable, Shape, Shapes


class BatchNormLayer(LayerTable):
    """Batch norm: each channel of maps, each feature of tokens, each neuron of a vector gets mean 0 and variance 1 over the rows of a
    batch, then a scale and a shift that are learned. Outside training, running means of the steps are used instead."""

    kind: Literal["batch_norm"]
    momentum: float = Field(default=0.1, gt=0, le=1, description="share of the batch's mean and variance in the running ones, as PyTorch's")
    eps: float = Field(default=1e-5, gt=0, le=1, description="added to the variance")

    coupled: ClassVar[bool] = True
    unlearned: ClassVar[tuple[str, ...]] = ("running_mean", "running_var")
    variances: ClassVar[tuple[str, ...]] = ("running_var",)
    weighted: ClassVar[bool] = False

    @property
    def fixed(self) -> str:
        return f"momentum {self.momentum:g}, eps {self.eps:g}"

    def output_shape(self, inputs: Shapes) -> Shape | None:
        return inputs[0]

    def parts_over(self, inputs: Shapes, axes: tuple[Axes, ...]) -> tuple[tuple[str, Shape], ...]:
        if inputs[0] is None:
            return ()
        each = (channels(inputs[0], axes[0]).channels,)
        return ("weight", each), ("bias", each), ("running_mean", each), ("running_var", each)

    def unit_axis(self, axes: Axes) -> int | None:
        """A picture has one channel, which is that of all."""
        if axes == ("row", "column"):
            return None
        return len(axes) - 1 if axes[-1] == "feature" else 0

    def fewest_rows(self, shape: Shape, axes: Axes) -> int:
        """Two where a row has one number of each channel: one number has no variance."""
        repeats, _, places = channels(shape, axes)
        return 2 if repeats * places == 1 else 1

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        """As outside training: a product and a sum for each number."""
        size = sum(self.edges(inputs))
        return Cost(2 * size, 8 * size)


TABLE = BatchNormLayer
