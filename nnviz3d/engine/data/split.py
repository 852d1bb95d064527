"""From all samples to a `DataSet`: checks, the split into train and test, standardisation. Deterministic by seed; reads no files."""

from __future__ import annotations

import numpy as np

from nnviz3d.engine.data.dataset import DataSet, Samples
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.units import of as unit_of

SHOWN = 10  # problems of one kind that are reported one by one


def finish(
    samples: Samples,
    *,
    seed: int,
    test_fraction: float,
    standardize: bool,
    last: bool = False,
    looks_back: bool = False,
    units: bool = False,
) -> DataSet:
    """Check, split, standardise. Rows keep their order inside each part. Raises InputError with every problem.

    `last`: the last rows are the test set; `looks_back`: inputs are earlier rows. `units`: numeric targets have units of their own.
    """
    problems = check(samples)
    if problems:
        raise InputError(*problems)
    n, notes = len(samples.x), list(samples.notes)
    if samples.n_train is not None:
        train_b, test_b = np.arange(samples.n_train), np.arange(samples.n_train, n)
    elif last:
        first = n - _test_rows(n, test_fraction)
        train_b, test_b = np.arange(first), np.arange(first, n)
        notes.append(
            f"the last {n - first:,} rows are the test set" + (", whose lagged inputs reach back into the training set" * looks_back)
        )
    else:
        classes = samples.t if samples.task == "classification" and samples.t.ndim == 1 else None
        train_b, test_b = split(n, classes, test_fraction, np.random.Generator(np.random.PCG64(seed)))
    x_train, x_test = samples.x[train_b], samples.x[test_b]
    mean_i, scale_i = statistics(x_train) if standardize else (None, None)
    if standardize:
        x_train, x_test = (x_train - mean_i) / scale_i, (x_test - mean_i) / scale_i
    units &= samples.task == "regression"
    dtype = np.int32 if samples.task == "classification" else np.float64 if units else np.float32
    t_train, t_test = np.ascontiguousarray(samples.t[train_b], dtype), np.ascontiguousarray(samples.t[test_b], dtype)
    return DataSet(
        name=samples.name,
        task=samples.task,
        shape=samples.shape,
        x_train=np.ascontiguousarray(x_train, np.float32),
        t_train=t_train,
        x_test=np.ascontiguousarray(x_test, np.float32),
        t_test=t_test,
        class_names=samples.class_names,
        feature_names=samples.feature_names,
        mean_i=mean_i,
        scale_i=scale_i,
        units=tuple(unit_of(name, t_train[:, k], t_test[:, k]) for k, name in enumerate(samples.class_names)) if units else (),
        notes=tuple(notes),
        axes=samples.axes,
    )


def split(n: int, classes_b: np.ndarray | None, test_fraction: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the train and the test set, each ascending; at least one row trains.

    With classes the split is stratified: in random order, row r of a class with m rows gets the key r / m, and the largest keys are
    the test set. So every class gives its share to within a few rows (one for each class), and none is absent from training while
    there is room.
    """
    n_test = _test_rows(n, test_fraction)
    order = rng.permutation(n)
    if classes_b is not None:
        grouped = order[np.argsort(classes_b[order], kind="stable")]
        counts = np.bincount(classes_b)
        rank = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
        key = np.empty(n)
        key[grouped] = rank / np.repeat(counts, counts)
        order = order[np.argsort(key[order], kind="stable")]
    return np.sort(order[: n - n_test]), np.sort(order[n - n_test :])


def _test_rows(n: int, fraction: float) -> int:
    """At least one row trains."""
    return min(round(n * fraction), n - 1)


def statistics(x_train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each input of the training set, float64; a constant input gets the scale 1, and so becomes 0."""
    constant_i = x_train.min(axis=0) == x_train.max(axis=0)  # its mean is not it: 7.1 three times has a mean of 7.1 - 9e-16
    mean_i = np.where(constant_i, x_train[0], x_train.mean(axis=0, dtype=np.float64))
    scale_i = np.where(constant_i, 1.0, x_train.std(axis=0, dtype=np.float64))
    scale_i[scale_i == 0] = 1.0  # so small that its square is 0
    return mean_i, scale_i


def check(samples: Samples) -> list[Problem]:
    """What makes a data set unusable: no rows, no inputs, one class, numbers that are not finite in float32."""
    problems = []
    if not samples.x.size:
        rows, inputs = samples.x.shape
        return [Problem(samples.name, "", f"{rows:,} samples of {inputs:,} inputs; at least one of each is needed")]
    if samples.n_train == 0:
        problems.append(Problem(samples.name, "", "no samples to train with"))
    if samples.task == "classification" and len(samples.class_names) < 2:
        only = f'only one class, "{samples.class_names[0]}"' if samples.class_names else "no classes"
        problems.append(Problem(samples.name, "", f"{only}; classification needs at least two"))
    if np.issubdtype(samples.x.dtype, np.floating):
        problems += _not_finite(samples, samples.x, "input")
    if samples.task == "regression":
        problems += _not_finite(samples, samples.t, "target")
    return problems


def _not_finite(samples: Samples, values: np.ndarray, what: str) -> list[Problem]:
    """NaN, infinities, and numbers so large that float32 has none for them; rows and columns counted from 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.argwhere(~(np.abs(values) <= np.finfo(np.float32).max))
    found = [
        Problem(samples.name, "", f"{what} {column} of sample {row} is {values[row, column]}; expected a finite number")
        for row, column in bad[:SHOWN]
    ]
    if len(bad) > SHOWN:
        found.append(Problem(samples.name, "", f"and {len(bad) - SHOWN:,} more such {what}s"))
    return found
