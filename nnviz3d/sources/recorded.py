"""A recorded run as a source: the parameters of a kept step stand in the arena, and everything else is worked out from them as in training.

So every panel, other samples, the scores and the plate work. It cannot train, and holds neither a batch nor an optimiser's state. "change"
is the difference to the kept step before. A recording has no gradients: "gradient" is the mean over rows of the training part, drawn
evenly, worked out when it is asked for. Where the scene's data are not there any more, the recorded sample stands for them.
"""

from __future__ import annotations

from math import ceil, isfinite, prod
from pathlib import Path

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.data import DataSet, load
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import resolve
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.engine.trainer import Trainer
from nnviz3d.formats.nnrec_index import INDEX, nodes_of
from nnviz3d.formats.nnrec_reader import Recording
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.spec.units import Unit

FIXED = "This is a recording: it shows what was learned then, and nothing of that can be changed. Open the scene itself to train it."
NO_WALK = "A recording holds no batches and no state of the optimiser, so no step of it can be walked through. Open the scene itself."
GRADIENT = 5e7  # multiply-adds that working a gradient out may cost: 32 rows of 64-48-32-10, 4 of 784-1024-1024-10
MOMENTS, AT_ONCE = 200, 1_000_000  # steps of the past that a panel may look at, and parameters of a network that it does so with


def scene_of(recording: Recording) -> Scene:
    """The scene that was trained. Raises InputError."""
    where = f"{recording.path / INDEX}: scene"
    return toml.validate(toml.parse(recording.head.scene.encode(), where), where)


class RecordedTraining(OwnTraining):
    """`gone`: why the scene's data are not those that were recorded, or "". `unsound`: the present step holds what is not a number.

    Raises InputError where the recording does not fit its own scene, or holds no step.
    """

    def __init__(self, recording: Recording, scene: Scene, base: Path, ops: Ops):
        """`scene`: that of the recording, perhaps with another look."""
        self.recording, self.gone, self.unsound = recording, "", False
        where = str(recording.path)
        if not len(recording.steps):
            raise InputError.of(where, "", "holds no finished chunk: the recording was stopped before its first one")
        if recording.head.data.targets is None:  # nothing was scaled then
            scene = scene.model_copy(update={"data": scene.data.model_copy(update={"standardize_target": "no"})})
        self.data = self._stand_in()
        objective = resolve(scene, self.data)
        topology = build_topology(scene.network, self.data.shape, self.data.n_outputs, objective.output)
        has, wanted = (recording.head.parameters, recording.head.neurons), (topology.n_parameters, topology.n_neurons)
        if has != wanted:
            told = f"{has[0]:,} parameters and {has[1]:,} neurons are recorded; the scene in it has {wanted[0]:,} and {wanted[1]:,}"
            raise InputError.of(where, "parameters", told)
        if recording.head.nodes not in (None, nodes_of(topology)):
            raise InputError.of(where, "nodes", "the recorded network is not that of the scene in the recording")
        self._gradient: Gradient | None = None
        self._stale = True  # the gradient is of another step
        super().__init__(scene, base, ops, data=self._load(scene, base))
        if self.gone:
            self._asking.aim(None)  # one point spans no plane
        self._blank = self.trainer.state()
        self.enter(recording.steps[0])

    def _stand_in(self) -> DataSet:
        """The recorded sample as a data set. Raises InputError where the recording's words on its data cannot be."""
        recording, facts = self.recording, self.recording.head.data
        where, count = str(recording.path / INDEX), prod(facts.shape)
        classes = facts.task == "classification"
        if min(facts.shape, default=0) < 1 or count >= recording.head.neurons:
            raise InputError.of(
                where, "line 1.data.shape", f"{list(facts.shape)} inputs in a network of {recording.head.neurons:,} neurons"
            )
        sound = 0 <= facts.target < len(facts.outputs) if isinstance(facts.target, int) else len(facts.target) == len(facts.outputs)
        if not sound or isinstance(facts.target, int) != classes:
            raise InputError.of(where, "line 1.data.target", f"is no target of {len(facts.outputs):,} outputs")
        x = np.nan_to_num(recording.z(int(recording.steps[0]))[:count])[None]
        units = tuple(Unit(name, **target.model_dump()) for name, target in zip(facts.outputs, facts.targets or (), strict=False))
        if units and len(units) != len(facts.outputs):
            raise InputError.of(where, "line 1.data.targets", f"{len(units):,} units of {len(facts.outputs):,} targets")
        t = np.array([facts.target], np.int32 if classes else np.float64 if units else np.float32)
        part = slice(0, 1 if facts.test else 0)
        return DataSet(facts.name, facts.task, facts.shape, x, t, x[part], t[part], facts.outputs, facts.features, units=units)

    def _load(self, scene: Scene, base: Path) -> DataSet:
        """The scene's data, where they are those that were recorded."""
        recording, facts = self.recording, self.recording.head.data
        try:
            data = load(scene.data, base)
        except InputError as error:
            self.gone = "; ".join(problem.message for problem in error.problems)
            return self.data
        is_now = data.task, tuple(data.shape), len(data.x_train), len(data.x_test), tuple(data.class_names), tuple(data.feature_names)
        was = facts.task, facts.shape, facts.train, facts.test, facts.outputs, facts.features
        rows = data.x_test if len(data.x_test) else data.x_train
        same = is_now == was and facts.index < len(rows)
        with np.errstate(over="ignore"):
            same = same and np.allclose(rows[facts.index].astype(recording.dtype), self.data.x_train[0], rtol=1e-3, atol=1e-6)
        same = same and (
            facts.targets is None or [(u.mean, u.deviation) for u in data.units] == [(u.mean, u.deviation) for u in facts.targets]
        )
        if not same:
            self.gone = "they have changed since"
            return self.data
        return data

    # where it is

    written = 0  # nobody changes it: another step is of the same run

    @property
    def of_epoch(self) -> tuple[int, int]:
        facts, (done, _) = self.recording.head.data, self.trainer.of_epoch
        whole = -(-facts.train // min(self.scene.train.batch or facts.train, facts.train))
        return min(done, whole), whole

    def go(self, step: float) -> int:
        """Be at the last kept step that is not after this one (the first, before it); returns it. The shown sample is not refreshed.

        Raises RunError where the recording can be read no longer, and then nothing has changed.
        """
        kept = self.recording.at(step)
        parameters, before = self.pair(kept)
        epoch, n = self.recording.epoch(kept), len(self.data.x_train)
        epoch = epoch if isfinite(epoch) and 0 <= epoch < 1e9 else 0.0
        position = n if epoch == int(epoch) else round((epoch - int(epoch)) * n)
        self.trainer.restore(
            self._blank
            | {"arenas": {"parameters": parameters, "before": before}, "step": kept, "epoch": epoch}
            | {"loss": self.recording.loss_at(kept), "batches": self._blank["batches"] | {"epochs": ceil(epoch), "position": position}}
        )
        self._stale = True
        return kept

    def pair(self, kept: int) -> tuple[np.ndarray, np.ndarray]:
        """(P,) parameters after a kept step and after the one before it; what is not a number is 0."""
        recording = self.recording
        pair = recording.parameters(kept), recording.parameters(recording.beside(kept, -1))
        with np.errstate(all="ignore"):  # the square of a number may overflow
            sound = [isfinite(float(np.dot(x, x))) or bool(np.isfinite(x).all()) for x in pair]
        self.unsound = not sound[0]
        return tuple(x if fine else np.nan_to_num(x, posinf=0.0, neginf=0.0) for x, fine in zip(pair, sound, strict=True))

    def enter(self, step: int) -> Train:
        self.go(step)
        self.show()
        return self.scene.train

    def advance(self, more, steps: int | None = None) -> int:
        """One kept step on, or to the last one within `steps`. Returns the steps that lie between."""
        first = self.step
        self.go(self.recording.beside(first, 1) if steps is None else first + steps)
        return self.step - first

    def run(self, steps: int) -> int:
        return self.advance(None, steps)

    def tensors(self, kind: str):
        if kind == "gradient":
            self._grade()
        return super().tensors(kind)

    @property
    def batch_size(self) -> int:
        """Rows that a gradient is the mean of."""
        rows = min(self.scene.train.batch or len(self.data.x_train), len(self.data.x_train))
        return int(min(max(GRADIENT / (6 * self.topology.n_edges), 1), rows))

    @property
    def last_batch(self) -> int:
        return self.batch_size if self.step else 0

    def _grade(self) -> None:
        """Bring the gradients up to this step."""
        if self._stale:
            self._stale = False
            arenas = self.trainer.arenas
            self._gradient = self._gradient or Gradient(self, arenas.parameters, arenas.gradients)
            self._gradient.work()

    # what it cannot

    def record(self, shown: int = 0):
        raise RunError(NO_WALK)

    def set_parameter(self, p: int, value: float) -> float:
        raise InputError.of("", "", FIXED)

    def hold(self, holds) -> None:
        raise InputError.of("", "", FIXED)

    def _take(self, trainer: Trainer) -> None:
        self.trainer, self.rewind = trainer, Reel(self)


class Gradient:
    """Works out into `gradients` (P,) the mean gradient of the loss over evenly drawn rows, with L1 and L2, by `parameters` (P,)."""

    def __init__(self, source: RecordedTraining, parameters, gradients):
        self.source, self.parameters, self.gradients = source, parameters, gradients
        buffers = Buffers.make(source.ops, source.topology, source.batch_size)
        buffers.y[0], buffers.t, _ = source.trainer.looking.rows("train", source.batch_size)
        train = source.scene.train
        self._pass = ForwardPass(source.ops, source.topology, source.objective, parameters, buffers, gradients=gradients, train=train)

    def work(self) -> None:
        self._pass.run()
        self.source.ops.xp.nan_to_num(self.gradients, copy=False)


class Moment:
    """A step that is read when somebody asks for it."""

    def __init__(self, reel: Reel, step: int):
        self.reel, self.step, self._state = reel, step, None

    def __getitem__(self, name: str):
        self._state = self._state or self.reel.state(self.step)
        return self._state[name]


class Reel:
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

    def moments(self) -> list[tuple[int, Moment]]:
        """Some steps, evenly spread, whose numbers can be looked at without going there; none of a network that is too large for that."""
        steps = self.source.recording.steps
        if self.source.topology.n_parameters > AT_ONCE:
            return []
        places = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOMENTS)).astype(np.intp))
        return [(int(step), Moment(self, int(step))) for step in steps[places]]

    def state(self, step: int) -> dict:
        """What `Trainer.state` would have been then, as far as a recording knows it."""
        source, ops = self.source, self.source.ops
        if self._elsewhere is None:
            self._elsewhere = Gradient(source, ops.zeros(source.topology.n_parameters), ops.zeros(source.topology.n_parameters))
        parameters, before = source.pair(step)
        ops.write(parameters, self._elsewhere.parameters)
        self._elsewhere.work()
        gradients = np.array(ops.to_host(self._elsewhere.gradients))
        return {"arenas": {"parameters": parameters, "before": before, "gradients": gradients}, "holds": Holds()}

    def take_lost(self, _who: str = "") -> None:
        return None

    def snapshot(self, name: str) -> Snapshot:
        """Keep this moment under a name."""
        source = self.source
        source.tensors("gradient")
        state = source.trainer.state() | {"rows": source.last_batch}
        parameters = state["arenas"]["parameters"].view()
        parameters.flags.writeable = False
        made = Snapshot(name, source.step, source.epoch, source.loss, parameters, source.scene.train, state)
        self.snapshots[name] = made
        return made

    def enter_snapshot(self, name: str) -> Train:
        return self.source.enter(self.snapshots[name].step)
