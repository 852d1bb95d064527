"""The table of a convolutional block: convolution, batch normalisation, activation function and pooling under one name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.composite_table import CompositeTable, Inner, part
from nnviz3d.spec.layer_table import Shape


class ConvBlock(CompositeTable):
    """Several layers under one name: a convolution, batch normalisation, an activation function, pooling, dropout. Stands for its parts."""

    kind: Literal["conv_block"]
    channels: int = Field(default=8, ge=1, le=limits.UNITS, description="maps that leave the block")
    kernel: int = Field(default=3, ge=1, le=limits.UNITS, description="rows and columns of the kernels")
    stride: int = Field(default=1, ge=1, le=limits.UNITS, description="step of the window")
    padding: int = Field(default=0, ge=0, le=limits.UNITS, description="zeros around each map")
    norm: Literal["batch", "none"] = "batch"
    activation: ActivationName = "relu"
    pool: int = Field(default=0, ge=0, le=limits.UNITS, description="rows and columns that pooling joins; 0: no pooling")
    pooling: Literal["max", "avg"] = Field(default="max", description="what pooling keeps: the largest value or the mean")
    dropout: float = Field(default=0.0, ge=0, lt=1)

    def block(self, shape: Shape | None) -> list[Inner]:
        sizes: dict[str, Any] = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        after = "linear" if self.norm == "batch" else self.activation
        parts = [part(self, "conv2d", "conv", channels=self.channels, activation=after, **sizes)]
        if self.norm == "batch":
            parts += [part(self, "batch_norm", "norm"), part(self, "activation", "act", activation=self.activation)]
        if self.pool:
            keys = {"kernel": "pool", "stride": "pool"}
            parts.append(part(self, f"{self.pooling}_pool", "pool", keys=keys, kernel=self.pool, stride=self.pool))
        if self.dropout:
            parts.append(part(self, "dropout", "dropout", dropout=self.dropout))
        return parts


TABLE = ConvBlock
