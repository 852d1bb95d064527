"""Frames to an MP4 file by PyAV: H.264, BT.709 with tags, so that players show the colours as they were drawn."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np

from nnviz3d.spec.errors import InputError, RunError

BT709 = 1  # in all four of H.264's colour fields: matrix, primaries, transfer; range 1 is limited ("tv")
INSTALL = 'films need PyAV: pip install "nnviz3d[video]"'


def available() -> bool:
    """Whether films can be written here."""
    return importlib.util.find_spec("av") is not None


class Film:
    """`with Film(path, (width, height), fps) as film: film.add(image)`. Written beside the target and renamed when whole.

    Sizes must be even (4:2:0 colour). Raises InputError for what cannot be written, RunError when the disk fills up.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int, crf: int = 17, preset: str = "veryfast"):
        if not available():
            raise InputError.of(str(path), "", INSTALL)
        if size[0] % 2 or size[1] % 2:
            raise InputError.of(str(path), "", f"width and height must be even for H.264, found {size[0]} x {size[1]}")
        self.path, self.size = path, size
        self.part = path.with_name(path.name + ".part")
        import av

        try:
            self.part.touch()  # av opens the file with the first packet only
            self._file = av.open(str(self.part), "w", format="mp4", options={"movflags": "+faststart"})
        except OSError as error:
            raise InputError.of(str(path), "", f"cannot be written: {error.strerror}") from None
        self._stream = self._file.add_stream(
            "libx264", rate=Fraction(fps), options={"crf": str(crf), "preset": preset, "x264-params": "mbtree=0"}
        )
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "yuv420p"
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = BT709

    def add(self, image: np.ndarray) -> None:
        """One frame, (height, width, 3) uint8."""
        import av
        from av.video.reformatter import Colorspace

        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        self._mux(self._stream.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=1)))

    def _mux(self, packets) -> None:
        try:
            for packet in packets:
                self._file.mux(packet)
        except OSError as error:
            raise RunError(f"{self.path}: {error.strerror}; what was finished is in {self.part}") from None

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self._mux(self._stream.encode())
            self._file.close()
            self.part.replace(self.path)
        else:
            self._file.close()
            self.part.unlink(missing_ok=True)
