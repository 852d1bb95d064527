"""TensorFlow Playground's six data sets and seven features, to its formulas (commit 02469bd, `dataset.ts`, `state.ts`).

U(a, b) is uniform, s the noise in [0, 0.5]. 500 points for classes, 1,200 for numbers. Class 1 is Playground's +1, class 0 its -1.
The points are shuffled once, and the first floor(n * (1 - test_fraction)) are the training set, as there.
"""

from __future__ import annotations

from math import floor

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec.scene import Data

FEATURES = {
    "x1": lambda x, y: x,
    "x2": lambda x, y: y,
    "x1^2": lambda x, y: x * x,
    "x2^2": lambda x, y: y * y,
    "x1*x2": lambda x, y: x * y,
    "sin(x1)": lambda x, y: np.sin(x),
    "sin(x2)": lambda x, y: np.sin(y),
}


def circle(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """+1 within radius 2.5, -1 in a ring from 3.5 to 5. Noise U(-5, 5) * s moves only the point that is used for labelling."""
    half = (n + 1) // 2
    radius = np.concatenate([rng.uniform(0, 2.5, half), rng.uniform(3.5, 5, n - half)])
    angle = rng.uniform(0, 2 * np.pi, n)
    xy = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    moved = xy + rng.uniform(-5, 5, (n, 2)) * s
    return xy, np.hypot(moved[:, 0], moved[:, 1]) < 2.5


def xor(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """x, y ~ U(-5, 5), pushed 0.3 away from both axes; +1 where (x + noise)(y + noise) >= 0, noise U(-5, 5) * s."""
    xy = rng.uniform(-5, 5, (n, 2))
    xy += np.where(xy > 0, 0.3, -0.3)
    moved = xy + rng.uniform(-5, 5, (n, 2)) * s
    return xy, moved[:, 0] * moved[:, 1] >= 0


def gauss(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two normal clouds, (2, 2) is +1 and (-2, -2) is -1; variance 0.5 + 7 s (0.5 .. 4)."""
    positive = np.arange(n) < (n + 1) // 2
    return rng.normal(np.where(positive, 2.0, -2.0)[:, None], np.sqrt(0.5 + 7 * s), (n, 2)), positive


def spiral(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two arms of m points, i = 0 .. m - 1: r = 5 i / m, angle 1.75 (i / m) 2 pi, the second turned by pi; noise U(-1, 1) * s."""
    half = (n + 1) // 2
    positive = np.arange(n) < half
    place = np.concatenate([np.arange(half) / half, np.arange(n - half) / max(n - half, 1)])
    angle = 1.75 * place * 2 * np.pi + np.where(positive, 0.0, np.pi)
    xy = 5 * place[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return xy + rng.uniform(-1, 1, (n, 2)) * s, positive


def plane(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """x, y ~ U(-6, 6); the target is (x' + y') / 10 with x' = x + U(-6, 6) * s."""
    xy = rng.uniform(-6, 6, (n, 2))
    moved = xy + rng.uniform(-6, 6, (n, 2)) * s
    return xy, moved.sum(axis=1) / 10


def hills(n: int, s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Six hills and hollows: sign * clamp(1 - distance / 2, 0, 1) of the one that is largest in size, at the moved point."""
    centres = np.array([(-4, 2.5), (0, 2.5), (4, 2.5), (-4, -2.5), (0, -2.5), (4, -2.5)])
    signs = np.array([1, -1, 1, -1, 1, -1])
    xy = rng.uniform(-6, 6, (n, 2))
    moved = xy + rng.uniform(-6, 6, (n, 2)) * s
    distance = np.linalg.norm(moved[:, None] - centres, axis=2)
    heights = signs * np.clip(1 - distance / 2, 0, 1)
    return xy, heights[np.arange(n), np.abs(heights).argmax(axis=1)]


GENERATORS = {"circle": circle, "xor": xor, "gauss": gauss, "spiral": spiral, "reg-plane": plane, "reg-gauss": hills}


def points(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) places and (n,) targets of `data.kind`, shuffled."""
    rng = np.random.Generator(np.random.PCG64(data.seed))
    n = data.samples or (1200 if data.kind.startswith("reg-") else 500)
    xy, target = GENERATORS[data.kind](n, data.noise, rng)
    order = rng.permutation(n)
    return xy[order], target[order]


def make(data: Data) -> Samples:
    """The points of `data.kind`, shuffled, with the chosen features as inputs."""
    regression = data.kind.startswith("reg-")
    xy, target = points(data)
    (x, y), n = xy.T, len(xy)
    return Samples(
        name=data.kind,
        task="regression" if regression else "classification",
        shape=(len(data.features),),
        x=np.stack([FEATURES[name](x, y) for name in data.features], axis=1),
        t=target[:, None] if regression else target.astype(np.int32),
        class_names=("label",) if regression else ("-1", "+1"),
        feature_names=data.features,
        n_train=max(1, floor(n * (1 - data.test_fraction) + 1e-9)),  # 1e-9: 1200 * (1 - 0.9) is 119.99999999999997 in binary
    )
