"""PNG files by Pillow."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image


def write_png(image: np.ndarray, path: Path) -> None:
    """(H, W, 3|4) uint8 to a file. Raises OSError."""
    with path.open("wb") as file:
        Image.fromarray(np.ascontiguousarray(image)).save(file, "png", compress_level=3)


def read_png(path: Path) -> np.ndarray:
    """(H, W, 3|4) uint8 from a file."""
    with Image.open(path, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))


def png_bytes(image: np.ndarray, widest: int) -> bytes:
    """(H, W, 3|4) uint8 as a PNG file's bytes, made smaller where it is wider than so many pixels."""
    picture, file = Image.fromarray(np.ascontiguousarray(image)), BytesIO()
    if picture.width > widest:
        picture = picture.resize((widest, max(round(picture.height * widest / picture.width), 1)), Image.Resampling.LANCZOS)
    picture.save(file, "png", compress_level=3)
    return file.getvalue()
