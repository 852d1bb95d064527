"""Pictures to files: PNG (8 or 16 bits), JPEG, WebP, TIFF and EXR by their names; atomically, with a name that is not taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.spec import file_extensions, paths
from nnviz3d.spec.errors import InputError, OptionProblem
from nnviz3d.video.codecs import CODECS, available
from nnviz3d.video.image_writer import encoded
from nnviz3d.video.png import FORMS, write_picture

WEBP_SIDE = 16_383


def save(image: np.ndarray, folder: Path, stem: str) -> Path:
    """Write `stem-001.png`, or the next free number, into a folder. Raises InputError where that is not possible."""
    taken = {path.name for path in folder.glob(f"{stem}-*.png")} if folder.is_dir() else set()
    number = next(k for k in range(1, 10**6) if f"{stem}-{k:03d}.png" not in taken)
    path = folder / f"{stem}-{number:03d}.png"
    write(image, path)
    return path


def depth(path: Path, wanted: int, size: tuple[int, int] = (1, 1), transparent: bool = False) -> int:
    """Bits a channel of a file with this name; asked before any work. Raises InputError where its kind cannot hold the picture, and where
    it needs what is not installed."""
    file_extensions.check(path, file_extensions.PICTURE, "output")
    ending, problems = path.suffix.lower(), []
    deep = 32 if ending == ".exr" else wanted
    if deep > 8 and ending in FORMS:
        problems.append(OptionProblem(str(path), "depth", f"{ending} supports 8 bits per channel; .png supports 16, .exr more"))
    if transparent and FORMS.get(ending, ("",))[0] == "jpeg":
        problems.append(OptionProblem(str(path), "transparent", "JPEG does not support transparency; .png, .webp, .tiff and .exr do"))
    if ending == ".webp" and max(size) > WEBP_SIDE:
        problems.append(OptionProblem(str(path), "size", f"WebP supports at most {WEBP_SIDE:,} pixels per side"))
    if problems:
        raise InputError(*problems)
    if deep > 8 and not available():
        raise InputError.of(str(path), "", f'pictures of {deep} bits need PyAV: pip install "nnviz3d[video]"')
    return deep


def write(image: np.ndarray, path: Path) -> None:
    """Replace `path` by the picture, (H, W, 3|4): uint8, uint16, or float32 for EXR. Raises InputError where that is not possible."""
    try:
        with paths.replacing(path) as part:
            if image.dtype == np.uint8:
                write_picture(image, part, path.suffix)
            else:
                codec = CODECS["png16" if image.dtype == np.uint16 else "exr"]
                part.write_bytes(encoded(image, codec, image.shape[2] == 4))
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be written: {error.strerror or error}") from None
