"""A film from its job: has the pieces rendered that are not there yet, by this process and others, and joins them.

What is finished survives whatever happens: a second run with the same job goes on, and the film is the same.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from nnviz3d import __version__
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.piece_renderer import PieceRenderer
from nnviz3d.app.render.film.pool import Pool, Progress, Say
from nnviz3d.app.render.film.process_planner import graphics, shared, worth
from nnviz3d.app.render.film.process_worker import Helpers
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.render.film.worker import order_of
from nnviz3d.app.session.session import Session
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.video import image_reader
from nnviz3d.video.codecs import Kind
from nnviz3d.video.image_reader import Pictures
from nnviz3d.video.segment_folder import ENDING, FilmPlan, Parts

PACKAGES = ("numpy", "av", "vispy", "PyOpenGL", "imgui-bundle", "safetensors")


def begin(job: Job, *, resume: bool = False, overwrite: bool = False) -> Parts:
    """The folder of the film's pieces. Raises InputError where something is there and neither was asked for."""
    there = job.target if job.target.exists() else job.sidecar if job.kind.codec.sequence and job.sidecar.exists() else None
    if overwrite:
        Parts.discard(job.folder)
    elif there is not None and not (resume and job.folder.exists()):
        raise InputError.option(str(there), "output", "already exists", overwrite="replaces it")
    elif job.folder.exists() and not resume:
        ways = {"resume": "continues", "overwrite": "starts again"}
        raise InputError.option(str(job.folder), "output", "holds pieces of an unfinished film", **ways)
    return open_parts(job)


def open_parts(job: Job) -> Parts:
    return Parts(job.folder, job.plan(), about(job), job.target)


def render_pieces(
    job: Job,
    parts: Parts,
    numbers: Iterable[int],
    progress: Progress = lambda done, total: None,
    session: Session | None = None,
    *,
    jobs: int | None = 1,
    say: Say = lambda text: None,
) -> None:
    """Make these pieces, or what is missing of them. `progress(done, total)` counts frames. Raises RunError when the disk is full.

    `jobs`: processes that render; None: as many as finish it soonest.
    """
    done = set(parts.finished())
    wanted = sorted(set(numbers) - done)
    if not wanted:
        return
    with Helpers(len(wanted)) as helpers, Pool(parts, wanted, say) as pool:
        if jobs or not graphics():  # else it is seen first whether there is any use for them
            helpers.start(jobs or worth(job, pool.total))
        from nnviz3d.app.render.film.frame_renderer import open_session

        session = session or open_session(job)
        processes = jobs or worth(job, pool.total, session)
        with PieceRenderer(job, parts, session) as renderer:
            with shared(processes):
                software = renderer.frames.host.context.software
            if processes > 1 and (jobs or software):
                helpers.start(processes)
                helpers.join(pool, order_of(job, job.target.name))
            else:
                helpers.stop()
            pool.work(renderer, progress)


def finish(parts: Parts, target: Path, sidecar: Path) -> dict:
    """Join the pieces, write the sidecar, clear up. Returns what the sidecar says. Raises InputError where pieces are missing."""
    parts.join(target)
    notes = [parts.note(k) for k in range(parts.plan.pieces)]
    facts = parts.about | {name: value for name, value in asdict(parts.plan).items() if name != "scene"}
    facts |= {
        "film": target.name,
        "scene_hash": parts.plan.scene,
        "seconds": float(parts.plan.count / parts.plan.rate),
        "renderer": sorted({str(note.get("renderer")) for note in notes}),
        "frames": [digest for note in notes for digest in note["frames"]],
    }
    toml.write_text(sidecar, json.dumps(facts, indent=1) + "\n")
    parts.remove()
    return facts


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
    job: Job, *, resume: bool = False, overwrite: bool = False, progress: Progress = lambda done, total: None,
    session: Session | None = None, jobs: int | None = 1, say: Say = lambda text: None,
) -> dict:  # fmt: skip
    """The whole film. Returns what the sidecar says. Raises InputError before any work, RunError where what is finished is kept."""
    parts = begin(job, resume=resume, overwrite=overwrite)
    try:
        render_pieces(job, parts, range(parts.plan.pieces), progress, session, jobs=jobs, say=say)
    except BaseException:
        parts.remove_if_empty()
        raise
    return finish(parts, job.target, job.sidecar)


def render(
    job: Job, request: FilmRequest, *, progress: Progress = lambda done, total: None, session: Session | None = None,
    say: Say = lambda text: None,
) -> dict:  # fmt: skip
    """The whole film in the way that is asked for: by processes of this machine, or by a Dask cluster. As `record`."""
    from nnviz3d.app.render.film import dask_farm

    how = {"resume": request.resume, "overwrite": request.overwrite, "progress": progress, "say": say}
    where = request.where
    if where is not None and where.address:
        return dask_farm.record(job, where.address, **how)
    return record(job, **how, session=session, jobs=where.workers if where is not None else request.jobs)


def shard(
    job: Job, part: int, of: int, progress: Progress = lambda done, total: None, session: Session | None = None, *, jobs: int | None = 1,
    say: Say = lambda text: None,
) -> list[int]:  # fmt: skip
    """Part `part` of `of` (from 1): neighbouring pieces, so that each part trains through what comes before it only once.

    Other parts may be at work in the same folder, or in copies of it that are put together before `encode`.
    """
    parts = open_parts(job)
    mine = share(parts.plan.pieces, part, of)
    render_pieces(job, parts, mine, progress, session, jobs=jobs, say=say)
    return list(mine)


def share(pieces: int, part: int, of: int) -> range:
    return range(pieces * (part - 1) // of, pieces * part // of)


def of_pictures(
    found: Pictures, target: Path, kind: Kind, fps: int | str, name: str, progress: Progress = lambda done, total: None
) -> dict:
    """A film of pictures that are there already. Returns what the sidecar says. Raises InputError for a damaged picture, RunError."""
    alpha = found.alpha and bool(kind.codec.alpha_pixels)
    plan = FilmPlan(f"pictures {name}", *found.size, fps, found.first, found.step, len(found.files), kind.format, kind.codec.name, alpha)
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
    except BaseException:  # a second run begins again: the pictures are there
        parts.remove()
        raise
