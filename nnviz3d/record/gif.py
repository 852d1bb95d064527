"""GIF and APNG: made when all frames are there, because a GIF's palette belongs to all of them. Frames are read one by one.

By Pillow: 11 ms a frame of 1000 x 400, where ffmpeg's palettegen and paletteuse take 68 to 104 (measured on the same frames).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from nnviz3d.record.codecs import CODECS
from nnviz3d.record.encode import Encoder

COLOURS = 255  # one is left for "as before", which stores what moves only
SAMPLES = 12  # frames that the palette is made from


def write(path: Path, frames: Callable[..., Iterator[np.ndarray]], plan) -> None:
    """`frames()`: all pictures of the film, (H, W, 3|4) uint8; `frames(indices)`: these. `plan`: a `parts.Plan`. Raises OSError."""
    codec = CODECS[plan.codec]
    if codec.name == "apng":
        encoder = Encoder(path, codec, (plan.width, plan.height), plan.fps, plan.alpha, "apng")
        for image in frames():
            encoder.add(image)
        encoder.close()
        return
    wanted = sorted(set(np.linspace(0, plan.count - 1, min(SAMPLES, plan.count)).astype(int).tolist()))
    colours = palette(frames(wanted))

    def painted(image: np.ndarray) -> Image.Image:
        return Image.fromarray(image).quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)

    with ThreadPoolExecutor(os.cpu_count()) as pool, path.open("wb") as file:
        pictures = ahead(pool, painted, frames())  # Pillow dithers outside of Python's lock
        first = next(pictures)
        first.save(file, "gif", save_all=True, append_images=pictures, duration=delays(plan.count, plan.fps), loop=0, optimize=False)


def ahead(pool: ThreadPoolExecutor, work: Callable, items: Iterator, most: int = 8) -> Iterator:
    """`map` in order, with at most so many results that wait."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def palette(some: Iterator[np.ndarray]) -> Image.Image:
    """One palette for the whole film, by median cut over a few frames of it."""
    return Image.fromarray(np.concatenate([image[::2, ::2] for image in some])).quantize(COLOURS, method=Image.Quantize.MEDIANCUT)


def delays(count: int, fps: int) -> list[int]:
    """Milliseconds of each frame. GIF counts in 1/100 s, so they alternate, and the film as a whole keeps its length."""
    ends = [round(100 * k / fps) for k in range(count + 1)]
    return [10 * (b - a) for a, b in pairwise(ends)]
