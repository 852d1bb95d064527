"""What one cell of a map is made from: a patch of each channel that it reads, cell by cell, with the weights there. Host copies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Reduced = Literal["sum", "maximum", "mean"]


@dataclass(frozen=True, eq=False)
class PatchReading:
    """Of one channel, each (rows, columns) of the window: `neuron` of the source (-1 in the padding), its activation `a`, what it is
    multiplied by, `w`, and the products; float64. In the padding `a` is 0. `parameter` of each weight; None where there are none."""

    channel: int
    neuron: np.ndarray
    a: np.ndarray
    w: np.ndarray
    parameter: np.ndarray | None = None

    @cached_property
    def product(self) -> np.ndarray:
        return self.w * self.a

    @cached_property
    def total(self) -> float:
        return float(self.product.sum())

    @cached_property
    def outside(self) -> np.ndarray:
        """Which cells lie in the padding."""
        return self.neuron < 0


@dataclass(frozen=True, eq=False)
class WindowReading:
    """`row_r`, `column_c`: which rows and columns of the source the window's are; outside `size` lies the padding. `patches`: of the
    channels that the cell reads, the strongest first; of more than are listed the rest is `rest_count` with `rest` as their sum. `whole`:
    it reads all of each map, as a dense layer does after a flattening."""

    how: Reduced
    source: int  # number of the node that is read
    source_name: str
    first: int  # neuron where the source begins
    size: tuple[int, int]  # rows and columns of one map of the source
    row_r: np.ndarray
    column_c: np.ndarray
    channel: int  # of the cell itself, with its row and column; a neuron of a vector has only the first
    row: int
    column: int
    patches: tuple[PatchReading, ...]
    rest_count: int = 0
    rest: float = 0.0
    whole: bool = False

    @cached_property
    def total(self) -> float:
        """Over all channels, without a bias; of a maximum the winner's product with 1."""
        return sum(patch.total for patch in self.patches) + self.rest

    @cached_property
    def largest(self) -> tuple[float, float, float]:
        """|value| of cells, weights, products over all listed channels."""
        each = [[float(np.abs(x).max()) for x in (patch.a, patch.w, patch.product)] for patch in self.patches]
        a, w, product = np.max(each, axis=0) if each else (0.0, 0.0, 0.0)
        return float(a), float(w), float(product)


@dataclass(frozen=True, eq=False)
class SharesReading:
    """The row that a softmax goes over: z of each, e to it (against the largest, so that it never overflows), its share. (K,) float64."""

    first: int  # neuron of the first
    at: int  # which of them is looked at
    z_k: np.ndarray
    exp_k: np.ndarray  # exp(z - largest z)
    share_k: np.ndarray
    names: tuple[str, ...]
