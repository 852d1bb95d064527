"""The table of a maximum over windows."""

from __future__ import annotations

from typing import Literal

from nnviz3d.layers.shared.pool_table import PoolTable


class MaxPoolLayer(PoolTable):
    """The largest number of each window: maps become smaller, and what was found anywhere in a window is kept. It has no weights."""

    kind: Literal["max_pool"]


TABLE = MaxPoolLayer
