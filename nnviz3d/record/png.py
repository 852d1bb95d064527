"""PNG files by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def write_png(image: np.ndarray, path: Path) -> None:
    """(H, W, 3|4) uint8 to a file. Raises OSError."""
    with path.open("wb") as file:
        Image.fromarray(np.ascontiguousarray(image)).save(file, "png", compress_level=3)


def read_png(path: Path) -> np.ndarray:
    """(H, W, 3|4) uint8 from a file."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))
