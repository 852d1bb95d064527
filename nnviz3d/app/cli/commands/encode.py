"""`nnviz3d encode`: the pieces of shards, or pictures that are there already, as one film. All is checked before anything is written."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from nnviz3d.app.cli.commands import common
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.render.film import job as jobs
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.request import parse_rate
from nnviz3d.spec import frame_rates
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.video import codecs, image_reader
from nnviz3d.video.segment_folder import ENDING, Parts


def encode(
    options: Options, source: Path, target: Path | None, *, fps: str | None, format: str, codec: str, overwrite: bool, as_json: bool
) -> int:
    """Returns the exit code. Raises InputError where pieces or pictures are missing, or the film is there."""
    if (source / "plan.json").exists() or source.name.endswith(ENDING):
        given = {"--fps": fps, "--format": format, "--codec": codec}
        if wrong := [Problem("", key, "the pieces have it already") for key, value in given.items() if value]:
            raise InputError(*wrong)
        told = _join(source, target, overwrite)
    else:
        told = _film_of_pictures(options, source, target, fps, format, codec, overwrite)
    options.say(f"wrote {target or source.with_name(told['film'])} ({told['count']:,} frames)")
    if as_json:
        common.emit(told)
    return 0


def _join(folder: Path, target: Path | None, overwrite: bool) -> dict:
    parts = Parts.load(folder)
    if target is None:
        target = folder.with_name(folder.name.removesuffix(ENDING))
    if target == folder:
        raise InputError.of(str(folder), "--output", f"the folder's name does not end with {ENDING}; say where the film goes")
    if target.exists() and not overwrite and not parts.plan.kind.codec.sequence:
        raise InputError.of(str(target), "--output", "is there already; --overwrite replaces it")
    common.check_outputs(output=target)
    return pipeline.finish(parts, target, jobs.sidecar(target, parts.plan.kind))


def _film_of_pictures(
    options: Options, source: Path, target: Path | None, fps: str | None, format: str, codec: str, overwrite: bool
) -> dict:
    if target is None:
        raise InputError.of(str(source), "--output", "say what the film is called, for example -o film.mp4")

    def rate() -> int | str:
        known = fps if fps is not None else _rate_beside(source)
        if known is None:
            raise InputError.of(str(source), "--fps", "pictures a second, 1 to 1,000")
        return parse_rate(known, str(source))

    def kind_of() -> codecs.Kind:
        kind = codecs.choose(target, format, codec, size=found.size if found else (64, 64), fps=frame_rates.exact(speed or 1))
        if kind.codec.sequence:
            raise InputError.of(str(target), "--output", "pictures again; name a film, for example film.mp4")
        return kind

    found = speed = None
    problems: list[Problem] = []

    def attempt(check):
        try:
            return check()
        except InputError as error:
            problems.extend(error.problems)
            return None

    found, speed = attempt(lambda: image_reader.find(source)), attempt(rate)
    kind = attempt(kind_of)
    attempt(lambda: common.check_outputs(output=target))
    pieces = target.with_name(target.name + ENDING)
    for path in (target, pieces):
        if path.exists() and not overwrite and (path == pieces or not path.is_dir()):
            problems.append(Problem(str(path), "--output", "is there already; --overwrite replaces it"))
    if problems:
        raise InputError(*problems)
    if found.alpha and not kind.codec.alpha_pixels:
        options.say(f"note: {kind.codec.name} holds no transparency; it is left out")
    with common.progress("pictures", options.quiet) as advance:
        return pipeline.of_pictures(found, target, kind, speed, source.name, advance)


def _rate_beside(source: Path) -> int | str | None:
    """What the sidecar of recorded pictures says."""
    with suppress(OSError, ValueError, TypeError, KeyError, InputError):
        beside = jobs.sidecar(source, codecs.Kind("png", codecs.CODECS["png"]))
        return frame_rates.canonical(json.loads(beside.read_text(encoding="utf-8"))["fps"])
    return None
