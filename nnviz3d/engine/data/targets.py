"""What a column of targets means: classes or numbers, decided once for every file format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.spec.errors import InputError

CLASSES = 10_000  # as many outputs as a scene may ask of generated data
AUTO_CLASSES = 20  # whole numbers with at most so many different values are taken for class ids


def from_array(t: np.ndarray, task: str, where: str) -> tuple[str, np.ndarray, tuple[str, ...]]:
    """(task, targets, names) from an array (n,), (n, 1) or (n, O).

    `auto`: text and true/false are classes; whole numbers are classes when they have 2 to 20 different values, each twice on average; rows
    of one 1 are classes by their columns; everything else is regression. Class ids are given in the sorted order of the values.
    Raises InputError.
    """
    if t.ndim == 2 and t.shape[1] == 1:
        t = t[:, 0]
    if t.ndim not in (1, 2) or not t.size:
        raise InputError.of(where, "", f"targets have the shape {t.shape}; expected (n,) or (n, outputs) with n > 0")
    words = t.dtype.kind not in "biuf"
    if task != "regression" and one_hot(t):
        return "classification", t.argmax(1).astype(np.int32), tuple(map(str, range(t.shape[1])))
    if task == "classification" or (task == "auto" and t.ndim == 1 and (words or t.dtype.kind == "b" or _looks_like_ids(t))):
        return "classification", *_classes(t, where)
    if words:
        raise InputError.of(where, "data.task", "the target is text, so this is classification, not regression")
    t = t.reshape(len(t), -1)
    if t.shape[1] > CLASSES:
        raise InputError.of(where, "", f"{t.shape[1]:,} targets per sample; at most {CLASSES:,} are allowed")
    names = ("target",) if t.shape[1] == 1 else tuple(f"target {k}" for k in range(t.shape[1]))
    return "regression", t, names


def inputs(data: DataSet) -> DataSet:
    """The same samples with themselves as targets, as the network is given them: standardised if they are. Raises InputError."""
    if data.n_inputs > CLASSES:
        text = f"{data.n_inputs:,} numbers per sample to give back; at most {CLASSES:,} are allowed. Use smaller samples"
        raise InputError.of(data.name, "data.targets", text)
    names = data.feature_names or tuple(",".join(map(str, place)) for place in np.ndindex(*data.shape))
    own = (data.t_train, data.t_test, data.class_names) if data.task == "classification" and data.t_train.ndim == 1 else None
    return replace(
        data, task="regression", t_train=data.x_train, t_test=data.x_test, class_names=tuple(names), units=(), reconstructs=True, own=own
    )


def one_hot(t: np.ndarray) -> bool:
    """Whether (n, C) targets with C > 1 are rows of one 1, the rest 0."""
    if t.ndim != 2 or t.shape[1] < 2 or not len(t) or t.dtype.kind not in "biuf" or t.shape[1] > CLASSES:
        return False
    return bool(((t == 0) | (t == 1)).all() and (np.count_nonzero(t, axis=1) == 1).all())


def spoken(t: np.ndarray, task: str) -> tuple[str, ...]:
    """What should be said of how an array of targets was taken."""
    if task == "classification" and one_hot(t):
        return (f'one-hot targets are read as {t.shape[1]:,} classes (numbers instead: data.task = "regression")',)
    return ()


def pixels(x: np.ndarray) -> np.ndarray:
    """Unsigned bytes are pictures: 0 .. 255 becomes [0, 1]. Other numbers stay as they are."""
    return x.astype(np.float32) / np.float32(255) if x.dtype == np.uint8 else x


def _classes(t: np.ndarray, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if t.ndim != 1:
        text = f"targets have the shape {t.shape}, and not every row is a single 1 among zeros; classification needs one class per sample"
        way = 'save the index of the class (for scores: their argmax), or learn them as numbers: data.task = "regression"'
        raise InputError.of(where, "data.task", f"{text}; {way}")
    if t.dtype.kind == "f" and not np.all(np.isfinite(t) & (t == np.floor(t))):
        raise InputError.of(where, "data.task", "the target holds fractions, so this is regression, not classification")
    values, ids = np.unique(t, return_inverse=True)
    if len(values) > CLASSES:
        raise InputError.of(
            where, "data.task", f"{len(values):,} different targets; at most {CLASSES:,} classes. Is this a regression task?"
        )
    names = values.astype(np.int64) if t.dtype.kind == "f" and np.abs(values).max() < 2**53 else values
    return ids.astype(np.int32), tuple(map(str, names.tolist()))


def _looks_like_ids(t: np.ndarray) -> bool:
    """By 100,000 evenly spread rows, so that a long regression target is not sorted for nothing."""
    some = t[:: -(-len(t) // 100_000)]
    if some.dtype.kind == "f" and not np.all(np.isfinite(some) & (some == np.floor(some))):
        return False
    different = len(np.unique(some))
    return 2 <= different <= min(AUTO_CLASSES, len(some) // 2) and (len(t) == len(some) or len(np.unique(t)) <= AUTO_CLASSES)
