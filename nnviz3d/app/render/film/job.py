"""A film to make: everything that its frames depend on, checked before the first one is drawn; and what it will come to.

A job is plain data, so it can be sent to another machine. Two jobs with the same `plan` make the same film.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnviz3d import __version__
from nnviz3d.spec import limits, session_log, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene
from nnviz3d.video import codecs
from nnviz3d.video.image_writer import naming
from nnviz3d.video.segment_folder import ENDING, MOST_FRAMES, PIECE_FRAMES, Plan

# bits a pixel and frame in films of a network that learns, by codec; measured at 1280 x 720 (`tools/bench.py codecs`), PNG and EXR at most
BITS = {
    "h264": 0.3, "h265": 0.25, "av1": 0.2, "h264_nvenc": 0.3, "h265_nvenc": 0.25, "vp9": 0.26, "ffv1": 6.0, "prores": 7.7, "gif": 2.0,
    "apng": 7.0, "png": 9.0, "png16": 26.0, "exr": 24.0,
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """`scene` with its `record` table as it holds for this film. `first`, `step`, `count`: which frames of it.

    `origin`: the recording or session that is played instead of training anew, if there is one; `base`: the folder of the scene's files.
    `init`: a weights file that the network begins with.
    """

    scene: Scene
    base: Path
    target: Path
    format: str
    codec: str
    first: int
    step: int
    count: int
    backend: str = "auto"
    origin: Path | None = None
    init: Path | None = None

    @property
    def kind(self) -> codecs.Kind:
        return codecs.Kind(self.format, codecs.CODECS[self.codec])

    @property
    def replays(self) -> bool:
        """Whether it shows what a person did in a window."""
        return self.origin is not None and self.origin.suffix == session_log.ENDING

    @property
    def folder(self) -> Path:
        """Where pieces wait until all are there."""
        return self.sidecar.with_suffix(ENDING) if self.kind.codec.sequence else self.target.with_name(self.target.name + ENDING)

    @property
    def sidecar(self) -> Path:
        return sidecar(self.target, self.kind)

    def number(self, index: int) -> int:
        """Of the film's frame `index`, counted from 0: time in frames."""
        return self.first + index * self.step

    def plan(self) -> Plan:
        record = self.scene.record
        return Plan(
            scene=self.fingerprint, width=record.width, height=record.height, fps=record.fps, first=self.first, step=self.step,
            count=self.count, format=self.format, codec=self.codec, alpha=record.transparent,
        )  # fmt: skip

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of all that decides how a frame looks, but for the machine: scene, its files, recording, program."""
        whole = hashlib.sha256(f"nnviz3d {__version__}\n{toml.dump(self.scene)}".encode())
        names = [self.base / name for name in (self.scene.data.file, self.scene.data.labels_file) if name]
        if self.origin is not None:
            names += sorted(path for path in self.origin.rglob("*") if path.is_file()) if self.origin.is_dir() else [self.origin]
        names += [self.init] if self.init is not None else []
        for path in names:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()

    def bytes(self) -> int:
        """About how large the film becomes."""
        record = self.scene.record
        return int(record.width * record.height * self.count * BITS[self.codec] / 8) + 4096

    def room(self) -> int:
        """Bytes that the disk needs while it is made: the pieces, the film, and the frames of the pieces in work."""
        record, codec = self.scene.record, self.kind.codec
        raw = record.width * record.height * (4 if record.transparent else 3)
        if codec.sequence:
            return self.bytes()
        return self.bytes() + (raw * self.count if codec.whole else self.bytes() + raw * min(self.count, PIECE_FRAMES))


def make(
    scene: Scene,
    base: Path,
    target: Path,
    *,
    seconds: float | None = None,
    format: str = "",
    codec: str = "",
    frames: str = "",
    step: int = 1,
    backend: str = "auto",
    origin: Path | None = None,
    init: Path | None = None,
) -> Job:
    """The job for this scene (its `record` table already as wished). `seconds`: how long the film is, where `record` does not say;
    `frames`: "A..B", both counted; every `step`-th. Raises InputError with every problem."""
    record, problems = scene.record, []
    if scene.look.quality == "auto":  # a film has time, and the same quality in every frame
        scene = toml.apply(scene, [Edit("look.quality", "high")])
    total = max(record.frames(record.seconds if seconds is None else seconds), 1)
    first, last = 0, total - 1
    try:
        first, last = span(frames, total)
    except InputError as error:
        problems += error.problems
    if not 1 <= step <= limits.STEPS:
        problems.append(Problem("", "--step", f"every how many frames: a whole number from 1, found {step}"))
    if total > MOST_FRAMES:
        problems.append(Problem("", "--duration", f"{total:,} frames; a film has at most {MOST_FRAMES:,}"))
    kind = None
    try:
        size = record.width, record.height
        kind = codecs.choose(target, format, codec, size=size, fps=record.rate, alpha=record.transparent)
        if kind.codec.sequence:
            naming(target, kind.format)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(*problems)
    count = len(range(first, last + 1, step))
    return Job(scene, base, target, kind.format, kind.codec.name, first, step, count, backend, origin, init)


def span(text: str, total: int) -> tuple[int, int]:
    """ "A..B" (or one number) as the first and the last frame. Raises InputError."""
    if not text:
        return 0, total - 1
    start, dots, end = text.partition("..")
    numbers = [part.strip() for part in (start, end if dots else start)]
    if all(part.isdecimal() and len(part) < 12 for part in numbers):
        first, last = map(int, numbers)
        if first <= last < total:
            return first, last
    raise InputError.of("", "--frames", f'expected A..B with 0 <= A <= B <= {total - 1:,} (the film has {total:,} frames), found "{text}"')


def sidecar(target: Path, kind: codecs.Kind) -> Path:
    """What the film is, for programs. Numbered pictures have it beside their folder, or under the name without the number."""
    if not kind.codec.sequence:
        return target.with_name(target.name + ".json")
    before = Path(naming(target, kind.format)[0].rstrip("/\\._-#"))
    return before.with_name((before.name or "frames") + ".json")


def check_room(job: Job) -> None:
    """That the disk has room for it. Raises InputError."""
    folder = next(parent for parent in (job.target.absolute().parent, *job.target.absolute().parents) if parent.is_dir())
    free, needed = shutil.disk_usage(folder).free, job.room()
    if needed > free:
        told = f"needs about {needed / 1e6:,.0f} MB while it is made, and {folder} has {free / 1e6:,.0f} MB free"
        raise InputError.of(str(job.target), "", f"{told}; choose another disk, a smaller size or fewer frames")
