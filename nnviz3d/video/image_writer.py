"""Numbered pictures: PNG of 8 or 16 bits, and EXR in half floats. A frame is a file, so a film is resumed by what is there."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video.codecs import Codec
from nnviz3d.video.encode import frame_of

DIGITS = 6


def naming(path: Path, format: str) -> tuple[str, int, str]:
    """What stands before the number in a frame's path, its digits, and what stands after it.

    `film/####.png` and `film/%05d.png` say where the number stands; a plain name becomes a folder. Raises InputError for two numbers.
    """
    found = list(re.finditer(r"#+|%(\d*)d", path.name))
    if len(found) > 1:
        raise InputError.of(str(path), "", "has two placeholders for the frame number; write #### once")
    if not found:
        folder = path.with_suffix("") if path.suffix.lower() == f".{format}" else path
        return f"{folder}{os.sep}", DIGITS, f".{format}"
    mark = found[0]
    digits = len(mark[0]) if mark[0][0] == "#" else int(mark[1] or 1)
    return str(path.with_name("-"))[:-1] + path.name[: mark.start()], digits, path.name[mark.end() :]


def encoded(image: np.ndarray, codec: Codec, alpha: bool = False) -> bytes:
    """One picture as the bytes of its file: (H, W, 3|4) uint8, uint16 or, for EXR, float32 in linear light."""
    import av

    context = av.CodecContext.create(codec.encoder, "w")
    assert isinstance(context, av.VideoCodecContext)  # as every encoder of CODECS has
    context.height, context.width = image.shape[:2]
    context.pix_fmt = codec.alpha_pixels if alpha else codec.pixels
    context.options = dict(codec.options)
    context.time_base = Fraction(1, 1)
    return b"".join(bytes(packet) for packet in [*context.encode(frame_of(image, codec, alpha)), *context.encode(None)])


class Sequence:
    """Writes frame `number` as a file, whole or not at all. `done(number)`: it is there already."""

    def __init__(self, path: Path, format: str, codec: Codec, alpha: bool = False):
        self.naming, self.codec, self.alpha = naming(path, format), codec, alpha

    def file(self, number: int) -> Path:
        before, digits, after = self.naming
        return Path(f"{before}{number:0{digits}d}{after}")

    def done(self, number: int) -> bool:
        return self.file(number).exists()

    def add(self, number: int, image: np.ndarray) -> None:
        """(H, W, 3|4) uint8, uint16 or, for EXR, float32 in linear light. Raises RunError when the disk is full."""
        path = self.file(number)
        content = encoded(image, self.codec, self.alpha)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            paths.replace(path, content)
        except OSError as error:
            raise RunError(f"{path}: {error.strerror}; earlier frames are kept; continue with `--resume`") from None
