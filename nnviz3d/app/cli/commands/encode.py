"""`nnviz3d encode`: the pieces of shards, or pictures that are there already, as one film. All is checked before anything is written."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from nnviz3d.app.cli.commands import common
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.render.film import job as jobs
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.request import parse_rate
from nnviz3d.spec import frame_rates
from nnviz3d.spec.errors import InputError, OptionProblem, Problem, together
from nnviz3d.video import codecs, image_reader
from nnviz3d.video.segment_folder import ENDING, Parts


def encode(
    options: Options, source: Path, target: Path | None, *, fps: str | None, format: str, codec: str, overwrite: bool, as_json: bool
) -> int:
    """Returns the exit code. Raises InputError where pieces or pictures are missing, or the film is there."""
    if (source / "plan.json").exists() or source.name.endswith(ENDING):
        given = {"--fps": fps, "--format": format, "--codec": codec}
        if wrong := [Problem("", key, "this is already set by the pieces") for key, value in given.items() if value]:
            raise InputError(*wrong)
        facts = _join(source, target, overwrite)
    else:
        facts = _film_of_pictures(options, source, target, fps, format, codec, overwrite)
    options.say(f"wrote {target or source.with_name(facts['film'])} ({facts['count']:,} frames)")
    if as_json:
        common.emit(facts)
    return 0


def _join(folder: Path, target: Path | None, overwrite: bool) -> dict:
    parts = Parts.load(folder)
    if target is None:
        target = folder.with_name(folder.name.removesuffix(ENDING))
    if target == folder:
        raise InputError.of(str(folder), "--output", f"the folder's name does not end with {ENDING}; give the output file")
    if target.exists() and not overwrite and not parts.plan.kind.codec.sequence:
        raise InputError.option(str(target), "output", "already exists", overwrite="replaces it")
    common.check_outputs(output=target)
    return pipeline.finish(parts, target, jobs.sidecar(target, parts.plan.kind))


def _film_of_pictures(
    options: Options, source: Path, target: Path | None, fps: str | None, format: str, codec: str, overwrite: bool
) -> dict:
    if target is None:
        raise InputError.of(str(source), "--output", "give the output file, for example -o film.mp4")

    def kind_of(size: tuple[int, int], rate: Fraction) -> codecs.Kind:
        kind = codecs.choose(target, format, codec, size=size, fps=rate)
        if kind.codec.sequence:
            raise InputError.option(str(target), "output", "pictures again; give a film, for example film.mp4")
        return kind

    found, speed, *_ = together(
        lambda: image_reader.find(source),
        lambda: _rate(source, fps),
        lambda: kind_of((64, 64), Fraction(1)),  # the names alone; size and rate are judged when they are known
        lambda: _check_free(target, overwrite),
    )
    kind = kind_of(found.size, frame_rates.exact(speed))
    if found.alpha and not kind.codec.alpha_pixels:
        options.say(f"note: {kind.codec.name} does not support transparency; it is dropped")
    with common.progress("pictures", options.quiet) as advance:
        return pipeline.of_pictures(found, target, kind, speed, source.name, advance)


def _rate(source: Path, fps: str | None) -> int | str:
    known = fps if fps is not None else _rate_beside(source)
    if known is None:
        raise InputError.option(str(source), "fps", "pictures a second, 1 to 1,000")
    return parse_rate(known, str(source))


def _check_free(target: Path, overwrite: bool) -> None:
    """That the film can be written, and that nothing is there which should stay."""
    common.check_outputs(output=target)
    pieces = target.with_name(target.name + ENDING)
    there = [path for path in (target, pieces) if path.exists() and not overwrite and (path == pieces or not path.is_dir())]
    if there:
        ways = (("overwrite", "replaces it"),)
        raise InputError(*(OptionProblem(str(path), "output", "already exists", ways) for path in there))


def _rate_beside(source: Path) -> int | str | None:
    """What the sidecar of recorded pictures says."""
    with suppress(OSError, ValueError, TypeError, KeyError, InputError):
        beside = jobs.sidecar(source, codecs.Kind("png", codecs.CODECS["png"]))
        return frame_rates.canonical(json.loads(beside.read_text(encoding="utf-8"))["fps"])
    return None
