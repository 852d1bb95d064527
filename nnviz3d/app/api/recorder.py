"""Frames of a film as arrays, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from nnviz3d.app.api.scene import open_scene
from nnviz3d.app.render.film import job
from nnviz3d.app.render.film.frame_renderer import FrameRenderer, open_session
from nnviz3d.app.render.film.request import RECORD, FilmRequest, Size
from nnviz3d.app.render.notebook import Still
from nnviz3d.app.session.session import Session
from nnviz3d.app.training import blas_threads
from nnviz3d.spec.errors import InputError, together
from nnviz3d.spec.scene import Scene

KINDS = {8: "png", 16: "png16", 32: "exr"}  # bits a channel: the codec that asks for such frames
OPTIONS = ("preset", "duration", *RECORD)


class Recorder:
    """Frames of a film as arrays: `with nv.Recorder("digits", size=(640, 360)) as film: image = film.frame()`.

    `len(film)` frames, `fps`, `seconds`; iterating gives all of them. (H, W, 3) uint8, or (H, W, 4) where `transparent`. `depth`: 16 gives
    uint16, 32 float32 in linear light. Options as of `nv.record`. Raises InputError here, RunError without OpenGL.
    """

    def __init__(self, scene: Scene | str | Path, *, size: Size | None = None, depth: int = 8, backend: str = "auto", **options: Any):
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise TypeError(f"Recorder() got unexpected options: {', '.join(unknown)}")
        if depth not in KINDS:
            raise InputError.option("", "depth", f"expected 8, 16 or 32 bits per channel, found {depth!r}")
        form = "exr" if depth == 32 else "png"
        request = FilmRequest(size=size, format=form, codec=KINDS[depth], **options)
        opened, _ = together(lambda: open_scene(scene), request.check)
        self._job = job.make(opened, Path("frames"), request, backend=backend)
        self._session: Session | None = open_session(self._job)
        self._renderer: FrameRenderer | None = None
        self._next = 0

    def __len__(self) -> int:
        return self._job.count

    @property
    def fps(self) -> int | Fraction:
        rate = self._job.scene.record.rate
        return rate.numerator if rate.denominator == 1 else rate

    @property
    def seconds(self) -> float:
        return float(len(self) / self.fps)

    @property
    def size(self) -> tuple[int, int]:
        return self._job.scene.record.width, self._job.scene.record.height

    @blas_threads.one()
    def frame(self, k: int | None = None) -> Still:
        """Frame `k`, or the next one. Going back begins the training again. Raises IndexError outside the film."""
        k = self._next if k is None else k
        if not 0 <= k < len(self):
            raise IndexError(f"frame {k} is not in the film, which has {len(self)}")
        if self._renderer is not None and k < self._next:
            self.close()
        if self._renderer is None:
            self._renderer, self._session = FrameRenderer(self._job, self._session), None
        self._renderer.host.make_current()  # there may be others in the meantime: a still, another film
        self._next = k + 1
        try:
            return Still(self._renderer.frame(k))
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Still]:
        return (self.frame(k) for k in range(len(self)))

    def close(self) -> None:
        """Give back what it holds; a frame that is asked for later begins again."""
        if self._renderer is not None:
            renderer, self._renderer = self._renderer, None
            renderer.host.make_current()
            renderer.close()
        self._next = 0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_) -> None:
        self.close()
