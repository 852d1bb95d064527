"""What an explanation is made from: anything that can be looked at, or one moment of a recorded step; parts of its arenas on the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from nnviz3d.engine.objective import Objective
from nnviz3d.engine.tape import Tape
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.equations_face import BATCH
from nnviz3d.sources.viewable import Array, Sample
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import Connection, Topology


class HostOps(Protocol):
    @staticmethod
    def to_host(array: Array) -> np.ndarray: ...


class Explained(Protocol):
    """What an explanation is made from: a part of `sources.viewable.Viewable`."""

    @property
    def ops(self) -> HostOps: ...
    @property
    def topology(self) -> Topology: ...
    @property
    def objective(self) -> Objective: ...
    @property
    def sample(self) -> Sample: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def last_batch(self) -> int: ...
    @property
    def edited(self) -> Mapping[int, tuple[float, float]] | None: ...
    def tensors(self, kind: str) -> Array | None: ...
    def targets(self) -> np.ndarray | None: ...


class Recorded:
    """A tape as a source: the shown sample before its step, or `after` it. All on the host."""

    def __init__(self, tape: Tape, after: bool = False):
        sample = tape.new if after else tape.old
        self.tape, self.after, self.topology, self.objective, self.ops = tape, after, tape.topology, tape.objective, self
        self._arrays = {
            "activation": sample.a, "z": sample.z, "delta": sample.delta, "gradient": tape.gradient,
            "parameter": tape.after if after else tape.before, "before": tape.before, "after": tape.after,
        }  # fmt: skip
        self.by_batch = sample.statistics
        self.statistics = {f"{BATCH}{node}.{name}": x for node, of in sample.statistics.items() for name, x in of.items()}
        self.last_batch, self.holds, self.edited = len(tape.rows), tape.holds, {}
        self.sample = Sample(tape.row, len(tape.rows), "train", tape.x, tape.target, "")

    def tensors(self, kind: str) -> np.ndarray:
        return self._arrays[kind]

    def targets(self) -> np.ndarray:
        return np.asarray(self.tape.target_o, np.float64)

    @staticmethod
    def to_host(array):
        return array


def at(source: Explained, kind: str, place: slice | np.ndarray) -> np.ndarray:
    """A part of an arena on the host that every source has: parameters, or activations."""
    found = known(source, kind, place)
    assert found is not None
    return found


def known(source: Explained, kind: str, place: slice | np.ndarray) -> np.ndarray | None:
    """A part of an arena on the host; None where the source does not know it. "before", "after": parameters around the last step."""
    if kind.startswith(BATCH):
        array = source.statistics.get(kind) if isinstance(source, Recorded) else None
    else:
        array = source.tensors(kind)
    return None if array is None else source.ops.to_host(array[place])


def number(source: Explained, kind: str, at: int) -> float | None:
    found = known(source, kind, slice(at, at + 1))
    return None if found is None else float(found[0])


def weights_of(source: Explained, connection: Connection, local_e: np.ndarray) -> np.ndarray:
    """(E,) what these edges multiply by: parameters, 1, or other activations."""
    edges = edges_of(connection)
    parameters = edges.parameter(connection, local_e)
    if parameters is not None:
        return at(source, "parameter", place(parameters))
    numbers = Numbers(source.tensors("parameter"), source.tensors("activation"), None, 0)
    return np.broadcast_to(source.ops.to_host(edges.values(connection, local_e, numbers)), len(local_e))


def place(ids: np.ndarray) -> slice | np.ndarray:
    """Where these numbers lie in an arena: as a slice where they are evenly spaced, which no device has to gather."""
    step = int(ids[1] - ids[0]) if len(ids) > 1 else 1
    if len(ids) and step > 0 and (ids[1:] - ids[:-1] == step).all():
        return slice(int(ids[0]), int(ids[-1]) + 1, step)
    return ids
