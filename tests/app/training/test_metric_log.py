"""Curves of a run take the same memory however long they are."""

from __future__ import annotations

import numpy as np

from nnviz3d.app.training.metric_log import CAPACITY, Curve


def test_a_column_takes_the_same_memory_at_every_length():
    curve, sizes = Curve(3), set()
    for step in range(300):
        curve.add(step, 0.5, 0.25, 0.75)
        column = curve.column(1)
        assert column.base is not None, "numpy would keep its memory, of a size of its own"
        assert len(column) == step + 1 and column.dtype == np.float32 and not column.flags.writeable and column[-1] == 0.5
        sizes.add(column.base.nbytes)
    assert sizes == {4 * CAPACITY}
