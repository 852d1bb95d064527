"""One training step, kept: the tape that phases, equations and pictures read.

`record` takes exactly one real step, the same bytes as `run(1)`, and copies what it used and made. A `Tape` is immutable and never
touches the trainer again, so it can be looked at in any order. One sample of the batch is reported neuron by neuron, in eval mode
(without dropout) as it is everywhere in the picture; where rows of a batch depend on one another (batch norm), it is reported as a row of
its batch, by the batch's own statistics. `gradient` is the whole batch's, which the optimiser saw times `clip`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.optimizers import rate
from nnviz3d.engine.row_in_batch import RowInBatch
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.neuron_locks import NONE, Holds
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Topology


@dataclass(frozen=True, eq=False)
class TapeSample:
    """One row through the network: `z`, `a` (N,) by neuron (inputs: x), `delta` (N,) = dL/dz (inputs: dL/dx), and its own loss.

    In a batch whose rows depend on one another, L is the sum of the losses of all rows, of which this one changes others too."""

    z: np.ndarray
    a: np.ndarray
    delta: np.ndarray
    loss: float
    statistics: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)  # by node: what the rows of the batch have in common


@dataclass(frozen=True, eq=False)
class Tape:
    """Arrays are read-only host copies in the trainer's type (float32).

    `step`: the 1-based number of this step, Adam's t. `rows` (B,): the batch, as rows of the training set; `row` the shown one of them.
    `loss`: mean over the batch, with dropout, without L1 and L2.
    `gradient` (P,): batch mean with L1 and L2 in it, before clipping, as the trainer's; the optimiser used `clip` times it.
    `before`, `after` (P,) parameters; `slots_before`, `slots_after` the optimiser's own (P,): velocity, or v, or m and v.
    `holds`: what was frozen or killed. `alive` (P,): 0 where Playground's L1 has put a weight to rest; None where that rule was never on.
    `masks`: the step's dropout, by node. `changed`: inputs and targets of the batch as the step saw them, where they were augmented.
    Where the step diverged nothing was applied: after is before, and loss or gradient are what was not finite.
    What one sample makes of the parameters is worked out when first asked for, by the same calls as the live picture's.
    """

    ops: Ops
    topology: Topology
    objective: Objective
    train: Train
    data: DataSet
    step: int
    learning_rate: float
    rows: np.ndarray
    row: int
    masks: tuple[np.ndarray | None, ...]
    loss: float
    gradient: np.ndarray
    clip: float
    before: np.ndarray
    after: np.ndarray
    slots_before: tuple[np.ndarray, ...]
    slots_after: tuple[np.ndarray, ...]
    alive: np.ndarray | None
    diverged: bool
    holds: Holds = NONE
    changed: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, I) inputs that the step learned from, and their targets."""
        return self.changed or (self.data.x_train[self.rows], self.data.t_train[self.rows])

    @property
    def x(self) -> np.ndarray:
        """The shown sample's inputs, (I,)."""
        return self.data.x_train[self.row]

    @property
    def target(self):
        """The shown sample's class id, or its (O,) numbers."""
        return self.data.t_train[self.row]

    @cached_property
    def target_o(self) -> np.ndarray:
        """(O,) what the loss compares the shown sample's outputs with."""
        return self.objective.expected(self.data.t_train[self.row : self.row + 1], self.ops.dtype)[0]

    @property
    def factor(self) -> float:
        """What the shown sample's loss and errors are multiplied by: the weight of its class; 1 without weights."""
        return self.objective.weight(self.target)

    @cached_property
    def old(self) -> TapeSample:
        """The shown sample with the parameters before."""
        return self._look(self.before)

    @cached_property
    def new(self) -> TapeSample:
        """The shown sample with the parameters after."""
        return self._look(self.after)

    @cached_property
    def change(self) -> np.ndarray:
        """(P,) after minus before."""
        return _frozen(self.after - self.before)

    @cached_property
    def sample_gradient(self) -> np.ndarray:
        """(P,) of the shown sample alone, without L1 and L2: for a dense layer dL/dw_ji = delta_j a_i and dL/db_j = delta_j. 0 for what is
        not learned."""
        if self.topology.coupled:
            return _frozen(self._in_batch(self.before).own_gradient())
        gradient = self.ops.zeros(self.gradient.size)
        Shown(self.ops, self.topology, self.objective, self.ops.asarray(self.before), self.holds.killed, gradient).show(self.x, self.target)
        return _frozen(np.array(self.ops.to_host(gradient)))

    @cached_property
    def gradient_norm(self) -> float:
        """Of `gradient`, in float64: what clipping compares with its limit."""
        return float(np.linalg.norm(self.gradient.astype(np.float64)))

    def of(self, shown: int) -> Tape:
        """The same step, telling another row of its batch (wraps around)."""
        return replace(self, row=int(self.rows[shown % len(self.rows)]))

    def _in_batch(self, parameters: np.ndarray) -> RowInBatch:
        (x, targets), row = self.batch, int(np.flatnonzero(self.rows == self.row)[0])
        if self.changed is not None:  # the shown sample stays as it is
            x, targets = x.copy(), targets.copy()
            x[row], targets[row] = self.x, self.target
        return RowInBatch(self.ops, self.topology, self.objective, self.ops.asarray(parameters), x, targets, row, self.holds.killed)

    def _look(self, parameters: np.ndarray) -> TapeSample:
        if self.topology.coupled:
            row = self._in_batch(parameters)
            return TapeSample(_frozen(row.z), _frozen(row.a), _frozen(row.delta), row.loss, row.statistics)
        shown = Shown(self.ops, self.topology, self.objective, self.ops.asarray(parameters), self.holds.killed)
        shown.show(self.x, self.target)
        z, a, delta = _frozen(np.array(self.ops.to_host(shown.all))).reshape(3, -1)
        return TapeSample(z, a, delta, shown.loss)


def record(trainer: Trainer, shown: int = 0) -> Tape:
    """One step of `trainer`, recorded; `shown` chooses a row of its batch (wraps around). A half-done step is finished first.

    Raises RunError where training has already diverged. A step that diverges here is taped too.
    """
    trainer.settle()
    if trainer.diverged is not None:
        raise RunError(f"training diverged at step {trainer.diverged:,}; there are no further steps to record")
    arenas, ops, step, n = trainer.arenas, trainer.ops, trainer.step, len(trainer.arenas.slots)
    # One block for all (P,): given back and taken again as a whole it keeps its pages. Singly they would be faulted in again at every
    # step, which made recording 3.5 steps long (784-128-64-10), against 1.3.
    block = np.empty((3 + 2 * n + (arenas.alive is not None), trainer.topology.n_parameters), ops.dtype)
    _put(ops, block, 3, *arenas.slots)
    finished = trainer.run_tapped(lambda: _put(ops, block, 0, arenas.gradients))
    rows, buffers = trainer.batch
    _put(ops, block, 1, arenas.before if finished else arenas.parameters, arenas.parameters)
    _put(ops, block, 3 + n, *arenas.slots, *(() if arenas.alive is None else (arenas.alive,)))
    clip = trainer.clip if finished else 1.0
    gradient, before, after, *rest = _frozen(block)
    return Tape(
        ops, trainer.topology, trainer.objective, trainer.train, trainer.data, step + 1, rate(trainer.train, step),
        rows=rows, row=int(rows[shown % len(rows)]), loss=float(ops.to_host(buffers.cell)[0]),
        masks=tuple(None if mask is None else _frozen(np.array(ops.to_host(mask))) for mask in buffers.masks),
        gradient=gradient, clip=clip, before=before, after=after, slots_before=tuple(rest[:n]), slots_after=tuple(rest[n : 2 * n]),
        alive=None if arenas.alive is None else rest[-1], diverged=not finished, holds=trainer.holds, changed=_changed(trainer),
    )  # fmt: skip


def _changed(trainer: Trainer) -> tuple[np.ndarray, np.ndarray] | None:
    """Inputs and targets of the last batch, where they were augmented; targets as the data set has them, or changed with the inputs."""
    if not trainer.augment.on:
        return None
    rows, buffers = trainer.batch
    x = _frozen(np.array(trainer.ops.to_host(buffers.y[0])))
    return x, _frozen(np.array(trainer.ops.to_host(buffers.t))) if trainer.data.reconstructs else trainer.data.t_train[rows]


def _put(ops: Ops, block: np.ndarray, first: int, *arrays) -> None:
    """Host copies into consecutive rows."""
    for k, array in enumerate(arrays, start=first):
        block[k] = ops.to_host(array)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
