"""What films and pictures can be written as: containers, codecs, pixel formats, and what each of them cannot do.

Facts of formats only; `parts` and `sequence` write them. `choose` is the one place where a wish is checked against them.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from nnviz3d.spec import frame_rates
from nnviz3d.spec.errors import InputError, OptionProblem

INSTALL = 'films need PyAV: pip install "nnviz3d[video]"'
BT709 = 1  # matrix, primaries and transfer; as a range 1 is limited ("tv")


@dataclass(frozen=True)
class Codec:
    """`pixels`, `alpha_pixels`: formats of the encoder ("": cannot). `part`: the container that pieces of a film are kept in.

    `rgb`: the encoder takes RGB as it is, so no matrix is involved. `whole`: made from lossless pieces when all frames are there.
    `sequence`: a file a frame. `depth`: bits a channel of the frames that it wants (16: also half floats of `exr`).
    """

    name: str
    encoder: str
    pixels: str
    alpha_pixels: str = ""
    options: dict[str, str] = field(default_factory=dict)
    part: str = "mp4"
    rgb: bool = False
    even: bool = False
    whole: bool = False
    sequence: bool = False
    depth: int = 8
    most_fps: int = 1000


# without mbtree: its assembler reads memory that nobody has written, and then the same frames are not the same bytes (seen in 3 of 4 runs)
# and with a fixed number of threads: how a picture is cut depends on it, and machines have different numbers of cores
X264 = {"crf": "14", "preset": "veryfast", "x264-params": "mbtree=0", "threads": "4"}
X265 = {"crf": "14", "preset": "fast", "x265-params": "log-level=error:frame-threads=2"}
VP9 = {"crf": "20", "b": "0", "deadline": "realtime", "cpu-used": "6"}
CODECS = {
    codec.name: codec
    for codec in (
        Codec("h264", "libx264", "yuv420p", options=X264, even=True),
        Codec("h265", "libx265", "yuv420p10le", options=X265, even=True),
        Codec("av1", "libsvtav1", "yuv420p10le", options={"crf": "22", "preset": "9"}, even=True),
        Codec("h264_nvenc", "h264_nvenc", "yuv420p", options={"rc": "constqp", "qp": "16"}, even=True),
        Codec("h265_nvenc", "hevc_nvenc", "yuv420p", options={"rc": "constqp", "qp": "16"}, even=True),
        Codec("vp9", "libvpx-vp9", "yuv420p", "yuva420p", VP9, "matroska", even=True),
        Codec("ffv1", "ffv1", "bgr0", "bgra", {"level": "3", "slicecrc": "1"}, "matroska", rgb=True),
        Codec("prores", "prores_ks", "yuva444p10le", "yuva444p10le", {"profile": "4444", "vendor": "apl0"}, "mov"),
        Codec("gif", "gif", "pal8", rgb=True, whole=True, most_fps=50),
        Codec("apng", "apng", "rgb24", "rgba", rgb=True, whole=True),
        Codec("png", "png", "rgb24", "rgba", {"compression_level": "1"}, rgb=True, sequence=True),
        Codec("png16", "png", "rgb48be", "rgba64be", {"compression_level": "1"}, rgb=True, sequence=True, depth=16),
        Codec("exr", "exr", "gbrpf32le", "gbrapf32le", {"format": "half", "compression": "zip16"}, rgb=True, sequence=True, depth=32),
    )
}  # fmt: skip
FORMATS = {  # container: codecs, the first by default
    "mp4": ("h264", "h265", "av1", "h264_nvenc", "h265_nvenc"),
    "mkv": ("ffv1", "h264", "h265", "av1", "vp9"),
    "webm": ("vp9", "av1"),
    "mov": ("prores", "h264", "h265"),
    "gif": ("gif",),
    "apng": ("apng",),
    "png": ("png", "png16"),
    "exr": ("exr",),
}
MUXERS = {"mkv": "matroska"}  # the others are called as their format


@dataclass(frozen=True)
class Kind:
    """A container and a codec that go together."""

    format: str
    codec: Codec

    @property
    def muxer(self) -> str:
        return MUXERS.get(self.format, self.format)


def available() -> bool:
    """Whether films can be written here."""
    return importlib.util.find_spec("av") is not None


def works(codec: Codec) -> bool:
    """Whether films of this codec can be made here."""
    return codec.whole or encoder_works(codec.encoder, codec.pixels, codec.options)


def encoder_works(name: str, pixels: str = "yuv420p", options: dict[str, str] | None = None) -> bool:
    """Whether this machine can run an encoder: hardware ones are listed everywhere and open only with their hardware."""
    import av
    from av.error import FFmpegError

    try:
        os.environ.setdefault("SVT_LOG", "1")  # errors only: SVT-AV1 tells who it is
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, av.VideoCodecContext):
            return False
        context.options = dict(options or {})
        context.width, context.height, context.pix_fmt = 256, 256, pixels
        context.framerate, context.time_base = Fraction(30), Fraction(1, 30)
        context.open()
    except (FFmpegError, ValueError):
        return False
    return True


def choose(path: Path, format: str = "", codec: str = "", *, size: tuple[int, int], fps: Fraction | int, alpha: bool = False) -> Kind:
    """The kind of film for a file name and wishes ("": by the name; codec "auto": the graphics card's encoder where it works).

    Raises InputError with every problem: an unknown format or codec, two that do not go together, a size or a rate it cannot hold.
    """
    problems = []
    if not available():
        raise InputError.of(str(path), "", INSTALL)
    wanted = format or path.suffix.lower().lstrip(".")
    if wanted not in FORMATS:
        known = ", ".join(FORMATS)
        what = f"format {wanted!r} is not known" if wanted else "the file name has no ending that determines the format"
        raise InputError.option(str(path), "format", f"{what}; one of {known}")
    names = FORMATS[wanted]
    name = codec or names[0]
    if name == "auto":
        name = next((n for n in names if n.endswith("_nvenc") and encoder_works(CODECS[n].encoder)), names[0])
    if name not in names:
        where = " It is not a known codec." if name not in CODECS else ""
        raise InputError.option(str(path), "codec", f"{wanted} holds {', '.join(names)}; found {name!r}.{where}")
    chosen = CODECS[name]
    if name.endswith("_nvenc") and not encoder_works(chosen.encoder):
        problems.append(OptionProblem(str(path), "codec", f"{name} needs an NVIDIA graphics card with an encoder; use {names[0]}"))
    even = "x".join(str(side + side % 2) for side in size)
    if chosen.even and (size[0] % 2 or size[1] % 2):
        problems.append(OptionProblem(str(path), "size", f"width and height must be even for {name}, found {size[0]}x{size[1]}; {even} is"))
    if fps > chosen.most_fps:
        problems.append(
            OptionProblem(
                str(path),
                "fps",
                f"{wanted} shows at most {chosen.most_fps} frames per second (its delays are multiples of 1/100 s), found "
                f"{frame_rates.words(fps)}",
            )
        )
    if alpha and not chosen.alpha_pixels:
        able = sorted(f"{form} ({c})" for form, cs in FORMATS.items() for c in cs if CODECS[c].alpha_pixels)
        problems.append(OptionProblem(str(path), "transparent", f"{name} does not support transparency; these do: {', '.join(able)}"))
    if problems:
        raise InputError(*problems)
    return Kind(wanted, chosen)
