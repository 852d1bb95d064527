"""What the next step learns from: its rows, the buffers they go into, how they are changed, the dropout masks, and the step compiled for so
many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.augmentation import Augmentation
from nnviz3d.engine.batches import Batches
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.plan import Plan
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Topology


class Feed:
    """`compile(rows, buffers, index)` gives a plan; it is asked once for each number of rows, until `forget`.

    `dropout`: by node. `plan` and `count`, its rows, are those of the running or last step. Where one batch is the full set, nothing is
    looked up.
    """

    def __init__(self, ops: Ops, topology: Topology, dropout: tuple[float, ...], rows: int, seed: int, compile: Callable):
        self.ops, self.topology, self._dropout, self._rows, self._compile = ops, topology, dropout, rows, compile
        self._noise = np.random.Generator(np.random.PCG64([seed, 2]))

    def start(self, train: Train, killed: tuple[int, ...], augmentation: Augmentation | None = None) -> None:
        """Another batch size or order: a new epoch. `augmentation`: of batches of that size."""
        self.augmentation = augmentation
        self.batches = Batches(self._rows, train.batch, train.order == "shuffle", train.seed)
        self._order = self.ops.asarray(self.batches.order, np.intp)
        self._index = self.ops.asarray(np.arange(self.batches.size), np.intp)
        self.plan, self.count = Plan(), 0
        self.kill(killed)

    def kill(self, killed: tuple[int, ...]) -> None:
        """Other neurons are killed."""
        self._buffers = Buffers.make(self.ops, self.topology, self.batches.size, self._dropout, killed)
        self.forget()

    def forget(self) -> None:
        """Steps are compiled again."""
        self._plans: dict[int, Plan] = {}

    def next(self) -> Plan:
        """The step for the next batch, with its rows and masks in place."""
        start, stop, fresh = self.batches.next()
        self.count = count = stop - start
        self.plan = plan = self.compiled(count)
        if not self.batches.whole:
            if fresh:
                self.ops.write(self.batches.order, self._order)
            self.ops.xp.copyto(plan.index, self._order[start:stop])
        if self.augmentation is not None:
            self.augmentation.draw(self._noise, count)
        for mask, share in plan.masks:
            self._draw(mask, 1 - share)
        return plan

    def compiled(self, count: int) -> Plan:
        """The step for so many rows."""
        plan = self._plans.get(count)
        if plan is None:
            buffers = self._buffers.rows(count)
            plan = self._plans[count] = self._compile(count, buffers, self._index[:count])
            plan.masks = [(mask, share) for mask, share in zip(buffers.masks, self._dropout, strict=True) if mask is not None]
        return plan

    @property
    def batch(self) -> tuple[np.ndarray, Buffers]:
        """(rows of the training set, their buffers) of the running or last step. The rows are a copy, the buffers are not."""
        stop = self.batches.position
        buffers = self.plan.buffers
        assert buffers is not None, "no step has started"
        return self.batches.order[stop - self.count : stop].copy(), buffers

    def state(self) -> dict:
        return {"batches": self.batches.state(), "noise": self._noise.bit_generator.state}

    def restore(self, state: dict) -> None:
        self.batches.restore(state["batches"])
        self.ops.write(self.batches.order, self._order)
        self._noise.bit_generator.state = state["noise"]

    def _draw(self, mask, keep: float) -> None:
        """Inverted dropout: 1/keep with probability keep, else 0. Drawn on the host, so that backends agree."""
        here = isinstance(mask, np.ndarray)
        host = self._noise.random(dtype=self.ops.dtype, out=mask) if here else self._noise.random(mask.shape, self.ops.dtype)
        np.add(host, keep, host)
        np.floor(host, host)
        np.multiply(host, 1 / keep, host)
        if not here:
            self.ops.write(host, mask)
