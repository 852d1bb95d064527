"""Our own training as a source: the data, the trainer, the shown sample, and the smallest change that an edit asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine import weight_transfer
from nnviz3d.engine.data import DataSet, load
from nnviz3d.engine.data.plane import plane_of
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.shown_evaluation import Looking
from nnviz3d.engine.tape import Tape, record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.sources.evaluated import Evaluated
from nnviz3d.sources.viewable import next_serial
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.layer_origins import origins as guessed
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.reasons import ABLE, UNREMEMBERED, Reasons
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology import Topology


@dataclass(frozen=True, eq=False)
class OwnRun:
    """A run that a source has or had: to be put back. `serial`: the source's while it had it."""

    scene: Scene
    data: DataSet
    trainer: Trainer
    history: Rewind | None
    serial: int

    @property
    def bytes(self) -> int:
        """Of a network, its buffers for a batch, and what it remembers; its data are shared or small beside them."""
        trainer, arenas = self.trainer, self.trainer.arenas
        numbers = sum(array.nbytes for array in arenas.all().values()) + arenas.parameters.nbytes
        rows = trainer.train.rows(len(trainer.data.x_train))
        return numbers + 16 * rows * trainer.topology.n_neurons + (self.history.bytes if self.history is not None else 0)

    def forget(self) -> bool:
        """Let go of its past; whether there was one."""
        if self.history is None or not self.history.bytes:
            return False
        self.history.forget()
        return True


class OwnTraining(Evaluated):
    """Implements every protocol of a source but `Playback`. Raises InputError as `load` and `Trainer` do.

    `trainer` is for this package and for tests. `remember`: bytes to remember the run in; 0 remembers nothing, and then `history` is None.
    """

    playback = None
    history: Rewind | None

    def __init__(self, scene: Scene, base: Path, ops: Ops, remember: int = 0, data: DataSet | None = None):
        """`data`: what `scene.data` means, where it has been loaded already."""
        super().__init__(scene, base, ops, load(scene.data, Path(base)) if data is None else data)
        self.remember = remember
        self._aim(scene)
        self._take(Trainer(scene, self.data, ops))
        self.show_sample(scene.view.sample)

    # ------------------------------------------------------------ viewable, clock

    @property
    def topology(self) -> Topology:
        return self.trainer.topology

    @property
    def objective(self) -> Objective:
        return self.trainer.objective

    @property
    def holds(self) -> Holds:
        return self.trainer.holds

    @property
    def looking(self) -> Looking:
        return self.trainer.looking

    @property
    def step(self) -> int:
        return self.trainer.step

    @property
    def epoch(self) -> float:
        return self.trainer.epoch

    @property
    def of_epoch(self) -> tuple[int, int]:
        return self.trainer.of_epoch

    @property
    def loss(self) -> float:
        return self.trainer.loss

    @property
    def diverged(self) -> int | None:
        return self.trainer.diverged

    @property
    def at_boundary(self) -> bool:
        return self.trainer.at_boundary

    @property
    def phase(self) -> str:
        return self.trainer.phase

    @property
    def train(self) -> Train:
        return self.trainer.train

    @property
    def since(self) -> int:
        return self.trainer.since

    @property
    def written(self) -> int:
        """How often somebody has changed the run, besides training."""
        return self.trainer.written

    @property
    def edited(self) -> dict[int, tuple[float, float]] | None:
        return self.trainer.edited

    @property
    def last_batch(self) -> int:
        return self.trainer.rows

    def tensors(self, kind: str) -> Any:
        if kind == "delta" and self.sample.target is None:
            return None
        if kind == "before":
            return self.trainer.arenas.before
        return self.trainer.tensors("parameter" if kind == "after" else kind)

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        return (self.history or self.trainer).advance(more, steps)

    def run(self, steps: int) -> int:
        return (self.history or self.trainer).run(steps)

    def settle(self) -> None:
        self.trainer.settle()

    # ------------------------------------------------------------ learner

    @property
    def learner(self) -> OwnTraining:
        return self

    @property
    def reasons(self) -> Reasons:
        return ABLE if self.history is not None else UNREMEMBERED

    def record(self, shown: int = 0) -> Tape:
        """One step, recorded; `shown` chooses a row of its batch. Raises RunError where training has diverged."""
        if self.history is not None:
            self.history.note()
        tape = record(self.trainer, shown)
        if self.history is not None:
            self.history.note()
        return tape

    def enter(self, step: int) -> Train:
        """Back (or forth) to a remembered step; returns the settings that held there. Raises KeyError where it is not remembered."""
        if self.history is None:
            raise KeyError("the history of this run is not stored")
        train = self.history.enter(step)
        self.show()
        return train

    def parameters(self) -> dict[str, np.ndarray]:
        """Copies on the host by the names of a weights file (`Topology.parameter_name`)."""
        return self.trainer.parameters()

    def parameter(self, p: int) -> float:
        """The value of one parameter. Raises InputError where there is none of that number."""
        self.trainer.check_parameter(p)
        return float(self.ops.to_host(self.tensors("parameter")[p : p + 1])[0])

    def check_parameter(self, p: int, value: float = 0.0) -> None:
        self.trainer.check_parameter(p, value)

    def set_parameter(self, p: int, value: float) -> float:
        """Give one parameter a value, and evaluate the shown sample again; returns what 32 bits hold of it. Raises InputError."""
        held = self.trainer.set_parameter(p, value)
        self.show()
        return held

    def hold(self, holds: Holds) -> None:
        """Freeze and kill these neurons and no others. Raises InputError, and then nothing has changed."""
        self.trainer.hold(holds)
        self.show()

    def load(self, parameters: dict[str, np.ndarray]) -> None:
        """Replace all parameters. Raises InputError with every one that does not fit, and then nothing has changed."""
        self.trainer.load_parameters(parameters)

    def configure(self, train: Train) -> None:
        self.trainer.configure(train)

    def state(self) -> dict[str, Any]:
        return self.trainer.state()

    def go_on(self, state: dict[str, Any]) -> Train:
        """From a state of this very network, as a checkpoint holds it, with the settings of now."""
        if self.history is not None:
            return self.history.go_on(self.trainer.train, state)
        self.trainer.restore(state)
        return self.trainer.train

    def second(self, scene: Scene, remember: int = 0) -> OwnTraining:
        """Another run beside this one, on the same device; the data are shared where they are the same. Raises InputError."""
        return OwnTraining(scene, self.base, self.ops, remember, self.data if scene.data == self.scene.data else None)

    # ------------------------------------------------------------ changes

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        """Become a source of `scene` by the smallest change. Raises InputError, and then nothing has changed.

        DATA keeps parameters, slots and step where the network stays the same. NET starts again, except that `keep` takes over the
        weights that still fit (`engine.weight_transfer`). `origins`: which old hidden layer each new one is, where that is known. What is
        frozen or killed stays so, as long as the neuron is there.
        """
        old = self.scene
        if rebuild >= Rebuild.NET or scene.data != old.data:
            self._rebuild(scene, keep, rebuild < Rebuild.NET, origins)
        else:
            if axes(scene) != axes(old):
                self._aim(scene)
            if scene.train != old.train:
                self._retrain(scene.train, old.train)
        self.scene = scene
        if scene.view.sample != old.view.sample:
            self.show_sample(scene.view.sample)

    def _retrain(self, train: Train, old: Train) -> None:
        if (train.batch, train.order) != (old.batch, old.order):
            self.trainer.rebatch(train)
        self.trainer.configure(train)

    def _rebuild(self, scene: Scene, keep: bool, same: bool, origins: Origins | None) -> None:
        data = load(scene.data, self.base) if scene.data != self.scene.data else self.data
        plane = plane_of(scene.data, data, scene.view)
        trainer = Trainer(scene, data, self.ops)
        if same and trainer.topology == self.trainer.topology:
            trainer.continue_from(self.trainer)
        else:
            before, now, old = self.scene.network, scene.network, self.trainer
            if origins is None or len(origins) != len(now.layers):
                origins = guessed(before.layers, now.layers)
            if keep:
                trainer.load_parameters(
                    weight_transfer.weights(old.topology, trainer.topology, origins, old.parameters(), trainer.parameters())
                )
            trainer.hold(weight_transfer.holds(old.topology, trainer.topology, origins, old.holds))
        self.data = data
        self._asking.aim(plane)
        self._take(trainer)
        self.show_sample(self.sample.index)

    def kept(self) -> OwnRun:
        """The present run; nothing is copied."""
        return OwnRun(self.scene, self.data, self.trainer, self.history, self.serial)

    def put_back(self, run: OwnRun) -> None:
        """Go on with a run that this source has left."""
        self.scene, self.data, self.trainer, self.history, self.serial = run.scene, run.data, run.trainer, run.history, run.serial
        self._aim(run.scene)
        self.show_sample(self.sample.index)

    def _take(self, trainer: Trainer) -> None:
        self.trainer, self.serial = trainer, next_serial()
        self.history = Rewind(trainer, self.remember) if self.remember else None


def axes(scene: Scene) -> tuple[str, str]:
    """The features that span the plane."""
    return scene.view.plate_x, scene.view.plate_y
