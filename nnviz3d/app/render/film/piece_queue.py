"""Which piece of a film a worker makes next. Pure bookkeeping: no clock, no network."""

from __future__ import annotations

from collections.abc import Iterable


class PieceQueue:
    """`waiting`: pieces that nobody makes yet; `busy`: worker -> the piece that it makes.

    A worker goes on with the piece after its last one, so that the training before it is done once. Where that is taken, it begins in
    the middle of the longest run that is left: the other half stays for the worker that comes from the left.
    """

    def __init__(self, pieces: Iterable[int]):
        self.waiting = set(pieces)
        self.busy: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._ended: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.busy)

    def take(self, worker: str) -> int | None:
        """The next piece for an idle worker; None: there is nothing for it."""
        if not self.waiting:
            return None
        number = self._last.get(worker, -2) + 1
        if number not in self.waiting:
            run = max(self._runs(), key=len)
            number = run[len(run) // 2] if run[0] - 1 in self.busy.values() else run[0]
        self.waiting.discard(number)
        self.busy[worker] = self._last[worker] = number
        return number

    def done(self, worker: str) -> int:
        return self.busy.pop(worker)

    def lost(self, worker: str) -> int:
        """The worker is gone or could not do it: its piece waits again. Returns how many workers that piece has ended."""
        number = self.busy.pop(worker)
        self._last.pop(worker, None)
        self.waiting.add(number)
        self._ended[number] = self._ended.get(number, 0) + 1
        return self._ended[number]

    def _runs(self) -> list[list[int]]:
        """Neighbouring pieces that wait."""
        runs: list[list[int]] = []
        for number in sorted(self.waiting):
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        return runs
