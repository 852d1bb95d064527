"""Series: values of earlier rows become the inputs of a row. Rows keep their order; those without a full past are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data


def lagged(samples: Samples, data: Data) -> Samples:
    """The samples with values of `data.lags` rows earlier as inputs: of the "target", of the "inputs", or of "all".

    Lag 0 is the row's own inputs (never its target). A split that the source has made is kept, and then neither part looks into the
    other. Raises InputError with every problem.
    """
    n, n_train, lags, of = len(samples.x), samples.n_train, data.lags, data.lags_of
    parts = [np.arange(n)] if n_train is None else [np.arange(n_train), np.arange(n_train, n)]
    parts = [rows for rows in parts if len(rows)]
    _check(samples, data, min(map(len, parts), default=0))
    kept = np.concatenate([rows[max(lags) :] for rows in parts])
    columns, names = [], []
    for lag in lags:
        for values_nk, called in _sources(samples, lag, of):
            columns.append(values_nk[kept - lag])
            names += [name if lag == 0 else f"{name} {lag:,} row{'' if lag == 1 else 's'} earlier" for name in called]
    x = np.concatenate(columns, axis=1)
    left = "row" if max(lags) == 1 else f"{max(lags):,} rows"
    note = f"left out: the first {left}{'' if n_train is None else ' of each part'}, whose earlier rows are missing"
    return replace(
        samples,
        shape=(x.shape[1],),
        x=x,
        t=samples.t[kept],
        feature_names=tuple(names),
        n_train=None if n_train is None else n_train - max(lags),
        notes=(*samples.notes, note) if max(lags) else samples.notes,
    )


def _sources(samples: Samples, lag: int, of: str) -> list[tuple[np.ndarray, tuple[str, ...]]]:
    """What one lag takes, (n, K) each, with the names of its columns."""
    target = samples.t.reshape(len(samples.t), -1), samples.class_names
    inputs = samples.x, samples.feature_names or tuple(f"x{k + 1}" for k in range(samples.x.shape[1]))
    if lag == 0 or of == "inputs":
        return [inputs]
    return [target] if of == "target" else [target, inputs]


def _check(samples: Samples, data: Data, rows: int) -> None:
    """Every problem; `rows`: of the shorter part."""
    lags, of, found = data.lags, data.lags_of, []
    if data.kind not in ("csv", "npz"):
        found.append(("data.lags", f'a series is a file of kind "csv" or "npz"; rows of kind "{data.kind}" have no order in time'))
    if len(set(lags)) < len(lags):
        found.append(("data.lags", f"{list(lags)[:20]} contains a lag twice; give each lag once"))
    if data.split == "random":
        found.append(("data.split", '"random" would make test rows inputs of training rows; with lags use "last" or "auto"'))
    if len(samples.shape) > 1:
        found.append(("data.lags", f"a sample is an image of shape {samples.shape}; lags are for rows of numbers"))
    if max(lags) > rows - 2:
        found.append(("data.lags", f"{max(lags):,} rows earlier, but only {rows:,} follow one another; expected 0 to {max(rows - 2, 0):,}"))
    if samples.task == "classification" and of != "inputs" and any(lags):
        text = 'the target consists of classes, which cannot be lagged inputs; use data.lags_of = "inputs", or data.task = "regression"'
        found.append(("data.lags_of", text))
    if not samples.x.shape[1] and (of == "inputs" or 0 in lags):
        found.append(("data.lags", 'there are no inputs besides the target; use data.lags_of = "target" and lags from 1'))
    elif lags == (0,):
        found.append(("data.lags", "0 alone means the row's own inputs, as without lags; add earlier rows: [0, 1, 12]"))
    if not found and len(samples.x) * sum(values.shape[1] for lag in lags for values, _ in _sources(samples, lag, of)) > limits.DATA_VALUES:
        found.append(("data.lags", f"{len(lags):,} lags of {samples.name} do not fit in memory; use fewer"))
    if found:
        raise InputError(*(Problem(samples.name, key, text) for key, text in found))
