"""`nnviz3d record`: wishes into a job with all its problems, then the work and a bar that tells rate and time left."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import typer

from nnviz3d.app.cli.commands import common
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.render.film import dask_cluster, pipeline, process_planner
from nnviz3d.app.render.film import dask_farm as farms
from nnviz3d.app.render.film import job as film
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.presets import PRESETS
from nnviz3d.app.session.opening import Opened
from nnviz3d.spec import frame_rates, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene


@dataclass(frozen=True)
class Wish:
    """What was asked for beside the scene; None: as the scene has it."""

    preset: str | None = None
    size: str | None = None
    fps: float | str | Fraction | None = None
    duration: float | None = None
    frames: str = ""
    step: int = 1
    format: str = ""
    codec: str = ""
    ssaa: int | None = None
    motion_blur: int | None = None
    shutter: float | None = None
    transparent: bool | None = None
    ui: bool | None = None
    burn_in: bool | None = None

    def edits(self) -> list[Edit]:
        """Of the scene's `record` table. Raises InputError."""
        if self.preset is not None and self.preset not in PRESETS:
            raise InputError.of("", "--preset", f'expected one of {", ".join(PRESETS)}, found "{self.preset}"')
        values = dict(PRESETS[self.preset]) if self.preset else {}
        if self.size is not None:
            values["width"], values["height"] = common.parse_size(self.size)
        if self.fps is not None:
            values["fps"] = parse_rate(self.fps)
        for name in ("ssaa", "motion_blur", "shutter", "transparent", "ui", "burn_in"):
            if getattr(self, name) is not None:
                values[name] = getattr(self, name)
        return [Edit(f"record.{name}", value) for name, value in values.items()]


def job_of(options: Options, name: str, target: Path, wish: Wish) -> Job:
    """Raises InputError with every problem of the scene, the wishes and the target."""
    opened, edits, _ = common.together(lambda: options.open(name), wish.edits, lambda: check_target(target))
    return job_for(opened, edits, target, wish, options.backend)


def job_for(opened: Opened, edits: list[Edit], target: Path, wish: Wish, backend: str, init: Path | None = None) -> Job:
    """`edits`: of `wish`. Raises InputError with every problem of theirs together."""
    scene, seconds = edited(opened.scene, edits, wish)
    if opened.timeline is not None:  # as long as the session was
        whole = opened.timeline.end - opened.timeline.begin
        seconds = min(wish.duration or whole, whole)
    return film.make(
        scene, opened.base, target, seconds=seconds, format=wish.format, codec=wish.codec, frames=wish.frames, step=wish.step,
        backend=backend, origin=opened.origin, init=init,
    )  # fmt: skip


def edited(scene: Scene, edits: list[Edit], wish: Wish) -> tuple[Scene, float | None]:
    """The scene with the wishes in it, and the seconds after which its shots are cut, if they are. Raises InputError."""
    scene, seconds = toml.apply(scene, edits, "--set"), wish.duration
    if seconds is not None and not 0 < seconds <= 86_400:
        raise InputError.of("", "--duration", f"seconds above 0, at most 86,400, found {seconds:g}")
    if seconds is not None and not scene.record.shot:
        scene, seconds = toml.apply(scene, [Edit("record.duration", float(seconds))], "--duration"), None
    return scene, seconds


def check_target(target: Path) -> None:
    """Whether the film could be written. Numbered pictures may be in a folder that is not there yet. Raises InputError."""
    folder = target.absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    common.check_outputs(output=folder / "film" if not target.parent.exists() else target)


def parse_rate(value: float | str | Fraction, where: str = "") -> int | str:
    """As a scene has it. Raises InputError."""
    try:
        return frame_rates.canonical(value)
    except ValueError as error:
        raise InputError.of(where, "--fps", f"{error}; found {value}") from None


def parse_shard(text: str) -> tuple[int, int]:
    """ "2/8" as (2, 8). Raises InputError."""
    part, slash, of = text.partition("/")
    if slash and part.isdecimal() and of.isdecimal() and len(text) < 16 and 1 <= int(part) <= int(of):
        return int(part), int(of)
    raise InputError.of("", "--shard", f'expected I/N with 1 <= I <= N, for example 2/8, found "{text}"')


def record(
    options: Options,
    name: str,
    target: Path,
    wish: Wish,
    *,
    resume: bool,
    overwrite: bool,
    dry_run: bool,
    shard: str | None,
    jobs: int | None,
    farm: str | None,
    as_json: bool,
) -> int:
    """Returns the exit code. Raises InputError before anything is written, RunError where what is finished is kept."""
    part, where, job, _ = common.together(
        lambda: shard and parse_shard(shard),
        lambda: farm and dask_cluster.parse(farm),
        lambda: job_of(options, name, target, wish),
        lambda: check_ways(resume, overwrite, shard, farm, jobs),
    )
    if dry_run:
        from nnviz3d.app.render.film.frame_renderer import open_session

        open_session(job)
        told = outline(job)
        common.emit(told) if as_json else typer.echo("\n".join(lines(told)))
        return 0
    from nnviz3d.app.render.film.frame_renderer import open_session

    film.check_room(job)
    session = open_session(job)
    try:
        with common.progress("frames", options.quiet) as advance:
            if part:
                made = pipeline.shard(job, *part, progress=advance, session=session, jobs=jobs or 1, say=options.say)
                options.say(f"made {len(made)} of {job.plan().pieces} pieces in {job.folder}; join them with: nnviz3d encode {job.folder}")
                told = {"pieces": made, "of": job.plan().pieces, "folder": str(job.folder)}
            else:
                if where:
                    told = farms.record(job, where, resume=resume, overwrite=overwrite, progress=advance, say=options.say)
                else:
                    how = {"progress": advance, "session": session, "jobs": jobs, "say": options.say}
                    told = pipeline.record(job, resume=resume, overwrite=overwrite, **how)
                options.say(f"wrote {job.target} ({told['count']:,} frames) and {job.sidecar}")
    except KeyboardInterrupt:
        if job.folder.exists():
            options.say(f"stopped; what is finished is in {job.folder}, the same command with --resume goes on")
        raise
    if as_json:
        common.emit(told)
    return 0


def check_ways(resume: bool, overwrite: bool, shard: str | None, farm: str | None, jobs: int | None) -> None:
    problems = []
    if resume and overwrite:
        problems.append(Problem("", "--resume --overwrite", "give one of them: go on, or begin anew"))
    if shard and farm:
        problems.append(Problem("", "--shard --farm", "give one of them: a farm divides the work itself"))
    if jobs is not None and farm:
        problems.append(Problem("", "--jobs --farm", "give one of them: a farm has workers of its own (local:N)"))
    if jobs is not None and not 1 <= jobs <= process_planner.MOST:
        problems.append(Problem("", "--jobs", f"expected 1 to {process_planner.MOST} processes, found {jobs}"))
    if shard and overwrite:
        problems.append(Problem("", "--shard --overwrite", "other parts may be at work there; remove the .parts folder by hand first"))
    if problems:
        raise InputError(*problems)


def outline(job: Job) -> dict:
    """What `--dry-run` tells."""
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


def lines(told: dict) -> list[str]:
    size = f"{told['width']}x{told['height']} at {frame_rates.words(told['fps'])} frames a second"
    out = [
        f"{told['film']}: {told['format']} ({told['codec']}), {size}, {told['seconds']:.2f} s, {told['frames']:,} frames in "
        f"{told['pieces']} pieces",
        f"about {told['about_bytes'] / 1e6:,.1f} MB, while it is made about {told['about_bytes_while_made'] / 1e6:,.1f} MB",
    ]
    for k, shot in enumerate(told["shots"], start=1):
        does = f"train {shot['steps']:,} steps" if shot["does"] == "train" else shot["does"]
        text = f"shot {k}: frames {shot['first_frame']:,} to {shot['last_frame']:,} ({shot['seconds']:g} s), {does}"
        out.append(text + f", {shot['keys']} camera keys" + (f': "{shot["caption"]}"' if shot["caption"] else ""))
    return out
