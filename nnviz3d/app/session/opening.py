"""The one way in: what a person calls SCENE, a scene file, the name of a shipped scene or a recording, and the session that it becomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.spec import file_kinds, session_log, toml
from nnviz3d.spec.edit import Edit, changed_paths
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.file_extensions import RECORDING
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session
    from nnviz3d.backend import Ops
    from nnviz3d.formats.nnrec.reader import Recording
    from nnviz3d.sources.protocols import Source
    from nnviz3d.sources.watching.link import Receiver
    from nnviz3d.spec.session_log import Timeline

FILES = ("data.file", "data.labels_file")
Reader = Callable[["Ops"], "Source"]  # a network that was built elsewhere, once it is known where it is computed
# by the name of its kind in `spec.file_kinds`: the function (path, ops) -> Source that opens a file of a network that was built elsewhere
READERS: dict[str, str] = {
    "onnx": "nnviz3d.sources.onnx_model:open_file",
    "model folder": "nnviz3d.sources.opened_model:open_folder",
    "weights": "nnviz3d.sources.opened_model:open_tensors",
}


GIVEN = ("onnx",)  # of which an input can be chosen, which the function takes third


@dataclass(frozen=True)
class FileReader:
    """A `Reader` of a file. `where`: "module:function"; `x`: the input that it is opened with, None for its own."""

    path: Path
    where: str
    x: Any = None

    def __call__(self, ops: Ops) -> Source:
        module, _, function = self.where.partition(":")
        given = () if self.x is None else (self.x,)
        return getattr(import_module(module), function)(self.path, ops, *given)


@dataclass(frozen=True)
class Opened:
    """`scene` with the edits in it, the folder that its data files are relative to, its file (of a recording: none to write to)."""

    scene: Scene
    base: Path
    path: Path | None
    recording: Recording | None = None
    timeline: Timeline | None = None
    model: Reader | None = None
    watched: Receiver | None = None

    @property
    def origin(self) -> Path | None:
        """The file that is played instead of training again."""
        if isinstance(self.model, FileReader):
            return self.model.path
        return self.recording.path if self.recording is not None else self.path if self.timeline is not None else None

    def session(self, backend: str = "auto", remember: int = 0) -> Session:
        """Raises InputError."""
        if self.timeline is not None:
            return session_of(self.timeline, backend)
        return new_session(self.scene, self.base, backend, self.path, remember, self.recording, self.model, self.watched)


def source_of(
    scene: Scene,
    base: Path,
    ops: Ops,
    remember: int = 0,
    recording: Recording | None = None,
    model: Reader | None = None,
    watched: Receiver | None = None,
) -> Source:
    """The only place that knows which kinds of sources there are. `remember`: bytes for going back in the run; 0 remembers nothing.
    `recording`: played, not trained. `model`: opens a network that was built elsewhere. `watched`: receives a loop elsewhere.
    Raises InputError."""
    if watched is not None:
        from nnviz3d.sources.watching.loop import WatchedLoop

        return WatchedLoop(scene, base, ops, watched.feed, watched)
    if model is not None:
        source = model(ops)
        update = {"title": scene.title or source.scene.title, "network": source.scene.network}
        source.scene = scene.model_copy(update=update)
        return source
    if recording is None:
        from nnviz3d.sources.own import OwnTraining

        return OwnTraining(scene, base, ops, remember)
    from nnviz3d.sources.recorded import RecordedTraining

    return RecordedTraining(recording, scene, base, ops)


def new_session(
    scene: Scene,
    base: Path,
    backend: str = "auto",
    path: Path | None = None,
    remember: int = 0,
    recording: Recording | None = None,
    model: Reader | None = None,
    watched: Receiver | None = None,
) -> Session:
    """A session of a scene whose files are relative to `base`. `path`: the scene's own file. The rest as of `source_of`."""
    from nnviz3d import backend as backends
    from nnviz3d.app.session.session import Session

    ops = backends.choose(backend, tf32=scene.train.tf32)
    source = source_of(scene, base, ops, remember, recording, model, watched)
    session = Session(source.scene if model is not None else scene, source, path, backend)
    session.banner = getattr(source, "notice", "")
    if source.prompt:
        session.prompt.write("")
    return session


def session_of(kept: Timeline, backend: str = "auto") -> Session:
    """Of what a person did in a window, at its beginning."""
    return new_session(kept.scene, kept.base, backend, None, kept.remember)


def read(name: str | os.PathLike, edits: Iterable[Edit] = (), train: bool = False) -> Opened:
    """Raises InputError with every problem. Of a recording only what is looked at, and where its data lie, can be changed; `train`:
    it is not to be played, its scene is wanted."""
    edits = tuple(edits)
    if Path(name).suffix == session_log.ENDING:
        return _session_kept(Path(name), edits)
    found = recording(name)
    if found is None and (model := reader(name)) is not None:
        if train:
            raise file_kinds.refuse(name, "a scene, which can be trained")
        return Opened(_looked_at(name, Scene(), edits, "a network that was built elsewhere"), Path(name).parent, None, model=model)
    if found is None:
        path = toml.find(name)
        return Opened(toml.load(path, edits), path.parent, path)
    from nnviz3d.sources.recorded import scene_of

    recorded = scene_of(found)
    if train:
        return Opened(toml.apply(recorded, edits, "--set"), Path(name).parent, None)
    return Opened(_looked_at(name, recorded, edits, "the recording"), Path(name).parent, None, found)


def _looked_at(name: str | os.PathLike, before: Scene, edits: tuple[Edit, ...], what: str) -> Scene:
    """The scene with the edits in it, which can be of nothing but how it is looked at. Raises InputError."""
    from nnviz3d.app.session.mode import FREE

    scene = toml.apply(before, edits, "--set")
    fixed = [path for path in changed_paths(before, scene) if not path.startswith(FREE) and path not in FILES]
    if fixed:
        raise InputError(*(Problem(str(name), path, f"is fixed in {what} and cannot be changed") for path in fixed))
    return scene


def reader(name: str | os.PathLike) -> FileReader | None:
    """What opens the network in a file, by its first bytes; None for all else."""
    where = READERS.get(file_kinds.of(name).name)
    return None if where is None else FileReader(Path(name), where)


def is_recording(name: str | os.PathLike) -> bool:
    """By its ending, or by what the folder holds."""
    path = Path(name)
    return path.suffix == RECORDING or (path.suffix != ".toml" and os.path.isdir(path) and file_kinds.of(path) is file_kinds.RECORDING)  # noqa: PTH112


def arriving(name: str) -> Path | None:
    """The file that a window can ask about, as if it had been dropped: a table or arrays. None for all else. Raises InputError for an
    archive that is damaged or holds several files."""
    path = Path(name)
    if path.suffix in (".toml", RECORDING, session_log.ENDING) or name in toml.paths.scene_paths():
        return None
    kind = file_kinds.of(path).name
    if kind == "packed":
        from nnviz3d.engine.data import tables

        return path if tables.is_table(path) else None
    return path if kind in ("table", "arrays", "idx", "excel", "parquet") else None


def _session_kept(path: Path, edits: tuple[Edit, ...]) -> Opened:
    """What a person did in a window, to be filmed: how the film is made can be chosen, what happens in it cannot."""
    fixed = [edit.path for edit in edits if edit.path.partition(".")[0] != "record" and edit.path != "look.quality"]
    if fixed:
        raise InputError(*(Problem(str(path), key, "is fixed in the timeline and cannot be changed") for key in fixed))
    if not path.is_file():
        raise InputError.of(str(path), "", "no such file")
    kept = session_log.load(path)
    return Opened(toml.apply(kept.scene, edits, "--set"), kept.base, path, timeline=kept)


def recording(path: str | os.PathLike | None) -> Recording | None:
    """The recording that a path names; None for what is none. Raises InputError."""
    if path is None or not is_recording(path):
        return None
    from nnviz3d.formats.nnrec.reader import Recording

    return Recording(path)
