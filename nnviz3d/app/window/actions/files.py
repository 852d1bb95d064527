"""Opening, saving, exporting, leaving. Each `_then` runs once its question is answered; a question never holds up a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.app.session.network_export import ENDINGS, companion, export
from nnviz3d.app.window import file_drop
from nnviz3d.app.window.dialogs import Purpose
from nnviz3d.formats.nnrec.index import INDEX
from nnviz3d.spec import file_extensions, limits
from nnviz3d.spec.dialogs import SaveFirst, SaveRun
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.file_extensions import RECORDING

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop

_EXPORTS = {
    "weights": "Export the weights",
    "scene": "Export the scene",
    "numpy": "Export as a numpy script",
    "torch": "Export as a PyTorch script",
}
_OPEN = {
    # a recording is a folder: where a dialog gives files only, its index stands for it
    None: Purpose("Open a scene, a recording, data or weights", (".toml", RECORDING, INDEX, *file_drop.DATA_ENDINGS, ".safetensors")),
    "data": Purpose("Open data: a table, npz, npy or IDX", file_drop.DATA_ENDINGS),
}
_PICTURE = Purpose("Show a picture to the network", file_extensions.OWN_PICTURE)
_SAVE = Purpose("Save the scene as", (".toml",), saving=True)


def _screenshot(loop: Loop, value: Any) -> None:
    """Of the window, or of the stage at the size that a name of `STILLS` stands for."""
    if value is None:
        loop.wants_picture = True
        return
    if value not in limits.STILLS:
        raise InputError.of("", "screenshot", f"expected one of {', '.join(limits.STILLS)}, found {value!r}")
    loop.wants_still = limits.enlarged(loop.host.size, limits.STILLS[value])
    loop.say("saving {} x {} pixels; please wait …".format(*loop.wants_still))


def _save(loop: Loop, path: Path | None = None) -> None:
    loop.say(f"saved {loop.session.save(path)}")


def _save_as(loop: Loop, _value: None) -> None:
    session = loop.session
    own = session.path is not None and session.path.parent != file_drop.SHIPPED
    folder = session.path.parent if own else session.base if session.scene.data.file else None
    loop.dialogs.file(_SAVE, lambda path: _save(loop, path), f"{session.name}.toml", folder)


def _open_file(loop: Loop, kind: str) -> None:
    loop.dialogs.file(_OPEN[kind], lambda path: file_drop.receive(loop, [path]))


def _open_picture(loop: Loop, _value: None) -> None:
    loop.dialogs.file(_PICTURE, lambda path: file_drop.show_picture(loop, path))


def _export(loop: Loop, kind: str) -> None:
    if kind == "checkpoint":
        return file_drop.save_checkpoint(loop)
    purpose = Purpose(_EXPORTS[kind], (ENDINGS[kind],), saving=True)

    def then(path: Path) -> None:
        beside = companion(path, kind)
        written = export(loop.session.source, path, kind)
        loop.session.unsaved = 0.0 if kind == "weights" else loop.session.unsaved
        loop.say(f"wrote {' and '.join(map(str, written))}" if beside is None else f"wrote {path}; its weights are in {beside.name}")

    loop.dialogs.file(purpose, then, f"{loop.session.name}{ENDINGS[kind]}")


def _quit(loop: Loop, _value: None) -> None:
    """A second wish to leave, while the first one is asked about, is taken at its word."""
    if isinstance(loop.dialogs.question, (SaveFirst, SaveRun)) and loop.dialogs.question.doing == file_drop.LEAVE:
        loop.host.closing = True
    else:
        file_drop.save_first(loop, file_drop.LEAVE, lambda: setattr(loop.host, "closing", True))


ACTIONS = {
    "save": lambda loop, _value: _save(loop),
    "save_as": _save_as,
    "open": lambda loop, value: file_drop.open_scene(loop, str(value)),
    "open_file": _open_file,
    "open_picture": _open_picture,
    "export": _export,
    "answer": lambda loop, value: loop.dialogs.answer(value),
    "browse": lambda loop, value: loop.dialogs.browse(str(value)),
    "columns": file_drop.columns,
    "screenshot": _screenshot,
    "quit": _quit,
}
