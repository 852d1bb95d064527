"""Pictures to PNG files: atomically, with a name that is not taken."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from nnviz3d.record.png import write_png
from nnviz3d.spec.errors import InputError


def save(image: np.ndarray, folder: Path, stem: str) -> Path:
    """Write `stem-001.png`, or the next free number, into a folder. Raises InputError where that is not possible."""
    taken = {path.name for path in folder.glob(f"{stem}-*.png")} if folder.is_dir() else set()
    number = next(k for k in range(1, 10**6) if f"{stem}-{k:03d}.png" not in taken)
    path = folder / f"{stem}-{number:03d}.png"
    write(image, path)
    return path


def write(image: np.ndarray, path: Path) -> None:
    """Replace `path` by the picture, (H, W, 3|4) uint8. Raises InputError where that is not possible."""
    part = path.with_name(path.name + ".part")
    try:
        write_png(image, part)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError.of(str(path), "", f"cannot be written: {error.strerror or error}") from None
