"""Digits, MNIST, iris, wine and breast cancer, shipped in `sets/` by tools/make_datasets.py. Sources and licences: sets/ATTRIBUTION.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.engine.data.dataset import Samples

SETS = Path(__file__).resolve().parent / "sets"
NAMES = ("digits", "mnist", "iris", "wine", "breast_cancer")
LEVELS = {"digits": 16, "mnist": 255}  # the largest value of a pixel; one of digits counts the set dots of a 4x4 block


def load(name: str) -> Samples:
    """All samples of one set in the order of its source. Pictures are scaled to [0, 1]; the others keep their units."""
    with np.load(SETS / f"{name}.npz", allow_pickle=False) as file:
        x, t, classes = file["x"], file["t"].astype(np.int32), tuple(map(str, file["classes"]))
        features = tuple(map(str, file["features"])) if "features" in file else ()
    shape = x.shape[1:]
    if name in LEVELS:
        x = x.astype(np.float32) / LEVELS[name]
    return Samples(name, "classification", shape, x.reshape(len(x), -1), t, classes, features)
