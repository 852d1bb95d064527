"""The table of a convolution along one axis."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnviz3d.layers.shared.convolution_table import ConvolutionTable


class Conv1dLayer(ConvolutionTable):
    """A convolution: windows of weights slide over the length of all channels, the same weights at every place."""

    kind: Literal["conv1d"]

    spatial: ClassVar[int] = 1


TABLE = Conv1dLayer
