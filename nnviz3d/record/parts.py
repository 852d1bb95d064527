"""A film in pieces that survive: every piece is encoded by itself, and frames of an unfinished one wait beside it as they are.

A folder `FILE.parts` holds `plan.json` (what film it is), finished pieces `00003.part` with their frames' hashes in `00003.json`, and for
each piece in work `00003.raw`. A kill at any moment loses at most the frame that was being written; the joined film is the same
as without it, because pieces begin at fixed frames. Pieces can be made anywhere and in any order: by shards, farms, a second run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from math import prod
from pathlib import Path

import numpy as np

from nnviz3d.record import gif
from nnviz3d.record.codecs import CODECS, FORMATS, Kind
from nnviz3d.record.encode import join
from nnviz3d.record.piece import Pictures, Piece, write_whole
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, RunError

ENDING = ".parts"  # of the folder, after the film's name
PIECE_BYTES = 256 << 20  # raw frames of a piece that may wait on the disk
PIECE_FRAMES = 60  # every piece begins with a whole picture: of 60 frames that costs 2 % of size, and many workers find something to do


@dataclass(frozen=True)
class Plan:
    """What makes two runs the same film. `scene`: hash of everything that the frames depend on."""

    scene: str
    width: int
    height: int
    fps: int
    first: int  # numbers of the film's frames: first, first + step, ...
    step: int
    count: int
    format: str
    codec: str
    alpha: bool = False

    def check(self) -> None:
        """Raises ValueError for what cannot be a film: a plan may come from anywhere."""
        numbers = {name: getattr(self, name) for name in ("width", "height", "fps", "first", "step", "count")}
        wrong = [name for name, value in numbers.items() if type(value) is not int or not (name == "first" or value > 0) or value > 2**40]
        if wrong or max(self.width, self.height) > limits.IMAGE_SIDE or self.codec not in FORMATS.get(self.format, ()):
            raise ValueError(f"no film: {', '.join(wrong) or f'{self.width} x {self.height} {self.format} {self.codec}'}")

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

    def __init__(self, folder: Path, plan: Plan, about: dict | None = None, target: Path | None = None):
        """`about`: what else the sidecar will say of the film. `target`: where numbered pictures go while they are made."""
        self.folder, self.plan, self.target = folder, plan, target
        file = folder / "plan.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                write_whole(file, json.dumps({"plan": asdict(plan), "about": about or {}}, indent=1))
            document = json.loads(file.read_text(encoding="utf-8"))
            held, self.about = document["plan"], document["about"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError.of(str(folder), "", f"cannot be used: {getattr(error, 'strerror', None) or error}") from None
        mine = asdict(plan)
        other = [f"{name}: {held.get(name)!r} there, {mine[name]!r} now" for name in mine if held.get(name) != mine[name]]
        if other:
            raise InputError.of(str(folder), "--resume", f"holds pieces of another film ({'; '.join(other)}); --overwrite begins anew")

    @staticmethod
    def load(folder: Path) -> Parts:
        """Of a folder that is there. Raises InputError."""
        try:
            plan = Plan(**json.loads((folder / "plan.json").read_text(encoding="utf-8"))["plan"])
            plan.check()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError.of(str(folder), "", f"is no folder of a film's pieces: {getattr(error, 'strerror', None) or error}") from None
        return Parts(folder, plan)

    def file(self, number: int, ending: str = "part") -> Path:
        return self.folder / f"{number:05d}.{ending}"

    def finished(self) -> list[int]:
        """Numbers of whole pieces."""
        return [k for k in range(self.plan.pieces) if self.file(k).exists() and len(self.hashes(k)) == len(self.plan.piece(k))]

    def missing(self) -> list[int]:
        done = set(self.finished())
        return [k for k in range(self.plan.pieces) if k not in done]

    def note(self, number: int) -> dict:
        """What was written beside a finished piece: "frames", sha256 of each before encoding, and "renderer"; empty for another."""
        try:
            note = json.loads(self.file(number, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def hashes(self, number: int) -> list[str]:
        return self.note(number).get("frames", [])

    def open(self, number: int, renderer: str = "") -> Piece:
        """To go on with a piece. Raises RunError where its files cannot be written."""
        return (Pictures if self.plan.kind.codec.sequence else Piece)(self, number, renderer)

    def join(self, target: Path) -> None:
        """All pieces as one film, written beside the target and renamed when whole. Raises InputError where some are missing."""
        plan = self.plan
        missing = self.missing()
        if missing:
            told = ", ".join(f"{plan.piece(k)[0]}..{plan.piece(k)[-1]}" for k in missing[:6]) + (", ..." if len(missing) > 6 else "")
            raise InputError.of(str(self.folder), "", f"{len(missing)} of {plan.pieces} pieces are missing: frames {told}")
        if plan.kind.codec.sequence:  # the pictures are where they belong
            return
        part = target.with_name(target.name + ".part")
        files = [(self.file(k), plan.piece(k)[0]) for k in range(plan.pieces)]
        try:
            if plan.kind.codec.whole:
                gif.write(part, self.frames, plan)
            else:
                join(files, part, plan.kind.muxer, plan.fps)
            os.replace(part, target)
        except OSError as error:
            raise RunError(f"{target}: {error.strerror or error}; the pieces in {self.folder} are kept, `--resume` goes on") from None
        finally:
            part.unlink(missing_ok=True)

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

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
