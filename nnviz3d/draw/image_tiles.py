"""A picture in pieces: which pixels each piece has, what of the scene it must see, and how it is looked up. Numbers only, no OpenGL.

A piece is not a picture of its own: every size in pixels, every place on the stage and the halo are those of the whole, so a picture
in pieces is the picture in one. Boxes are (x, y, width, height), counted from the lower left as OpenGL does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Size = tuple[int, int]
Box = tuple[int, int, int, int]
MARGIN = 32  # pixels around a piece: sprites reach 14 over its rim, and OpenGL leaves out those with their middle outside
LINES = 720  # up to here; in finer pictures sprites are as much larger


@dataclass(frozen=True)
class ImageTile:
    """`place`: its pixels in the `picture`; `seen`: in the `scene`, which may be coarser, with a margin; `lit`: in the `halo`."""

    picture: Size
    scene: Size
    halo: Size
    place: Box
    seen: Box
    lit: Box

    @cached_property
    def clip(self) -> tuple[float, float, float, float]:
        """From clip space of the picture to that of what is seen: scale, then offset."""
        (x, y, w, h), (width, height) = self.seen, self.scene
        return width / w, height / h, (width - 2 * x) / w - 1, (height - 2 * y) / h - 1

    def viewport(self, ssaa: int) -> Box:
        """Of the whole scene, on a target that holds what is seen."""
        (x, y, _w, _h), (width, height) = self.seen, self.scene
        return -x * ssaa, -y * ssaa, width * ssaa, height * ssaa

    @cached_property
    def uv(self) -> tuple[float, float, float, float]:
        """Where it is in the picture: corner and size in [0, 1]."""
        (x, y, w, h), (width, height) = self.place, self.picture
        return x / width, y / height, w / width, h / height

    @cached_property
    def window(self) -> tuple[float, float, float, float]:
        """Its place inside what is seen: corner and size in [0, 1]."""
        return self._window(self.place, self.picture)

    @cached_property
    def lit_window(self) -> tuple[float, float, float, float]:
        """Its share of the halo inside what is seen."""
        return self._window(self.lit, self.halo)

    def _window(self, box: Box, of: Size) -> tuple[float, float, float, float]:
        (x, width), (y, height) = (
            ((box[k] / of[k] * self.scene[k] - self.seen[k]) / self.seen[k + 2], box[k + 2] / of[k] * self.scene[k] / self.seen[k + 2])
            for k in (0, 1)
        )
        return x, y, width, height


def split(picture: Size, scene: Size, halo: Size, most: int) -> list[ImageTile]:
    """Pieces of which none sees more than `most` pixels a side, all of the same size in the scene."""
    margin = min(-(-MARGIN * max(scene[1], LINES) // LINES), max(most // 4, MARGIN))
    columns, rows = (_spans(picture[k], scene[k], halo[k], most, margin) for k in (0, 1))
    return [
        ImageTile(picture, scene, halo, *((a[0], b[0], a[1] - a[0], b[1] - b[0]) for a, b in zip(column, row, strict=True)))
        for row in rows
        for column in columns
    ]


def _spans(picture: int, scene: int, halo: int, most: int, margin: int) -> list[tuple[tuple[int, int], ...]]:
    """Along one side: begin and end in the picture, the scene, the halo."""
    count = 1 if max(picture, scene) <= most else -(-picture // max(most - 2 * margin - 4, 1))
    edges = [picture * k // count for k in range(count + 1)]
    wide = scene if count == 1 else -(-(-(-picture // count) * scene) // picture) + 2 * margin + 2
    wide = min(wide + (scene - wide) % 2, scene)  # all begin at even pixels: OpenGL takes slopes inside squares of 2 x 2
    spans = []
    for a, b in pairwise(edges):
        start = min(max(a * scene // picture - margin, 0) // 2 * 2, scene - wide)
        # a pixel of the halo belongs to the piece in which its middle lies
        lit = tuple(-(-(2 * edge * halo - picture) // (2 * picture)) for edge in (a, b))
        spans.append(((a, b), (start, start + wide), lit))
    return spans
