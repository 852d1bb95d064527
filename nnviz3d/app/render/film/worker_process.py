"""A process that paints pieces of a film beside others (`crew`): an order and numbers come in, what has happened goes out, both as pickles.

It ends when nobody writes to it any more, however that came about.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from nnviz3d.app.render.film import frame_renderer  # noqa: F401  all that is slow to load, before there is an order
from nnviz3d.app.render.film.worker import Hand, Stopped
from nnviz3d.app.training import blas_threads
from nnviz3d.spec.errors import InputError, RunError


@blas_threads.one()
def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer

    def tell(frames: int | None, problem: str = "") -> None:
        answers.write(pickle.dumps((frames, problem)))

    try:
        order, numbers = pickle.load(sys.stdin.buffer), SimpleQueue()
    except EOFError:  # not needed after all
        return
    with tempfile.TemporaryDirectory(prefix="nnviz3d-") as scratch:
        hand = Hand(order, scratch)
        Thread(target=listen, args=(sys.stdin.buffer, numbers, hand), daemon=True).start()
        try:
            while (number := numbers.get()) is not None:
                hand.paint(number, tell)
                tell(None)
        except (Stopped, BrokenPipeError):  # nobody waits for it
            pass
        except (InputError, RunError) as error:
            tell(None, str(error))
    os._exit(0)  # what it holds of OpenGL goes with the process, in no time


def listen(orders: BinaryIO, numbers: SimpleQueue, hand: Hand) -> None:
    try:
        while True:
            numbers.put(pickle.load(orders))
    except (EOFError, OSError):
        hand.stopped.set()
        numbers.put(None)


if __name__ == "__main__":
    main()
