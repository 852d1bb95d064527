"""The table of a residual block: two convolutions, to whose result the block's input is added (He et al. 2016, basic block)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.composite_table import INPUT, CompositeTable, Inner, part
from nnviz3d.spec.layer_table import BadShape, Shape


class ResidualBlock(CompositeTable):
    """Several layers under one name: convolution, norm, activation, convolution, norm, a sum with the input, activation. Where channels or
    size change, a 1 x 1 convolution fits the input to the sum."""

    kind: Literal["residual_block"]
    channels: int = Field(default=0, ge=0, le=limits.UNITS, description="maps that leave the block; 0: as many as enter it")
    kernel: int = Field(default=3, ge=1, le=limits.UNITS, description="rows and columns of the kernels: an odd number")
    stride: int = Field(default=1, ge=1, le=limits.UNITS, description="step of the first convolution's window")
    norm: Literal["batch", "none"] = "batch"
    activation: ActivationName = "relu"

    def block(self, shape: Shape | None) -> list[Inner]:
        if self.kernel % 2 == 0:
            raise BadShape(
                "kernel", f"an even kernel, {self.kernel}, changes the size of a map, which is then added to the input; use an odd one"
            )
        there = 1 if shape is None or len(shape) < 3 else shape[0]
        channels = self.channels or there
        stride = self.stride
        skips = (shape is not None and (len(shape) != 3 or channels != there)) or stride > 1  # a picture is not a map of one channel
        parts = [self._conv("conv1", channels, self.kernel, stride)]
        parts += [*self._norm("norm1"), part(self, "activation", "act1", activation=self.activation)]
        parts += [self._conv("conv2", channels, self.kernel, 1), *self._norm("norm2")]
        last = parts[-1].table.name
        if skips:
            parts += [self._conv("skip", channels, 1, stride, INPUT), *self._norm("norm_skip")]
        skip = parts[-1].table.name if skips else INPUT
        return [*parts, part(self, "add", "add", (last, skip)), part(self, "activation", "act2", activation=self.activation)]

    def _conv(self, name: str, channels: int, kernel: int, stride: int, *reads: str) -> Inner:
        return part(self, "conv2d", name, reads, channels=channels, kernel=kernel, stride=stride, padding=kernel // 2, activation="linear")

    def _norm(self, name: str) -> list[Inner]:
        return [part(self, "batch_norm", name)] if self.norm == "batch" else []


TABLE = ResidualBlock
