"""A worker that is another process of this machine: an order and numbers of pieces go in, what has happened comes back, as pickles.

Where the processor draws, one rasteriser on many cores waits for itself after every pass; a process for each core does not. They share the
film's folder and nothing else. Run as a program, this module is that process; it ends when nobody writes to it any more, however that
came about.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import IO, BinaryIO

from nnviz3d.app.render.film import process_planner
from nnviz3d.app.render.film.pool import ENDS, Pool, WorkerLost
from nnviz3d.app.render.film.worker import FilmWorker, PieceOrder, Stopped
from nnviz3d.app.training import blas_threads
from nnviz3d.spec.errors import InputError, RunError


class ProcessWorker:
    """The process, which starts at once, so that it is ready when there is an order: `give` it, and then the pool may have it."""

    def __init__(self, name: str):
        self.name = name
        self._order = b""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  as long as the process
        command = [sys.executable, "-P", "-m", "nnviz3d.app.render.film.process_worker"]
        with process_planner.shared(process_planner.cores()):
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._output, start_new_session=True
        )

    def give(self, order: PieceOrder) -> None:
        """The film; before the first `render`, which sends it: it is written when the process reads."""
        self._order = pickle.dumps(order)

    def render(self, number: int, progress: Callable[[int], None]) -> list[bytes]:
        """As of `pool.Worker`: the files are in their place afterwards."""
        try:
            self._send(pickle.dumps(number))
            while True:
                frames, problem = pickle.load(_pipe(self.process.stdout))
                if problem:
                    raise WorkerLost(f"has stopped ({problem})")
                if frames is None:
                    return []
                progress(frames)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):  # closed, or gone
            raise WorkerLost(f"has stopped ({self._last_line() or 'killed'})") from None

    def _send(self, raw: bytes) -> None:
        stdin = _pipe(self.process.stdin)
        stdin.write(self._order + raw)
        stdin.flush()
        self._order = b""

    def _last_line(self) -> str:
        """Of what it wrote for people."""
        with suppress(ValueError):  # closed
            self._output.seek(0)
            return self._output.read()[-300:].decode(errors="replace").strip().rpartition("\n")[2]
        return ""

    def stop(self) -> None:
        with suppress(OSError):
            _pipe(self.process.stdin).close()

    def close(self) -> None:
        self.stop()
        try:
            self.process.wait(ENDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Helpers:
    """Processes beside this one, which get ready while it does: `start` some, then `join` them to a pool, or `stop` them."""

    def __init__(self, pieces: int):
        """There are never more processes than pieces."""
        self._most, self._started = pieces, list[ProcessWorker]()

    def start(self, processes: int) -> None:
        """So that there are so many with this one."""
        for k in range(len(self._started) + 2, min(processes, self._most) + 1):
            self._started.append(ProcessWorker(f"process {k}"))

    def join(self, pool: Pool, order: PieceOrder) -> None:
        for each in self._started:
            each.give(order)
            pool.add(each)

    def stop(self) -> None:
        for each in self._started:
            each.stop()

    def __enter__(self) -> Helpers:
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        for each in self._started:
            each.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # as it was started
    return pipe


@blas_threads.one()
def main() -> None:
    """The process."""
    from nnviz3d.app.render.film import frame_renderer  # noqa: F401  all that is slow to load, before there is an order

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer

    def answer(frames: int | None, problem: str = "") -> None:
        answers.write(pickle.dumps((frames, problem)))

    try:
        order = pickle.load(sys.stdin.buffer)
    except EOFError:  # not needed after all
        return
    numbers: SimpleQueue[int | None] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="nnviz3d-") as scratch:
        film = FilmWorker(order, scratch)
        Thread(target=_listen, args=(sys.stdin.buffer, numbers, film), daemon=True).start()
        try:
            while (number := numbers.get()) is not None:
                film.render(number, answer)
                answer(None)
        except (Stopped, BrokenPipeError):  # nobody waits for it
            pass
        except (InputError, RunError) as error:
            answer(None, str(error))
    os._exit(0)  # what it holds of OpenGL goes with the process, in no time


def _listen(orders: BinaryIO, numbers: SimpleQueue[int | None], film: FilmWorker) -> None:
    try:
        while True:
            numbers.put(pickle.load(orders))
    except (EOFError, OSError):
        film.stop()
        numbers.put(None)


if __name__ == "__main__":
    main()
