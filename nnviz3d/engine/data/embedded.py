"""Digits, MNIST, iris, wine and breast cancer, shipped in `sets/` by tools/make_datasets.py. Sources and licences: sets/ATTRIBUTION.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.engine.data.dataset import Samples

SETS = Path(__file__).resolve().parent / "sets"
NAMES = ("digits", "mnist", "iris", "wine", "breast_cancer")
LEVELS = {"digits": 16, "mnist": 255}  # the largest value of a pixel; one of digits counts the set dots of a 4x4 block


def load(name: str, side: int = 0) -> Samples:
    """All samples of one set in the order of its source. Pictures are scaled to [0, 1], and to `side` rows and columns where that is not 0;
    the others keep their units."""
    with np.load(SETS / f"{name}.npz", allow_pickle=False) as file:
        x, t, classes = file["x"], file["t"].astype(np.int32), tuple(map(str, file["classes"]))
        features = tuple(map(str, file["features"])) if "features" in file else ()
    if name in LEVELS:
        x = x.astype(np.float32) / LEVELS[name]
        x = resized(x, side) if side not in (0, x.shape[-1]) else x
    return Samples(name, "classification", x.shape[1:], x.reshape(len(x), -1), t, classes, features)


def resized(x_nhw: np.ndarray, side: int) -> np.ndarray:
    """Square pictures of another size: each new pixel is the mean of what it covers."""
    share = _overlap(x_nhw.shape[-1], side)
    return np.einsum("rh,nhw,cw->nrc", share, x_nhw, share, optimize=True).astype(np.float32)


def _overlap(before: int, after: int) -> np.ndarray:
    """(after, before): how much of each new pixel lies on each old one; every row adds up to 1."""
    edges = np.arange(after + 1) * (before / after)
    low, high = edges[:-1, None], edges[1:, None]
    old = np.arange(before)
    return np.clip(np.minimum(high, old + 1) - np.maximum(low, old), 0, None) * (after / before)
