"""What a notebook shows of pictures and films. Needs no IPython: a notebook asks objects how they look."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

INLINE = 8 << 20  # bytes of a film that may stand in the notebook itself
WIDTH = 960  # pixels that a picture or film takes in a notebook at most
SHOWN = {".mp4": "video/mp4", ".webm": "video/webm", ".gif": "image/gif", ".apng": "image/apng"}


class Still(np.ndarray):
    """A picture, (H, W, 3|4): an array in all it does, which a notebook shows as what it is.

    A part of it is a picture too; what is computed from it is an array as any other.
    """

    def __new__(cls, image: np.ndarray) -> Still:
        return np.asarray(image).view(cls)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        """What is computed from a picture is an array or a number as any other."""
        return array[()] if return_scalar else np.asarray(array)

    def _repr_png_(self) -> bytes | None:
        if self.ndim != 3 or self.shape[2] not in (3, 4) or not self.size or self.dtype not in (np.uint8, np.uint16):
            return None
        from nnviz3d.video.png import png_bytes

        image = np.asarray(self)
        return png_bytes((image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image, 2 * WIDTH)


@dataclass(frozen=True)
class Film:
    """A film that was made: where it is, and what its sidecar says (size, fps, seed, versions, the frames' hashes)."""

    path: Path
    sidecar: dict = field(repr=False)

    @property
    def size(self) -> tuple[int, int]:
        return self.sidecar["width"], self.sidecar["height"]

    @property
    def fps(self) -> int | Fraction:
        """A whole number, or the exact ratio."""
        rate = Fraction(self.sidecar["fps"])
        return rate.numerator if rate.denominator == 1 else rate

    @property
    def frames(self) -> int:
        return self.sidecar["count"]

    @property
    def seconds(self) -> float:
        return self.sidecar["seconds"]

    def __fspath__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        """The film itself where a browser can show it and it is small; else a link, and why."""
        kind = SHOWN.get(self.path.suffix.lower())
        text = f"{self.frames:,} frames, {self.size[0]}x{self.size[1]}, {self.seconds:.1f} s"
        try:
            large = self.path.stat().st_size if self.path.is_file() else 0
            if kind and 0 < large <= INLINE:
                return _tag(kind, base64.b64encode(self.path.read_bytes()).decode(), min(self.size[0], WIDTH))
        except OSError as error:
            return f"{escape(str(self.path))}: {escape(error.strerror or str(error))}"
        if not large:
            return f"{_link(self.path if self.path.is_dir() else self.path.parent)} ({escape(self.path.name)}; {text})"
        why = f"{large / 1e6:,.1f} MB" if kind else "not for browsers"
        return f"{_link(self.path)} ({text}; {why})"


def _tag(kind: str, data: str, width: int) -> str:
    source = f'src="data:{kind};base64,{data}" width="{width}"'
    return f"<img {source}>" if kind.startswith("image") else f"<video {source} controls loop autoplay muted playsinline></video>"


def _link(path: Path) -> str:
    """As seen from the notebook, where it is below it."""
    try:
        seen = Path(os.path.relpath(path))
    except ValueError:  # another drive
        seen = path
    address = quote(seen.as_posix()) if not str(seen).startswith("..") else path.absolute().as_uri()
    return f'<a href="{escape(address, quote=True)}" target="_blank">{escape(str(path))}</a>'
