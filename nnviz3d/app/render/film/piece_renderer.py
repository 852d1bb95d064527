"""Pieces of a film, rendered one after another in one process: the frame renderer stays open between them, and a thread encodes.

OpenGL and imgui belong to one thread: a piece renderer is opened, used and closed in the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from nnviz3d.app.render.film.job import Job
from nnviz3d.video.segment_folder import Parts, Piece

if TYPE_CHECKING:
    from nnviz3d.app.render.film.frame_renderer import FrameRenderer
    from nnviz3d.app.session.session import Session

AHEAD = 4  # rendered frames that may wait for the encoder

Rendered = Callable[[int], None]


class PieceRenderer:
    """`session`: of `open_session`, where it is there already; it is used up."""

    def __init__(self, job: Job, parts: Parts, session: Session | None = None):
        self.job, self.parts = job, parts
        self._session = session
        self._frames: FrameRenderer | None = None
        self._at = -1  # the frame that was rendered last
        self._encoder = ThreadPoolExecutor(1, "encoder")

    @property
    def frames(self) -> FrameRenderer:
        """Opened when it is first asked for. Raises RunError without OpenGL, InputError."""
        if self._frames is None:
            from nnviz3d.app.render.film.frame_renderer import FrameRenderer

            session, self._session = self._session, None
            self._frames, self._at = FrameRenderer(self.job, session), -1
        return self._frames

    def render(self, number: int, rendered: Rendered = lambda done: None) -> None:
        """Make a piece, or what it lacks; `rendered(done)` after each frame, with how many it has. A piece that lies ahead costs the
        training in between, one that lies behind a new beginning. Raises RunError when the disk is full: what was finished is kept.
        """
        if self._frames is not None and self._at >= self.job.number(self.parts.plan.piece(number).start):
            self.release()
        try:
            piece = self.parts.open(number, self.frames.renderer)
            self._fill(piece, rendered)
            self._at = self.job.number(piece.frames.stop - 1)
        except BaseException:
            self.release()
            raise

    def _fill(self, piece: Piece, rendered: Rendered) -> None:
        """The piece is closed whatever happens, with the frames that are there."""
        waiting: deque[Future] = deque()
        try:
            for index in range(piece.next, piece.frames.stop):
                waiting.append(self._encoder.submit(piece.add, self.frames.frame(self.job.number(index))))
                while len(waiting) > AHEAD or waiting[0].done():
                    waiting.popleft().result()
                    if not waiting:
                        break
                rendered(index + 1 - piece.frames.start)
        finally:  # what is rendered is kept, up to the first frame that could not be
            kept = self._encoder.submit(piece.close)
            for future in waiting:
                future.result()
            kept.result()

    def release(self) -> None:
        """Free what rendering holds; the next piece begins again."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def close(self) -> None:
        self.release()
        self._encoder.shutdown()

    def __enter__(self) -> PieceRenderer:
        return self

    def __exit__(self, *_) -> None:
        self.close()
