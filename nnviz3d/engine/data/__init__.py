"""Data sets: embedded, generated, and read from files; always as one `DataSet` of plain arrays.

Everything here is deterministic by `data.seed`. Files are somebody else's: sizes are judged before memory is asked for, nothing in
them is executed, and every problem is an InputError. No thread, no download, no clock.
"""

from __future__ import annotations

from pathlib import Path

from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.spec.scene import Data

__all__ = ["DataSet", "load"]
FILES = ("csv", "npz", "idx")  # kinds whose numbers have units of their own


def load(data: Data, base: Path) -> DataSet:
    """The data set that a scene asks for; `base` is the folder that its file names are relative to. Raises InputError with all problems."""
    from nnviz3d.engine.data import series, split, targets

    samples = _samples(data, base)
    if data.lags:
        samples = series.lagged(samples, data)
    units = data.kind in FILES if data.standardize_target == "auto" else data.standardize_target == "yes" or data.kind in FILES
    units &= data.targets == "own"
    how = {"last": data.split == "last" or (data.split == "auto" and bool(data.lags)), "looks_back": bool(data.lags) and max(data.lags) > 0}
    found = split.finish(samples, seed=data.seed, test_fraction=data.test_fraction, standardize=data.standardize, units=units, **how)
    return targets.inputs(found) if data.targets == "inputs" else found


def _samples(data: Data, base: Path):
    """Readers and generators are imported when they are asked for, so that starting costs what is used."""
    if data.kind == "csv":
        from nnviz3d.engine.data import tables

        return tables.load(data, base)
    if data.kind == "npz":
        from nnviz3d.engine.data import npz

        return npz.load(data, base)
    if data.kind == "idx":
        from nnviz3d.engine.data import idx

        return idx.load(data, base)
    if data.kind == "images":
        from nnviz3d.engine.data import images

        return images.load(data, base)
    if data.kind in ("sort", "modular", "story", "text"):
        from nnviz3d.engine.data import sequences

        return sequences.load(data, base)
    if data.kind == "blobs":
        from nnviz3d.engine.data import blobs

        return blobs.make(data)
    from nnviz3d.engine.data import embedded, playground

    return embedded.load(data.kind, data.side) if data.kind in embedded.NAMES else playground.make(data)
