"""Sequences of tokens: letters to sort, sums modulo p, sentences of a small grammar, a text file. Inputs are numbers of tokens; the target
at a token is the number of the next one, or -1 where that is not to be predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

IGNORED = -1  # a target that is not scored
TOKENS = ("token",)  # the axes of a sample


def load(data: Data, base: Path) -> Samples:
    """All samples, the training set first where the kind decides the split itself. Raises InputError with every problem."""
    _check(data)
    if data.kind == "sort":
        from nnviz3d.engine.data.sequences import sort

        return sort.make(data)
    if data.kind == "modular":
        from nnviz3d.engine.data.sequences import modular

        return modular.make(data)
    from nnviz3d.engine.data.sequences import text

    return text.stories(data) if data.kind == "story" else text.load(data, base)


def samples(
    name: str, rows_nt: np.ndarray, first: int, vocabulary: tuple[str, ...], n_train: int | None, *notes: str, end: int | None = None
) -> Samples:
    """Of whole sequences (n, T + 1): all but the last token are the input, all but the first the targets; those before place `first` of the
    sequence are not scored, nor what follows the token `end`."""
    rows_nt = np.asarray(rows_nt)
    t = rows_nt[:, 1:].astype(np.int32)
    t[:, : first - 1] = IGNORED
    x = rows_nt[:, :-1]
    if end is not None:
        t[x == end] = IGNORED
    places = tuple(f"token {k + 1}" for k in range(x.shape[1]))
    return Samples(name, "classification", (x.shape[1],), x, t, vocabulary, places, n_train, axes=TOKENS, notes=notes)


def tokens(x: np.ndarray, t: np.ndarray, name: str, n_train: int | None, notes: tuple[str, ...] = ()) -> Samples:
    """Of a file's numbers of tokens (n, T) and targets of the same shape. Raises InputError."""
    problems = []
    for key, values, low in (("inputs", x, 0), ("targets", t, IGNORED)):
        if values.ndim != 2 or values.shape != x.shape or not values.size:
            text = f"shape {list(values.shape)}; expected (samples, tokens), the same for inputs and targets"
            problems.append(Problem(name, key, text + (" (a class for each sequence is not supported)" if values.ndim == 1 else "")))
        elif values.dtype.kind not in "biuf" or (values != np.floor(values)).any() or values.min() < low or values.max() >= limits.CLASSES:
            problems.append(Problem(name, key, f"expected whole numbers of tokens, from {low} to below {limits.CLASSES:,}"))
    if problems:
        raise InputError(*problems)
    count = int(max(x.max(), t.max())) + 1
    places = tuple(f"token {k + 1}" for k in range(x.shape[1]))
    vocabulary = tuple(map(str, range(count)))
    return Samples(name, "classification", (x.shape[1],), x, t.astype(np.int32), vocabulary, places, n_train, axes=TOKENS, notes=notes)


def _check(data: Data) -> None:
    """Settings that mean nothing for numbers of tokens."""
    problems = []
    if data.standardize:
        problems.append(Problem("", "data.standardize", "inputs are numbers of tokens, which cannot be standardised; use false"))
    if data.task == "regression":
        problems.append(Problem("", "data.task", f'data of kind "{data.kind}" has a class for each token; use "auto"'))
    if problems:
        raise InputError(*problems)
