"""A loop that lends control to its viewers: it waits between two steps while one of them has paused it."""

from __future__ import annotations

import threading

LOOK = 0.5  # seconds between two looks while it waits, so that Ctrl+C is heard


class LoopControl:
    """`lent`: by the loop, which then asks `wait` between its steps. A pause holds from the first step on whose frame is whole."""

    def __init__(self):
        self.lent = self.paused = False
        self._shown = self._over = False
        self._changed = threading.Condition()

    def obey(self, action: str) -> None:
        """ "pause", "step" or "run", from any thread."""
        with self._changed:
            if self.lent:
                self.paused, self._shown = action != "run", False
                self._changed.notify_all()

    def alone(self) -> None:
        """The last viewer has left: a loop does not wait for somebody who is not there."""
        self.obey("run")

    def end(self) -> None:
        with self._changed:
            self.paused, self._over = False, True
            self._changed.notify_all()

    @property
    def wants_frame(self) -> bool:
        """Whether the step at hand must be seen, however soon it comes after the last one."""
        return self.paused and not self._shown

    def has_frame(self) -> None:
        self._shown = self.paused

    def wait(self) -> None:
        with self._changed:
            while self.paused and self._shown and not self._over:
                self._changed.wait(LOOK)
