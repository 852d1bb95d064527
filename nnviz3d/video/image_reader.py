"""Numbered pictures that are there already, to be made into a film: which they are, whether they go together, and what they show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.video import encode
from nnviz3d.video.image_writer import naming

KINDS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "tif": "TIFF", "tiff": "TIFF", "bmp": "BMP", "webp": "WEBP"}
"""What a file must be, by its ending: nothing is guessed from what it holds."""
MOST_PROBLEMS = 20  # problems at most
EDGE = 128  # pixels by which a decoder's own picture may be wider and higher: rows are aligned


@dataclass(frozen=True)
class Pictures:
    """`files` in the order of their numbers, all of one `size` (width, height). `first`, `step`: of the numbers."""

    files: tuple[Path, ...]
    size: tuple[int, int]
    alpha: bool
    first: int
    step: int


def find(pattern: Path) -> Pictures:
    """The pictures that `frames/####.png` or a folder stands for. Raises InputError with every problem: gaps, sizes, damaged files."""
    kind = pattern.suffix.lower().lstrip(".") or "png"
    if kind == "exr":
        text = "EXR contains linear light before tone mapping, which a film cannot show; record the film directly, or as PNG"
        raise InputError.of(str(pattern), "", text)
    if kind not in KINDS:
        raise InputError.of(str(pattern), "", f"expected pictures of the formats {', '.join(KINDS)}, found .{kind}")
    numbers = _numbered(pattern, kind)
    if not numbers:
        raise InputError.of(str(pattern), "", "there are no such pictures; write #### in place of the number, for example frames/####.png")
    problems = _gaps(pattern, sorted(numbers))
    files = tuple(numbers[k] for k in sorted(numbers))
    shapes = {}
    for path in files:
        try:
            with Image.open(path, formats=[KINDS[path.suffix.lower()[1:]]]) as picture:  # reads the head of the file only
                shapes[path] = picture.size, "A" in picture.getbands() or "transparency" in picture.info
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            damage = "" if isinstance(error, UnidentifiedImageError) else f", or a damaged one: {error}"
            problems.append(Problem(str(path), "", f"is not a {KINDS[kind]} picture{damage}"))
    sizes = [size for size, _ in shapes.values()]
    common = max(sizes, key=sizes.count, default=(0, 0))
    if max(common) > limits.IMAGE_SIDE:
        problems.append(Problem(str(pattern), "", f"{common[0]}x{common[1]} pixels; at most {limits.IMAGE_SIDE:,} per side"))
    for path, (size, _) in shapes.items():
        if size != common:
            text = f"is {size[0]}x{size[1]}; the others are {common[0]}x{common[1]}"
            problems.append(Problem(str(path), "", text))
    if problems:
        more = [Problem("", "", f"and {len(problems) - MOST_PROBLEMS} more")] if len(problems) > MOST_PROBLEMS else []
        raise InputError(*problems[:MOST_PROBLEMS], *more)
    first, step = min(numbers), _step(sorted(numbers))
    return Pictures(files, common, any(alpha for _, alpha in shapes.values()), first, step)


def _numbered(pattern: Path, kind: str) -> dict[int, Path]:
    """Number -> file. More digits than were asked for are a larger number, as when they were written."""
    before, _, after = naming(pattern, kind)
    folder, start = Path(before + "-").parent, Path(before + "-").name[:-1]
    form = re.compile(re.escape(start) + r"(\d{1,12})" + re.escape(after), re.IGNORECASE)
    if not folder.is_dir():
        return {}
    return {int(found[1]): path for path in sorted(folder.iterdir()) if (found := form.fullmatch(path.name))}


def _step(numbers: list[int]) -> int:
    return min((b - a for a, b in pairwise(numbers)), default=1)


def _gaps(pattern: Path, numbers: list[int]) -> list[Problem]:
    """A film that jumps is not what anybody wants; every n-th picture is."""
    step = _step(numbers)
    gaps = [(a + step, b - step) for a, b in pairwise(numbers) if b - a != step]
    return [Problem(str(pattern), "", f"missing: {a}" + (f" to {b}" if b > a else "")) for a, b in gaps]


def read(path: Path, alpha: bool, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3|4) uint8, or uint16 where the file has so many bits. Raises InputError for a damaged file, and one of another size."""
    from av.error import FFmpegError

    kind = KINDS[path.suffix.lower()[1:]]
    try:
        with encode.read(path, f"{kind.lower()}_pipe") as file:
            most = (size[0] + EDGE) * (size[1] + EDGE)
            file.streams.video[0].codec_context.options = {"max_pixels": str(most)}
            frame = next(file.decode(video=0))
        if (frame.width, frame.height) != size:
            raise ValueError("it is {} x {}; expected {} x {}".format(frame.width, frame.height, *size))
    except (FFmpegError, StopIteration, IndexError, OSError, ValueError) as error:
        why = error.strerror if isinstance(error, FFmpegError) else error
        raise InputError.of(str(path), "", f"is not a {kind} picture, or a damaged one: {why}") from None
    deep = frame.format.components[0].bits > 8
    wire = ("rgba64le" if alpha else "rgb48le") if deep else ("rgba" if alpha else "rgb24")
    return frame.to_ndarray(format=wire)
