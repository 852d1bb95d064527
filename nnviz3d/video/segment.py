"""One piece of a film while it is made: its frames wait beside it as they are, so that a kill costs at most the frame being written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.spec import paths
from nnviz3d.spec.errors import RunError
from nnviz3d.video.encode import Encoder
from nnviz3d.video.image_writer import Sequence

if TYPE_CHECKING:
    from nnviz3d.video.segment_folder import FilmPlan, Parts


class Piece:
    """One piece in work. `next`: index of the first frame that is not there yet; after a kill it continues from what was kept."""

    def __init__(self, parts: Parts, number: int, renderer: str = ""):
        self.parts, self.number, self.frames, self.renderer = parts, number, parts.plan.piece(number), renderer
        self.raw, self.work = parts.file(number, "raw"), parts.file(number, "work")
        self._hashes: list[str] = []
        self.failed = ""
        self._open(parts.plan)
        try:
            self._keep()
        except OSError as error:
            raise RunError(f"{self.raw}: {error.strerror}") from None

    def _open(self, plan: FilmPlan) -> None:
        codec = plan.kind.codec
        self._encoder = None if codec.whole else Encoder(self.work, codec, (plan.width, plan.height), plan.rate, plan.alpha)

    def _keep(self) -> None:
        """Take over the frames that a killed run had written whole, and cut off the one that was not."""
        shape = self.parts.plan.shape
        size, good = prod(shape), 0
        self._raw = self.raw.open("a+b")
        self._raw.seek(0)
        while len(self._hashes) < len(self.frames):
            block = self._raw.read(32 + size)
            if len(block) < 32 + size or hashlib.sha256(block[32:]).digest() != block[:32]:
                break
            self._hashes.append(block[:32].hex())
            self._encode(np.frombuffer(block, np.uint8, size, 32).reshape(shape))
            good += len(block)
        self._raw.truncate(good)
        self._raw.seek(good)

    @property
    def next(self) -> int:
        return self.frames.start + len(self._hashes)

    @property
    def whole(self) -> bool:
        return len(self._hashes) == len(self.frames)

    def add(self, image: np.ndarray) -> None:
        """The next frame, (H, W, 3|4) uint8. Raises RunError when the disk is full: what was written before is kept, and no frame after."""
        if self.failed:
            raise RunError(self.failed)
        image = np.ascontiguousarray(image)
        known = hashlib.sha256(image.data)
        try:
            self._raw.write(known.digest())
            self._raw.write(image.data)
            self._raw.flush()
        except OSError as error:
            raise self._fail(error) from None
        self._hashes.append(known.hexdigest())
        try:
            self._encode(image)
        except RunError as error:
            self.failed = f"{error}; {self.next:,} frames are kept; continue with `--resume`"
            raise RunError(self.failed) from None

    def _fail(self, error: OSError) -> RunError:
        self.failed = f"{self.raw}: {error.strerror}; {self.next:,} frames are kept; continue with `--resume`"
        return RunError(self.failed)

    def _encode(self, image: np.ndarray) -> None:
        if self._encoder is not None:
            self._encoder.add(image)

    def close(self) -> None:
        """Finish the piece where it is whole; otherwise leave its frames for a later run."""
        with contextlib.suppress(OSError):  # of a full disk it has been reported; the frame that was cut is not taken over
            self._raw.close()
        if not self.whole or self.failed:
            if self._encoder is not None:
                self._encoder.abandon()
                self.work.unlink(missing_ok=True)
            return
        if self._encoder is not None:
            self._encoder.close()
        try:
            made = self.raw if self._encoder is None else self.work
            note = {"renderer": self.renderer, "bytes": made.stat().st_size, "sha256": sha256(made), "frames": self._hashes}
            paths.replace(self.parts.file(self.number, "json"), json.dumps(note).encode())
            os.replace(made, self.parts.file(self.number))
            self.raw.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{self.raw}: {error.strerror}; its frames are kept; continue with `--resume`") from None


class SegmentPictures(Piece):
    """A piece whose frames are files of their own: only their hashes wait beside the others."""

    def _open(self, plan: FilmPlan) -> None:
        self._encoder = None
        self._sequence = Sequence(self.parts.pictures, plan.format, plan.kind.codec, plan.alpha)

    def _file(self, index: int) -> int:
        return self.parts.plan.first + index * self.parts.plan.step

    def _keep(self) -> None:
        self._raw = self.raw.open("a+b")
        self._raw.seek(0)
        for index in self.frames:
            block = self._raw.read(32)
            if len(block) < 32 or not self._sequence.done(self._file(index)):
                break
            self._hashes.append(block.hex())
        self._raw.truncate(32 * len(self._hashes))
        self._raw.seek(32 * len(self._hashes))

    def add(self, image: np.ndarray) -> None:
        known = hashlib.sha256(np.ascontiguousarray(image).data)
        if self.failed:
            raise RunError(self.failed)
        try:
            self._sequence.add(self._file(self.next), image)
            self._raw.write(known.digest())
            self._raw.flush()
        except OSError as error:
            raise self._fail(error) from None
        except RunError as error:
            self.failed = str(error)
            raise
        self._hashes.append(known.hexdigest())


def sha256(path: Path) -> str:
    """Of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
