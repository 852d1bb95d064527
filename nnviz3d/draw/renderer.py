"""The renderer: subjects and their frames in, pixels in a framebuffer out. It keeps no state that a picture depends on."""

from __future__ import annotations

from collections.abc import Sequence

from nnviz3d.draw.arcs import ArcRibbons
from nnviz3d.draw.cell_outlines import Outlines
from nnviz3d.draw.edges import Edges
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.glass import GlassBoxes
from nnviz3d.draw.image_tiles import ImageTile, split
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.neuron_shapes import Neurons
from nnviz3d.draw.plate import Plate
from nnviz3d.draw.post import Post
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.targets import RenderTarget
from nnviz3d.gfx.timers import Timers

ALL = (1.0, 1.0, 0.0, 0.0)  # of clip space


class Renderer:
    """Owns programs and targets for one context, and what each subject needs. `timers.ms` has the GPU's milliseconds a pass."""

    def __init__(self, context: Context, subject: Subject, *others: Subject):
        self.context = context
        self.neurons = Neurons(context, subject, *others)
        self.edges = Edges(context)
        self.outlines, self.arcs = Outlines(context), ArcRibbons(context)
        self.glass = GlassBoxes(context)
        self.plate = Plate(context)
        self.post = Post(context)
        self.timers = Timers(enabled=not context.software)
        self._scene: RenderTarget | None = None
        self._whole: ImageTile | None = None

    def _target(self, size: tuple[int, int], scale: float) -> tuple[RenderTarget, ImageTile]:
        """Where a picture of this size is drawn, and the one piece that is all of it."""
        wanted = scene_size(size, scale)
        if self._scene is None or self._scene.size != wanted:
            if self._scene is not None:
                self._scene.close()
            self._scene = RenderTarget(self.context, *wanted, "rgba16f", depth=True)
        if self._whole is None or (self._whole.picture, self._whole.scene) != (size, wanted):
            (self._whole,) = pieces(size, wanted, max(*size, *wanted))
        return self._scene, self._whole

    @staticmethod
    def shared(frame: SceneFrame, piece: ImageTile, ssaa: int = 1, part: tuple[float, ...] = ALL) -> dict:
        """Uniforms of `include/scene.glsl`."""
        width, height = piece.scene
        return {
            "u_view_from_world": frame.pose.view_from_world,
            "u_clip_from_view": frame.pose.clip_from_view(width / height),
            "u_viewport": (float(width), float(height)),
            "u_ssaa": float(ssaa),
            "u_part": part,
        }

    def render(
        self,
        subject: Subject,
        frame: SceneFrame,
        framebuffer: int,
        size: tuple[int, int],
        others: Sequence[tuple[Subject, SceneFrame]] = (),
    ) -> None:
        """Draw into `framebuffer` of `size` pixels. A size of 0 (a minimised window) draws nothing.

        `others`: more subjects in the same light, each with a frame that differs from the first in marks and wave only. Whatever hides
        light is drawn before any of it.
        """
        if min(size) < 1:
            return
        scene, whole = self._target(size, frame.level.scale)
        self.scene([(subject, frame), *others], scene, whole)
        with self.timers("halo"):
            halo = self.post.bloom([(scene.image, whole)], frame.level.bloom_levels)
        with self.timers("final"):
            self.post.finish(scene.image, whole, halo, frame, framebuffer)

    def scene(
        self, shown: Sequence[tuple[Subject, SceneFrame]], target: RenderTarget, piece: ImageTile, ssaa: int = 1, widest: int = 16_384
    ) -> None:
        """What a piece sees of the scene, in linear light, onto a target of `ssaa` times its size.

        Up to `widest` pixels a side the viewport is the whole picture's and reaches over the target's rims: then every vertex is rounded
        as it would be in one piece, and the pixels are the same. Beyond that the projection is cut to the piece: no seam is seen then
        either, but a vertex in a hundred lies 1/256 of a pixel elsewhere.
        """
        with target:
            target.clear()
            box, part = piece.viewport(ssaa), ALL
            if max(box[2:]) <= widest:
                target.only(box)
            else:
                part = piece.clip
            shared = self.shared(shown[0][1], piece, ssaa, part)
            shown = [(one, its) for one, its in shown if not its.empty]
            with self.timers("neurons"):
                for one, its in sorted(shown, key=_distance, reverse=True):  # glass blends over what is behind it
                    self.neurons.draw(one, its, shared, piece.scene)
                    self.plate.draw(one, shared)
                    self.glass.slabs(one, shared)
            with self.timers("edges"):
                for one, its in shown:
                    self.edges.draw(one, its, shared)
            with self.timers("signals"):
                for one, its in shown:
                    self.edges.draw_signals(one, its, shared)
                    self.outlines.draw(one, shared)
                    self.arcs.draw(one, shared)
                    self.glass.frames(one, shared)

    def close(self) -> None:
        for part in (self.neurons, self.edges, self.outlines, self.arcs, self.glass, self.plate, self.post, self.timers):
            part.close()
        if self._scene is not None:
            self._scene.close()


def scene_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Pixels of the scene behind a picture of `size`."""
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def pieces(size: tuple[int, int], scene: tuple[int, int], most: int) -> list[ImageTile]:
    """A picture of `size` with a scene of `scene` pixels, in pieces that see at most `most` pixels a side."""
    return split(size, scene, Post.halo_size(scene), most)


def _distance(shown: tuple[Subject, SceneFrame]) -> float:
    """Of a subject from the eye, along the view."""
    subject, frame = shown
    return float((frame.pose.eye - subject.layout.centre) @ frame.pose.axes[2])
