"""Where a session's scene is written, whether there is something to write, and weights that come in. Functions of a session."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.engine.data.places import seen_from
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

LOOKING = {"view": ("sample", "camera", "follow"), "look": ("edges", "weights", "exaggeration")}  # by the way: nobody would miss it


def target(session: Session) -> Path:
    """The scene's own file. A shipped scene is never overwritten: it goes to the folder the program was started in, or to the folder of
    its data files, under a name that is not taken."""
    if session.path is not None and session.path.parent != paths.resource("scenes"):
        return session.path
    folder = session.base if session.scene.data.file else Path.cwd()
    names = (f"{session.name}{'' if k == 1 else f'-{k}'}.toml" for k in count(1))
    return next(path for name in names if not os.path.lexists(path := folder / name))


def write(session: Session, path: Path) -> None:
    """The scene with its data files named as seen from there. Raises InputError."""
    data = seen_from(session.scene.data, session.base, path.parent)
    session.scene.model_copy(update={"data": data}).save(path)


def unsaved(session: Session) -> bool:
    """Whether there are changes that one would miss: looking is none."""
    mine, saved = session.scene, session.saved
    if mine is saved:
        return False
    for table, names in LOOKING.items():
        theirs = getattr(saved, table)
        mine = mine.model_copy(update={table: getattr(mine, table).model_copy(update={name: getattr(theirs, name) for name in names})})
    return mine != saved


def checkpoint(session: Session, path: Path) -> Path:
    """All that training needs to go on from here, in a file that is one of weights too. Raises InputError."""
    from nnviz3d.app.session import checkpoint_resume

    learner = session.source.learner
    if learner is None:
        raise InputError.of("", "", session.source.reasons.export)
    session.settle()
    other = None if session.second is None else session.second.source.learner
    second = None if session.second is None or other is None else (other, session.second.curves)
    checkpoint_resume.save(path, session.scene, learner, session.curves, second)
    session.unsaved = 0.0
    return path


def load_weights(session: Session, path: Path) -> str:
    """Put a file's weights into the network; the step and the optimiser's state stay. A checkpoint that fits is entered, whole. Returns how
    names that are not ours were taken.

    Raises InputError, and then nothing changes.
    """
    from nnviz3d.app.session import checkpoint_resume
    from nnviz3d.formats import checkpoint as checkpoint_file
    from nnviz3d.formats import weights

    source, learner = session.source, session.source.learner
    if learner is None:
        raise InputError.of("", "", source.reasons.edit)
    if (found := checkpoint_file.head(path)) is not None:
        checkpoint_resume.enter(session, found)
        return ""
    notes: list[str] = []
    parameters = weights.load(path, source.topology, source.objective.units, notes.append)
    session.leave_walk()
    learner.load(parameters)
    session.editing.forget()
    session.look_again()
    return "; ".join(notes)
