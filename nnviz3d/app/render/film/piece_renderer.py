"""Pieces of a film, painted one after another in one process: the painter stays open between them, and a thread encodes what it paints.

OpenGL and imgui belong to one thread: an easel is opened, used and closed in the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from nnviz3d.app.render.film.job import Job
from nnviz3d.video.segment_folder import Parts, Piece

if TYPE_CHECKING:
    from nnviz3d.app.render.film.frame_renderer import Painter
    from nnviz3d.app.session.session import Session

AHEAD = 4  # painted frames that may wait for the encoder

Painted = Callable[[int], None]


class Easel:
    """`session`: of `open_session`, where it is there already; it is used up."""

    def __init__(self, job: Job, parts: Parts, session: Session | None = None):
        self.job, self.parts = job, parts
        self._session, self._painter = session, None
        self._at = -1  # the frame that was painted last
        self._encoder = ThreadPoolExecutor(1, "encoder")

    @property
    def painter(self) -> Painter:
        """Opened when it is first asked for. Raises RunError without OpenGL, InputError."""
        if self._painter is None:
            from nnviz3d.app.render.film.frame_renderer import Painter

            session, self._session = self._session, None
            self._painter, self._at = Painter(self.job, session), -1
        return self._painter

    def paint(self, number: int, painted: Painted = lambda done: None) -> None:
        """Make a piece, or what it lacks; `painted(done)` after each frame, with how many it has. A piece that lies ahead costs the
        training in between, one that lies behind a new beginning. Raises RunError when the disk is full: what was finished is kept.
        """
        if self._painter is not None and self._at >= self.job.number(self.parts.plan.piece(number).start):
            self.put_away()
        try:
            piece = self.parts.open(number, self.painter.renderer)
            self._fill(piece, painted)
            self._at = self.job.number(piece.frames.stop - 1)
        except BaseException:
            self.put_away()
            raise

    def _fill(self, piece: Piece, painted: Painted) -> None:
        """The piece is closed whatever happens, with the frames that are there."""
        waiting: deque[Future] = deque()
        try:
            for index in range(piece.next, piece.frames.stop):
                waiting.append(self._encoder.submit(piece.add, self.painter.frame(self.job.number(index))))
                while len(waiting) > AHEAD or waiting[0].done():
                    waiting.popleft().result()
                    if not waiting:
                        break
                painted(index + 1 - piece.frames.start)
        finally:  # what is painted is kept, up to the first frame that could not be
            kept = self._encoder.submit(piece.close)
            for future in waiting:
                future.result()
            kept.result()

    def put_away(self) -> None:
        """Free what painting holds; the next piece begins anew."""
        if self._painter is not None:
            self._painter.close()
            self._painter = None

    def close(self) -> None:
        self.put_away()
        self._encoder.shutdown()

    def __enter__(self) -> Easel:
        return self

    def __exit__(self, *_) -> None:
        self.close()
