"""Pieces of a film and the workers that make them: one thread for each worker takes a piece, has it made, and takes the files back.

A worker is another process of this machine (`process_worker`) or one of a Dask cluster (`dask_farm`); this process may render as well. A
worker that is lost costs its piece, which waits again. What is finished lies in the film's folder, so any later run goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Condition, Thread
from typing import Protocol

from nnviz3d.app.render.film import worker
from nnviz3d.app.render.film.piece_queue import PieceQueue
from nnviz3d.app.render.film.piece_renderer import PieceRenderer
from nnviz3d.spec.errors import RunError
from nnviz3d.video.segment_folder import Parts

OWN = "this process"
PATIENCE = 0.2  # seconds between two looks at what the workers do
ENDS = 5.0  # seconds in which a worker's thread should be at its end
FATAL = 3  # workers that a piece may have ended, where only others render

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


class WorkerLost(RunError):
    """The worker makes no more pieces, and why: "is gone", "has ended (killed)"."""


class Worker(Protocol):
    """Someone who makes pieces, one at a time."""

    name: str

    def render(self, number: int, progress: Callable[[int], None]) -> list[bytes]:
        """Make a piece; `progress` with the frames that it has. Returns its files, or nothing where they are in their place already.
        Raises WorkerLost."""
        ...

    def stop(self) -> None:
        """Let it end after its present frame; returns at once. Any thread."""
        ...

    def close(self) -> None:
        """Wait until it has ended, or end it: afterwards it writes nothing."""
        ...


class Pool:
    """`with Pool(parts, numbers, say) as pool`: pieces, and who makes which. The end of the block ends every worker.

    `add` workers, and `work` in this thread or `wait` until everything is there.
    """

    def __init__(self, parts: Parts, numbers: Iterable[int], say: Say = lambda text: None):
        self.parts, self.say = parts, say
        waiting = list(numbers)
        self.total = sum(len(parts.plan.piece(number)) for number in waiting)
        self.size = len(waiting)
        self._queue = PieceQueue(waiting)
        self._frames: dict[int, int] = {}  # of pieces that were begun
        self._change = Condition()
        self._workers: dict[Worker, Thread] = {}
        self._failed: RunError | None = None
        self._closed = False
        self._own = False  # whether this process renders too

    def add(self, worker: Worker) -> None:
        """From now on it makes pieces."""
        thread = Thread(target=self._serve, args=(worker,), name=worker.name, daemon=True)
        self._workers[worker] = thread
        thread.start()

    def serves(self, worker: Worker) -> bool:
        """Whether it still makes pieces."""
        return self._workers[worker].is_alive()

    @property
    def ready(self) -> int:
        """Frames that are there."""
        with self._change:
            return sum(self._frames.values())

    @property
    def finished(self) -> bool:
        """Whether all pieces are there. Raises RunError where that cannot be any more."""
        with self._change:
            if self._failed is not None:
                raise self._failed
            return not self._queue

    def work(self, renderer: PieceRenderer, progress: Progress) -> None:
        """Make pieces here as well, until all are there. Raises RunError."""
        self._own = True
        while not self.finished:
            number = self._take(OWN, PATIENCE)
            if number is None:
                progress(self.ready, self.total)
                continue

            def rendered(frames: int, number: int = number) -> None:
                self.note(number, frames)
                progress(self.ready, self.total)

            renderer.render(number, rendered)
            self._done(OWN)

    def wait(self, seconds: float) -> None:
        """Until a piece comes back or a worker is lost, at most so long."""
        with self._change:
            if self._queue:
                self._change.wait(seconds)

    def note(self, number: int, frames: int) -> None:
        """A piece in work has so many frames. Any thread."""
        with self._change:
            self._frames[number] = frames

    # ---------------------------------------------------------------- the thread of a worker

    def _serve(self, one: Worker) -> None:
        try:
            while (number := self._take(one.name)) is not None:
                worker.store(self.parts, number, one.render(number, lambda frames, number=number: self.note(number, frames)))
                self._done(one.name)
        except WorkerLost as error:
            one.close()  # two must never write the same piece
            self._lost(one, str(error))
        except OSError as error:  # our own disk
            self._fail(f"{self.parts.folder}: {error.strerror or error}; finished pieces are kept; continue with `--resume`")

    def _take(self, name: str, seconds: float | None = None) -> int | None:
        """The next piece for a worker. Waits for one that may come back; None: nothing is left to do, or not after so many seconds."""
        with self._change:
            self._change.wait_for(lambda: self._queue.waiting or not self._queue or self._over, seconds)
            return None if self._over else self._queue.take(name)

    @property
    def _over(self) -> bool:
        return self._closed or self._failed is not None

    def _done(self, name: str) -> None:
        with self._change:
            number = self._queue.done(name)
            self._frames[number] = len(self.parts.plan.piece(number))
            self._change.notify_all()

    def _lost(self, one: Worker, why: str) -> None:
        with self._change:
            number = self._queue.busy.get(one.name)
            ended = self._queue.lost(one.name) if number is not None else 0
            self._change.notify_all()
        if self._closed or number is None:
            return
        frames = self.parts.plan.piece(number)
        text = f"{one.name} {why}; frames {frames[0]:,}..{frames[-1]:,}"
        if ended >= FATAL and not self._own:
            self._fail(f"{text} stopped {ended} workers; finished pieces are kept; continue with `--resume`")
        else:
            self.say(f"{text} go to another")

    def _fail(self, text: str) -> None:
        with self._change:
            self._failed = RunError(text)
            self._change.notify_all()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_) -> None:
        with self._change:
            self._closed = True
            self._change.notify_all()
        for one in self._workers:
            one.stop()
        for one, thread in self._workers.items():
            one.close()
            thread.join(ENDS)
