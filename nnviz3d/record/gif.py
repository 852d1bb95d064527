"""GIF and APNG: made when all frames are there, because a GIF's palette belongs to all of them. Frames are read one by one.

By Pillow: 11 ms a frame of 1000 x 400, where ffmpeg's palettegen and paletteuse take 68 to 104 (measured on the same frames).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from nnviz3d.record.codecs import CODECS
from nnviz3d.record.encode import Encoder

COLOURS = 255  # one is left for "as before", which stores what moves only
SAMPLES = 12  # frames that the palette is made from


def write(path: Path, frames: Callable[[], Iterator[np.ndarray]], plan) -> None:
    """`frames()`: all pictures of the film, (H, W, 3|4) uint8. `plan`: a `parts.Plan`. Raises OSError."""
    codec = CODECS[plan.codec]
    if codec.name == "apng":
        encoder = Encoder(path, codec, (plan.width, plan.height), plan.fps, plan.alpha, "apng")
        for image in frames():
            encoder.add(image)
        encoder.close()
        return
    colours = palette(frames(), plan.count)
    pictures = (Image.fromarray(image).quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG) for image in frames())
    first = next(pictures)
    with path.open("wb") as file:
        first.save(file, "gif", save_all=True, append_images=pictures, duration=delays(plan.count, plan.fps), loop=0, optimize=False)


def palette(frames: Iterator[np.ndarray], count: int) -> Image.Image:
    """One palette for the whole film, by median cut over a few frames of it: beginning, end, and evenly between."""
    wanted = set(np.linspace(0, count - 1, min(SAMPLES, count)).astype(int).tolist())
    some = [image[::2, ::2] for k, image in enumerate(frames) if k in wanted]
    return Image.fromarray(np.concatenate(some)).quantize(COLOURS, method=Image.Quantize.MEDIANCUT)


def delays(count: int, fps: int) -> list[int]:
    """Milliseconds of each frame. GIF counts in 1/100 s, so they alternate, and the film as a whole keeps its length."""
    ends = [round(100 * k / fps) for k in range(count + 1)]
    return [10 * (b - a) for a, b in pairwise(ends)]
