"""The only way a scene changes in a session: a new `Scene`, one `diff`, the smallest rebuild, an entry for undo. Functions of a session."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING

from nnviz3d.app.session.comparison import SecondNetwork
from nnviz3d.app.session.run_archive import ArchivedRun, put_back
from nnviz3d.app.session.undo import Change
from nnviz3d.app.training.stop_conditions import check
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit, Rebuild, changed_paths, diff
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

KEEPING = frozenset({"network.layers", "network.output", "train.optimizer", "train.loss"})  # edits that keep the weights that still fit
_restarts = count(1)


def apply(session: Session, edits: Iterable[Edit], now: float, held: bool) -> Rebuild:
    """Bad values become the banner; the scene stays as it was."""
    edits = tuple(edits)
    if not edits:
        return Rebuild.NOTHING
    try:
        return change(session, edits, now, held)
    except InputError as error:
        if _only_plate(error, edits):  # other data has other features: the plane that was chosen goes with the old ones
            return apply(session, [*edits, Edit("view.plate_x", ""), Edit("view.plate_y", "")], now, held)
        session.banner = "; ".join(
            problem.message if not problem.key else f"{problem.key}: {problem.message}" for problem in error.problems
        )
        return Rebuild.NOTHING


def change(session: Session, edits: Iterable[Edit], now: float, held: bool) -> Rebuild:
    """Raises InputError with every problem; the scene is as it was then."""
    edits, before = tuple(edits), session.scene
    scene, run = toml.apply(before, edits), ArchivedRun.of(session)
    level = become(session, scene, next((edit.origins for edit in edits if edit.origins is not None), None))
    if scene != before:
        session.history.record(run if run.left(session) else before, tuple(edit.path for edit in edits), now, held)
    return level


def become(session: Session, scene: Scene, origins: Origins | None = None) -> Rebuild:
    """Make `scene` true. Raises InputError and leaves everything as it was when the new scene cannot be built."""
    # without its second a network goes on as it is
    before = session.scene if scene.compare else session.scene.model_copy(update={"compare": {}})
    session.mode.check(before, scene)
    level, keys, serial = diff(before, scene), changed_paths(before, scene), session.source.serial
    if "train.stop_accuracy" in keys and level < Rebuild.DATA:
        check(scene.train, session.source.data)
    second = session.second if scene.compare else None
    if scene.compare and level >= Rebuild.DATA:  # both begin again, or they could not be compared
        level, second = Rebuild.NET, SecondNetwork.of(scene, session.source)
    if second is not None and second is session.second and level >= Rebuild.TRAIN:
        session.settle()  # what is changed is changed at one moment of both
    if level >= Rebuild.TRAIN:
        if not all(key.startswith("view.") for key in keys):
            session.leave_walk()  # an edit in the middle of a phase ends the walk; its step is done, once
        session.source.apply(scene, level, level == Rebuild.NET and KEEPING.issuperset(keys) and second is None, origins)
    if second is not None and second is session.second:
        second.follow(scene)
    elif second is not session.second:
        session.second = second
        session.ask_rebuild(Rebuild.NET)
    _follow(session, scene, level, keys, serial)
    return level


def _follow(session: Session, scene: Scene, level: Rebuild, keys: list[str], serial: int) -> None:
    """What a session knows of its run follows a change that has been made. `serial`: of the network before."""
    if level >= Rebuild.DATA:
        session.forget_measured()
    if level == Rebuild.NET or "data.kind" in keys:
        session.begin_run()
    elif session.source.serial != serial:  # the same network goes on with other data: what was before stays that run's
        session.take_curves(session.curves_until_now(), copy.copy(session.layers))
    session.scene = session.source.scene = scene
    if "view.sample" in keys:
        session.leave_own()
    if level >= Rebuild.DATA or "view.sample" in keys:
        session.point_at(scene.view.sample)
    session.banner = ""
    session.ask_rebuild(level)


def restart(session: Session, scene: Scene) -> None:
    """The same network and data from the initial weights. Undo leads back to the run that is left."""
    run = ArchivedRun.of(session)
    session.source.apply(scene, Rebuild.NET, keep=False)
    session.scene = scene
    session.second = session.second and SecondNetwork.of(scene, session.source)
    session.point_at(scene.view.sample)
    session.ask_rebuild(Rebuild.NET)
    session.begin_run()
    session.history.record(run, (f"restart {next(_restarts)}",), 0.0)  # each is an undo step of its own


def undo(session: Session) -> None:
    _restore(session, session.history.undo, session.history.redo)


def redo(session: Session) -> None:
    _restore(session, session.history.redo, session.history.undo)


def _restore(session: Session, take: Callable, give_back: Callable) -> None:
    """An entry of the history. Raises InputError where a scene cannot be built any more, and then the history is as it was."""
    entry = take(lambda there: _now(session, there))
    try:
        if isinstance(entry, Scene):
            become(session, entry)
        elif isinstance(entry, ArchivedRun):
            put_back(session, entry)
        elif entry is not None:
            session.editing.restore(entry)
    except InputError:
        give_back(lambda _there: entry)
        raise


def _now(session: Session, entry: Change) -> Change:
    if isinstance(entry, Scene):
        return ArchivedRun.of(session) if _loses(session, entry) else session.scene
    return ArchivedRun.of(session) if isinstance(entry, ArchivedRun) else session.editing.now(entry)


def _loses(session: Session, scene: Scene) -> bool:
    """Whether another network or other data begin with it."""
    return diff(session.scene, scene) == Rebuild.NET or scene.data != session.scene.data


def _only_plate(error: InputError, edits: tuple[Edit, ...]) -> bool:
    """Whether all that is wrong are the plane's features, which these edits do not speak of."""
    mine = "view.plate_"
    return all(problem.key.startswith(mine) for problem in error.problems) and not any(edit.path.startswith(mine) for edit in edits)
