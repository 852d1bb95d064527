"""Where a session's scene is written, whether there is something to write, and weights that come in. Functions of a session."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from nnviz3d.engine.data.places import seen_from
from nnviz3d.sources.recorded import FIXED
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError

PASSING = {"sample": 0, "camera": "front"}  # of the view: what one looks at by the way and would not miss


def target(session) -> Path:
    """The scene's own file. A shipped scene is never overwritten: it goes to the folder the program was started in, or to the folder of
    its data files, under a name that is not taken."""
    if session.path is not None and session.path.parent != paths.resource("scenes"):
        return session.path
    folder = session.base if session.scene.data.file else Path.cwd()
    names = (f"{session.name}{'' if k == 1 else f'-{k}'}.toml" for k in count(1))
    return next(path for name in names if not os.path.lexists(path := folder / name))


def write(session, path: Path) -> None:
    """The scene with its data files named as seen from there. Raises InputError."""
    data = seen_from(session.scene.data, session.base, path.parent)
    session.scene.model_copy(update={"data": data}).save(path)


def unsaved(session) -> bool:
    """Whether there are changes that one would miss."""
    mine, kept = (s.model_copy(update={"view": s.view.model_copy(update=PASSING)}) for s in (session.scene, session.saved))
    return mine != kept


def load_weights(session, path: Path) -> str:
    """Put a file's weights into the network; the step and the optimiser's state stay. Returns how names that are not ours were taken.

    Raises InputError, and then nothing changes."""
    from nnviz3d.importers import weights

    if session.player is not None:
        raise InputError.of("", "", FIXED)
    notes: list[str] = []
    parameters = weights.load(path, session.source.topology, notes.append)
    session.leave_walk()
    session.source.trainer.load_parameters(parameters)
    session.editing.forget()
    session.look_again()
    return "; ".join(notes)
