"""A cloud of samples as the panels read it: places with the classes and pictures of their rows."""

from __future__ import annotations

import numpy as np

from nnviz3d.app.probes.row_activations import RowPass
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import OWN, Viewable
from nnviz3d.spec.readout import CloudReading, TsneReading


def cloud(
    source: Source, seen: Viewable, node: int, run: RowPass, version: int, xyz_r3: np.ndarray, shown_3: np.ndarray, share_3: np.ndarray,
    progress: TsneReading | None = None,
) -> CloudReading:  # fmt: skip
    """Of the rows of a whole pass, at these places."""
    _part, x, t = source.data.held_out
    known = source.data.held_out_classes
    value_r = known[0][run.rows_r] if known else np.asarray(t[run.rows_r], np.float64).reshape(len(run.rows_r), -1)[:, 0]
    return CloudReading(
        node=node, version=version, xyz_r3=xyz_r3, rows_r=run.rows_r, value_r=value_r, classes=known[1] if known else (),
        x_ni=x, shape=source.data.shape if len(source.data.shape) > 1 else (), shown_3=shown_3,
        shown_x=np.ravel(seen.sample.x), shown_row=-1 if own(seen) else seen.sample.index, part=run.part, of=run.of, step=run.step,
        share_3=share_3, size=source.topology.nodes[node].size, map=progress,
    )  # fmt: skip


def own(seen: Viewable) -> bool:
    """Whether the shown sample is no row of the part."""
    return seen.sample.part == OWN or seen.view is not None
