"""A film from its job: has the pieces painted that are not there yet, by this process and others, and joins them.

What is finished survives whatever happens: a second run with the same job goes on, and the film is the same.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from nnviz3d import __version__
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.local_pool import Crew, Say
from nnviz3d.app.render.film.piece_renderer import Easel
from nnviz3d.app.render.film.process_planner import graphics, shared, worth
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session.session import Session
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.video import image_reader
from nnviz3d.video.codecs import Kind
from nnviz3d.video.image_reader import Pictures
from nnviz3d.video.segment_folder import ENDING, Parts, Plan

PATIENCE = 0.2  # seconds between two looks at those who paint beside us
PACKAGES = ("numpy", "av", "vispy", "PyOpenGL", "imgui-bundle", "safetensors")

Progress = Callable[[int, int], None]


def begin(job: Job, *, resume: bool = False, overwrite: bool = False) -> Parts:
    """The folder of the film's pieces. Raises InputError where something is there and neither was asked for."""
    there = job.target if job.target.exists() else job.sidecar if job.kind.codec.sequence and job.sidecar.exists() else None
    if overwrite:
        Parts.discard(job.folder)
    elif there is not None and not (resume and job.folder.exists()):
        raise InputError.option(str(there), "output", "is there already", overwrite="replaces it")
    elif job.folder.exists() and not resume:
        ways = {"resume": "goes on", "overwrite": "begins again"}
        raise InputError.option(str(job.folder), "output", "holds pieces of an unfinished film", **ways)
    return open_parts(job)


def open_parts(job: Job) -> Parts:
    return Parts(job.folder, job.plan(), about(job), job.target)


def paint(
    job: Job, parts: Parts, numbers: Iterable[int], progress: Progress = lambda done, total: None, session=None, *, jobs: int | None = 1,
    say: Say = lambda text: None,
) -> None:  # fmt: skip
    """Make these pieces, or what is missing of them. `progress(done, total)` counts frames. Raises RunError when the disk is full.

    `jobs`: processes that paint; None: as many as make it soonest.
    """
    done = set(parts.finished())
    wanted = sorted(set(numbers) - done)
    if not wanted:
        return
    with Crew(parts, wanted, say) as crew:
        if jobs or not graphics():  # else it is seen first whether there is any use for them
            crew.call(jobs or worth(job, crew.total))
        from nnviz3d.app.render.film.frame_renderer import open_session

        session = session or open_session(job)
        processes = jobs or worth(job, crew.total, session)
        with Easel(job, parts, session) as easel:
            with shared(processes):
                software = easel.painter.host.context.software
            if processes > 1 and (jobs or software):
                crew.call(processes)
                crew.begin(job)
            else:
                crew.dismiss()
            _paint(easel, crew, progress)


def _paint(easel: Easel, crew: Crew, progress: Progress) -> None:
    """Our share, until everything is there."""
    while crew:
        number = crew.take()
        if number is None:
            crew.wait(PATIENCE)
            progress(crew.ready, crew.total)
            continue

        def painted(frames: int, number: int = number) -> None:
            crew.tell(number, frames)
            progress(crew.ready, crew.total)

        easel.paint(number, painted)
        crew.done(number)


def finish(parts: Parts, target: Path, sidecar: Path) -> dict:
    """Join the pieces, write the sidecar, clear up. Returns what the sidecar says. Raises InputError where pieces are missing."""
    parts.join(target)
    notes = [parts.note(k) for k in range(parts.plan.pieces)]
    told = parts.about | {name: value for name, value in asdict(parts.plan).items() if name != "scene"}
    told |= {
        "film": target.name,
        "scene_hash": parts.plan.scene,
        "seconds": float(parts.plan.count / parts.plan.rate),
        "renderer": sorted({str(note.get("renderer")) for note in notes}),
        "frames": [digest for note in notes for digest in note["frames"]],
    }
    toml.write_text(sidecar, json.dumps(told, indent=1) + "\n")
    parts.remove()
    return told


def about(job: Job) -> dict:
    """What the sidecar says of a film beside its plan and the hashes of its frames, before they were encoded."""
    return {
        "film": job.target.name,
        "nnviz3d": __version__,
        "seed": job.scene.train.seed,
        "origin": job.origin.name if job.origin else None,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "scene": toml.dump(job.scene),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def record(
    job: Job, *, resume: bool = False, overwrite: bool = False, progress: Progress = lambda done, total: None, session=None,
    jobs: int | None = 1, say: Say = lambda text: None,
) -> dict:  # fmt: skip
    """The whole film. Returns what the sidecar says. Raises InputError before any work, RunError where what is finished is kept."""
    parts = begin(job, resume=resume, overwrite=overwrite)
    try:
        paint(job, parts, range(parts.plan.pieces), progress, session, jobs=jobs, say=say)
    except BaseException:
        parts.remove_if_empty()
        raise
    return finish(parts, job.target, job.sidecar)


def render(
    job: Job, request: FilmRequest, *, progress: Progress = lambda done, total: None, session: Session | None = None,
    say: Say = lambda text: None,
) -> dict:  # fmt: skip
    """The whole film in the way that is asked for: by this process and `jobs` others, or by a farm. As `record`."""
    from nnviz3d.app.render.film import dask_farm

    how = {"resume": request.resume, "overwrite": request.overwrite, "progress": progress, "say": say}
    where = request.where
    if where is not None:
        return dask_farm.record(job, where, **how)
    return record(job, **how, session=session, jobs=request.jobs)


def shard(
    job: Job, part: int, of: int, progress: Progress = lambda done, total: None, session=None, *, jobs: int | None = 1,
    say: Say = lambda text: None,
) -> list[int]:  # fmt: skip
    """Part `part` of `of` (from 1): neighbouring pieces, so that each part trains through what comes before it only once.

    Other parts may be at work in the same folder, or in copies of it that are put together before `encode`.
    """
    parts = open_parts(job)
    mine = share(parts.plan.pieces, part, of)
    paint(job, parts, mine, progress, session, jobs=jobs, say=say)
    return list(mine)


def share(pieces: int, part: int, of: int) -> range:
    return range(pieces * (part - 1) // of, pieces * part // of)


def of_pictures(
    found: Pictures, target: Path, kind: Kind, fps: int | str, name: str, progress: Progress = lambda done, total: None
) -> dict:
    """A film of pictures that are there already. Returns what the sidecar says. Raises InputError for a damaged picture, RunError."""
    alpha = found.alpha and bool(kind.codec.alpha_pixels)
    plan = Plan(f"pictures {name}", *found.size, fps, found.first, found.step, len(found.files), kind.format, kind.codec.name, alpha)
    folder = target.with_name(target.name + ENDING)
    Parts.discard(folder)
    parts = Parts(folder, plan, {"nnviz3d": __version__, "pictures": name})
    try:
        for number in range(plan.pieces):
            piece = parts.open(number, "pictures")
            try:
                for index in plan.piece(number):
                    image = image_reader.read(found.files[index], alpha, found.size)
                    piece.add((image >> 8).astype("u1") if kind.codec.whole and image.dtype == "u2" else image)
                    progress(index + 1, plan.count)
            finally:
                piece.close()
        return finish(parts, target, target.with_name(target.name + ".json"))
    except BaseException:  # it begins anew: the pictures are there
        parts.remove()
        raise
