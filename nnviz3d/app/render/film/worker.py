"""A worker's side of a farm: a film arrives as an `Order`, and its pieces are painted when they are asked for. Knows nothing of dask.

OpenGL and imgui belong to one thread, so all painting of a process happens in one, and for one film at a time. The painter stays open
between two pieces: the next one, if it lies ahead, costs the training in between and nothing else.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from nnviz3d import __version__
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.piece_renderer import Easel
from nnviz3d.app.training import blas_threads
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.scene import Scene
from nnviz3d.video.image_writer import Sequence
from nnviz3d.video.segment_folder import Parts, Plan

Told = Callable[[int], None]


@dataclass(frozen=True)
class Order:
    """A film as it travels: names are texts, because another system's paths could not arrive.

    `files`: what the scene reads, by their names under `base`; None: it is seen here under the same path. `shared`: pieces go straight
    into the film's own folder; otherwise `target` is a name only, and they go back as bytes.
    """

    film: str
    scene: Scene
    plan: Plan
    backend: str
    target: str
    base: str
    origin: str
    init: str
    files: dict[str, bytes] | None
    shared: bool
    version: str = __version__


class Unknown(RunError):
    """The film was never told here, or this process is another one than it was."""


class Stopped(RunError):
    """The film is not wanted any more."""


class Hand:
    """One film on this worker. `paint` and `forget` only in the painting thread."""

    def __init__(self, order: Order, folder: str):
        if order.version != __version__:
            raise InputError.of("", "", f"has nnviz3d {__version__}, the film needs {order.version}")
        self.shared, self.stopped = order.shared, Event()
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
        self.easel = Easel(self.job, self.parts)

    def paint(self, number: int, told: Told) -> list[bytes]:
        """Make a piece. Returns its files as bytes, or nothing where they are in their place already."""
        self._check()

        def painted(done: int) -> None:
            told(done)
            self._check()

        self.easel.paint(number, painted)
        if self.shared:
            return []
        paths = files(self.parts, number)
        raw = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return raw

    def _check(self) -> None:
        if self.stopped.is_set():
            raise Stopped("the film is not wanted any more")

    def forget(self) -> None:
        self.easel.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def order_of(job: Job, film: str) -> Order:
    """For a process of this machine, which sees the same files."""
    origin, init = (str(path.resolve()) if path else "" for path in (job.origin, job.init))
    target = str(job.target.absolute())
    return Order(film, job.scene, job.plan(), job.backend, target, str(job.base.resolve()), origin, init, files=None, shared=True)


def files(parts: Parts, number: int) -> list[Path]:
    """Where a finished piece lies: the same list on both sides. The last one says that the others are there."""
    plan, own = parts.plan, [parts.file(number), parts.file(number, "json")]
    if not plan.kind.codec.sequence:
        return own
    pictures = Sequence(parts.target, plan.format, plan.kind.codec, plan.alpha)
    return [pictures.file(plan.first + index * plan.step) for index in plan.piece(number)] + own


# ---------------------------------------------------------------- what the farm calls in this process

_hands: dict[str, Hand] = {}
_thread = ThreadPoolExecutor(1, "painter")


def welcome(order: Order, folder: str) -> None:
    """Keep a film, so that `paint` can be asked for it; `folder`: for files of this process. Raises InputError where that cannot be."""
    leave(order.film)
    _hands[order.film] = Hand(order, folder)


def paint(film: str, number: int, told: Told = lambda done: None) -> list[bytes]:
    """Waits its turn. Raises Unknown, Stopped, InputError, RunError."""
    hand = _hands.get(film)
    if hand is None:
        raise Unknown("this worker does not know the film")
    return _thread.submit(_paint, hand, number, told).result()


@blas_threads.one()
def _paint(hand: Hand, number: int, told: Told) -> list[bytes]:
    for other in list(_hands.values()):
        if other is not hand:
            other.easel.put_away()
    return hand.paint(number, told)


def leave(film: str) -> None:
    """End with a film: after the frame in work. Does not wait for it."""
    hand = _hands.pop(film, None)
    if hand is not None:
        hand.stopped.set()
        _thread.submit(hand.forget)


def sees(names: list[tuple[str, int]]) -> bool:
    """Whether these files, each with its size in bytes, are seen from here."""
    return all(Path(name).is_file() and Path(name).stat().st_size == size for name, size in names)
