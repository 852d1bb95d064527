"""A film from its job: paints the frames that are not there yet, hands them to a thread that encodes them, joins the pieces.

What is finished survives whatever happens: a second run with the same job goes on, and the film is the same.
"""

from __future__ import annotations

import json
import platform
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from nnviz3d import __version__
from nnviz3d.app.film.job import Job
from nnviz3d.record.parts import Parts
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError, RunError

AHEAD = 4  # painted frames that may wait for the encoder
PACKAGES = ("numpy", "av", "vispy", "PyOpenGL", "imgui-bundle", "safetensors")

Progress = Callable[[int, int], None]


def begin(job: Job, *, resume: bool = False, overwrite: bool = False) -> Parts:
    """The folder of the film's pieces. Raises InputError where something is there and neither was asked for."""
    there = job.target if job.target.exists() else job.sidecar if job.kind.codec.sequence and job.sidecar.exists() else None
    if overwrite:
        Parts.discard(job.folder)
    elif there is not None and not (resume and job.folder.exists()):
        raise InputError.of(str(there), "--output", "is there already; --overwrite replaces it")
    elif job.folder.exists() and not resume:
        raise InputError.of(str(job.folder), "--output", "holds pieces of an unfinished film; --resume goes on, --overwrite begins anew")
    return Parts(job.folder, job.plan())


def paint(job: Job, parts: Parts, numbers: Iterable[int], progress: Progress = lambda done, total: None, session=None) -> None:
    """Make these pieces, or what is missing of them. `progress(done, total)` counts frames. Raises RunError when the disk is full."""
    done = set(parts.finished())
    wanted = sorted(set(numbers) - done)
    total = sum(len(parts.plan.piece(k)) for k in wanted)
    if not wanted:
        return
    from nnviz3d.app.film.painter import Painter

    ready = 0
    with Painter(job, session) as painter, ThreadPoolExecutor(1, "encoder") as encoder:
        for number in wanted:
            piece = parts.open(number, painter.renderer)
            waiting: deque[Future] = deque()
            try:
                ready += piece.next - piece.frames.start
                for index in range(piece.next, piece.frames.stop):
                    image = painter.frame(job.number(index))
                    waiting.append(encoder.submit(piece.add, image))
                    while len(waiting) > AHEAD or (waiting and waiting[0].done()):
                        waiting.popleft().result()
                    ready += 1
                    progress(ready, total)
                for future in waiting:
                    future.result()
            finally:
                for future in waiting:
                    future.cancel()
                encoder.submit(piece.close).result()  # after what it has begun


def finish(job: Job, parts: Parts) -> dict:
    """Join the pieces, write the sidecar, clear up. Returns what the sidecar says. Raises InputError where pieces are missing."""
    job.target.parent.mkdir(parents=True, exist_ok=True)
    parts.join(job.target)
    told = describe(job, parts)
    toml.write_text(job.sidecar, json.dumps(told, indent=1) + "\n")
    parts.remove()
    return told


def describe(job: Job, parts: Parts) -> dict:
    """The sidecar: which film this is, and a hash of every frame before it was encoded."""
    notes = [parts.note(k) for k in range(parts.plan.pieces)]
    return {
        "nnviz3d": __version__,
        "film": job.target.name,
        "scene": toml.dump(job.scene),
        "scene_hash": parts.plan.scene,
        "seed": job.scene.train.seed,
        "origin": job.origin.name if job.origin else None,
        **{name: value for name, value in asdict(parts.plan).items() if name != "scene"},
        "seconds": parts.plan.count / parts.plan.fps,
        "renderer": sorted({note["renderer"] for note in notes}),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "frames": [digest for note in notes for digest in note["frames"]],
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def record(job: Job, *, resume: bool = False, overwrite: bool = False, progress: Progress = lambda done, total: None, session=None) -> dict:
    """The whole film. Returns what the sidecar says. Raises InputError before any work, RunError where what is finished is kept."""
    parts = begin(job, resume=resume, overwrite=overwrite)
    paint(job, parts, range(parts.plan.pieces), progress, session)
    return finish(job, parts)


def shard(job: Job, part: int, of: int, progress: Progress = lambda done, total: None, session=None) -> list[int]:
    """Part `part` of `of` (from 1): neighbouring pieces, so that each part trains through what comes before it only once.

    Other parts may be at work in the same folder, or in copies of it that are put together before `encode`.
    """
    parts = Parts(job.folder, job.plan())
    mine = share(parts.plan.pieces, part, of)
    paint(job, parts, mine, progress, session)
    return list(mine)


def share(pieces: int, part: int, of: int) -> range:
    return range(pieces * (part - 1) // of, pieces * part // of)


def load(folder: Path) -> Parts:
    """Pieces that shards have made. Raises InputError, and RunError where two programs drew them differently."""
    parts = Parts.load(folder)
    if not parts.finished():
        raise RunError(f"{folder}: no piece is finished yet")
    return parts
