"""The plane that a two-dimensional data set lies in: its range, its points, and the inputs of a grid over it.

Playground's sets lie in [-6, 6] squared whatever features are chosen; of other sets those with exactly two inputs. Others have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.data import playground
from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.spec.scene import Data

PLAYGROUND = 6.0  # half the side of its domain


@dataclass(frozen=True)
class Plane:
    """`low`, `high` (2,): the range that is shown. `points` (n, 2) and `targets` (n,) of the train part: class ids, or numbers."""

    low: np.ndarray
    high: np.ndarray
    points: np.ndarray
    targets: np.ndarray
    features: tuple[str, ...]  # of Playground's sets; empty: the inputs are the plane itself
    mean: np.ndarray  # of the inputs, where the scene standardises them
    deviation: np.ndarray

    def inputs(self, side: int) -> np.ndarray:
        """(side * side, I) float32: inputs at the cell centres of a grid, rows from the largest second coordinate down."""
        share = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(*(self.low[k] + (self.high[k] - self.low[k]) * share for k in (0, 1)))
        x, y = x.ravel(), y[::-1].ravel()
        rows = np.stack([playground.FEATURES[name](x, y) for name in self.features] if self.features else [x, y], axis=1)
        return ((rows - self.mean) / self.deviation).astype(np.float32)


def plane_of(data: Data, loaded: DataSet) -> Plane | None:
    """The plane of a loaded data set, or None where it has none."""
    targets = loaded.t_train if loaded.t_train.ndim == 1 else loaded.t_train[:, 0]
    if data.kind in playground.GENERATORS:
        points, _target = playground.points(data)
        train = points[: len(loaded.x_train)]
        rows = np.stack([playground.FEATURES[name](*train.T) for name in data.features], axis=1)
        mean, deviation = (rows.mean(0), rows.std(0)) if data.standardize else (np.zeros(1), np.ones(1))
        side = np.full(2, PLAYGROUND)
        return Plane(-side, side, train, targets, data.features, mean, np.where(deviation > 0, deviation, 1.0))
    if loaded.shape != (2,):
        return None
    low, high = loaded.x_train.min(0), loaded.x_train.max(0)
    margin = np.maximum(high - low, 1e-6) * 0.1
    return Plane(low - margin, high + margin, loaded.x_train, targets, (), np.zeros(1), np.ones(1))
