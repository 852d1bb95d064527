"""`nnviz3d record` and `nnviz3d encode`: wishes into a job with all its problems, then the work and a bar that tells rate and time left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from nnviz3d.app.commands import common
from nnviz3d.app.commands.common import Options
from nnviz3d.app.film import job as jobs
from nnviz3d.app.film import work
from nnviz3d.app.film.job import Job
from nnviz3d.app.film.presets import PRESETS
from nnviz3d.record.parts import ENDING, Parts
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem


@dataclass(frozen=True)
class Wish:
    """What was asked for beside the scene; None: as the scene has it."""

    preset: str | None = None
    size: str | None = None
    fps: int | None = None
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
        for name in ("fps", "ssaa", "motion_blur", "shutter", "transparent", "ui", "burn_in"):
            if getattr(self, name) is not None:
                values[name] = getattr(self, name)
        return [Edit(f"record.{name}", value) for name, value in values.items()]


def job_of(options: Options, name: str, target: Path, wish: Wish) -> Job:
    """Raises InputError with every problem of the scene, the wishes and the target."""
    opened, edits, _ = common.together(lambda: options.open(name), wish.edits, lambda: check_target(target))
    scene = toml.apply(opened.scene, edits, "--set")
    seconds = wish.duration
    if opened.timeline is not None:
        whole = opened.timeline.end - opened.timeline.begin
        seconds = whole if seconds is None else min(seconds, whole)
    if seconds is not None and not 0 < seconds <= 86_400:
        raise InputError.of("", "--duration", f"seconds above 0, at most 86,400, found {seconds:g}")
    if seconds is not None and not scene.record.shot and opened.timeline is None:
        scene, seconds = toml.apply(scene, [Edit("record.duration", float(seconds))], "--duration"), None
    return jobs.make(
        scene, opened.base, target, seconds=seconds, format=wish.format, codec=wish.codec, frames=wish.frames, step=wish.step,
        backend=options.backend, origin=opened.origin,
    )  # fmt: skip


def check_target(target: Path) -> None:
    """Whether the film could be written. Numbered pictures may be in a folder that is not there yet. Raises InputError."""
    folder = target.absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    common.check_outputs(output=folder / "film" if not target.parent.exists() else target)


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
    farm: str | None,
    as_json: bool,
) -> int:
    """Returns the exit code. Raises InputError before anything is written, RunError where what is finished is kept."""
    part, job, _ = common.together(
        lambda: shard and parse_shard(shard),
        lambda: job_of(options, name, target, wish),
        lambda: _check_ways(resume, overwrite, shard, farm),
    )
    if dry_run:
        from nnviz3d.app.film.painter import open_session

        open_session(job)
        told = outline(job)
        common.emit(told) if as_json else typer.echo("\n".join(lines(told)))
        return 0
    from nnviz3d.app.film.painter import open_session

    jobs.check_room(job)
    session = open_session(job)
    with common.progress("frames", options.quiet) as advance:
        if part:
            made = work.shard(job, *part, progress=advance, session=session)
            options.say(f"made {len(made)} of {job.plan().pieces} pieces in {job.folder}; join them with: nnviz3d encode {job.folder}")
            told = {"pieces": made, "of": job.plan().pieces, "folder": str(job.folder)}
        else:
            told = work.record(job, resume=resume, overwrite=overwrite, progress=advance, session=session)
            options.say(f"wrote {job.target} ({told['count']:,} frames) and {job.sidecar}")
    if as_json:
        common.emit(told)
    return 0


def _check_ways(resume: bool, overwrite: bool, shard: str | None, farm: str | None) -> None:
    problems = []
    if resume and overwrite:
        problems.append(Problem("", "--resume --overwrite", "give one of them: go on, or begin anew"))
    if shard and farm:
        problems.append(Problem("", "--shard --farm", "give one of them: a farm divides the work itself"))
    if shard and overwrite:
        problems.append(Problem("", "--shard --overwrite", "other parts may be at work there; remove the .parts folder by hand first"))
    if problems:
        raise InputError(*problems)


def outline(job: Job) -> dict:
    """What `--dry-run` tells."""
    record, start, shots = job.scene.record, 0.0, []
    for shot in () if job.replays else record.shots:
        frames = round(start * record.fps), round((start + shot.seconds) * record.fps) - 1
        shots.append({
            "does": shot.does, "seconds": shot.seconds, "first_frame": frames[0], "last_frame": frames[1], "steps": shot.steps,
            "keys": len(shot.camera), "caption": shot.caption,
        })  # fmt: skip
        start += shot.seconds
    return {
        "film": str(job.target), "format": job.format, "codec": job.codec, "width": record.width, "height": record.height,
        "fps": record.fps, "frames": job.count, "seconds": job.count / record.fps, "pieces": job.plan().pieces,
        "drawn": job.count * record.motion_blur, "about_bytes": job.bytes(), "about_bytes_while_made": job.room(), "shots": shots,
    }  # fmt: skip


def lines(told: dict) -> list[str]:
    size = f"{told['width']}x{told['height']} at {told['fps']} frames a second"
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


def encode(options: Options, folder: Path, target: Path | None, *, overwrite: bool, as_json: bool) -> int:
    """Returns the exit code. Raises InputError where pieces are missing, or the film is there."""
    parts = Parts.load(folder)
    if target is None:
        target = folder.with_name(folder.name.removesuffix(ENDING))
    if target == folder:
        raise InputError.of(str(folder), "--output", f"the folder's name does not end with {ENDING}; say where the film goes")
    if target.exists() and not overwrite and not parts.plan.kind.codec.sequence:
        raise InputError.of(str(target), "--output", "is there already; --overwrite replaces it")
    common.check_outputs(output=target)
    told = work.finish(parts, target, jobs.sidecar(target, parts.plan.kind))
    options.say(f"wrote {target} ({told['count']:,} frames)")
    if as_json:
        common.emit(told)
    return 0
