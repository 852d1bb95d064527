"""Writes a training run down while it goes on. Reads the trainer between two steps and never changes what it learns."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np

from nnviz3d import __version__
from nnviz3d.engine.data.places import seen_from
from nnviz3d.engine.trainer import Trainer
from nnviz3d.formats.nnrec.index import Facts, Head, Target, nodes_of
from nnviz3d.formats.nnrec.writer import Writer
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

LOOKS = 100  # at both parts of the data, of a whole run, or so many that they cost no more than the training
FEWEST, LIMIT, WORK = 500, 2000, 1.5e8  # rows of a part, drawn evenly, and multiply-adds, of one look; the last one is of all rows


class TrainingRecorder:
    """`note` after every step; the first step that is kept is the present one. Raises RunError where the disk does not take it.

    Every `every`-th step is kept, and the last one. `steps`: how many are expected, for how often the test set is looked at.
    """

    def __init__(self, trainer: Trainer, scene: Scene, base: Path, folder: Path, every: int = 1, half: bool = False, steps: int = 1000):
        self.trainer, self.every, self.first = trainer, every, trainer.step
        data, batch = trainer.data, trainer.train.rows(len(trainer.data.x_train))
        self._rows = int(min(max(WORK / trainer.topology.n_parameters, FEWEST), LIMIT))
        rows = sum(min(len(x), self._rows) for x in (data.x_train, data.x_test))
        self._look_every = max(steps // LOOKS, -(-rows // (3 * batch)))  # a step costs three times what a look costs for each of its rows
        _part, x, t = data.held_out
        index = scene.view.sample % len(x)
        self._sample = x[index], t[index]
        self.writer = Writer(folder, _head(trainer, scene, base, folder, every, half, index, t[index]))
        self._kept = -1
        self._keep()
        self._look(self._rows)
        self.writer.flush()  # a recording can be opened as soon as there is one

    def facts(self) -> dict:
        """What is on the disk."""
        writer = self.writer
        return {"file": str(writer.folder), "kept": writer.kept, "every": self.every, "dtype": writer.head.dtype, "bytes": writer.bytes}

    def note(self) -> None:
        """A step is done."""
        step = self.trainer.step
        self.writer.loss(step, self.trainer.loss)
        if (step - self.first) % self._look_every == 0:
            self._look(self._rows)
        if (step - self.first) % self.every == 0:
            self._keep()

    def close(self, why: str) -> None:
        """The run is over: keep its last step, and say how it ended."""
        if self._kept != self.trainer.step:
            self._keep()
        self._look(None)
        self.writer.close(why, self.trainer.diverged)

    def _keep(self) -> None:
        trainer = self.trainer
        trainer.show(*self._sample)
        shown, host = trainer.looking.shown, trainer.ops.to_host
        self._kept = trainer.step
        self.writer.keep(trainer.step, trainer.epoch, host(trainer.arenas.parameters), host(shown.z), host(shown.activation))

    def _look(self, limit: int | None) -> None:
        _, train = self.trainer.evaluate("train", limit)
        loss, test = self.trainer.evaluate("test", limit) if len(self.trainer.data.x_test) else (None, None)
        self.writer.score(self.trainer.step, loss, train, test)


def _head(trainer: Trainer, scene: Scene, base: Path, folder: Path, every: int, half: bool, index: int, target) -> Head:
    data = trainer.data
    try:
        named = seen_from(scene.data, base, folder.parent)
    except InputError:  # the data lie elsewhere: then the recording shows its own sample only, or is reported where they are
        named = scene.data
    if data.units:  # what "auto" means depends on all of the data, which may be gone
        named = named.model_copy(update={"standardize_target": "yes" if trainer.objective.scaled else "no"})
    return Head(
        nnrec=1,
        scene=toml.dump(scene.model_copy(update={"data": named, "compare": {}})),
        versions={"nnviz3d": __version__, "numpy": np.__version__, "python": platform.python_version()},
        seed=scene.train.seed,
        backend=trainer.ops.name,
        every=every,
        dtype="F16" if half else "F32",
        parameters=trainer.topology.n_parameters,
        neurons=trainer.topology.n_neurons,
        nodes=nodes_of(trainer.topology),
        data=Facts(
            name=data.name,
            task="classification" if data.task == "classification" else "regression",
            shape=tuple(data.shape),
            train=len(data.x_train),
            test=len(data.x_test),
            outputs=tuple(data.class_names),
            features=tuple(data.feature_names),
            index=index,
            axes=tuple(data.axes),
            target=int(target) if data.task == "classification" and not data.tokens else tuple(map(float, np.ravel(target))),
            targets=tuple(Target(**{key: getattr(unit, key) for key in Target.model_fields}) for unit in data.units),
        ),
    )
