"""How a command is ended from outside: Ctrl+C (SIGINT), SIGTERM (a batch queue, `kill`) and SIGHUP (the terminal is gone) mean the same.

`nohup` works: a SIGHUP that was being ignored when the program began stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def _wanted() -> tuple[int, ...]:
    hangup = getattr(signal, "SIGHUP", None)
    return tuple(number for number in SIGNALS if number != hangup or signal.getsignal(number) is not signal.SIG_IGN)


def interrupt() -> None:
    """For the whole process: each of them raises KeyboardInterrupt in the main thread, as Ctrl+C does. While that clears up, others of
    them than Ctrl+C are not heard: who sends SIGTERM often sends SIGHUP at once."""
    heard = False

    def stop(number, _frame):
        nonlocal heard
        if number == signal.SIGINT or not heard:
            heard = True
            raise KeyboardInterrupt

    for number in _wanted():
        signal.signal(number, stop)


@contextmanager
def held() -> Iterator[None]:
    """Inside, nothing is interrupted; what came is heard at the end. For C++ that is being imported: an exception in it would abort."""
    came: list[int] = []
    with stopping(lambda: came.append(1)):
        yield
    if came:
        raise KeyboardInterrupt


def close_on(stop: Callable[[], None]) -> None:
    """From now on each of them calls `stop()`."""
    for number in _wanted():
        signal.signal(number, lambda *_: stop())


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Inside, each of them calls `stop()` and nothing is interrupted."""
    before = {number: signal.signal(number, lambda *_: stop()) for number in _wanted()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
