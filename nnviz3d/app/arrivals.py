"""Files that arrive, dropped on the window or chosen in a dialog: scenes, recordings, data, weights. A bad one is told and changes nothing.

Data belong to a scene and lie in its folder or below. Data from there become an edit of the scene, which can be undone. Data from
elsewhere make a new, unsaved scene with the same settings, whose folder is the data's: nothing is copied, nothing leads outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nnviz3d.app import opening, saving
from nnviz3d.app.session import REMEMBER, Session
from nnviz3d.engine.data import table
from nnviz3d.importers.nnrec_index import INDEX
from nnviz3d.spec import kinds, paths, toml
from nnviz3d.spec.asking import Columns, SaveFirst
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

TABLES, ARRAYS = (".csv", ".tsv"), (".npz", ".npy")
DATA_ENDINGS = (*TABLES, *ARRAYS, ".idx", ".gz")
SHIPPED = paths.resource("scenes")
LEAVE = "close the window"


def receive(loop, files: list[Path]) -> None:
    """What each file is, by its name. Several at once only where they belong together: pictures and labels in the IDX format.

    Raises InputError, and then nothing has changed.
    """
    files = [file.parent if file.name == INDEX and file.parent.suffix == opening.ENDING else file for file in files]
    endings = {file: file.suffix.lower() for file in files}
    idx = [file for file in files if is_idx(file)]
    if len(files) > 1 and len(idx) != len(files):
        raise InputError.of("", "", f"{len(files)} files at once; give one scene, one data file or one file of weights")
    file = files[0]
    kind = kinds.of(file)
    if kinds.foreign(kind):
        raise kinds.refuse(file, "a scene, recording, table, arrays or weights", kind)
    if idx:
        pair = idx_pair(idx)
        for part in pair.values():
            paths.regular_file(part, 4 << 30, "IDX file")
        take_data(loop, "idx", pair)
    elif endings[file] in (".toml", opening.ENDING) or kind is kinds.RECORDING:
        open_scene(loop, str(file))
    elif endings[file] == ".safetensors" or kind is kinds.WEIGHTS:
        loop.inputs.weights(file)
        note = saving.load_weights(loop.session, file)
        loop.say(f"the network has the weights of {file.name} now" + (f" ({note})" if note else ""))
    elif endings[file] in TABLES:
        rows, header = table.peek(file)
        question = Columns(str(file), rows, header, standardize=True)  # columns have units of their own
        loop.desk.ask(question, lambda answer: take_data(loop, "csv", {"file": file}, **answer))
    elif endings[file] in ARRAYS:
        take_data(loop, "npz", {"file": file})
    else:
        known = ".toml (a scene), .nnrec (a recording), .csv .npz .npy or IDX (data), .safetensors (weights)"
        if kind not in (kinds.UNKNOWN, kinds.TEXT, kinds.FOLDER):
            raise kinds.refuse(file, known, kind)
        raise InputError.of(str(file), "", f"an unknown kind of file; expected {known}")


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
            raise InputError.of(str(files[0]), "", "IDX data are two files, pictures and labels; drop both together")
        (labels if pictures else pictures).append(other)
    if (len(pictures), len(labels)) != (1, 1):
        raise InputError.of("", "", 'expected one IDX file of pictures and one of labels, with "labels" in its name')
    return {"file": pictures[0], "labels_file": labels[0]}


def take_data(loop, kind: str, files: dict[str, Path], **settings) -> None:
    """Learn from these files. `settings`: other keys of `data`. Raises InputError, and then nothing has changed."""
    session = loop.session
    found = {key: file.resolve() for key, file in files.items()}
    base = session.base.resolve()
    fresh = not all(path.is_relative_to(base) for path in found.values())
    if fresh:
        base = Path(os.path.commonpath([path.parent for path in found.values()]))
    names = {key: path.relative_to(base).as_posix() for key, path in found.items()}
    plain = {key: Data.model_fields[key].default for key in ("target", "header", "task", "labels_file", "shape")}
    edits = [Edit(f"data.{key}", value) for key, value in {**plain, "kind": kind, **names, **settings}.items()]
    edits += [Edit("view.plate_x", ""), Edit("view.plate_y", "")]  # a plane that was chosen was of other features
    if fresh:
        head = [Edit("title", files["file"].stem[:200]), Edit("about", ""), Edit("failure", False), Edit("view.sample", 0)]
        made = Session(toml.apply(session.scene, [*edits, *head]), base, session.ops.name, None, REMEMBER)
        made.running, made.saved = session.running, session.saved
        loop.take(made)
    else:
        loop.inputs.edits(edits)
        session.change(edits, loop.now)
    loop.say(f"{files['file'].name}: {loop.session.source.data.summary}")


def open_scene(loop, name: str) -> None:
    """Another scene or a recording, once unsaved changes are saved or let go. What cannot be opened is told before anybody is asked."""
    opened = opening.read(name)

    def then() -> None:
        session = opened.session(loop.session.ops.name, REMEMBER)
        session.running = True
        loop.take(session)

    save_first(loop, f"open {Path(name).stem}", then)


def save_first(loop, doing: str, then: Callable[[], None]) -> None:
    """`then()`, at once where nothing is unsaved, else after the answer. Saving that fails is told, and `then` waits for another wish."""
    if not saving.unsaved(loop.session):
        then()
        return

    def answered(answer: str) -> None:
        if answer == "save":
            loop.say(f"saved {loop.session.save()}")
        then()

    loop.desk.ask(SaveFirst(loop.session.scene.title or loop.session.name, doing), answered)
