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
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session.opening import Opened
from nnviz3d.spec import session_log, toml
from nnviz3d.spec.errors import InputError, together
from nnviz3d.spec.film import Record
from nnviz3d.spec.scene import Scene
from nnviz3d.video import codecs
from nnviz3d.video.image_writer import naming
from nnviz3d.video.segment_folder import ENDING, MOST_FRAMES, PIECE_FRAMES, FilmPlan

# bits a pixel and frame in films of a network that learns, by codec; measured at 1280 x 720 (`tools/bench.py codecs`), PNG and EXR at most
BITS = {
    "h264": 0.3, "h265": 0.25, "av1": 0.2, "h264_nvenc": 0.3, "h265_nvenc": 0.25, "vp9": 0.26, "ffv1": 6.0, "prores": 7.7, "gif": 2.0,
    "apng": 7.0, "png": 9.0, "png16": 26.0, "exr": 24.0,
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """`scene` with its `record` table as it holds for this film. `first`, `step`, `count`: which frames of it.

    `origin`: the recording or session that is played instead of training again, if there is one; `base`: the folder of the scene's files.
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
    def session_log(self) -> Path:
        """The file that is played where it `replays`."""
        assert self.origin is not None
        return self.origin

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

    def plan(self) -> FilmPlan:
        record = self.scene.record
        return FilmPlan(
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


def make(opened: Opened, target: Path, request: FilmRequest, *, backend: str = "auto", init: Path | None = None) -> Job:
    """The job of a request. `init`: weights that the network begins with. Raises InputError with every problem."""
    scene, seconds = request.apply(opened.scene)
    if opened.timeline is not None:  # as long as the session was
        whole = opened.timeline.end - opened.timeline.begin
        seconds = min(request.duration or whole, whole)
    record = scene.record
    total = max(record.frames(record.seconds if seconds is None else seconds), 1)
    _, (first, last), kind, _ = together(
        request.check, lambda: span(request.span, total), lambda: _kind(target, request, record), lambda: _check_length(total)
    )
    count = len(range(first, last + 1, request.step))
    names = kind.format, kind.codec.name
    return Job(scene, opened.base, target, *names, first, request.step, count, backend, opened.origin, init)


def _kind(target: Path, request: FilmRequest, record: Record) -> codecs.Kind:
    size, names = (record.width, record.height), (request.format or "", request.codec or "")
    kind = codecs.choose(target, *names, size=size, fps=record.rate, alpha=record.transparent)
    if kind.codec.sequence:
        naming(target, kind.format)
    return kind


def _check_length(frames: int) -> None:
    if frames > MOST_FRAMES:
        raise InputError.option("", "duration", f"{frames:,} frames; a film has at most {MOST_FRAMES:,}")


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
    expected = f"expected A..B with 0 <= A <= B <= {total - 1:,} (the film has {total:,} frames)"
    raise InputError.option("", "frames", f'{expected}, found "{text}"')


def sidecar(target: Path, kind: codecs.Kind) -> Path:
    """What the film is, for programs. Numbered pictures have it beside their folder, or under the name without the number."""
    if not kind.codec.sequence:
        return target.with_name(target.name + ".json")
    before = naming(target, kind.format)[0]
    named = before.rstrip("/\\._-#")
    return Path(f"{named}.json") if named else Path(f"{before}x").with_name("frames.json")


def check_room(job: Job) -> None:
    """That the disk has room for it. Raises InputError."""
    folder = next(parent for parent in (job.target.absolute().parent, *job.target.absolute().parents) if parent.is_dir())
    free, needed = shutil.disk_usage(folder).free, job.room()
    if needed > free:
        text = f"needs about {needed / 1e6:,.0f} MB while rendering, but {folder} has {free / 1e6:,.0f} MB free"
        raise InputError.of(str(job.target), "", f"{text}; choose another disk, a smaller size or fewer frames")
