"""Which rows make the next batch: the contract that other tools reproduce.

"sequential" takes rows in file order, wrapping at the end of an epoch; "shuffle" draws one permutation an epoch from
Generator(PCG64(seed)) and nothing else from it. A last short batch is used as it is. Batch 0, or one of at least n rows, is the full set,
and then the rows stand in file order: their sum does not depend on it.
"""

from __future__ import annotations

import numpy as np


class Batches:
    """`order` (n,) intp is the running epoch's order; `position` rows of it are used up."""

    def __init__(self, n: int, batch: int, shuffle: bool, seed: int):
        self.n, self.shuffle = n, shuffle
        self.size = n if batch == 0 else min(batch, n)
        self.order = np.arange(n)
        self.epochs, self.position = 0, n
        self._rng = np.random.Generator(np.random.PCG64(seed))

    @property
    def whole(self) -> bool:
        """One batch is the full set."""
        return self.size == self.n

    @property
    def epoch(self) -> float:
        """Finished epochs and the fraction of the running one; 0.0 before the first batch."""
        return max(0.0, self.epochs - 1 + self.position / self.n)

    @property
    def taken(self) -> tuple[int, int]:
        """(batches of the running epoch that are used up, batches of a whole one); an epoch is at its end where they are equal."""
        return -(-self.position // self.size) if self.epochs else 0, -(-self.n // self.size)

    def next(self) -> tuple[int, int, bool]:
        """(start, stop, new epoch) of the next batch in `order`."""
        fresh = self.position >= self.n
        if fresh:
            self.position, self.epochs = 0, self.epochs + 1
            if self.shuffle and not self.whole:
                self.order[:] = self._rng.permutation(self.n)
        start = self.position
        self.position = min(start + self.size, self.n)
        return start, self.position, fresh

    def state(self) -> dict:
        return {"order": self.order.copy(), "position": self.position, "epochs": self.epochs, "random": self._rng.bit_generator.state}

    def restore(self, state: dict) -> None:
        self.order[:] = state["order"]
        self.position, self.epochs = state["position"], state["epochs"]
        self._rng.bit_generator.state = state["random"]
