"""What a data set is once it is loaded: arrays split into a part to train on and a part to test with, and the names of things."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from nnviz3d.spec.units import Unit


class Tokenizer(Protocol):
    """How a text becomes numbers of tokens, where tokens are neither its words nor its characters."""

    def encode(self, text: str) -> list[int]: ...
    def decode(self, ids: list[int]) -> str: ...


@dataclass(frozen=True)
class DataSet:
    """Samples as rows. `x_*` (n, I) float32, C-contiguous, I = prod(shape); `t_*` is the target.

    Classification: `t_*` (n,) int32 class ids into `class_names`. Regression: `t_*` (n, O), `class_names` names the O targets; their values
    are as the source has them, float64 where they have `units` (the objective scales them), float32 where they have none.
    The test set may have no rows. `feature_names` has I names, or none where a sample is a picture.
    """

    name: str
    task: str  # "classification" or "regression"
    shape: tuple[int, ...]  # of one sample, axes kept: (8, 8), (4,), (28, 28)
    x_train: np.ndarray
    t_train: np.ndarray
    x_test: np.ndarray
    t_test: np.ndarray
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...] = ()
    mean_i: np.ndarray | None = None  # where inputs are standardised: x = (source's value - mean) / scale, float64
    scale_i: np.ndarray | None = None
    units: tuple[Unit, ...] = ()  # of each numeric target of a file; none for classes and generated sets
    notes: tuple[str, ...] = ()  # what was done with the source that nobody asked for, in words
    reconstructs: bool = False  # the targets are the inputs: the output is a sample too, of the same shape
    own: tuple[np.ndarray, np.ndarray, tuple[str, ...]] | None = None  # then classes of train and test rows that it does not learn, names
    axes: tuple[str, ...] = ()  # what the axes of `shape` run over ("token", ...); empty: a vector, a picture, a picture for each channel
    tokenizer: Tokenizer | None = None  # of a model that was opened with its own

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits: of every number that training and tests see, in their order, and of the classes' names."""
        digest = hashlib.blake2b(repr((self.task, self.shape, self.class_names)).encode(), digest_size=16)
        for array in (self.x_train, self.t_train, self.x_test, self.t_test):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @cached_property
    def drawn(self) -> dict[tuple[str, int], np.ndarray]:
        """By part and count: numbers of rows that were drawn evenly (`engine.shown_evaluation`), the same ones for every network."""
        return {}

    @property
    def held_out(self) -> tuple[str, np.ndarray, np.ndarray]:
        """(name, x, t) of the test set; of the training set where there is no test set: what is shown and measured."""
        return ("test", self.x_test, self.t_test) if len(self.x_test) else ("train", self.x_train, self.t_train)

    @property
    def held_out_classes(self) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """(n,) classes of the rows of `held_out` and their names, also where these are not what is learned; None where there are none."""
        if self.own is not None:
            train_n, test_n, names = self.own
            return test_n if len(self.x_test) else train_n, names
        t = self.held_out[2]
        return (t, self.class_names) if self.task == "classification" and t.ndim == 1 else None

    @property
    def n_inputs(self) -> int:
        """Numbers of one sample."""
        return self.x_train.shape[1]

    @property
    def n_outputs(self) -> int:
        return len(self.class_names)

    @property
    def tokens(self) -> bool:
        """Whether a sample is a sequence: `x_*` holds numbers of tokens, `t_*` (n, T) the number that is to follow at each of them, or -1
        where that is not scored. `class_names` is the vocabulary of both."""
        return self.axes == ("token",)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """What the numbers of tokens stand for; empty where a sample is no sequence."""
        return self.class_names if self.tokens else ()

    @property
    def two_classes(self) -> bool:
        """Whether the one numeric target is 0 or 1 everywhere: two classes that a single logit can tell apart."""
        return len(self.units) == 1 and (self.units[0].low, self.units[0].high, self.units[0].decimals) == (0, 1, 0)

    @property
    def summary(self) -> str:
        """One line for people: "1,438 to train, 359 to test; 8x8 inputs, 10 classes"."""
        if self.tokens:
            sizes = f"{len(self.x_train):,} to train, {len(self.x_test):,} to test"
            return f"{sizes}; sequences of {self.shape[0]:,} tokens, {self.n_outputs:,} different ones"
        inputs = "x".join(map(str, self.shape))
        kind, many = ("class", "classes") if self.task == "classification" else ("target", "targets")
        sizes = f"{len(self.x_train):,} to train, {len(self.x_test):,} to test"
        return f"{sizes}; {inputs} input{'' if inputs == '1' else 's'}, {self.n_outputs:,} {kind if self.n_outputs == 1 else many}"

    @property
    def description(self) -> str:
        """The summary with the notes."""
        return "; ".join((self.summary, *self.notes))


@dataclass(frozen=True)
class Samples:
    """What a reader or generator hands over, before the split: all rows in their own order, values as they are in the source.

    `n_train`: the source has decided the split itself, the first so many rows are the training set.
    """

    name: str
    task: str
    shape: tuple[int, ...]
    x: np.ndarray  # (n, I) any real dtype
    t: np.ndarray  # (n,) int class ids, or (n, O) real
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...] = ()
    n_train: int | None = None
    axes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
