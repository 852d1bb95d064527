"""Where each number of a picture stands once it is cut into patches, and the reverse."""

from __future__ import annotations

from functools import cache

import numpy as np

from nnviz3d.spec.layer_table import Shape


@cache
def order(shape: Shape, size: int) -> np.ndarray:
    """For each number that leaves, in its order, the index of the number that it was."""
    channels, rows, columns = (1, *shape)[-3:]
    cells = np.arange(channels * rows * columns).reshape(channels, rows // size, size, columns // size, size)
    found = np.ascontiguousarray(cells.transpose(1, 3, 0, 2, 4).reshape(-1), np.intp)
    found.flags.writeable = False
    return found


@cache
def back(shape: Shape, size: int) -> np.ndarray:
    """The reverse: where each number goes."""
    found = np.argsort(order(shape, size))
    found.flags.writeable = False
    return found
