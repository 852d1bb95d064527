"""A film in pieces that survive: every piece is encoded by itself, and frames of an unfinished one wait beside it as they are.

A folder `FILE.parts` holds `plan.json` (what film it is), finished pieces `00003.part` with their frames' hashes in `00003.json`, and for
each piece in work `00003.raw`. A kill at any moment loses at most the frame that was being written; the joined film is the same
as without it, because pieces begin at fixed frames. Pieces can be made anywhere and in any order: by shards, farms, a second run.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import groupby
from math import prod
from pathlib import Path

import numpy as np

from nnviz3d.spec import frame_rates, limits, paths
from nnviz3d.spec.errors import InputError, OptionProblem, Problem, RunError
from nnviz3d.video import gif
from nnviz3d.video.codecs import CODECS, FORMATS, Kind
from nnviz3d.video.encode import join
from nnviz3d.video.segment import Piece, SegmentPictures, sha256

_DIGEST = re.compile("[0-9a-f]{64}")
ENDING = ".parts"  # of the folder, after the film's name
DOCUMENT = 16 << 20  # bytes of a plan or a note: a scene may name a million things
MOST_FRAMES = 50_000_000
PIECE_BYTES = 256 << 20  # raw frames of a piece that may wait on the disk
PIECE_FRAMES = 60  # every piece begins with a whole picture: of 60 frames that costs 2 % of size, and many workers find something to do


@dataclass(frozen=True)
class FilmPlan:
    """What makes two runs the same film. `scene`: hash of everything that the frames depend on."""

    scene: str
    width: int
    height: int
    fps: int | str  # 30, or an exact ratio: "30000/1001"
    first: int  # numbers of the film's frames: first, first + step, ...
    step: int
    count: int
    format: str
    codec: str
    alpha: bool = False

    def check(self) -> None:
        """Raises ValueError for what cannot be a film: a plan may come from anywhere."""
        numbers = {name: getattr(self, name) for name in ("width", "height", "first", "step", "count")}
        wrong = [name for name, value in numbers.items() if type(value) is not int or not (name == "first" or value > 0) or value > 2**40]
        wrong += [name for name in ("scene", "format", "codec") if not isinstance(getattr(self, name), str)]
        wrong += [] if isinstance(self.alpha, bool) else ["alpha"]
        if wrong or max(self.width, self.height) > limits.IMAGE_SIDE or self.codec not in FORMATS.get(self.format, ()):
            raise ValueError(f"not a valid film: {', '.join(wrong) or f'{self.width} x {self.height} {self.format} {self.codec}'}")
        if type(self.fps) not in (int, str) or frame_rates.canonical(self.fps) != self.fps:
            raise ValueError("not a valid film: fps")
        if self.count > MOST_FRAMES or (self.alpha and not self.kind.codec.alpha_pixels):
            raise ValueError(f"not a valid film: {self.count:,} frames{' with transparency' if self.alpha else ''} as {self.codec}")

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return Fraction(self.fps)

    @property
    def kind(self) -> Kind:
        return Kind(self.format, CODECS[self.codec])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a frame's array."""
        return self.height, self.width, 4 if self.alpha else 3

    @property
    def piece_frames(self) -> int:
        most = PIECE_FRAMES // 8 if self.kind.codec.whole else PIECE_FRAMES  # what is encoded at the end has no whole pictures to save on
        return max(min(most, PIECE_BYTES // prod(self.shape)), 8)

    @property
    def pieces(self) -> int:
        return -(-self.count // self.piece_frames)

    def piece(self, number: int) -> range:
        """Indices of a piece's frames, 0-based in the film."""
        return range(number * self.piece_frames, min((number + 1) * self.piece_frames, self.count))


class Parts:
    """The folder `TARGET.parts`. Raises InputError where it holds another film, or cannot be made."""

    def __init__(self, folder: Path, plan: FilmPlan, about: dict | None = None, target: Path | None = None):
        """`about`: what else the sidecar will say of the film. `target`: where numbered pictures go while they are made."""
        self.folder, self.plan, self.target = folder, plan, target
        file = folder / "plan.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                paths.replace(file, json.dumps({"plan": asdict(plan), "about": about or {}}, indent=1).encode())
            document = _document(file)
            held, self.about = document["plan"], document["about"]
            if not isinstance(held, dict) or not isinstance(self.about, dict):
                raise ValueError("its plan is not a table")
        except (OSError, ValueError, KeyError) as error:
            raise InputError.of(str(folder), "", f"cannot be used: {getattr(error, 'strerror', None) or error}") from None
        mine = asdict(plan)
        other = [f"{name}: {held.get(name)!r} there, {mine[name]!r} now" for name in mine if held.get(name) != mine[name]]
        if other:
            message = f"holds pieces of another film ({'; '.join(other)})"
            raise InputError.option(str(folder), "resume", message, overwrite="starts again")

    @staticmethod
    def load(folder: Path) -> Parts:
        """Of a folder that is there. Raises InputError."""
        try:
            plan = FilmPlan(**_document(folder / "plan.json")["plan"])
            plan.check()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError.of(str(folder), "", f"is not a film parts folder: {getattr(error, 'strerror', None) or error}") from None
        return Parts(folder, plan)

    @property
    def pictures(self) -> Path:
        """Where numbered pictures go."""
        assert self.target is not None
        return self.target

    def file(self, number: int, ending: str = "part") -> Path:
        return self.folder / f"{number:05d}.{ending}"

    def finished(self) -> list[int]:
        """Numbers of pieces that are there and are, byte for byte, what was written."""
        return [k for k in range(self.plan.pieces) if not self.wrong(k)]

    def wrong(self, number: int) -> str:
        """Why a piece cannot be used; "" where it can."""
        path, note = self.file(number), self.note(number)
        if not path.exists() or not note:
            return "missing"
        if not path.is_file() or path.resolve().parent != self.folder.resolve():
            return "not a file of this folder"
        raw = 32 if self.plan.kind.codec.sequence else 32 + prod(self.plan.shape) if self.plan.kind.codec.whole else 0
        frames = len(self.plan.piece(number))
        if path.stat().st_size != note["bytes"] or (raw and note["bytes"] != frames * raw) or len(note["frames"]) != frames:
            return "has another size"
        return "" if sha256(path) == note["sha256"] else "does not match its checksum"

    def missing(self) -> list[int]:
        done = set(self.finished())
        return [k for k in range(self.plan.pieces) if k not in done]

    def note(self, number: int) -> dict:
        """What was written beside a finished piece: "bytes" and "sha256" of its file, "frames", sha256 of each before encoding, and
        "renderer"; empty for what is no such note."""
        try:
            note = _document(self.file(number, "json"))
        except (OSError, ValueError):
            return {}
        frames = note.get("frames")
        if not isinstance(frames, list) or not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in frames):
            return {}
        known = type(note.get("bytes")) is int and isinstance(note.get("sha256"), str) and isinstance(note.get("renderer"), str)
        return note if known else {}

    def open(self, number: int, renderer: str = "") -> Piece:
        """To go on with a piece. Raises RunError where its files cannot be written."""
        return (SegmentPictures if self.plan.kind.codec.sequence else Piece)(self, number, renderer)

    def join(self, target: Path) -> None:
        """All pieces as one film, written beside the target and renamed when whole. Raises InputError where some are missing."""
        plan = self.plan
        wrong = {k: why for k in range(plan.pieces) if (why := self.wrong(k))}
        missing = [k for k, why in wrong.items() if why == "missing"]
        again = (("resume", "renders it again"),)
        problems: list[Problem] = [OptionProblem(str(self.file(k)), "", f"is {why}", again) for k, why in wrong.items() if why != "missing"]
        if missing:
            text = ", ".join(f"{plan.piece(k)[0]}..{plan.piece(k)[-1]}" for k in missing[:6]) + (", ..." if len(missing) > 6 else "")
            problems.append(Problem(str(self.folder), "", f"{len(missing)} of {plan.pieces} pieces are missing: frames {text}"))
        if problems:
            raise InputError(*problems[-20:])
        if plan.kind.codec.sequence:  # the pictures are where they belong
            return
        files = [(self.file(k), plan.piece(k).start, plan.piece(k).stop) for k in range(plan.pieces)]
        try:
            with paths.replacing(target) as part:
                if plan.kind.codec.whole:
                    gif.write(part, self.frames, plan)
                else:
                    join(files, part, plan.kind.muxer, plan.rate, plan.kind.codec, (plan.width, plan.height))
        except OSError as error:
            raise RunError(f"{target}: {error.strerror or error}; the pieces in {self.folder} are kept; continue with `--resume`") from None

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[np.ndarray]:
        """Frames (all of them) of a film whose pieces are kept as they are (`whole` codecs), (H, W, 3|4) uint8. `indices` rise."""
        size, each = 32 + prod(self.plan.shape), self.plan.piece_frames
        for number, those in groupby(range(self.plan.count) if indices is None else indices, lambda k: k // each):
            with self.file(number).open("rb") as file:
                for k in those:
                    file.seek(size * (k % each))
                    yield np.frombuffer(file.read(size), np.uint8, offset=32).reshape(self.plan.shape)

    @staticmethod
    def discard(folder: Path) -> None:
        """What is there of a film; nothing else is ever removed: the folder must look like one."""
        if (folder / "plan.json").is_file() or not any(folder.glob("*")):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_if_empty(self) -> None:
        """Where not one frame was made, nothing is left behind."""
        if not any(path.stat().st_size for path in self.folder.glob("*") if path.name != "plan.json"):
            self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _document(path: Path) -> dict:
    """A table of JSON. Raises OSError, and ValueError for all that is none."""
    try:
        paths.regular_file(path, DOCUMENT)
        found = json.loads(path.read_text(encoding="utf-8"))
    except InputError as error:
        raise ValueError(error.problems[0].message) from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("expected a table")
    return found
