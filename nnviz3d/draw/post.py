"""After the scene: a halo from a chain of ever smaller targets, then one pass with stage, tone curve, sRGB and dither."""

from __future__ import annotations

from nnviz3d.draw.frame import Frame
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.targets import Target

THRESHOLD = 0.55
STRENGTH = 0.55


class Post:
    def __init__(self, context: Context):
        self.context = context
        self.down = Program(context, "post/screen.vert", "post/down.frag")
        self.up = Program(context, "post/screen.vert", "post/up.frag")
        self.final = Program(context, "post/screen.vert", "post/final.frag")
        self._chain: list[Target] = []
        self._key: tuple = ()

    def _targets(self, size: tuple[int, int], levels: int) -> list[Target]:
        if self._key != (size, levels):
            self._free()
            # the first step quarters the size: a halo has no detail to lose, and half the size costs four times as much
            width, height = size[0] / 4, size[1] / 4
            for _ in range(levels):
                self._chain.append(Target(self.context, round(width), round(height), "rgba16f"))
                width, height = width / 2, height / 2
            self._key = (size, levels)
        return self._chain

    def bloom(self, scene: Target, levels: int) -> Target:
        """The halo of a scene, a quarter of its size."""
        chain = self._targets(scene.size, levels)
        state.replace()
        source = scene
        for k, target in enumerate(chain):
            with target:
                self.down.set(u_spread=1.0 if k == 0 else 0.75, u_threshold=THRESHOLD if k == 0 else -1.0)
                self.down.draw("triangles", 3, images={"t_image": source.image})
            source = target
        state.add()
        self.up.set(u_strength=0.7)
        for target, smaller in zip(chain[-2::-1], chain[:0:-1], strict=True):
            with target:
                self.up.draw("triangles", 3, images={"t_image": smaller.image})
        return chain[0]

    def finish(self, scene: Target, halo: Target, frame: Frame, framebuffer: int, size: tuple[int, int]) -> None:
        """Everything onto `framebuffer`."""
        state.bind(framebuffer, size)
        state.replace()
        shift = frame.pose.shift
        self.final.set(
            u_bloom=STRENGTH * frame.look.glow,
            u_exposure=frame.look.exposure,
            u_centre=(0.5 + 0.5 * shift[0], 0.5 + 0.5 * shift[1]),
            u_aspect=size[0] / max(size[1], 1),
            u_transparent=frame.transparent,
        )
        self.final.draw("triangles", 3, images={"t_scene": scene.image, "t_bloom": halo.image})

    def _free(self) -> None:
        for target in self._chain:
            target.close()
        self._chain.clear()

    def close(self) -> None:
        self._free()
        for program in (self.down, self.up, self.final):
            program.close()
