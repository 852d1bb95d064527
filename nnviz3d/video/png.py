"""Pictures in files by Pillow: PNG, JPEG, WebP, TIFF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

FORMS = {
    ".jpg": ("jpeg", {"quality": 95, "subsampling": 0}),  # letters keep their colours
    ".webp": ("webp", {"quality": 95, "method": 4}),
    ".tif": ("tiff", {"compression": "tiff_adobe_deflate"}),
}
FORMS |= {".jpeg": FORMS[".jpg"], ".tiff": FORMS[".tif"]}


def write_picture(image: np.ndarray, path: Path, ending: str) -> None:
    """(H, W, 3|4) uint8 to a file, as its ending says; PNG for one that is none. Raises OSError."""
    form, options = FORMS.get(ending.lower(), ("png", {"compress_level": 3}))
    with path.open("wb") as file:
        Image.fromarray(np.ascontiguousarray(image)).save(file, form, **options)


def png_bytes(image: np.ndarray, widest: int) -> bytes:
    """(H, W, 3|4) uint8 as a PNG file's bytes, made smaller where it is wider than so many pixels."""
    picture, file = Image.fromarray(np.ascontiguousarray(image)), BytesIO()
    if picture.width > widest:
        picture = picture.resize((widest, max(round(picture.height * widest / picture.width), 1)), Image.Resampling.LANCZOS)
    picture.save(file, "png", compress_level=3)
    return file.getvalue()
