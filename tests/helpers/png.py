"""PNG files whose every pixel counts, for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from nnviz3d.video.png import write_picture


def write_png(image: np.ndarray, path: Path) -> None:
    """(H, W, 3|4) uint8 to a PNG file, whatever its name ends with."""
    write_picture(image, path, ".png")


def read_png(path: Path) -> np.ndarray:
    """(H, W, 3|4) uint8 from a file."""
    with Image.open(path, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))
