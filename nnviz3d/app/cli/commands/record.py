"""`nnviz3d record`: checks the request, then the work and a bar with its rate and the time left."""

from __future__ import annotations

from pathlib import Path

import typer

from nnviz3d.app.cli.commands import common
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.render.film import job as film
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.pipeline import Progress
from nnviz3d.app.render.film.request import FilmRequest, check_target
from nnviz3d.app.session.session import Session
from nnviz3d.spec import frame_rates
from nnviz3d.spec.errors import together


def job_of(options: Options, name: str, target: Path, request: FilmRequest) -> Job:
    """Raises InputError with every problem of the scene, the request and the target."""
    opened, *_ = together(lambda: options.open(name), request.check, lambda: check_target(target))
    return film.make(opened, target, request, backend=options.backend)


def record(options: Options, name: str, target: Path, request: FilmRequest, *, dry_run: bool, as_json: bool) -> int:
    """Returns the exit code. Raises InputError before anything is written, RunError where what is finished is kept."""
    job = job_of(options, name, target, request)
    from nnviz3d.app.render.film.frame_renderer import open_session

    if dry_run:
        open_session(job)
        facts = outline(job)
        common.emit(facts) if as_json else typer.echo("\n".join(lines(facts)))
        return 0
    film.check_room(job)
    session = open_session(job)
    try:
        with common.progress("frames", options.quiet) as advance:
            facts = _make(options, job, request, session, advance)
    except KeyboardInterrupt:
        if job.folder.exists():
            options.say(f"stopped; the finished pieces are in {job.folder}; run the same command with --resume to continue")
        raise
    if as_json:
        common.emit(facts)
    return 0


def _make(options: Options, job: Job, request: FilmRequest, session: Session, advance: Progress) -> dict:
    """What the sidecar says; of a shard which pieces were made."""
    if request.part:
        made = pipeline.shard(job, *request.part, progress=advance, session=session, jobs=request.jobs or 1, say=options.say)
        options.say(f"made {len(made)} of {job.plan().pieces} pieces in {job.folder}; join them with: nnviz3d encode {job.folder}")
        return {"pieces": made, "of": job.plan().pieces, "folder": str(job.folder)}
    facts = pipeline.render(job, request, progress=advance, session=session, say=options.say)
    options.say(f"wrote {job.target} ({facts['count']:,} frames) and {job.sidecar}")
    return facts


def outline(job: Job) -> dict:
    """What `--dry-run` says."""
    record, start, shots = job.scene.record, 0.0, []
    for shot in () if job.replays else record.shots:
        frames = record.frames(start), record.frames(start + shot.seconds) - 1
        shots.append({
            "does": shot.does, "seconds": shot.seconds, "first_frame": frames[0], "last_frame": frames[1], "steps": shot.steps,
            "keys": len(shot.camera), "caption": shot.caption,
        })  # fmt: skip
        start += shot.seconds
    return {
        "film": str(job.target), "format": job.format, "codec": job.codec, "width": record.width, "height": record.height,
        "fps": record.fps, "frames": job.count, "seconds": float(job.count / record.rate), "pieces": job.plan().pieces,
        "drawn": job.count * record.motion_blur, "about_bytes": job.bytes(), "about_bytes_while_made": job.room(), "shots": shots,
    }  # fmt: skip


def lines(facts: dict) -> list[str]:
    size = f"{facts['width']}x{facts['height']} at {frame_rates.words(facts['fps'])} frames per second"
    out = [
        f"{facts['film']}: {facts['format']} ({facts['codec']}), {size}, {facts['seconds']:.2f} s, {facts['frames']:,} frames in "
        f"{facts['pieces']} pieces",
        f"about {facts['about_bytes'] / 1e6:,.1f} MB, while rendering about {facts['about_bytes_while_made'] / 1e6:,.1f} MB",
    ]
    for k, shot in enumerate(facts["shots"], start=1):
        does = f"train {shot['steps']:,} steps" if shot["does"] == "train" else shot["does"]
        text = f"shot {k}: frames {shot['first_frame']:,} to {shot['last_frame']:,} ({shot['seconds']:g} s), {does}"
        out.append(text + f", {shot['keys']} camera keys" + (f': "{shot["caption"]}"' if shot["caption"] else ""))
    return out
