"""A network that only is: what a source answers that has no training, no data, no gradients and no past. The base of opened networks.

Who derives from it gives `ops`, `topology`, `sample` and `tensors`; what else it knows it says by its own members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from math import nan
from pathlib import Path

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.sources.viewable import Array, Sample, next_serial
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import NONE
from nnviz3d.spec.reasons import OPENED
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology import Topology

NO_OBJECTIVE = Objective("", "linear", 0)


def no_data(topology: Topology) -> DataSet:
    """No rows; outputs and inputs have the names that the network gives them."""
    x, t = np.zeros((0, topology.input.size), np.float32), np.zeros((0, topology.output.size), np.float32)
    names = topology.output.labels or tuple(map(str, range(topology.output.size)))
    return DataSet("", "", topology.input.shape, x, t, x, t, names, topology.input.labels)


class StillSource:
    """Implements `Viewable` and a `Clock` that stands at 0; can nothing else."""

    note = ""  # what to know of it, in words
    takes: frozenset[str] = frozenset()  # kinds of files that can be its input
    history = learner = evaluator = playback = plane = view = diverged = None
    plane_state = None, None
    runs, prompt = False, ""
    notice = ""  # what to say of it once, when it is opened
    holds, edited = NONE, {}
    step = since = written = batch_size = last_batch = 0
    epoch, loss, of_epoch, phase, at_boundary = 0.0, nan, (0, 1), "", True
    constant, objective, base, reasons = 1.0, NO_OBJECTIVE, Path(), OPENED
    sample: Sample

    def __init__(self, topology: Topology, ops: Ops, scene: Scene | None = None):
        self.topology, self.ops, self.scene = topology, ops, scene or Scene()
        self.data, self.serial = self.no_rows(), next_serial()
        self._versions = count()
        self.version = next(self._versions)

    def no_rows(self) -> DataSet:
        return no_data(self.topology)

    def give_file(self, path: Path) -> None:
        """Nothing can be passed through it. Raises InputError."""
        raise InputError.of(str(path), "", "cannot be the input of this network")

    def message(self) -> str:
        """What to tell a person, once."""
        return ""

    @property
    def train(self) -> Train:
        return self.scene.train

    def tensors(self, kind: str) -> Array | None:
        """None for what is not known."""
        raise NotImplementedError

    def settled(self, kind: str) -> Array | None:
        return self.tensors(kind)

    def parameters(self) -> dict[str, np.ndarray]:
        arena = self.ops.to_host(self.tensors("parameter"))
        return {name: np.array(place.view(arena), np.float32) for name, place in self.topology.parameter_ranges.items()}

    def answer(self) -> tuple[str, bool | None]:
        """The largest output by its name where outputs have names; else nothing."""
        output, a_n = self.topology.output, self.tensors("activation")
        if a_n is None or not output.labels:
            return "", None
        return output.labels[int(self.ops.to_host(a_n[output.neurons.slice]).argmax())], None

    def targets(self) -> np.ndarray | None:
        return None

    def show_sample(self, index: int) -> None:
        """There is one."""

    def show_own(self, x_i: np.ndarray, label: str) -> None:
        """Nothing can be passed through it."""

    def show(self) -> None:
        """Brings up what may have changed."""
        self.version = next(self._versions)

    def showing(self) -> Iterator[None]:
        self.show()
        yield

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        self.scene = scene

    def advance(self, more: Callable[[], bool] | None, steps: int | None = None) -> int:
        return 0

    def run(self, steps: int) -> int:
        return 0

    def settle(self) -> None:
        """No step is ever half done."""
