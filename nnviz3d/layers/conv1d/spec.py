"""The table of a convolution along one axis."""

from __future__ import annotations

from typing import Literal

from nnviz3d.layers.shared.convolution_table import ConvolutionTable


class Conv1dLayer(ConvolutionTable):
    """A convolution: windows of weights slide over the length of all channels, the same weights at every place."""

    kind: Literal["conv1d"]

    @property
    def spatial(self) -> int:
        return 1


TABLE = Conv1dLayer
