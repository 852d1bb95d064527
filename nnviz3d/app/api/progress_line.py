"""A line of progress with rate and time left, written over itself: terminals and notebooks both can do that."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None] | bool | None
EVERY = 0.3  # seconds between two lines


@contextmanager
def shown(progress: Progress) -> Iterator[Callable[[int, int], None]]:
    """`advance(done, total)` for the work inside: the caller's own function, or the line; None: where somebody looks at it."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not (sys.stderr.isatty() or "ipykernel" in sys.modules)):
        yield lambda done, total: None
        return
    line = _Line()
    try:
        yield line.advance
    finally:
        line.end()


class _Line:
    def __init__(self):
        self._began, self._last = time.monotonic(), 0.0
        self._first: tuple[float, int] | None = None  # when frames were counted first, and how many were there

    def advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        self._first = (now, done) if self._first is None else self._first
        if now - self._last < EVERY and done < total:
            return
        self._last = now
        began, before = self._first
        rate = (done - before) / (now - began) if now > began else 0.0
        left = f", {rate:.1f} a second, {(total - done) / rate:,.0f} s left" if rate else ""
        sys.stderr.write(f"\r{done:,} of {total:,} frames{left}".ljust(70))
        sys.stderr.flush()

    def end(self) -> None:
        if self._first:
            sys.stderr.write(f"\r{time.monotonic() - self._began:,.1f} s".ljust(70) + "\n")
