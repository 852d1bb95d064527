"""The past of a watched loop: the states that are kept, snapshots of them, and a step that is worked out here from those parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.engine.run_history import Snapshot
from nnviz3d.engine.tape import Tape, record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.sources.recorded_history import AT_ONCE, MOMENTS, RecordedStep
from nnviz3d.sources.watching.ring import KeptState
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.neuron_locks import NONE
from nnviz3d.spec.scene import Train

if TYPE_CHECKING:
    from nnviz3d.sources.watching.loop import WatchedLoop

LARGEST = 20_000_000  # parameters of a network whose step is worked out here: it needs six more arrays of them
NO_SAMPLE = "The loop has sent no sample with a target, so no step can be computed here: nv.watch(model, sample=(x, target)) sends one."
NO_TASK = "The loop does not say whether it classifies or predicts numbers, so no loss can be computed here."
TOO_LARGE = f"With more than {LARGEST:,} parameters no step of a watched loop is computed here."


class WatchedHistory:
    """Kept states can be entered; none is ever a branch."""

    def __init__(self, source: WatchedLoop):
        self.source = source
        self.snapshots: dict[str, Snapshot] = {}
        self._states: dict[str, KeptState] = {}

    @property
    def bytes(self) -> int:
        return self.source.ring.bytes

    @property
    def oldest(self) -> int:
        return self.source.ring.at(float("-inf")).step

    @property
    def newest(self) -> int:
        return self.source.newest.step

    def nearest(self, step: int) -> int:
        return self.source.at(step)

    def stretches(self) -> list[tuple[int, int]]:
        return [(self.oldest, self.newest)]

    def changes(self) -> list[int]:
        return []

    def take_lost(self, who: str = "layers") -> None:
        return None

    def moments(self) -> list[tuple[int, RecordedStep]]:
        """Some kept steps, evenly spread, whose numbers can be looked at without going there."""
        if self.source.topology.n_parameters > AT_ONCE:
            return []
        steps = self.source.ring.steps
        places = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOMENTS)).astype(np.intp))
        return [(int(step), RecordedStep(self, int(step))) for step in steps[places]]

    def state(self, step: int) -> dict:
        """What `Trainer.state` would have been then, as far as it is known: gradients only where the loop sends them."""
        ring = self.source.ring
        state, before = ring.at(step), ring.beside(step, -1)
        arenas = {"parameters": state.parameters, "before": before.parameters, "gradients": state.gradients}
        return {"arenas": arenas, "holds": NONE}

    def enter(self, step: int) -> Train:
        return self.source.enter(step)

    def snapshot(self, name: str) -> Snapshot:
        """Keep this moment under a name, whatever becomes of the ring."""
        source, state = self.source, self.source.state
        gradients = state.gradients if state.gradients is not None else np.zeros_like(state.parameters)
        arenas = {"parameters": state.parameters, "before": source.before.parameters, "gradients": gradients}
        order = {"order": np.arange(len(source.data.x_train))}
        kept = {"arenas": arenas, "step": state.step, "batches": order, "holds": NONE, "rows": source.last_batch, "edited": {}}
        parameters = state.parameters.view()
        parameters.flags.writeable = False
        made = Snapshot(name, state.step, state.epoch, state.loss, parameters, source.train, kept)
        self.snapshots[name], self._states[name] = made, state
        return made

    def enter_snapshot(self, name: str) -> Train:
        self.source.be(self._states[name])  # the ring may have dropped it since
        self.source.show()
        return self.source.scene.train

    # ------------------------------------------------------------ one step

    @property
    def no_walk(self) -> str:
        """Why there is no step to walk through; "" where there is."""
        source = self.source
        if not source.network.task_known:
            return NO_TASK
        if source.sample.target is None:
            return NO_SAMPLE
        return TOO_LARGE if source.topology.n_parameters > LARGEST else ""

    def record(self, shown: int = 0) -> Tape:
        """One step from the parameters that are shown, worked out here: of the samples that came, by the loop's optimiser as far as its
        settings are known, from its first state. Raises RunError where there is no sample with a target."""
        source = self.source
        samples = [sample for sample in source.samples if sample.target is not None]
        if self.no_walk or not samples:
            raise RunError(self.no_walk or NO_SAMPLE)
        train = source.scene.train.model_copy(update={"batch": 0, "order": "sequential"})
        data = source.network.holding(samples)
        trainer = Trainer(source.scene.model_copy(update={"train": train}), data, source.ops)
        trainer.load_parameters(source.parameters())
        first = next((k for k, sample in enumerate(samples) if sample.x is source.sample.x), len(samples) - 1)
        tape = record(trainer, first + shown)
        return replace(tape, topology=source.topology, objective=source.objective, step=source.step + 1)
