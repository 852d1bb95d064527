"""Our own training as a source: the data, the trainer, the shown sample, and the smallest change that an edit asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine import weight_transfer
from nnviz3d.engine.data import DataSet, load
from nnviz3d.engine.data.plane import Plane, plane_of
from nnviz3d.engine.per_sample import Judging
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import Tape, record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.sources.plane_eval import Asking
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.layer_origins import origins as guessed
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.score import Score, percent
from nnviz3d.spec.units import Unit


@dataclass(frozen=True)
class Sample:
    """The shown sample: the `index`-th of `count` rows of `part`. `target` is a class id or (O,) numbers, `label` its words."""

    index: int
    count: int
    part: str
    x: np.ndarray
    target: object
    label: str


@dataclass(frozen=True, eq=False)
class Kept:
    """A run that a source has or had: to be put back."""

    scene: Scene
    data: DataSet
    trainer: Trainer
    rewind: Rewind | None


class OwnTraining:
    """`trainer`, `data` and `rewind` for those who need more than the protocol. Raises InputError as `load` and `Trainer` do.

    `history`: bytes to remember the run in; 0 remembers nothing, and then `rewind` is None.
    """

    def __init__(self, scene: Scene, base: Path, ops: Ops, history: int = 0, data: DataSet | None = None):
        """`data`: what `scene.data` means, where it has been loaded already."""
        self.scene, self.base, self.ops = scene, Path(base), ops
        self.version, self.history = 0, history
        self.data = load(scene.data, self.base) if data is None else data
        self._asking = Asking(ops)
        self._asking.aim(plane_of(scene.data, self.data, scene.view))
        self._take(Trainer(scene, self.data, ops))
        self.show_sample(scene.view.sample)

    topology = property(lambda self: self.trainer.topology)
    objective = property(lambda self: self.trainer.objective)
    step = property(lambda self: self.trainer.step)
    epoch = property(lambda self: self.trainer.epoch)
    loss = property(lambda self: self.trainer.loss)
    diverged = property(lambda self: self.trainer.diverged)
    at_boundary = property(lambda self: self.trainer.at_boundary)
    of_epoch = property(lambda self: self.trainer.of_epoch)
    phase = property(lambda self: self.trainer.phase)
    written = property(lambda self: self.trainer.writes)  # how often somebody has changed the run, besides training

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        return (self.rewind or self.trainer).advance(more, steps)

    def run(self, steps: int) -> int:
        return (self.rewind or self.trainer).run(steps)

    def record(self, shown: int = 0) -> Tape:
        """One step, recorded; `shown` chooses a row of its batch. Raises RunError where training has diverged."""
        if self.rewind is not None:
            self.rewind.note()
        tape = record(self.trainer, shown)
        if self.rewind is not None:
            self.rewind.note()
        return tape

    def enter(self, step: int) -> Train:
        """Back (or forth) to a remembered step; returns the settings that held there. Raises KeyError where it is not remembered."""
        if self.rewind is None:
            raise KeyError("this run is not remembered")
        train = self.rewind.enter(step)
        self.show()
        return train

    def tensors(self, kind: str):
        return self.trainer.tensors(kind)

    def parameters(self) -> dict[str, np.ndarray]:
        """Copies by name, `layers.k.weight` and `layers.k.bias`."""
        return self.trainer.parameters()

    def parameter(self, p: int) -> float:
        """The value of one parameter. Raises InputError where there is none of that number."""
        self.trainer.check_parameter(p)
        return float(self.ops.to_host(self.tensors("parameter")[p : p + 1])[0])

    def set_parameter(self, p: int, value: float) -> float:
        """Give one parameter a value, by which the shown sample is told anew; returns what 32 bits hold of it. Raises InputError."""
        held = self.trainer.set_parameter(p, value)
        self.show()
        return held

    @property
    def edited(self) -> dict[int, tuple[float, float]] | None:
        """By parameter, its values before and after the last step, where a hand has written it since; None where all were replaced."""
        return self.trainer.edited

    @property
    def last_batch(self) -> int:
        """Rows that the gradient is the mean of: those of the last step; 0 before the first."""
        return self.trainer.rows

    @property
    def holds(self) -> Holds:
        """What is frozen and killed."""
        return self.trainer.holds

    def hold(self, holds: Holds) -> None:
        """Freeze and kill these neurons and no others. Raises InputError, and then nothing has changed."""
        self.trainer.hold(holds)
        self.show()

    @property
    def sample_loss(self) -> float:
        """Of the shown sample, as of the last `show`."""
        return self.trainer.looking.shown.loss

    def evaluate(self, part: str, limit: int | None = None) -> tuple[float, float | None]:
        return self.trainer.evaluate(part, limit)

    def score(self, part: str, limit: int | None = None) -> Score:
        """The same with the rows that it is of, and by class."""
        return self.trainer.score(part, limit)

    def scoring(self, part: str, limit: int | None = None, parameters=None) -> Iterator[Score]:
        """The same in pieces of a few milliseconds: an iterator over the score so far, for a loop that must not stop."""
        return self.trainer.scoring(part, limit, parameters)

    def judging(self, part: str, rows_r: np.ndarray, parameters=None):
        """Rows of a part one by one, in pieces of a few milliseconds: an iterator over (where in `rows_r`, outputs (n, O), losses (n,)),
        with the parameters of now or with those of a recorded step."""
        trainer = self.trainer
        p = trainer.arenas.parameters if parameters is None else self.ops.asarray(parameters)
        return Judging(self.ops, trainer.topology, trainer.objective, p, self.data, trainer.holds.killed).blocks(part, rows_r)

    def show_sample(self, index: int) -> None:
        """Choose a row of the test part (of the train part where there is no test part); wraps around."""
        part = "test" if len(self.data.x_test) else "train"
        x, t = getattr(self.data, f"x_{part}"), getattr(self.data, f"t_{part}")
        index %= len(x)
        self.sample = Sample(index, len(x), part, x[index], t[index], words(self.data, t[index]))
        self.show()

    def show(self) -> None:
        self.trainer.show(self.sample.x, self.sample.target)
        self.version += 1  # what is drawn may be kept while this stays

    @property
    def plane(self) -> Plane | None:
        """The plane of two-dimensional data, or of the two features that the scene chooses; or None."""
        return self._asking.plane

    def answers(self, side: int, x_i=None, parameters=None, killed=None) -> np.ndarray:
        """(side * side, O) outputs over the plane, rows from the top: with the parameters and killed neurons of now, and the shown
        sample's other features; or with those given."""
        return self._asking.outputs(self.trainer, side, np.ravel(self.sample.x if x_i is None else x_i), parameters, killed)

    def responses(self, side: int, x_i=None, parameters=None, killed=None) -> np.ndarray:
        """(side * side, N) of every neuron over the plane, inputs first."""
        return self._asking.activations(self.trainer, side, np.ravel(self.sample.x if x_i is None else x_i), parameters, killed)

    def target_of(self, output: int) -> float:
        """What the loss compares output number `output` with for the shown sample: 0 or 1 of a class (-1 or 1 for tanh), or the number."""
        targets = np.asarray([self.sample.target]) if self.trainer.objective.classes else np.reshape(self.sample.target, (1, -1))
        return float(np.ravel(self.trainer.objective.rows(targets, np.float64))[output])

    @property
    def batch_size(self) -> int:
        """Rows of a whole batch."""
        return min(self.scene.train.batch or len(self.data.x_train), len(self.data.x_train))

    def answer(self) -> tuple[str, bool | None]:
        """What the network says of the shown sample (as of the last `show`), and whether that is right: ("3 (97.2 %)", True)."""
        output = self.topology.output
        told = self.objective.own(self.ops.to_host(self.tensors("activation")[output.neurons.slice]))
        return verdict(self.data, output.activation, told, self.sample.target)

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        """Become a source of `scene` by the smallest change. Raises InputError, and then nothing has changed.

        DATA keeps parameters, slots and step where the network stays the same. NET starts anew, except that `keep` takes over the
        weights that still fit (`engine.weight_transfer`). `origins`: which old hidden layer each new one is, where that is known. What is
        frozen or killed stays so, as long as the neuron is there.
        """
        old = self.scene
        if rebuild >= Rebuild.NET or scene.data != old.data:
            self._rebuild(scene, keep, rebuild < Rebuild.NET, origins)
        else:
            if _axes(scene) != _axes(old):
                self._asking.aim(plane_of(scene.data, self.data, scene.view))
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

    def kept(self) -> Kept:
        """The present run; nothing is copied."""
        return Kept(self.scene, self.data, self.trainer, self.rewind)

    def put_back(self, run: Kept) -> None:
        """Go on with a run that this source has left."""
        self.scene, self.data, self.trainer, self.rewind = run.scene, run.data, run.trainer, run.rewind
        self._asking.aim(plane_of(run.scene.data, run.data, run.scene.view))
        self.show_sample(self.sample.index)

    def _take(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.rewind = Rewind(trainer, self.history) if self.history else None


def _axes(scene: Scene) -> tuple[str, str]:
    return scene.view.plate_x, scene.view.plate_y


def verdict(data: DataSet, activation: str, a_o: np.ndarray, target) -> tuple[str, bool | None]:
    """Outputs (O,), numbers in their own units, in words, and whether that is right: ("3 (97.2 %)", True).

    Percent only where the outputs are probabilities of a softmax; numbers have no right or wrong.
    """
    a_o = np.asarray(a_o, np.float64)
    if data.task != "classification":
        return (
            (words(data, a_o), None)
            if activation != "sigmoid" or not data.two_classes
            else _of_two(float(a_o[0]), int(np.ravel(target)[0]))
        )
    best = int(a_o.argmax())
    share = f" ({percent(float(a_o[best]))})" if activation == "softmax" else ""
    return data.class_names[best] + share, best == int(target)


def _of_two(p: float, target: int) -> tuple[str, bool]:
    """What one sigmoid says of 0 or 1, by its share, and whether that is right: ("1 (97.2 %)", True)."""
    said = int(p > 0.5)
    return f"{said} ({percent(p if said else 1 - p)})", said == target


def words(data: DataSet, target) -> str:
    """A class by its name; numbers with their target's names: "y = 0.25"."""
    if data.task == "classification":
        return data.class_names[int(target)]
    values = np.ravel(target).tolist()
    said = [f"{value:.3g}" for value in values] if not data.units else map(Unit.text, data.units, values)
    return ", ".join(f"{name} = {text}" for name, text in zip(data.class_names, said, strict=False))
