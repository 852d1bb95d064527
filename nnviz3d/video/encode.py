"""Arrays to packets: one file of encoded frames by PyAV, with BT.709 colours that players show as they were drawn."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video.codecs import BT709, Codec

EXACT = {"fflags": "+bitexact"}  # no random numbers and no dates in the file: the same frames are the same bytes
_RAW = {("uint8", 3): "rgb24", ("uint8", 4): "rgba", ("uint16", 3): "rgb48le", ("uint16", 4): "rgba64le"}
_PLANES = {3: "gbrpf32le", 4: "gbrapf32le"}


def frame_of(image: np.ndarray, codec: Codec, alpha: bool):
    """An `av.VideoFrame` in the encoder's format from (H, W, 3|4) uint8, uint16 or float32 (linear light, `exr`)."""
    import av
    from av.video.reformatter import Colorspace

    image = np.ascontiguousarray(image if alpha else image[..., :3])
    if image.dtype == np.float32:
        return av.VideoFrame.from_ndarray(image, format=_PLANES[image.shape[2]])
    raw = av.VideoFrame.from_ndarray(image, format=_RAW[image.dtype.name, image.shape[2]])
    pixels = codec.alpha_pixels if alpha else codec.pixels
    if codec.rgb:
        return raw.reformat(format=pixels)
    return raw.reformat(format=pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=1)


def describe(context, codec: Codec) -> None:
    """Write the colours' meaning into the stream; full-range RGB needs no matrix."""
    if not codec.rgb:
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = BT709


class Encoder:
    """`add` frames, then `close`: only then is the file whole. Its name is the caller's business. Raises RunError when the disk fills."""

    def __init__(
        self, path: Path, codec: Codec, size: tuple[int, int], fps: Fraction | int, alpha: bool = False, muxer: str = "", flags: str = ""
    ):
        """`flags`: of an mp4 that is to be readable while it grows, "+frag_keyframe" for example; then every packet is written at once."""
        import av

        os.environ.setdefault("SVT_LOG", "1")  # errors only: SVT-AV1 writes what it is to stderr
        self.path, self.codec, self.alpha, self.count = path, codec, alpha, 0
        try:
            options = (
                EXACT | ({"plays": "0"} if muxer == "apng" else {}) | ({"movflags": flags, "flush_packets": "1"} if flags else {})
            )  # plays again and again
            self._file = av.open(_address(path), "w", format=muxer or codec.part, options=options)
        except OSError as error:
            raise InputError.of(str(path), "", f"cannot be written: {error.strerror}") from None
        stream = self._file.add_stream(codec.encoder, rate=Fraction(fps), options=dict(codec.options))
        assert isinstance(stream, av.VideoStream)  # as every encoder of CODECS makes
        stream.width, stream.height = size
        stream.pix_fmt = codec.alpha_pixels if alpha else codec.pixels
        describe(stream.codec_context, codec)
        if alpha and codec.name == "vp9":
            stream.metadata["alpha_mode"] = "1"
        self._stream = stream

    def add(self, image: np.ndarray) -> None:
        self.put(frame_of(image, self.codec, self.alpha), self.count)

    def put(self, frame, at: int) -> None:
        """A frame in the encoder's format, shown from frame number `at` on; numbers rise, and those left out hold the one before."""
        frame.pts, frame.time_base = at, 1 / self._stream.codec_context.framerate
        self.count = at + 1
        self._mux(self._stream.encode(frame))

    def _mux(self, packets) -> None:
        try:
            for packet in packets:
                self._file.mux(packet)
        except OSError as error:
            raise RunError(f"{self.path}: {error.strerror}") from None

    def close(self) -> None:
        self._mux(self._stream.encode())
        try:
            self._file.close()
        except OSError as error:
            raise RunError(f"{self.path}: {error.strerror}") from None

    def abandon(self) -> None:
        """Close what is open; the file is left as it is."""
        with contextlib.suppress(OSError):  # the disk may be full
            self._file.close()


def read(path: Path, container: str) -> Any:
    """An open file of this container, whatever else its content looks like: a script of other files is not run, nothing else is opened.

    Raises `av.error.FFmpegError` where it is none.
    """
    import av

    return av.open(_address(path), format=container, options={"protocol_whitelist": "file"})


def _address(path: Path) -> str:
    """A whole path: FFmpeg takes what stands before a colon for a protocol."""
    return str(Path(path).absolute())


def join(parts: list[tuple[Path, int, int]], target: Path, muxer: str, fps: Fraction | int, codec: Codec, size: tuple[int, int]) -> None:
    """Encoded pieces one after the other, without encoding again. `parts`: (file, number of its first frame, number after its last one),
    in order.

    Times are whole numbers of frames: every piece begins with a key frame and counts from 0. Raises InputError for what is no piece of
    this codec and size, RunError where the film cannot be written.
    """
    import av
    from av.error import FFmpegError

    options = EXACT | ({"movflags": "+faststart"} if muxer in ("mp4", "mov") else {})
    unit, stream = 1 / Fraction(fps), None
    try:
        with av.open(_address(target), "w", format=muxer, options=options) as out:
            for path, first, end in parts:
                for source, packet in _packets(path, codec, size, unit, end - first):
                    if stream is None:
                        stream = out.add_stream_from_template(source, opaque=True)  # the codec as it is: a decoder may have no encoder
                        stream.time_base = unit
                        stream.metadata.update(source.metadata)
                    packet.pts, packet.dts = packet.pts + first, packet.dts + first
                    packet.stream = stream
                    out.mux(packet)
    except (OSError, FFmpegError) as error:
        raise RunError(f"{target}: {error.strerror or error}; the pieces are kept; continue with `--resume`") from None


def _packets(path: Path, codec: Codec, size: tuple[int, int], unit: Fraction, count: int) -> Iterator[tuple[Any, Any]]:
    """(stream, packet) of a piece, with its times in frames. Raises InputError where it is not the piece that it should be.

    `count`: frames that it lasts; a film of a window may leave some out.
    """
    import av
    from av.error import FFmpegError

    name, seen = av.Codec(codec.encoder, "w").canonical_name, 0
    try:
        with read(path, codec.part) as piece:
            if len(piece.streams) != 1 or not piece.streams.video:
                raise ValueError("it is not a single video stream")
            source = piece.streams.video[0]
            found = source.codec.canonical_name, source.width, source.height
            if found != (name, *size):
                raise ValueError("it holds {} of {} x {}; expected {} of {} x {}".format(*found, name, *size))
            for packet in piece.demux(source):
                if packet.dts is None:  # the end
                    continue
                for field in ("pts", "dts"):
                    setattr(packet, field, round(getattr(packet, field) * packet.time_base / unit))
                packet.duration, packet.time_base = 1, unit
                if not 0 <= packet.pts < count:
                    raise ValueError(f"it lasts longer than {count} frames")
                seen += 1
                yield source, packet
            if not seen:
                raise ValueError("it holds no frames")
    except (FFmpegError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, FFmpegError) else error
        raise InputError.of(str(path), "", f"is not a piece of this film: {why}") from None
