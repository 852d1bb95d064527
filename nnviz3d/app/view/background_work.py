"""Work that no frame waits for: on a thread, one piece at a time, the newest one that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class BackgroundWork:
    """`arrived` says once that the work is done; what it has made is where it has put it."""

    def __init__(self):
        self._pool: ThreadPoolExecutor | None = None
        self._work: Future | None = None

    def ask(self, work: Callable[[], object] | None) -> bool:
        """Begin it, instead of what was asked for before; False where there is nothing to do."""
        self.forget()
        if work is None:
            return False
        self._pool = self._pool or ThreadPoolExecutor(1, "layout")
        self._work = self._pool.submit(work)
        return True

    def arrived(self, wait: bool = False) -> bool:
        """Whether it is there since the last call; `wait` until it is. Raises what the work has raised."""
        if self._work is None or not (wait or self._work.done()):
            return False
        done, self._work = self._work, None
        done.result()
        return True

    def forget(self) -> None:
        """What was asked for is wanted no more; what has begun is finished, and nobody hears of it."""
        if self._work is not None:
            self._work.cancel()
            self._work = None
