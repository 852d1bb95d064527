"""How a norm sees its input: which axes are channels, which numbers share a mean. Pure; sizes without the batch.

Every neuron of a norm stands where the neuron that it reads stands, so that these are places of both.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from nnviz3d.spec.layer_table import Axes, Shape


class Channels(NamedTuple):
    """An input as (repeats, channels, places): a mean of each channel is taken over the batch, the repeats and the places."""

    repeats: int
    channels: int
    places: int

    def of(self, local_j: Any) -> Any:
        """The channel that a neuron belongs to."""
        return local_j // self.places % self.channels


def channels(shape: Shape, axes: Axes) -> Channels:
    """Maps by channel, tokens by feature, a picture as one channel, a vector by neuron; anything else by its first axis."""
    if axes == ("row", "column"):
        return Channels(1, 1, prod(shape))
    if len(shape) > 1 and axes[-1:] == ("feature",):
        return Channels(prod(shape[:-1]), shape[-1], 1)
    return Channels(1, prod(shape[:1]), prod(shape[1:]))


def normalized(shape: Shape, axes: Axes) -> Shape:
    """The last axes, over which a row's mean is taken: the features of each token, else all."""
    return shape[-1:] if axes[-1:] == ("feature",) else shape


def row_of(node: Any, j: int) -> slice:
    """The neurons of a node that share the mean of neuron j, within the node."""
    width = prod(normalized(node.shape, node.axes))
    return slice(j // width * width, (j // width + 1) * width)


def over_rows(values_n: Any, node: Any) -> Any:
    """(rows, width): a node's numbers with a row for each mean."""
    return values_n.reshape(-1, prod(normalized(node.shape, node.axes)))
