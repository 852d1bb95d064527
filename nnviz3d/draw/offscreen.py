"""Pictures as arrays, of any size and depth: sub-frames in linear light, averaged, then halo, tone curve, overlay, and read back.

What the graphics card cannot hold in one piece is drawn in pieces (see `pieces`). Memory there: 12 bytes a pixel of the scene, 16 more
for several sub-frames or samples; 8 to 16 a pixel of the largest piece; the halo's chain takes 1. The array itself is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.image_tiles import ImageTile
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.renderer import Renderer, pieces, scene_size
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.targets import RenderTarget, largest, read_pixels, widest_viewport

LARGEST = 8192  # pixels a side of a piece: a scene of 8192 x 8192 takes 800 MB
ROUNDS = 3  # imgui lays out in the first, knows sizes in the second, and formulas are uploaded by the third
_FORMATS = {8: ("rgba8", "uint8"), 16: ("rgba16", "uint16"), 32: ("rgba32f", "float32")}


class Shows(Protocol):
    """What a canvas adds: a stage that has been prepared."""

    @property
    def renderer(self) -> Renderer: ...

    def shown(self) -> Sequence[tuple[Subject, SceneFrame]]: ...


class Canvas:
    """`begin`, then `add` once for each sub-frame, then `finish`; `close` frees what it holds on the graphics card.

    `ssaa`: samples a side of each pixel (1, 2, 4); sizes in pixels do not depend on it. `depth`: 8 or 16 bits a channel, or 32: linear
    light before the tone curve. `limit`: pixels a side of a target, `widest`: of a viewport, where less than the graphics card's is meant.
    A stage can take a canvas for its host: it has a size, and a frame of imgui in which one unit is one pixel.
    """

    headless, pixel_ratio, frames = True, 1.0, 0

    def __init__(
        self,
        host,
        size: tuple[int, int],
        ssaa: int = 1,
        transparent: bool = False,
        depth: int = 8,
        limit: int = LARGEST,
        widest: int | None = None,
        imgui: ImguiFrame | None = None,
    ):
        if ssaa not in (1, 2, 4) or depth not in _FORMATS or min(size) < 1:
            raise ValueError(f"ssaa 1, 2 or 4, depth 8, 16 or 32, a size of at least 1 x 1; found {ssaa}, {depth}, {size}")
        self.context: Context = host.context
        self.imgui: ImguiFrame = imgui or host.imgui
        self.size = self.display_size = (int(size[0]), int(size[1]))
        self.ssaa, self.transparent, self.depth = ssaa, transparent, depth
        self.most = min(limit, largest()) // ssaa
        self.widest = widest or widest_viewport()
        self._format, self._type = _FORMATS[depth]
        self._count, self._summing = 0, ssaa > 1
        self._pieces: list[ImageTile] = []
        self._scenes: list[RenderTarget] = []
        self._sums: list[RenderTarget] = []
        self._page = self._corner = self._mean = None
        self._last: tuple[Renderer, SceneFrame] | None = None

    @property
    def framebuffer(self) -> int:
        """Raises RuntimeError: `add` draws what a stage has prepared; nothing is rendered to a canvas directly."""
        raise RuntimeError("a canvas has no framebuffer of its own")

    # ---------------------------------------------------------------- light

    def begin(self) -> None:
        """A new picture."""
        self._count = 0

    def add(self, stage: Shows) -> None:
        """One sub-frame more, of what was prepared."""
        shown, renderer = stage.shown(), stage.renderer
        frame = shown[0][1]
        self._cut(scene_size(self.size, frame.level.scale))
        if self._count and not self._summing:  # the second: from now on there are sums
            self._summing = True
            for k, scene in enumerate(self._scenes):
                self._sum(k, scene, first=True)
            self._free(self._scenes, keep=1)
        for k, piece in enumerate(self._pieces):
            scene = self._scene(k)
            renderer.scene(shown, scene, piece, self.ssaa, self.widest)
            if self._summing:
                self._sum(k, scene, first=self._count == 0)
        self._count += 1
        self._last = renderer, frame

    def _cut(self, scene: tuple[int, int]) -> None:
        """Pieces for a scene of this size."""
        if self._pieces and self._pieces[0].scene == scene:
            return
        self._free(self._scenes)
        self._free(self._sums)
        self._pieces = pieces(self.size, scene, self.most)

    def _scene(self, k: int) -> RenderTarget:
        """Where piece `k` is drawn: all have one place where sums are kept, else each has its own."""
        k = 0 if self._summing else k
        while len(self._scenes) <= k:
            width, height = self._pieces[k].seen[2:]
            self._scenes.append(RenderTarget(self.context, width * self.ssaa, height * self.ssaa, "rgba16f", depth=True))
        return self._scenes[k]

    def _sum(self, k: int, scene: RenderTarget, first: bool) -> None:
        """Samples averaged, and added to what piece `k` has. In 32 bits: half floats lose the 9th sub-frame's last digits."""
        while len(self._sums) <= k:
            self._sums.append(RenderTarget(self.context, *self._pieces[k].seen[2:], "rgba32f"))
        self._mean = self._mean or Program(self.context, "post/screen.vert", "post/mean.frag")
        state.replace() if first else state.add()
        with self._sums[k]:
            self._mean.set(u_ssaa=self.ssaa)
            self._mean.draw("triangles", 3, images={"t_image": scene.image})

    # ---------------------------------------------------------------- pixels

    def finish(self, overlay: Callable[[], object] | None = None, dt: float = 1 / 60, rounds: int = ROUNDS) -> np.ndarray:
        """The mean of what was added as (H, W, 3), or with `transparent` (H, W, 4); first row on top.

        uint8 (dithered), uint16, or float32: linear light, colours multiplied by alpha. The others have straight alpha, and light alone
        covers as much as it is bright. `overlay` is called inside a frame of imgui, at most `rounds` times with the same result, because
        imgui must see a thing to know its size: until it returns False. Depth 32 has none. Raises ValueError where nothing was added.
        """
        if self._last is None or not self._count:
            raise ValueError("nothing was added")
        renderer, frame = self._last
        weight = 1 / self._count if self._summing else 1.0
        images = [target.image for target in (self._sums if self._summing else self._scenes)]
        halo = renderer.post.bloom(list(zip(images, self._pieces, strict=True)), frame.level.bloom_levels, weight)
        overlay = overlay if self.depth < 32 else None
        if overlay is not None:
            self._lay_out(overlay, dt, rounds)
        width, height = self.size
        out = np.empty((height, width, 4 if self.transparent else 3), self._type)
        if self._page is None:
            widest, highest = (max(piece.place[k] for piece in self._pieces) for k in (2, 3))
            self._page = RenderTarget(self.context, widest, highest, self._format)
        for image, piece in zip(images, self._pieces, strict=True):
            renderer.post.finish(image, piece, halo, frame, self._page.framebuffer, self.depth, weight)
            x, y, w, h = piece.place
            if overlay is not None:
                self.imgui.draw_part(self._page.framebuffer, (x, height - y - h), (w, h))
            with self._page:
                pixels = read_pixels(w, h, self._type)
            pixels = self._straight(pixels) if self.transparent else pixels
            for k in range(out.shape[2]):  # numpy copies three channels of four 4 times as fast one by one
                out[height - y - h : height - y, x : x + w, k] = pixels[..., k]
        return out

    def rehearse(self, overlay: Callable[[], object], dt: float = 1 / 60, rounds: int = 1) -> None:
        """Run frames of imgui without drawing them: it learns sizes and uploads its textures. At most so many, until `overlay` is False."""
        self._lay_out(overlay, dt, rounds)
        self._unseen()

    def _lay_out(self, overlay: Callable[[], object], dt: float, rounds: int) -> None:
        """The same, but the last frame is still to be drawn."""
        for k in range(rounds):
            if k:
                self._unseen()
            self.imgui.begin(self.size, dt)
            again = overlay()
            self.imgui.end()
            if again is False:
                break

    def _unseen(self) -> None:
        self._corner = self._corner or RenderTarget(self.context, 1, 1, "rgba8")
        self.imgui.draw_part(self._corner.framebuffer, (0, 0), (1, 1))

    def _straight(self, pixels: np.ndarray) -> np.ndarray:
        """Colours that were multiplied by alpha, in whole levels, divided by it; as they are in linear light."""
        if self.depth == 32:
            return pixels
        full = 2**self.depth - 1
        for strip in np.array_split(pixels, max(len(pixels) // 256, 1)):  # what is worked on fits the processor's cache
            alpha = strip[..., 3:].astype(np.float32)
            straight = strip[..., :3] * (full / np.maximum(alpha, 1)) + 0.5
            strip[..., :3] = np.minimum(straight, full)
        return pixels

    # ---------------------------------------------------------------- the rest

    @staticmethod
    def _free(targets: list[RenderTarget], keep: int = 0) -> None:
        for target in targets[keep:]:
            target.close()
        del targets[keep:]

    def close(self) -> None:
        self._free(self._scenes)
        self._free(self._sums)
        for owned in (self._page, self._corner, self._mean):
            if owned is not None:
                owned.close()
        self._page = self._corner = self._mean = None
