"""A film by all cores of this machine: where the processor rasterises, other processes paint pieces of it beside this one.

One rasteriser on many cores waits for itself after every pass; a process for each core does not. They share the film's folder and nothing
else, so a process that dies costs its piece, and this one makes it. On a graphics card there is one of them, and one process feeds it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from heapq import heapify, heappop, heappush
from threading import Condition, Thread

from nnviz3d.app.render.film import process_planner, worker
from nnviz3d.app.render.film.job import Job
from nnviz3d.video.segment_folder import Parts

ENDS = 5.0  # seconds in which a process should be at the end of its frame

Say = Callable[[str], None]


class Crew:
    """Pieces that wait, and who makes which. `take` and `done` are for any thread; `with` ends what was started."""

    def __init__(self, parts: Parts, numbers: Iterable[int], say: Say = lambda text: None):
        self.parts, self.say = parts, say
        self._waiting = list(numbers)
        heapify(self._waiting)
        self.total = sum(len(parts.plan.piece(number)) for number in self._waiting)
        self._frames: dict[int, int] = {}  # of pieces that were begun
        self._busy: set[int] = set()
        self._change = Condition()
        self._mates: list[Mate] = []
        self.over = False  # whether everybody was sent home

    def call(self, processes: int) -> None:
        """Let others get ready, so that there are so many with this one: it takes them as long as us."""
        for k in range(len(self._mates) + 2, min(processes, len(self._waiting)) + 1):
            self._mates.append(Mate(self, f"painter {k}"))

    def begin(self, job: Job) -> None:
        """Let them paint."""
        order = pickle.dumps(worker.order_of(job, job.target.name)) if self._mates else b""
        for mate in self._mates:
            mate.begin(order)

    def dismiss(self) -> None:
        """Let them end after the frame that they are at."""
        self.over = True
        for mate in self._mates:
            mate.dismiss()

    @property
    def ready(self) -> int:
        """Frames that are there."""
        with self._change:
            return sum(self._frames.values())

    def __bool__(self) -> bool:
        """Whether there is anything left to do."""
        with self._change:
            return bool(self._waiting or self._busy)

    def take(self) -> int | None:
        """The first piece that waits: so everybody goes forward, and trains through what lies between only once."""
        with self._change:
            if not self._waiting:
                return None
            number = heappop(self._waiting)
            self._busy.add(number)
            return number

    def tell(self, number: int, frames: int) -> None:
        with self._change:
            self._frames[number] = frames

    def done(self, number: int, made: bool = True) -> None:
        with self._change:
            self._busy.discard(number)
            if not made:
                heappush(self._waiting, number)
            self._change.notify_all()

    def wait(self, seconds: float) -> None:
        """Until a piece comes back, at most so long."""
        with self._change:
            if self._busy and not self._waiting:
                self._change.wait(seconds)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_) -> None:
        self.dismiss()
        for mate in self._mates:
            mate.end()


class Mate(Thread):
    """Another process (`mate`) and the thread that hands it pieces. What it cannot do is left to the others."""

    def __init__(self, crew: Crew, name: str):
        super().__init__(name=name, daemon=True)
        self._crew, self._order = crew, b""
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  as long as the process
        command = [sys.executable, "-P", "-m", "nnviz3d.app.render.film.worker_process"]
        with process_planner.shared(process_planner.cores()):
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, start_new_session=True
        )

    def begin(self, order: bytes) -> None:
        self._order = order
        self.start()

    def run(self) -> None:
        number = None
        try:
            self._process.stdin.write(self._order)
            while (number := self._crew.take()) is not None:
                pickle.dump(number, self._process.stdin)
                self._process.stdin.flush()
                self._hear(number)
                self._crew.done(number)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError) as error:  # closed, gone, or it says why
            if number is not None:
                self._leave()  # two must never write the same piece
                self._crew.done(number, made=False)
                if not self._crew.over:
                    self._crew.say(f"note: {self.name} has ended ({self._why(error)}); the others go on")
        finally:
            self.dismiss()

    def _hear(self, number: int) -> None:
        """Until the piece is made. Raises what `run` knows."""
        while True:
            frames, problem = pickle.load(self._process.stdout)
            if problem:
                raise ValueError(problem)
            if frames is None:
                return
            self._crew.tell(number, frames)

    def _why(self, error: Exception) -> str:
        if str(error) and isinstance(error, ValueError):
            return str(error)
        self._words.seek(0)
        return self._words.read()[-300:].decode(errors="replace").strip().rpartition("\n")[2] or "killed"

    def dismiss(self) -> None:
        """It ends after the frame that it is at."""
        with suppress(OSError):
            self._process.stdin.close()

    def _leave(self) -> None:
        self.dismiss()
        try:
            self._process.wait(ENDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        self._leave()
        if self.is_alive():
            self.join(ENDS)
        self._process.stdout.close()
        self._words.close()
