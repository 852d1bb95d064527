"""The table of a convolution, along one axis or two."""

from __future__ import annotations

from math import prod

from pydantic import Field

from nnviz3d.layers.shared.window_table import Padding, Sides, WindowTable
from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, Initializer, Shape, Shapes
from nnviz3d.spec.sliding_windows import Pair


class ConvolutionTable(WindowTable):
    """A window of weights slides over maps; every output channel has its own weights for each of the channels that it reads."""

    channels: int = Field(default=8, ge=1, le=limits.UNITS)
    kernel: Sides = Field(default=3, description="cells of a window: one number, or [rows, columns]")
    stride: Sides = Field(default=1, description="cells from one window to the next")
    padding: Padding = Field(default=0, description='empty cells around the maps; "same": the maps keep their size; "valid": none')
    dilation: Sides = Field(default=1, description="distance between the cells of a window")
    groups: int = Field(default=1, ge=1, le=limits.UNITS, description="parts of the channels that see nothing of each other")
    activation: ActivationName = "relu"
    init: Initializer = "auto"
    init_scale: float = Field(default=1.0, ge=0, le=1000)
    bias: float = Field(default=0.0, ge=-1000, le=1000)

    @property
    def function(self) -> str:
        return self.activation

    @property
    def first_parameters(self) -> tuple[str, float, float]:
        return self.init, self.init_scale, self.bias

    @property
    def gaps(self) -> Pair:
        return self._pair(self.dilation, 1)

    def output_shape(self, inputs: Shapes) -> Shape | None:
        if inputs[0] is None:
            return None
        g = self.windows(inputs[0])
        for count, what in ((g.channels, "channels that are read"), (self.channels, "channels")):
            if count % self.groups:
                raise BadShape("groups", f"{self.groups} groups do not divide the {count} {what}; use a divisor of both")
        return (self.channels, *g.places[-self.spatial :])

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        """Outputs first, then the channels of a group, then the window; a bias for each channel."""
        if inputs[0] is None:
            return ()
        g = self.windows(inputs[0])
        return ("weight", (self.channels, g.channels // self.groups, *g.kernel[-self.spatial :])), ("bias", (self.channels,))

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return ("channel", "row", "column") if self.spatial == 2 else ("channel", "column")

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """None begins in the padding."""
        g = self.windows(inputs[0])
        return (self.channels * (g.channels // self.groups) * g.real,)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        out, parameters = prod(self.output_shape(inputs) or ()), sum(prod(shape) for _, shape in self.parts(inputs))
        return Cost(2 * sum(self.edges(inputs)) + out, 4 * (prod(inputs[0]) + parameters + out))
