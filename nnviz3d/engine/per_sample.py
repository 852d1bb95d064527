"""Every sample by itself: what the network says of it and what that costs, in eval mode, in pieces of bounded work.

The mean over a part is `evaluation`'s; here each row keeps its own loss. Losses are worked out in float64 on the host, from the logits
where the loss works on those, by the formulas of `backend.numpy_losses`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.topology import Topology

WORK, VALUES = 3e7, 1 << 19  # multiply-adds, and activations, of one block: 1 to 3 ms on two cores
FEWEST, MOST = 4, 256


def block_rows(topology: Topology) -> int:
    """Rows of one block."""
    most = min(WORK / row_work(topology), VALUES / topology.n_neurons)
    return int(min(max(most, FEWEST), MOST))


def losses(objective: Objective, z_no: np.ndarray, a_no: np.ndarray, t_no: np.ndarray, weight_n: np.ndarray | float = 1.0) -> np.ndarray:
    """(n,) float64: the loss of each row alone, times the weight of its class; nan where the outputs are not numbers. `z_no` counts where
    the loss works on logits."""
    return weight_n * _losses(objective, z_no, a_no, t_no)


def _losses(objective: Objective, z_no: np.ndarray, a_no: np.ndarray, t_no: np.ndarray) -> np.ndarray:
    z, a, t = (x.astype(np.float64) for x in (z_no, a_no, t_no))
    with np.errstate(all="ignore"):
        if objective.loss == "cross_entropy":
            top = z.max(1, keepdims=True)
            return np.log(np.exp(z - top).sum(1)) + top[:, 0] - (z * t).sum(1)
        if objective.loss == "bce":
            return (np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))).mean(1)
        error = a - t
        if objective.loss == "huber":
            c = np.clip(error, -objective.huber_delta, objective.huber_delta)
            return (c * (error - c / 2)).mean(1)
        return (error * error).sum(1) / 2 if objective.loss == "half_mse" else (error * error).mean(1)


def token_losses(z_no: np.ndarray, t_nt: np.ndarray) -> np.ndarray:
    """(n,) float64: of each sequence the mean over its scored tokens; 0 where it has none, nan where outputs are not numbers."""
    z, scored = z_no.reshape(*t_nt.shape, -1).astype(np.float64), t_nt >= 0
    with np.errstate(all="ignore"):
        top = z.max(-1)
        hit = np.take_along_axis(z, np.maximum(t_nt, 0)[..., None].astype(np.intp), -1)[..., 0]
        each = np.log(np.exp(z - top[..., None]).sum(-1)) + top - hit
        return np.where(scored, each, 0).sum(1) / np.maximum(scored.sum(1), 1)


def errors(trainer, part: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(O,) root mean square error and mean absolute error of each numeric target over all rows of "train" or "test", in its own unit.

    None for classes, and where the part has no rows.
    """
    data, objective = trainer.data, trainer.objective
    targets = getattr(data, f"t_{part}")
    if objective.classes or not len(targets):
        return None
    square_o, absolute_o = np.zeros((2, trainer.topology.output.size))
    judging = Judging(trainer.ops, trainer.topology, objective, trainer.arenas.parameters, data, trainer.holds.killed)
    with np.errstate(all="ignore"):
        for where, out_no, _ in judging.blocks(part, np.arange(len(targets))):
            error_no = objective.own(out_no.astype(np.float64)) - targets[where].reshape(len(out_no), -1)
            square_o, absolute_o = square_o + (error_no * error_no).sum(0), absolute_o + np.abs(error_no).sum(0)
    return np.sqrt(square_o / len(targets)), absolute_o / len(targets)


class Activations:
    """What one node does with rows. Bound to `parameters` (P,) of `ops`."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, data: DataSet, killed: tuple[int, ...] = ()):
        self.ops, self.data, self.rows = ops, data, block_rows(topology)
        blank = np.zeros((self.rows, topology.input.size), np.float32)
        self._pass = ForwardPass.of_rows(ops, topology, objective, parameters, blank, killed)

    def blocks(self, part: str, rows_r: np.ndarray, node: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Of these rows of "train" or "test", one block after the other: (where in `rows_r`, (n, size) activations)."""
        x = getattr(self.data, f"x_{part}")
        padded = np.zeros((self.rows, x.shape[1]), np.float32)
        for start in range(0, len(rows_r), self.rows):
            here = rows_r[start : start + self.rows]
            padded[: len(here)] = x[here]
            self._pass.ask(padded)
            self._pass.run()
            yield slice(start, start + len(here)), np.array(self.ops.to_host(self._pass.buffers.a[node][: len(here)]))


class Judging:
    """Bound to `parameters` (P,) of `ops`, which may change between two blocks."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, data: DataSet, killed: tuple[int, ...] = ()):
        self.ops, self.objective, self.data = ops, objective, data
        self.rows = block_rows(topology)
        blank = np.zeros((self.rows, topology.input.size), np.float32)
        self._pass = ForwardPass.of_rows(ops, topology, objective, parameters, blank, killed)

    def blocks(self, part: str, rows_r: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Of these rows of "train" or "test", one block after the other: (where in `rows_r`, outputs (n, O), losses (n,))."""
        x, t = getattr(self.data, f"x_{part}"), getattr(self.data, f"t_{part}")
        padded = np.zeros((self.rows, x.shape[1]), np.float32)
        for start in range(0, len(rows_r), self.rows):
            here = rows_r[start : start + self.rows]
            n = len(here)
            padded[:n] = x[here]
            self._pass.ask(padded)
            z, a = (out[:n] for out in self._pass.raw())
            if self.objective.tokens:
                yield slice(start, start + n), a, token_losses(z, t[here])
                continue
            weight_n = self.objective.weights_of(t[here]) if self.objective.weights else 1.0
            yield slice(start, start + n), a, losses(self.objective, z, a, self.objective.rows(t[here], np.float64), weight_n)
