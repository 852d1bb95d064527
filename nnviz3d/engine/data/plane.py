"""The plane that a data set is looked at in: two of its inputs, the range of each, its points, and the inputs of a grid over it.

Playground's sets lie in [-6, 6] squared whatever features are chosen; sets of exactly two inputs are their own plane; of others any two
inputs make one, and then the rest is held at what the asker says. Without a choice those have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.data import playground
from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data, View

PLAYGROUND = 6.0  # half the side of its domain
SHOWN = 30  # names in a message


@dataclass(frozen=True, eq=False)
class Plane:
    """`low`, `high` (2,): the range that is shown. `points` (n, 2) and `targets` (n,) of the training set: class ids, or numbers."""

    low: np.ndarray
    high: np.ndarray
    points: np.ndarray
    targets: np.ndarray
    test_points: np.ndarray  # (m, 2)
    names: tuple[str, str]  # of its two axes: to the right, up
    features: tuple[str, ...] = ()  # of Playground's sets, made from the plane; empty: `axes` are inputs themselves
    axes: tuple[int, int] = (0, 1)
    inputs_count: int = 2
    mean: np.ndarray | float = 0.0  # of the inputs, where the scene standardises them
    deviation: np.ndarray | float = 1.0

    @property
    def slices(self) -> bool:
        """Whether there are other inputs, which must be held at something."""
        return not self.features and self.inputs_count > 2

    def inputs(self, side: int, held_i: np.ndarray | None = None) -> np.ndarray:
        """(side * side, I) float32: inputs at the cell centres of a grid, rows from the largest second coordinate down.

        `held_i` (I,): what the inputs off the plane are held at; without it they are 0.
        """
        share = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(*(self.low[k] + (self.high[k] - self.low[k]) * share for k in (0, 1)))
        x, y = x.ravel(), y[::-1].ravel()
        if self.features:
            rows = np.stack([playground.FEATURES[name](x, y) for name in self.features], axis=1)
            return ((rows - self.mean) / self.deviation).astype(np.float32)
        rows = np.zeros((side * side, self.inputs_count), np.float32)
        if held_i is not None:
            rows[:] = held_i
        rows[:, self.axes[0]], rows[:, self.axes[1]] = x, y
        return rows

    def place(self, part: str, index: int) -> tuple[float, float]:
        """Where a sample of "train" or "test" lies, in [0, 1] twice from the lower left where it is within the range."""
        point = (self.points if part == "train" else self.test_points)[index]
        x, y = (point - self.low) / (self.high - self.low)
        return float(x), float(y)


def plane_of(data: Data, loaded: DataSet, view: View | None = None) -> Plane | None:
    """The plane of a loaded data set, or None where it has none. Raises InputError where `view` asks for one that cannot be."""
    targets = loaded.t_train if loaded.t_train.ndim == 1 else loaded.t_train[:, 0]
    axes = _chosen(data, loaded, view or View())
    if data.kind in playground.GENERATORS:
        points, _target = playground.points(data)
        n = len(loaded.x_train)
        rows = np.stack([playground.FEATURES[name](*points[:n].T) for name in data.features], axis=1)
        mean, deviation = (rows.mean(0), rows.std(0)) if data.standardize else (np.zeros(1), np.ones(1))
        side, deviation = np.full(2, PLAYGROUND), np.where(deviation > 0, deviation, 1.0)
        return Plane(-side, side, points[:n], targets, points[n:], ("x1", "x2"), data.features, mean=mean, deviation=deviation)
    if axes is None:
        return None
    points = loaded.x_train[:, axes]
    low, high = points.min(0).astype(np.float64), points.max(0).astype(np.float64)
    margin = np.maximum(np.maximum(high - low, 1e-6), 1e-6 * np.maximum(abs(low), abs(high))) * 0.1  # a constant input has a range too
    right, up = (loaded.feature_names[k] if loaded.feature_names else f"input {k}" for k in axes)
    return Plane(low - margin, high + margin, points, targets, loaded.x_test[:, axes], (right, up), (), axes, loaded.x_train.shape[1])


def _chosen(data: Data, loaded: DataSet, view: View) -> tuple[int, int] | None:
    """The two inputs that the scene asks for; of a set with exactly two, without asking, those. Raises InputError with every problem."""
    asked = {"view.plate_x": view.plate_x, "view.plate_y": view.plate_y}
    if not any(asked.values()):
        return (0, 1) if loaded.shape == (2,) else None
    if data.kind in playground.GENERATORS:
        message = f'"{data.kind}" already is a plane of x1 and x2; leave this empty'
        raise InputError(*(Problem("", key, message) for key, name in asked.items() if name))
    problems, found = [], []
    for key, name in asked.items():
        place, wrong = _place(name, loaded)
        found.append(place)
        problems += [Problem("", key, wrong)] if wrong else []
    if not problems and found[0] == found[1]:
        problems.append(Problem("", "view.plate_y", f'the same feature as view.plate_x, "{view.plate_x}"; a plane needs two'))
    if problems:
        raise InputError(*problems)
    return tuple(found)


def _place(name: str, loaded: DataSet) -> tuple[int, str]:
    """The place of an input among all, and what is wrong with its name."""
    names, count = loaded.feature_names, loaded.x_train.shape[1]
    known = f"a number from 0 to {count - 1:,}"
    if names:
        more = ", ..." if count > SHOWN else ""
        known = f"one of {', '.join(names[:SHOWN])}{more}, or {known}"
    if not name:
        return -1, f"a plane needs two features, but this one is empty; expected {known}"
    if names.count(name) > 1:
        return -1, f'"{name}" names {names.count(name)} features; give the number from 0 to {count - 1:,} instead'
    if name in names:
        return names.index(name), ""
    if name.isascii() and name.isdecimal() and len(name) < 10 and int(name) < count:
        return int(name), ""
    return -1, f'no feature "{name}"; expected {known}'
