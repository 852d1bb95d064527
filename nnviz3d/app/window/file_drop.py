"""Files that arrive, dropped on the window or chosen in a dialog: scenes, recordings, data, weights. A bad one changes nothing.

Data belong to a scene and lie in its folder or below. Data from there become an edit of the scene, which can be undone. Data from
elsewhere make a new, unsaved scene with the same settings, whose folder is the data's: nothing is copied, nothing leads outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nnviz3d.app.session import opening, scene_files
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.window.dialogs import Purpose
from nnviz3d.engine.data import npz, tables
from nnviz3d.engine.data.places import inside
from nnviz3d.formats.nnrec.index import INDEX
from nnviz3d.spec import file_extensions, file_kinds, limits, paths, toml
from nnviz3d.spec.dialogs import Arrays, Columns, SaveFirst, SaveRun
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.file_extensions import RECORDING
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Scene, Train

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop
    from nnviz3d.formats.checkpoint import CheckpointHead

T = TypeVar("T")
DATA_ENDINGS = (*file_extensions.TABLE, *file_extensions.ARRAYS, ".idx")
SHIPPED = paths.resource("scenes")
LEAVE = "close the window"
TOAST_LENGTH = 140  # characters of a toast
SETTINGS = ("target", "task", "header", "delimiter", "decimal", "encoding", "skip_lines", "sheet", "standardize", "columns")
LONG = 120.0  # seconds of training that nobody is asked about
CHECKPOINT = Purpose("Save a checkpoint", (".safetensors",), saving=True)


def receive(loop: Loop, files: list[Path]) -> None:
    """What each file is, by its name or its first bytes. Several at once only where they belong together: pictures and labels in the IDX
    format.

    Raises InputError, and then nothing has changed.
    """
    files = [file.parent if file.name == INDEX and file.parent.suffix == RECORDING else file for file in files]
    idx = [file for file in files if is_idx(file)]
    if len(files) > 1 and len(idx) != len(files):
        raise InputError.of("", "", f"{len(files)} files at once; drop one scene, one data file or one weights file")
    file = files[0]
    ending, kind = file.suffix.lower(), file_kinds.of(file)
    if kind.name == file_kinds.PICTURE and len(files) == 1 and not loop.session.own.reason:
        return show_picture(loop, file)
    if len(files) == 1 and kind.name in loop.session.source.takes:
        loop.session.source.give_file(file)
        return loop.say(f"{loop.session.source.scene.title} now runs with {file.name}")
    if len(files) == 1 and opening.reader(file) is not None and kind is not file_kinds.WEIGHTS:  # those are for the open network
        return open_scene(loop, str(file))
    if file_kinds.foreign(kind):
        raise file_kinds.refuse(file, "a scene, recording, table, arrays or weights", kind)
    if idx:
        pair = idx_pair(idx)
        for part in pair.values():
            paths.regular_file(part, 4 << 30, "IDX file")
        take_data(loop, "idx", pair)
    elif ending in (".toml", RECORDING) or kind in (file_kinds.RECORDING, file_kinds.SCENE):
        open_scene(loop, str(file))
    elif ending == ".safetensors" or kind is file_kinds.WEIGHTS:
        take_weights(loop, file)
    elif kind is file_kinds.FOLDER and any(inner.is_dir() for inner in file.iterdir()):
        take_data(loop, "images", {"file": file})  # a folder for each class
    elif ending in file_extensions.ARRAYS or kind is file_kinds.ARRAYS:
        ask_arrays(loop, file)
    elif _could_be_table(file):
        ask_columns(loop, file, {"standardize": True})  # columns have units of their own
    else:
        known = (
            ".toml (a scene), .nnrec (a recording), a table (CSV, Excel, Parquet), .npz, .npy or IDX (data), .safetensors (weights), a "
            "folder of pictures"
        )
        if kind not in (file_kinds.UNKNOWN, file_kinds.TEXT, file_kinds.FOLDER):
            raise file_kinds.refuse(file, known, kind)
        raise InputError.of(str(file), "", f"an unknown kind of file; expected {known}")


def show_picture(loop: Loop, file: Path) -> None:
    """Instead of the shown sample, cut, scaled and centred as the data's pictures are. Raises InputError, and then nothing has changed."""
    from nnviz3d.engine.data.own_picture import of_photograph
    from nnviz3d.video.own_picture import grey

    own = loop.session.own
    if own.frame is None or own.reason:
        raise InputError.of(str(file), "", f"cannot be shown to this network. {own.reason}")
    ink = np.round(255 * own.frame.fit(of_photograph(grey(file))))
    loop.do(Command("show_picture", ink.astype(np.uint8).tobytes().hex()))


def take_weights(loop: Loop, file: Path) -> None:
    """A checkpoint: training goes on from it, in this session where it fits, else in one of its own. Other weights: they are put into the
    network. Undo leads back. Raises InputError, and then nothing has changed."""
    from nnviz3d.app.session import checkpoint_resume
    from nnviz3d.formats import checkpoint

    found = checkpoint.head(file)
    if found is not None and not checkpoint_resume.fits(loop.session, found):
        session = _session_of(loop, found, file)
        checkpoint_resume.judge(session, found)
        session.running = loop.session.running
        loop.take(session)
    loop.log.weights(file)
    note = scene_files.load_weights(loop.session, file)
    if found is None:
        loop.say(f"the network now has the weights of {file.name}" + (f" ({note})" if note else ""))
    else:
        loop.say(f"{file.name}: continues from step {loop.session.source.step:,}")


def _session_of(loop: Loop, found: CheckpointHead, file: Path) -> Session:
    """Of a checkpoint's own scene; its data lie beside it, or where those of the open scene lie. Raises InputError."""
    problems: list[InputError] = []
    for base in dict.fromkeys((file.parent.resolve(), loop.session.base)):
        try:
            return new_session(found.scene, base, loop.session.asked, None, REMEMBER)
        except InputError as error:
            problems.append(error)
    raise problems[0]


def is_idx(file: Path) -> bool:
    return "idx" in file.name.lower() or "ubyte" in file.name.lower()


def idx_pair(files: list[Path]) -> dict[str, Path]:
    """Pictures and their labels. One of them is enough where the other lies beside it under the usual name. Raises InputError."""
    labels = [file for file in files if "label" in file.name.lower()]
    pictures = [file for file in files if file not in labels]
    if len(files) == 1:
        swap = (("images", "labels"), ("idx3", "idx1")) if pictures else (("labels", "images"), ("idx1", "idx3"))
        name = files[0].name
        for old, new in swap:
            name = name.replace(old, new)
        other = files[0].with_name(name)
        if name == files[0].name or not other.is_file():
            raise InputError.of(str(files[0]), "", "IDX data consist of two files, images and labels; drop both together")
        (labels if pictures else pictures).append(other)
    if (len(pictures), len(labels)) != (1, 1):
        raise InputError.of("", "", 'expected one IDX file of images and one of labels, with "labels" in its name')
    return {"file": pictures[0], "labels_file": labels[0]}


def _could_be_table(file: Path) -> bool:
    paths.regular_file(file, limits.DATA_BYTES, "data file")
    return tables.is_table(file)


def ask_columns(loop: Loop, file: Path, settings: dict, note: str = "") -> None:
    """Ask what becomes of each column. `settings`: keys of `data`; without a target, the likeliest is proposed. Raises InputError."""
    settings = dict(settings)
    try:
        table = _described(file, settings)
    except InputError as error:
        if settings.get("encoding", "auto") != "auto" or not any(problem.key == "data.encoding" for problem in error.problems):
            raise
        settings["encoding"] = "cp1252"
        note = "This file is not UTF-8. It is read as cp1252 (Windows): check the text, and choose another encoding if it is wrong."
        table = _described(file, settings)
    if not settings.get("target"):
        settings["target"] = table.columns[tables.guess(table)].key
        table = _described(file, settings)
    loop.dialogs.ask(Columns(str(file), table, settings, note), lambda answer: take_data(loop, "csv", {"file": file}, **answer))


def ask_arrays(loop: Loop, file: Path) -> None:
    """Learn from an archive of arrays, or ask which of them are meant where that is not clear. Raises InputError."""
    found = npz.unclear(file)
    if found is None:
        take_data(loop, "npz", {"file": file})
        return
    entries, inputs, target = found
    held = tuple((key, f"{' x '.join(map(str, entry.shape))} {entry.dtype}") for key, entry in entries.items() if entry.dtype is not None)
    question = Arrays(str(file), held, inputs, target)

    def answered(answer: dict) -> None:
        try:
            take_data(loop, "npz", {"file": file}, **answer)
        except InputError as error:
            problems = "; ".join(problem.message for problem in error.problems)
            again = replace(question, inputs=answer["inputs_array"], target=answer["target_array"], problem=problems[:600])
            loop.dialogs.ask(again, answered)

    loop.dialogs.ask(question, answered)


def _described(file: Path, settings: dict) -> tables.TableFacts:
    plain = toml.apply(Scene(), [Edit("data", {**settings, "kind": "csv", "file": file.name})]).data
    return tables.describe(file, plain, tables.PEEK_CELLS)


def columns(loop: Loop, wanted: dict | None) -> None:
    """The question again, with the table read as `wanted`; None: of the table that the scene learns from. Raises InputError."""
    question, session = loop.dialogs.question, loop.session
    if wanted is None:
        if session.scene.data.kind != "csv":
            raise InputError.of("", "data.kind", "the data are not a table; open one first")
        known = session.scene.data.model_dump(include={*SETTINGS}, exclude_defaults=True)
        ask_columns(loop, inside(session.base, session.scene.data.file, "file"), {"standardize": False, **known})
    elif isinstance(question, Columns):
        try:
            ask_columns(loop, Path(question.file), wanted, question.note)
        except InputError as error:
            problems = "; ".join(problem.message for problem in error.problems)
            loop.dialogs.question = replace(question, settings=wanted, problem=problems[:600])


def take_data(loop: Loop, kind: str, files: dict[str, Path], **settings) -> None:
    """Learn from these files. `settings`: other keys of `data`. Raises InputError, and then nothing has changed.

    What the scene said of its old data goes: how they were made and read, its test and its comparison.
    """
    session = loop.session
    found = {key: file.resolve() for key, file in files.items()}
    base = session.base.resolve()
    fresh = not all(path.is_relative_to(base) for path in found.values())
    if fresh:
        base = Path(os.path.commonpath([path.parent for path in found.values()]))
    names = {key: path.relative_to(base).as_posix() for key, path in found.items()}
    old = session.scene.data
    again = not fresh and old.kind == kind and old.file == names["file"]
    kept = old.model_dump() if again else {key: getattr(old, key) for key in ("seed", "standardize")}
    edits = [Edit("data", {**kept, "kind": kind, **names, **settings}), Edit("compare", {}), Edit("test", {})]
    edits += [Edit("view.plate_x", ""), Edit("view.plate_y", "")]  # a plane that was chosen was of other features
    if fresh:
        head = [Edit("title", files["file"].stem[:200]), Edit("about", ""), Edit("failure", False), Edit("view.sample", 0)]
        made = _fitting(lambda more: new_session(toml.apply(session.scene, [*edits, *head, *more]), base, session.asked, None, REMEMBER))
        made.running, made.saved = session.running, session.saved
        loop.take(made)
    else:
        _fitting(lambda more: _changed(loop, [*edits, *more]))
    text = f"{files['file'].name}: {loop.session.source.data.description}"
    loop.say(text if len(text) <= TOAST_LENGTH else f"{text[:TOAST_LENGTH].rsplit('; ', 1)[0]}; see the section Data")


def _changed(loop: Loop, edits: list[Edit]) -> None:
    loop.log.edits(edits)
    loop.session.change(edits, loop.now)


def _fitting(make: Callable[[Sequence[Edit]], T]) -> T:
    """`make(())`; where the old scene's output, loss or stop conditions cannot be of these data, with those that always can."""
    try:
        return make(())
    except InputError as error:
        if not all(problem.key.startswith(("train.", "network.output")) for problem in error.problems):
            raise
        plain = ("loss", "stop_epoch", "stop_train_loss", "stop_test_loss", "stop_accuracy")
        more = [Edit(f"train.{key}", Train.model_fields[key].default) for key in plain]
        return make((Edit("network.output.activation", "auto"), *more))


def open_scene(loop: Loop, name: str) -> None:
    """Another scene or a recording, once unsaved changes are saved or let go. What cannot be opened is reported before anybody is asked."""
    opened = opening.read(name)

    def then() -> None:
        session = opened.session(loop.session.asked, REMEMBER)
        session.running = not session.source.reasons.play
        loop.take(session)

    save_first(loop, f"open {Path(name).stem}", then)


def save_first(loop: Loop, doing: str, then: Callable[[], None]) -> None:
    """`then()`, at once where nothing is unsaved, else after the answers: the scene's changes, and training that took long. Saving that
    fails is reported, and `then` waits for another wish."""
    if not scene_files.unsaved(loop.session):
        _save_run(loop, doing, then)
        return

    def answered(answer: str) -> None:
        if answer == "save":
            loop.say(f"saved {loop.session.save()}")
        _save_run(loop, doing, then)

    loop.dialogs.ask(SaveFirst(loop.session.scene.title or loop.session.name, doing), answered)


def _save_run(loop: Loop, doing: str, then: Callable[[], None]) -> None:
    session = loop.session
    if session.unsaved < LONG or session.source.learner is None:
        then()
        return

    def answered(answer: str) -> None:
        if answer == "save":
            save_checkpoint(loop, then)
        else:
            then()

    loop.dialogs.ask(SaveRun(session.scene.title or session.name, doing, session.source.step, session.unsaved), answered)


def save_checkpoint(loop: Loop, then: Callable[[], None] = lambda: None) -> None:
    """Ask where, and write it."""

    def named(path: Path) -> None:
        loop.say(f"saved {scene_files.checkpoint(loop.session, path)}")
        then()

    loop.dialogs.file(CHECKPOINT, named, f"{loop.session.name}.safetensors")
