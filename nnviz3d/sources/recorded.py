"""A recorded run as a source: the parameters of a kept step stand in an arena, and everything else is worked out from them as in training.

So every panel, other samples, the scores and the plate work. It cannot train, and holds neither a batch nor an optimiser's state: two
numbers a parameter (those of the shown step and of the kept step before it), and a third where somebody looks at gradients. "change"
is the difference to the kept step before. A recording has no gradients: "gradient" is the mean over rows of the training set, drawn
evenly, worked out when it is asked for. Where the scene's data are not there any more, the recorded sample stands for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import Objective, check_tokens, resolve
from nnviz3d.engine.shown_evaluation import Looking
from nnviz3d.engine.tape import Tape
from nnviz3d.formats.nnrec.index import INDEX, nodes_of
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.evaluated import Evaluated
from nnviz3d.sources.own import axes
from nnviz3d.sources.recorded_data import load_recorded, stand_in
from nnviz3d.sources.recorded_history import Gradient, RecordedHistory
from nnviz3d.sources.viewable import Array, next_serial
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.readout import RecordingReading
from nnviz3d.spec.reasons import RECORDED, Reasons
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

NO_DATA = "The data of this recording are missing."
GRADIENT = 5e7  # multiply-adds that working a gradient out may cost: 32 rows of 64-48-32-10, 4 of 784-1024-1024-10
ENDS = {
    "steps": "all its steps were done",
    "interrupted": "it was interrupted",
    "train.steps": "its last step was reached",
    "train.stop_epoch": "its last epoch was done",
    "train.stop_train_loss": "the training loss was small enough",
    "train.stop_test_loss": "the test loss was small enough",
    "train.stop_accuracy": "the test accuracy was high enough",
}


def scene_of(recording: Recording) -> Scene:
    """The scene that was trained. Raises InputError."""
    where = f"{recording.path / INDEX}: scene"
    return toml.validate(toml.parse(recording.head.scene.encode(), where), where)


class RecordedTraining(Evaluated):
    """Implements `Viewable`, `Clock`, `Data` and `Playback`; `history` is `RecordedHistory`; there is no learner.

    `gone`: why the scene's data are not those that were recorded, or "". `unsound`: the present step holds what is not a number.
    Raises InputError where the recording does not fit its own scene, or holds no step.
    """

    learner = None
    grows = False
    diverged = None
    at_boundary = True
    phase = ""
    since = written = 0  # nobody changes it: another step is of the same run

    def __init__(self, recording: Recording, scene: Scene, base: Path, ops: Ops):
        """`scene`: that of the recording, perhaps with another look."""
        self.recording, self.unsound = recording, False
        where = str(recording.path)
        if not len(recording.steps):
            raise InputError.of(where, "", "contains no complete chunk: the recording was interrupted before its first one")
        if recording.head.data.targets is None:  # nothing was scaled then
            scene = scene.model_copy(update={"data": scene.data.model_copy(update={"standardize_target": "no"})})
        instead = stand_in(recording)
        topology = build_topology(scene.network, instead.shape, instead.n_outputs, resolve(scene, instead).output, input_axes=instead.axes)
        check_tokens(topology, instead)
        has, wanted = (recording.head.parameters, recording.head.neurons), (topology.n_parameters, topology.n_neurons)
        if has != wanted:
            text = f"{has[0]:,} parameters and {has[1]:,} neurons are recorded; the scene in it has {wanted[0]:,} and {wanted[1]:,}"
            raise InputError.of(where, "parameters", text)
        if recording.head.nodes not in (None, nodes_of(topology)):
            raise InputError.of(where, "nodes", "the recorded network does not match the scene in the recording")
        data, self.gone = load_recorded(recording, instead, scene, base)
        super().__init__(scene, base, ops, data)
        if not self.gone:  # one point spans no plane
            self._aim(scene)
        self._build(scene)
        self.show()

    def _build(self, scene: Scene) -> None:
        """The network at the first kept step, and its shown sample. Raises InputError where scene and data do not fit together."""
        data = self.data
        self._objective = resolve(scene, data)
        names = tuple(data.feature_names), tuple(data.class_names)
        self._topology = build_topology(
            scene.network, data.shape, data.n_outputs, self._objective.output, *names, data.axes, data.reconstructs
        )
        self.serial, self._gradient, self._stale = next_serial(), None, True
        self.step, self.epoch, self.loss = 0, 0.0, nan
        self._parameters: Array = None
        self._before: Array = None
        self.history = RecordedHistory(self)
        self.go(self.recording.steps[0])
        self._looking = Looking(self.ops, self._topology, self._objective, data, self._parameters)
        self.show_sample(scene.view.sample)

    # ------------------------------------------------------------ viewable, clock

    @property
    def topology(self) -> Topology:
        return self._topology

    @property
    def objective(self) -> Objective:
        return self._objective

    @property
    def looking(self) -> Looking:
        return self._looking

    @property
    def holds(self) -> Holds:
        return Holds()

    @property
    def edited(self) -> dict[int, tuple[float, float]]:
        return {}

    @property
    def train(self) -> Train:
        return self.scene.train

    @property
    def batch_size(self) -> int:
        """Rows that a gradient is the mean of."""
        rows = self.scene.train.rows(len(self.data.x_train))
        return int(min(max(GRADIENT / (6 * self.topology.n_edges), 1), rows))

    @property
    def last_batch(self) -> int:
        return self.batch_size if self.step else 0

    @property
    def of_epoch(self) -> tuple[int, int]:
        n, epoch = self.recording.head.data.train, self.epoch
        whole = -(-n // self.rows)
        share = epoch - int(epoch)
        done = -(-round(share * n) // self.rows) if share else whole if epoch else 0
        return min(done, whole), whole

    def tensors(self, kind: str) -> Any:
        match kind:
            case "delta" if self.sample.target is None:
                return None
            case "parameter" | "after":
                return self._parameters
            case "before":
                return self._before
            case "change":
                return self._parameters - self._before
            case "gradient":
                return self._grade()
        return getattr(self._looking.shown, kind)

    def _grade(self) -> Array:
        """The gradients of this step."""
        if self._gradient is None:
            self._gradient = Gradient(self, self._parameters, self.ops.zeros(self.topology.n_parameters))
        if self._stale:
            self._stale = False
            self._gradient.work()
        return self._gradient.gradients

    def advance(self, more: Callable[[], bool] | None, steps: int | None = None) -> int:
        """One kept step on, or to the last one within `steps`. Returns the steps that lie between."""
        first = self.step
        self.go(self.recording.beside(first, 1) if steps is None else first + steps)
        return self.step - first

    def run(self, steps: int) -> int:
        return self.advance(None, steps)

    def settle(self) -> None:
        """No step is ever half done."""

    # ------------------------------------------------------------ changes

    @property
    def reasons(self) -> Reasons:
        return replace(RECORDED, data=NO_DATA) if self.gone else RECORDED

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        """Another look, another sample, another plane or pace; what else there is has been recorded, and stays."""
        old = self.scene
        if axes(scene) != axes(old):
            self._aim(scene)
        self.scene = scene
        if scene.view.sample != old.view.sample:
            self.show_sample(scene.view.sample)

    # ------------------------------------------------------------ playback

    @property
    def playback(self) -> RecordedTraining:
        return self

    @property
    def path(self) -> Path:
        return self.recording.path

    @property
    def rows(self) -> int:
        """Samples that each step was of."""
        return self.scene.train.rows(self.recording.head.data.train)

    @property
    def scores(self) -> list[tuple]:
        return self.recording.scores

    @property
    def end(self) -> str:
        """How the run ended, in words."""
        end = self.recording.end
        if end is None:
            return "it was interrupted here, or is still being written"
        if end.diverged is not None:
            return f"training diverged at step {end.diverged:,}"
        return ENDS.get(end.end, "training ended")

    def at(self, step: float) -> int:
        return self.recording.at(step)

    def beside(self, step: float, by: int) -> int:
        return self.recording.beside(step, by)

    def curve(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        return self.recording.curve(points)

    def record(self, shown: int = 0) -> Tape:
        raise RunError(RECORDED.walk)

    def reading(self) -> RecordingReading:
        recording, head, history = self.recording, self.recording.head, self.history
        half = head.dtype == "F16"
        return RecordingReading(
            recording.path.name, history.oldest, history.newest, head.every, len(recording.steps), half, self.gone, self.batch_size
        )

    def go(self, step: float) -> int:
        """Be at the last kept step that is not after this one (the first, before it); returns it. The shown sample is not refreshed.

        Raises RunError where the recording can be read no longer, and then nothing has changed.
        """
        kept = self.recording.at(step)
        parameters, before, sound = self.pair(kept)
        epoch, loss = self.recording.epoch(kept), float(self.recording.loss_at(kept))
        self.step, self.loss, self.unsound = kept, loss, not sound
        self.epoch = epoch if isfinite(epoch) and 0 <= epoch < 1e9 else 0.0
        if self._parameters is None:
            self._parameters, self._before = self.ops.asarray(parameters), self.ops.asarray(before)
        else:
            self.ops.write(parameters, self._parameters)
            self.ops.write(before, self._before)
        self._stale = True
        return kept

    def pair(self, kept: int) -> tuple[np.ndarray, np.ndarray, bool]:
        """(P,) parameters after a kept step and after the one before it, where what is not a number is 0; whether the first are sound."""
        recording = self.recording
        pair = recording.parameters(kept), recording.parameters(recording.beside(kept, -1))
        with np.errstate(all="ignore"):  # the square of a number may overflow
            sound = [isfinite(float(np.dot(x, x))) or bool(np.isfinite(x).all()) for x in pair]
        first, second = (x if fine else np.nan_to_num(x, posinf=0.0, neginf=0.0) for x, fine in zip(pair, sound, strict=True))
        return first, second, sound[0]

    def enter(self, step: int) -> Train:
        """Be at the last kept step that is not after this one, with the shown sample in it."""
        self.go(step)
        self.show()
        return self.scene.train
