"""Checkpoints of a run: made of trainers and curves, judged against a scene, and entered. The file itself is `formats.checkpoint`'s."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nnviz3d.app.session import scene_changes
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.backend.numpy_updates import SLOTS
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.trainer import Trainer
from nnviz3d.formats import checkpoint
from nnviz3d.formats.checkpoint import CheckpointHead, Need, Saved, SavedNetwork
from nnviz3d.sources.protocols import Learner
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Rebuild, changed_paths, diff
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import LayerTable
from nnviz3d.spec.scene import PACE, Scene, Train
from nnviz3d.spec.topology import Topology

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

FREE = ("title", "about", "failure", "test", "view", "look", "record", *(f"train.{name}" for name in PACE))  # decide no number
ONLY_WEIGHTS = "contains only weights, not the training state; to start from these weights: nnviz3d train SCENE --init FILE"


class Trained(Protocol):
    """What a checkpoint is made of: a trainer, or a source that learns."""

    @property
    def topology(self) -> Topology: ...
    @property
    def data(self) -> DataSet: ...
    @property
    def objective(self) -> Objective: ...
    @property
    def train(self) -> Train: ...
    @property
    def step(self) -> int: ...
    def parameters(self) -> dict[str, np.ndarray]: ...
    def state(self) -> dict[str, Any]: ...


def save(path: Path, scene: Scene, trainer: Trained, curves: Curves, second: tuple[Trained, Curves] | None = None) -> None:
    """Raises InputError where it cannot be written, and then what was there before is whole."""
    a = _saved(trainer, curves)
    network = SavedNetwork(trainer.parameters(), trainer.objective.units)
    checkpoint.save(path, scene, trainer.data.digest, network, a, _saved(*second) if second else None)


def _saved(trainer: Trained, curves: Curves) -> Saved:
    return Saved(trainer.state(), curves.until(trainer.step).kept())


def find(path: Path) -> CheckpointHead:
    """Raises InputError where the file is no checkpoint."""
    found = checkpoint.head(path)
    if found is None:
        raise InputError.option(str(path), "resume", ONLY_WEIGHTS)
    return found


def differences(found: CheckpointHead, scene: Scene, digest: str, typed: Iterable[str] = ()) -> list[Problem]:
    """What makes this scene and its data another run than that of the checkpoint. `typed`: settings that somebody wants otherwise from
    here on; they may be others where a run that goes on can take them."""
    where, problems = str(found.path), []
    same_data, typed = found.state.data == digest, set(typed)
    for path in changed_paths(found.scene, scene):
        if any(path == key or path.startswith(f"{key}.") for key in FREE) or (path.startswith("data.") and same_data):
            continue
        was, now = (_at(s, path) for s in (found.scene, scene))
        live = diff(found.scene, _with(found.scene, path, scene)) <= Rebuild.TRAIN
        if live and any(each == path or each.startswith(f"{path}.") for each in typed):
            continue
        hint = f"; to continue with the current value, use --set {path}={_quoted(setting(scene, path))}" if live else ""
        problems.append(Problem(where, path, f"is {was} in the checkpoint and {now} here{hint}"))
    if not same_data and not any(problem.key.startswith("data.") for problem in problems):
        problems.append(Problem(where, "data", "the data differ from those of the checkpoint"))
    return problems


def setting(scene: Scene, path: str) -> Any:
    """By its path."""
    value: Any = scene
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _quoted(value: Any) -> str:
    """As it is typed after `--set`: TOML, in quotes where a shell would take it apart."""
    return shlex.quote(value if isinstance(value, str) else toml.literal(value))


def _at(scene: Scene, path: str) -> str:
    value = setting(scene, path)
    if path == "network.layers":
        return ", ".join(map(_layer_text, value)) or "none"
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _layer_text(layer: LayerTable) -> str:
    """What was set of a layer: "9 tanh dropout 0.3", "add", "conv2d channels 8"."""
    if layer.numbered:
        return f"{getattr(layer, 'units', '')} {layer.function}" + (f" dropout {layer.dropped:g}" if layer.dropped else "")
    mine = layer.model_dump(exclude_defaults=True, exclude={"kind", "name", "from_"})
    return " ".join([layer.kind, *(f"{name} {value}" for name, value in mine.items())])


def _with(scene: Scene, path: str, other: Scene) -> Scene:
    table, _, name = path.partition(".")
    mine, theirs = getattr(scene, table), getattr(other, table)
    return scene.model_copy(update={table: mine.model_copy(update={name: getattr(theirs, name)}) if name else theirs})


def read(found: CheckpointHead, trainer: Trained, second: Trained | None = None) -> tuple[Saved, Saved | None]:
    """Raises InputError with all that is wrong in the file."""
    return checkpoint.read(found, _need(trainer), None if second is None else _need(second))


def _need(trainer: Trained) -> Need:
    n = len(trainer.data.x_train)
    return Need(
        trainer.topology,
        trainer.objective.units,
        trainer.train.optimizer,
        SLOTS[trainer.train.optimizer],
        n,
        trainer.train.rows(n),
    )


def go_on(trainer: Trainer, saved: Saved, was: Train) -> Curves:
    """A fresh trainer goes on from there; `was`: the settings until then. Returns the curves so far."""
    now = trainer.train
    trainer.configure(was)
    trainer.restore(saved.state)
    if now != was:
        trainer.configure(now)
    return Curves.of(saved.curves, trainer.objective.classes > 0)


def fits(session: Session, found: CheckpointHead) -> bool:
    """Whether a session can go on from it with the network, the data and the second network that it has; other rates come with it."""
    theirs = session.scene.model_copy(update={"train": found.scene.train})
    same = diff(session.scene, theirs) < Rebuild.DATA and not differences(found, theirs, session.source.data.digest)
    return same and session.source.learner is not None


def judge(session: Session, found: CheckpointHead, typed: Iterable[str] = ()) -> None:
    """Whether `enter` could; `typed` as of `differences`. Raises InputError with all that is wrong."""
    learner = _learner(session)
    if problems := differences(found, session.scene, session.source.data.digest, typed):
        raise InputError(*problems)
    read(found, learner, session.second and session.second.source.learner)


def enter(session: Session, found: CheckpointHead) -> None:
    """A session whose network and data are the checkpoint's goes on from it. Undo leads back. Raises InputError; nothing has changed."""
    learner = _learner(session)
    a, b = read(found, learner, session.second and session.second.source.learner)
    pace = {name: getattr(session.scene.train, name) for name in PACE}
    scene = session.scene.model_copy(update={"train": found.scene.train.model_copy(update=pace)})
    scene_changes.restart(session, scene)
    _enter(session, learner, a)
    if session.second is not None and b is not None:
        session.second.go_on(b.state, Curves.of(b.curves, session.source.data.task == "classification"))
    session.look_again()
    session.unsaved = 0.0


def _enter(session: Session, learner: Learner, saved: Saved) -> None:
    curves = Curves.of(saved.curves, session.source.data.task == "classification")
    session.go_to(lambda: learner.go_on(saved.state), curves)


def _learner(session: Session) -> Learner:
    """Raises InputError where nothing can be trained on."""
    source = session.source
    if source.learner is None:
        raise InputError.of("", "", source.reasons.edit)
    return source.learner
