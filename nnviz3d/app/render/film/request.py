"""What a person asks of a film: every option once, for the command line (`--motion-blur 4`) and for Python (`motion_blur=4`).

Imports nothing that is slow, because `--help` reads the options. What a scene's `record` table holds as well (`fps`, `ssaa`, ...) has its
range there (`spec.film.Record`); None leaves the scene's own value.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from nnviz3d.spec.errors import InputError, OptionProblem, together

if TYPE_CHECKING:
    from nnviz3d.app.render.film.dask_cluster import Where
    from nnviz3d.spec.edit import Edit
    from nnviz3d.spec.scene import Scene

Size = tuple[int, int] | str
PRESETS: dict[str, dict[str, Any]] = {
    "draft": {"width": 640, "height": 360, "fps": 24},
    "720p60": {"width": 1280, "height": 720, "fps": 60},
    "1080p60": {"width": 1920, "height": 1080, "fps": 60},
    "1440p120": {"width": 2560, "height": 1440, "fps": 120},
    "4k60": {"width": 3840, "height": 2160, "fps": 60},
    "4k120": {"width": 3840, "height": 2160, "fps": 120},
    "8k30": {"width": 7680, "height": 4320, "fps": 30},
    "square": {"width": 1080, "height": 1080, "fps": 60},
    "vertical": {"width": 1080, "height": 1920, "fps": 60},
    "gif": {"width": 800, "height": 450, "fps": 20, "ssaa": 2},
}
RECORD = ("fps", "ssaa", "motion_blur", "shutter", "transparent", "ui", "burn_in")  # fields that are keys of the scene's `record` too
LONGEST = 86_400.0  # seconds
PROCESSES = 256


@dataclass(frozen=True)
class Option:
    """How the command line shows a field. `typed`: what it reads; `shown`: what stands for the default; `off`: the flag for False."""

    help: str
    metavar: str = ""
    shown: str | bool = True
    typed: type = str
    off: str = ""


@dataclass(frozen=True, kw_only=True)
class FilmRequest:
    """The options of a film. `check` it before any work."""

    preset: Annotated[str | None, Option(" ".join(PRESETS), "NAME", shown=False)] = None
    size: Annotated[Size | None, Option("Picture size in pixels, for example 1280x720.", "WxH")] = None
    fps: Annotated[float | str | Fraction | None, Option("Frames per second: 30, 29.97, 24000/1001.", "N", "the scene's")] = None
    duration: Annotated[float | None, Option("Length in seconds; a film with shots is cut there.", "S", "the scene's", float)] = None
    frames: Annotated[str | tuple[int, int] | None, Option("Only frames A to B, counted from 0.", "A..B", "all")] = None
    step: Annotated[int, Option("Only every N-th frame; the film runs N times as fast.", "N", typed=int)] = 1
    format: Annotated[str | None, Option("mp4 mkv webm mov gif apng png exr", "NAME", "by the file's name")] = None
    codec: Annotated[
        str | None,
        Option("auto, or h264 h265 av1 ffv1 vp9 prores gif apng png png16 exr, h264_nvenc h265_nvenc", "NAME", "by the format"),
    ] = None
    ssaa: Annotated[int | None, Option("Supersampling: pixels drawn along each side of a film pixel.", "1|2|4", "1", int)] = None
    motion_blur: Annotated[int | None, Option("Moments averaged per frame, in linear light.", "N", "1", int)] = None
    shutter: Annotated[float | None, Option("Fraction of the frame time that motion blur covers.", "0..1", "0.5", float)] = None
    transparent: Annotated[bool | None, Option("Without the background.", shown=False, typed=bool, off="opaque")] = None
    ui: Annotated[bool | None, Option("With or without the panels.", "", "without", bool, "no-ui")] = None
    burn_in: Annotated[bool | None, Option("Frame number, time code, step and seed in the picture.", "", "without", bool, "no-burn-in")] = (
        None
    )
    resume: Annotated[bool, Option("Continue an unfinished film.", typed=bool)] = False
    overwrite: Annotated[bool, Option("Replace an existing film.", typed=bool)] = False
    shard: Annotated[str | None, Option("Make part I of N; `nnviz3d encode` joins them.", "I/N", shown=False)] = None
    jobs: Annotated[int | None, Option("Number of rendering processes on this machine.", "N", "chosen automatically", int)] = None
    farm: Annotated[str | None, Option("local:N, or dask://HOST:PORT for many machines.", "WHERE", shown=False)] = None

    def check(self) -> None:
        """Raises InputError with every problem that does not depend on the scene or the file."""
        together(self.edits, lambda: self.span, lambda: self.part, lambda: self.where, self._check_numbers, self._check_pairs)

    def edits(self) -> list[Edit]:
        """Of the scene's `record` table. Raises InputError."""
        from nnviz3d.spec.edit import Edit

        if self.preset is not None and self.preset not in PRESETS:
            raise InputError.option("", "preset", f'expected one of {", ".join(PRESETS)}, found "{self.preset}"')
        values = dict(PRESETS[self.preset]) if self.preset else {}
        if self.size is not None:
            values["width"], values["height"] = parse_size(self.size)
        values |= {name: value for name in RECORD if (value := getattr(self, name)) is not None}
        if self.fps is not None:
            values["fps"] = parse_rate(self.fps)
        return [Edit(f"record.{name}", value) for name, value in values.items()]

    def apply(self, scene: Scene) -> tuple[Scene, float | None]:
        """The scene with the request in it, and the seconds after which its shots are cut, if they are. Raises InputError."""
        from nnviz3d.spec import toml
        from nnviz3d.spec.edit import Edit

        edits, seconds = self.edits(), self.duration
        if seconds is not None and not scene.record.shot:
            edits, seconds = [*edits, Edit("record.duration", float(seconds))], None
        if scene.look.quality == "auto":  # a film has time, and the same quality in every frame
            edits.append(Edit("look.quality", "high"))
        return toml.apply(scene, edits, ""), seconds

    @property
    def span(self) -> str:
        """`frames` as "A..B"; "" for all of them. Raises InputError."""
        frames = self.frames
        if isinstance(frames, (tuple, list)) and len(frames) == 2:
            return f"{frames[0]}..{frames[1]}"
        if frames is not None and not isinstance(frames, str):
            raise InputError.option("", "frames", f'expected (first, last) or "A..B", found {frames!r}')
        return frames or ""

    @property
    def part(self) -> tuple[int, int] | None:
        """`shard` "2/8" as (2, 8). Raises InputError."""
        text = self.shard
        if not text:
            return None
        part, slash, of = text.partition("/")
        if slash and part.isdecimal() and of.isdecimal() and len(text) < 16 and 1 <= int(part) <= int(of):
            return int(part), int(of)
        raise InputError.option("", "shard", f'expected I/N with 1 <= I <= N, for example 2/8, found "{text}"')

    @property
    def where(self) -> Where | None:
        """`farm`, read. Raises InputError, also where Dask is needed and not installed."""
        from nnviz3d.app.render.film import dask_cluster

        return dask_cluster.parse(self.farm) if self.farm else None

    def _check_numbers(self) -> None:
        from nnviz3d.spec import limits

        problems = []
        for name, kinds, expected in (("duration", (int, float), "a number"), ("shutter", (int, float), "a number"),
                                      ("step", int, "a whole number"), ("jobs", int, "a whole number")):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not isinstance(value, kinds):
                problems.append(OptionProblem("", name, f"expected {expected}, found {value!r}"))
        if not problems and self.duration is not None and not 0 < self.duration <= LONGEST:
            problems.append(OptionProblem("", "duration", f"seconds above 0, at most {LONGEST:,.0f}, found {self.duration:g}"))
        if not problems and not 1 <= self.step <= limits.STEPS:
            problems.append(OptionProblem("", "step", f"expected a whole number of frames from 1, found {self.step}"))
        if not problems and self.jobs is not None and not 1 <= self.jobs <= PROCESSES:
            problems.append(OptionProblem("", "jobs", f"expected 1 to {PROCESSES} processes, found {self.jobs}"))
        if problems:
            raise InputError(*problems)

    def _check_pairs(self) -> None:
        pairs = {
            "resume overwrite": "give only one of the two: continue, or start again",
            "shard farm": "give only one of the two: a farm divides the work itself",
            "jobs farm": "give only one of the two: a farm has its own workers (local:N)",
            "shard overwrite": "other shards may be running; remove the .parts folder by hand first",
        }
        given = {name for name in ("resume", "overwrite", "shard", "farm") if getattr(self, name)}
        given |= {"jobs"} if self.jobs is not None else set()
        problems = [OptionProblem("", names, message) for names, message in pairs.items() if given.issuperset(names.split())]
        if problems:
            raise InputError(*problems)


def parse_size(size: Size) -> tuple[int, int]:
    """ "1280x720" or (1280, 720) as (1280, 720). Raises InputError."""
    from nnviz3d.spec import limits

    if isinstance(size, (tuple, list)) and len(size) == 2:
        size = f"{size[0]}x{size[1]}"
    if not isinstance(size, str):
        raise InputError.option("", "size", f'expected (width, height) or "1280x720", found {size!r}')
    width, found, height = size.lower().partition("x")
    if found and width.isdecimal() and height.isdecimal() and len(size) < 20:
        sides = int(width), int(height)
        if all(16 <= side <= limits.IMAGE_SIDE for side in sides):
            return sides
    expected = f"expected WIDTHxHEIGHT, each 16 to {limits.IMAGE_SIDE:,}, for example 1280x720"
    raise InputError.option("", "size", f'{expected}; found "{size}"')


def parse_rate(value: float | str | Fraction, where: str = "") -> int | str:
    """Frames a second as a scene has them: 30 or "30000/1001". Raises InputError."""
    from nnviz3d.spec import frame_rates

    try:
        return frame_rates.canonical(value)
    except ValueError as error:
        raise InputError.option(where, "fps", f"{error}; found {value}") from None


def check_target(target: Path) -> None:
    """Whether the film could be written. Numbered pictures may be in a folder that is not there yet. Raises InputError."""
    from nnviz3d.spec import paths

    folder = target.absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    seen = folder / "film" if not target.parent.exists() else target
    if reason := paths.unwritable(seen):
        raise InputError.option(str(seen), "output", reason)
