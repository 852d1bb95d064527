"""A person's picture file as grey values: checked before anything is decoded, small enough afterwards for any network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
BYTES, PIXELS = 64 << 20, 64_000_000  # of a file, and of what it says that it holds
SIDE = 512  # pixels that are kept of the longer side


def grey(path: Path) -> np.ndarray:
    """(H, W) float64 in [0, 1], upright, what is transparent as white, at most `SIDE` a side. Raises InputError."""
    paths.regular_file(path, BYTES, "picture")
    where = str(path)
    try:
        with Image.open(path, formats=FORMATS) as picture:  # reads the head of the file only
            width, height = picture.size
            if width * height > PIXELS:
                raise InputError.of(where, "", f"{width:,} x {height:,} pixels; at most {PIXELS // 10**6} million are read")
            picture.draft("L", (SIDE, SIDE))  # a JPEG decoder can leave out most of it
            picture.load()
            upright = ImageOps.exif_transpose(picture) or picture
            return _grey(upright)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError.of(where, "", f"is not a picture ({', '.join(FORMATS)}), or a damaged one: {error}"[:300]) from None


def _grey(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith("I"):  # 16 bits
        values = np.asarray(picture, np.float64)
        picture = Image.fromarray((255 * values / max(values.max(), 1)).clip(0, 255).astype(np.uint8))
    elif "A" in picture.getbands() or "transparency" in picture.info:
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    small = picture.convert("L")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(small, np.float64) / 255
