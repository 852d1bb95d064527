"""The table of a convolution over maps."""

from __future__ import annotations

from typing import Literal

from nnviz3d.layers.shared.convolution_table import ConvolutionTable


class Conv2dLayer(ConvolutionTable):
    """A convolution: windows of weights slide over the rows and columns of all channels, the same weights at every place."""

    kind: Literal["conv2d"]

    @property
    def spatial(self) -> int:
        return 2


TABLE = Conv2dLayer
