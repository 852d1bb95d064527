"""The arenas: each kind of number of the whole network as one contiguous array (P,), never moved and never replaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.numpy_updates import SLOTS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.topology import Range, Topology


class Arenas:
    """`parameters`, `gradients` of the last step's batch (the mean with L1 and L2, before clipping), `before` = parameters before the
    last step, the optimiser's `slots`, and `alive` (1, or 0 for a weight that Playground's L1 has put to rest), which is None until that
    rule is first used."""

    def __init__(self, ops: Ops, topology: Topology, first: np.ndarray, optimizer: str):
        self.ops, self.topology = ops, topology
        self.parameters = ops.asarray(np.array(first))
        self.before = self.parameters.copy()
        self.gradients, self._change = ops.zeros(first.size), ops.zeros(first.size)
        self.slots = [ops.zeros(first.size) for _ in range(SLOTS[optimizer])]
        self.alive: Any = None

    def change(self):
        """(P,) parameters minus before, computed now."""
        self.ops.xp.subtract(self.parameters, self.before, self._change)
        return self._change

    def wake(self) -> None:
        """Make room for Playground's rule."""
        if self.alive is None:
            self.alive = self.ops.zeros(self.topology.n_parameters)
            self.alive.fill(1)

    def largest(self) -> tuple[float, float]:
        """(largest |parameter|, largest |first slot| or 0)."""
        peak = [max(float(array.max(initial=0)), -float(array.min(initial=0))) for array in (self.parameters, *self.slots[:1])]
        return peak[0], peak[1] if len(peak) > 1 else 0.0

    def finite(self) -> bool:
        """All parameters and slots are numbers."""
        return all(math.isfinite(float(extreme)) for array in (self.parameters, *self.slots) for extreme in (array.min(), array.max()))

    def all(self) -> dict:
        """Every arena by name."""
        arenas = {"parameters": self.parameters, "before": self.before, "gradients": self.gradients}
        arenas |= {f"slot{k}": slot for k, slot in enumerate(self.slots)}
        return arenas if self.alive is None else {**arenas, "alive": self.alive}

    def copies(self) -> dict[str, np.ndarray]:
        return {name: np.array(self.ops.to_host(array)) for name, array in self.all().items()}

    def put(self, copies: dict[str, np.ndarray]) -> None:
        """The reverse of `copies`, in place."""
        if "alive" in copies:
            self.wake()
        else:
            self.alive = None
        for name, array in self.all().items():
            if name in copies:
                self.ops.write(copies[name], array)

    def names(self) -> dict[str, Range]:
        """Where each array of parameters lies, by its name in weights files."""
        return self.topology.parameter_ranges

    def named(self) -> dict[str, np.ndarray]:
        """Parameters by name, float32 copies on the host."""
        return {name: np.array(self.ops.to_host(r.view(self.parameters)), np.float32) for name, r in self.names().items()}

    def load(self, named: dict[str, np.ndarray]) -> None:
        """Replace all parameters. Raises InputError with every missing, unknown, misshapen or non-finite one, and every
        negative variance; then nothing changes."""
        names, problems = self.names(), []
        tables = [(node, node.table) for node in self.topology.nodes if node.table is not None]
        variances = {self.topology.parameter_name(node, part) for node, table in tables for part in table.variances}
        for name in {**names, **named}:
            if name not in names:
                problems.append(Problem("", name, f"not a parameter of this network, which has {next(iter(names))} to {list(names)[-1]}"))
            elif name not in named:
                problems.append(Problem("", name, f"missing; expected shape {names[name].shape}"))
            elif np.shape(named[name]) != names[name].shape:
                problems.append(Problem("", name, f"expected shape {names[name].shape}, found {np.shape(named[name])}"))
            elif not np.isfinite(named[name]).all():
                problems.append(Problem("", name, "holds values that are not finite"))
            elif name in variances and (np.asarray(named[name]) < 0).any():
                problems.append(Problem("", name, "holds negative values; it is a variance"))
        if problems:
            raise InputError(*problems)
        for name, r in names.items():
            self.ops.write(np.asarray(named[name], self.ops.dtype), r.view(self.parameters))
        self.before[...] = self.parameters
