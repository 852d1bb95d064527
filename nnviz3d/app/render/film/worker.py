"""One film on one worker, wherever that is: it arrives as an `PieceOrder`, and its pieces are rendered when they are asked for.

Knows nothing of how it is reached: another process of this machine (`process_worker`) and a Dask worker (`dask_worker`) use the same.
OpenGL and imgui belong to one thread, so all rendering of a process happens in one. The renderer stays open between two pieces: the next
one, if it lies ahead, costs the training in between and nothing else.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from nnviz3d import __version__
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.piece_renderer import PieceRenderer
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.scene import Scene
from nnviz3d.video.image_writer import Sequence
from nnviz3d.video.segment_folder import FilmPlan, Parts

Rendered = Callable[[int], None]


@dataclass(frozen=True)
class PieceOrder:
    """A film as it travels: names are texts, because another system's paths could not arrive.

    `files`: what the scene reads, by their names under `base`; None: it is seen here under the same path. `shared`: pieces go straight
    into the film's own folder; otherwise `target` is a name only, and they go back as bytes.
    """

    film: str
    scene: Scene
    plan: FilmPlan
    backend: str
    target: str
    base: str
    origin: str
    init: str
    files: dict[str, bytes] | None
    shared: bool
    version: str = __version__


class Stopped(RunError):
    """The film is not wanted any more."""


class FilmWorker:
    """`render` and `close` in one thread, `stop` in any. Raises InputError where another nnviz3d is needed."""

    def __init__(self, order: PieceOrder, folder: str):
        """`folder`: for files of this process."""
        if order.version != __version__:
            raise InputError.of("", "", f"has nnviz3d {__version__}, the film needs {order.version}")
        self.shared, self._stopped = order.shared, Event()
        self.scratch = Path(tempfile.mkdtemp(prefix="nnviz3d-", dir=folder))
        base, plan = Path(order.base), order.plan
        if order.files is not None:
            base = self.scratch / "files"
            for name, raw in order.files.items():
                path = base / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(raw)
        target = Path(order.target) if order.shared else self.scratch / "film" / order.target
        origin, init = (base / name if name else None for name in (order.origin, order.init))
        which = plan.format, plan.codec, plan.first, plan.step, plan.count
        self.job = Job(order.scene, base, target, *which, order.backend, origin, init)
        self.parts = Parts(self.job.folder, plan, target=self.job.target)
        self.renderer = PieceRenderer(self.job, self.parts)

    def render(self, number: int, rendered: Rendered) -> list[bytes]:
        """Make a piece. Returns its files as bytes, or nothing where they are in their place already. Raises Stopped, InputError,
        RunError."""
        self._check()

        def noted(done: int) -> None:
            rendered(done)
            self._check()

        self.renderer.render(number, noted)
        if self.shared:
            return []
        found = files(self.parts, number)
        raw = [path.read_bytes() for path in found]
        for path in found:
            path.unlink()
        return raw

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Stopped("the film is no longer needed")

    def stop(self) -> None:
        """`render` ends after its present frame."""
        self._stopped.set()

    def close(self) -> None:
        self.renderer.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def order_of(job: Job, film: str) -> PieceOrder:
    """For a process of this machine, which sees the same files."""
    origin, init = (str(path.resolve()) if path else "" for path in (job.origin, job.init))
    target = str(job.target.absolute())
    return PieceOrder(film, job.scene, job.plan(), job.backend, target, str(job.base.resolve()), origin, init, files=None, shared=True)


def files(parts: Parts, number: int) -> list[Path]:
    """Where a finished piece lies: the same list on both sides. The last one says that the others are there."""
    plan, own = parts.plan, [parts.file(number), parts.file(number, "json")]
    if not plan.kind.codec.sequence:
        return own
    pictures = Sequence(parts.pictures, plan.format, plan.kind.codec, plan.alpha)
    return [pictures.file(plan.first + index * plan.step) for index in plan.piece(number)] + own


def store(parts: Parts, number: int, made: list[bytes]) -> None:
    """A piece that came as bytes, each of its files whole or not at all; nothing where it was written where it belongs. Raises OSError."""
    for path, raw in zip(files(parts, number), made, strict=True) if made else ():
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.replace(path, raw)
