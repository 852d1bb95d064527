"""The past of a recording: its kept steps, snapshots of them, and the gradients that were not recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Train

if TYPE_CHECKING:
    from nnviz3d.sources.recorded import RecordedTraining

MOMENTS, AT_ONCE = 200, 1_000_000  # steps of the past that a panel may look at, and parameters of a network that it does so with


class Gradient:
    """Works out into `gradients` (P,) the mean gradient of the loss over evenly drawn rows, with L1 and L2, by `parameters` (P,)."""

    def __init__(self, source: RecordedTraining, parameters, gradients):
        self.source, self.parameters, self.gradients = source, parameters, gradients
        buffers = Buffers.make(source.ops, source.topology, source.batch_size)
        buffers.y[0], buffers.t, _ = source.looking.rows("train", source.batch_size)
        train = source.scene.train
        self._pass = ForwardPass(
            source.ops, source.topology, source.objective, parameters, buffers, gradients=gradients, train=train, training=True
        )

    def work(self) -> None:
        self._pass.run()
        self.source.ops.xp.nan_to_num(self.gradients, copy=False)


class States(Protocol):
    """Who knows what a step was like."""

    def state(self, step: int) -> dict[str, Any]: ...


class RecordedStep:
    """A step that is read when somebody asks for it."""

    def __init__(self, history: States, step: int):
        self.history, self.step = history, step
        self._state: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        self._state = self._state or self.history.state(self.step)
        return self._state[name]


class RecordedHistory:
    """What `engine.run_history.Rewind` is to a run that trains: all kept steps can be entered, and none is ever lost or added."""

    def __init__(self, source: RecordedTraining):
        self.source = source
        self.bytes = 0  # it lies on the disk
        self.snapshots: dict[str, Snapshot] = {}
        self._elsewhere: Gradient | None = None  # of other steps than the one that is shown

    @property
    def oldest(self) -> int:
        return int(self.source.recording.steps[0])

    @property
    def newest(self) -> int:
        return int(self.source.recording.steps[-1])

    def nearest(self, step: int) -> int:
        """The last kept step that is not after this one."""
        return self.source.recording.at(step)

    def stretches(self) -> list[tuple[int, int]]:
        return [(self.oldest, self.newest)]

    def changes(self) -> list[int]:
        return []

    def moments(self) -> list[tuple[int, RecordedStep]]:
        """Some steps, evenly spread, whose numbers can be looked at without going there; none of a network that is too large for that."""
        steps = self.source.recording.steps
        if self.source.topology.n_parameters > AT_ONCE:
            return []
        places = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOMENTS)).astype(np.intp))
        return [(int(step), RecordedStep(self, int(step))) for step in steps[places]]

    def state(self, step: int) -> dict:
        """What `Trainer.state` would have been then, as far as a recording knows it."""
        source, ops = self.source, self.source.ops
        if self._elsewhere is None:
            self._elsewhere = Gradient(source, ops.zeros(source.topology.n_parameters), ops.zeros(source.topology.n_parameters))
        parameters, before, _sound = source.pair(step)
        ops.write(parameters, self._elsewhere.parameters)
        self._elsewhere.work()
        gradients = np.array(ops.to_host(self._elsewhere.gradients))
        return {"arenas": {"parameters": parameters, "before": before, "gradients": gradients}, "holds": Holds()}

    def take_lost(self, who: str = "layers") -> None:
        return None

    def enter(self, step: int) -> Train:
        """Be at the last kept step that is not after this one."""
        return self.source.enter(step)

    def snapshot(self, name: str) -> Snapshot:
        """Keep this moment under a name."""
        source = self.source
        kinds = {"parameters": "parameter", "before": "before", "gradients": "gradient"}
        arenas = {key: np.array(source.ops.to_host(source.tensors(kind))) for key, kind in kinds.items()}
        parameters = arenas["parameters"].view()
        parameters.flags.writeable = False
        order = {"order": np.arange(len(source.data.x_train))}
        state = {"arenas": arenas, "step": source.step, "batches": order, "holds": source.holds, "rows": source.last_batch, "edited": {}}
        made = Snapshot(name, source.step, source.epoch, source.loss, parameters, source.train, state)
        self.snapshots[name] = made
        return made

    def enter_snapshot(self, name: str) -> Train:
        return self.source.enter(self.snapshots[name].step)
