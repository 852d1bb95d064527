"""After the scene: a halo from a chain of ever smaller targets, then one pass with stage, tone curve, sRGB and dither.

Both take a scene in pieces: the halo is one for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log2

from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.image_tiles import ImageTile
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.targets import RenderTarget

THRESHOLD = 0.55
STRENGTH = 0.55
LINES = 1080  # scenes of twice as many have a halo of twice as many pixels, and so on: it looks the same in every size
WHOLE = (0.0, 0.0, 1.0, 1.0)


class Post:
    def __init__(self, context: Context):
        self.context = context
        self.down = Program(context, "post/screen.vert", "post/down.frag")
        self.up = Program(context, "post/screen.vert", "post/up.frag")
        self._finals: dict[tuple[str, ...], Program] = {}
        self._chain: list[RenderTarget] = []
        self._key: tuple = ()

    def _targets(self, size: tuple[int, int], levels: int) -> list[RenderTarget]:
        if self._key != (size, levels):
            self._free()
            # the first step quarters the size: a halo has no detail to lose, and half the size costs four times as much
            width, height = size[0] / 4, size[1] / 4
            for _ in range(levels):
                self._chain.append(RenderTarget(self.context, round(width), round(height), "rgba16f"))
                width, height = width / 2, height / 2
            self._key = (size, levels)
        return self._chain

    @staticmethod
    def halo_size(scene: tuple[int, int]) -> tuple[int, int]:
        return max(round(scene[0] / 4), 1), max(round(scene[1] / 4), 1)

    def bloom(self, parts: Sequence[tuple[int, ImageTile]], levels: int, weight: float = 1.0) -> RenderTarget:
        """The halo of a scene, at most a quarter of its size. `parts`: GL names of textures, `weight`: a factor of their light."""
        scene = parts[0][1].scene
        spared = max(int(log2(scene[1] / LINES)), 0)  # levels that are too fine for a halo
        chain = self._targets(scene, levels + spared)
        state.replace()
        self.down.set(u_spread=1.0, u_threshold=THRESHOLD, u_weight=weight)
        for image, piece in parts:
            with chain[0] as target:
                target.only(piece.lit)
                self.down.set(u_window=piece.lit_window)
                self.down.draw("triangles", 3, images={"t_image": image})
        self.down.set(u_spread=0.75, u_threshold=-1.0, u_weight=1.0, u_window=WHOLE)
        for source, target in pairwise(chain):
            with target:
                self.down.draw("triangles", 3, images={"t_image": source.image})
        state.add()
        self.up.set(u_strength=0.7)
        for smaller, target in pairwise(chain[spared:][::-1]):
            with target:
                self.up.draw("triangles", 3, images={"t_image": smaller.image})
        return chain[spared]

    def finish(
        self, image: int, piece: ImageTile, halo: RenderTarget, frame: SceneFrame, framebuffer: int, depth: int = 8, weight: float = 1.0
    ) -> None:
        """A piece of the picture onto the lower left of `framebuffer`; `depth` in bits a channel: 8, 16, or 32 for linear light."""
        size = piece.picture
        state.bind(framebuffer, piece.place[2:])
        state.replace()
        shift, (x, y) = frame.pose.shift, piece.place[:2]
        final = self._final(piece, frame.transparent, depth)
        final.set(
            u_bloom=STRENGTH * frame.look.glow,
            u_exposure=frame.look.exposure,
            u_centre=(0.5 + 0.5 * shift[0], 0.5 + 0.5 * shift[1]),
            u_aspect=size[0] / max(size[1], 1),
            u_weight=weight,
            u_window=piece.window,
            u_place=piece.uv,
            u_shift=(float(x - piece.seen[0]), float(y - piece.seen[1])),
            u_origin=(float(x), float(y)),
        )
        final.draw("triangles", 3, images={"t_scene": image, "t_bloom": halo.image})

    def _final(self, piece: ImageTile, transparent: bool, depth: int) -> Program:
        known = {"SHARP": piece.scene == piece.picture, "TRANSPARENT": transparent, "DEEP": depth == 16, "LIGHT": depth == 32}
        key = tuple(name for name, on in known.items() if on)
        if key not in self._finals:
            self._finals[key] = Program(self.context, "post/final.vert", "post/final.frag", key)
        return self._finals[key]

    def _free(self) -> None:
        for target in self._chain:
            target.close()
        self._chain.clear()

    def close(self) -> None:
        self._free()
        for program in (self.down, self.up, *self._finals.values()):
            program.close()
