"""The table of a mean over windows."""

from __future__ import annotations

from typing import Literal

from nnviz3d.layers.shared.pool_table import PoolTable


class AveragePoolLayer(PoolTable):
    """The mean of each window: maps become smaller and smoother. Cells in the padding are not counted. It has no weights."""

    kind: Literal["avg_pool"]


TABLE = AveragePoolLayer
