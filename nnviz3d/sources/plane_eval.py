"""Asks a network what it answers, and what each of its neurons does, over the plane of its data. Never changes learning.

Inputs off the plane are held at the shown sample's: the picture is the slice through it, and at its place every neuron has the very
activation that the scene shows.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nnviz3d.engine.data.plane import Plane
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import Topology


class Asked(Protocol):
    """The network that is asked."""

    @property
    def topology(self) -> Topology: ...
    @property
    def objective(self) -> Objective: ...
    @property
    def holds(self) -> Holds: ...
    def tensors(self, kind: str) -> Array: ...


class Asking:
    """`plane`: None where the data has none. Buffers are made when first asked for and kept while parameters, loss and plane stay."""

    def __init__(self, ops):
        self.ops = ops
        self.plane: Plane | None = None
        self._kept: dict[int, tuple] = {}
        self._held: dict[int, np.ndarray | None] = {}

    def aim(self, plane: Plane | None) -> None:
        """Another plane."""
        self.plane = plane
        self._kept.clear()

    def outputs(self, source: Asked, side: int, x_i: np.ndarray, parameters=None, killed=None) -> np.ndarray:
        """(side * side, O) outputs, rows from the top; `x_i` is what off the plane is held at.

        `parameters` (P,), `killed`: those of another moment, in place of those of now.
        """
        return self._bound(source, side, x_i, parameters, killed).outputs()

    def activations(self, source: Asked, side: int, x_i: np.ndarray, parameters=None, killed=None) -> np.ndarray:
        """(side * side, N) of every neuron, inputs first."""
        return np.concatenate(self._bound(source, side, x_i, parameters, killed).activations(), axis=1)

    def _bound(self, source: Asked, side: int, x_i: np.ndarray, parameters, killed) -> ForwardPass:
        plane = self.plane
        if plane is None:
            raise ValueError("there is no plane")
        p = source.tensors("parameter") if parameters is None else parameters
        held_i, held = (x_i if plane.slices else None), self._held.get(side)
        kept = self._kept.get(side)
        bound = source.objective, source.holds.killed if killed is None else killed
        if kept is None or kept[0] is not p or kept[1] != bound:
            rows = plane.inputs(side, held_i)
            response = ForwardPass.of_rows(self.ops, source.topology, source.objective, self.ops.asarray(p), rows, bound[1])
            kept = self._kept[side] = p, bound, response
        elif held_i is not None and (held is None or not np.array_equal(held_i, held)):
            kept[2].ask(plane.inputs(side, held_i))
        self._held[side] = held_i
        return kept[2]
