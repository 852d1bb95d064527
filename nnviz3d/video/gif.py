"""GIF and APNG: made when all frames are there, because a GIF's palette belongs to all of them. Frames are read one by one.

Pillow packs, with what moves only; the dither is our own, because an error that is diffused moves everywhere (`dither`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from PIL import Image

from nnviz3d.video.codecs import CODECS
from nnviz3d.video.dither import Dither
from nnviz3d.video.encode import Encoder

COLOURS = 255  # the one after them stands for "as before"
SAMPLES, SEEN = 12, 75_000  # frames that the palette is made from, and about how many numbers of each
HEAD = 13 + 3 * 256 + 19  # bytes of a GIF before its first frame, as Pillow writes it: sizes, palette, "again and again"
PART, PART_BYTES = 24, 128 << 20  # frames that one thread packs, and their indices at most
AHEAD = 2  # parts in work or waiting, for each core
MOST = 20  # times that a colour counts at most


def write(path: Path, frames: Callable[..., Iterator[np.ndarray]], plan) -> None:
    """`frames()`: all pictures of the film, (H, W, 3|4) uint8; `frames(indices)`: these. `plan`: a `parts.Plan`. Raises OSError."""
    codec = CODECS[plan.codec]
    if codec.name == "apng":
        encoder = Encoder(path, codec, (plan.width, plan.height), plan.rate, plan.alpha, "apng")
        for image in frames():
            encoder.add(image)
        encoder.close()
        return
    wanted = sorted(set(np.linspace(0, plan.count - 1, min(SAMPLES, plan.count)).astype(int).tolist()))
    colours = palette(frames(wanted))
    dither, times = Dither(colours), delays(plan.count, plan.rate)

    def packed(part: range) -> bytes:
        """A GIF of these frames, which go on from the one before them."""
        pictures = moving(map(dither, frames(range(max(part.start - 1, 0), part.stop))), colours)
        if part.start:
            next(pictures)
        first = next(pictures)
        how = {"save_all": True, "optimize": False, "transparency": COLOURS, "loop": 0, "duration": times[part.start : part.stop]}
        with TemporaryFile() as file:  # into a real one Pillow packs outside of Python's lock
            first.save(file, "gif", append_images=pictures, **how)
            file.seek(0)
            return file.read()

    with ThreadPoolExecutor(os.cpu_count()) as pool, path.open("wb") as file:
        step = max(min(PART, PART_BYTES // (plan.width * plan.height)), 2)
        made = ahead(pool, packed, (range(k, min(k + step, plan.count)) for k in range(0, plan.count, step)))
        whole = next(made)
        head, end = whole[:HEAD], whole[-1:]
        file.write(whole[:-1])
        for part in made:
            if not part.startswith(head):
                raise OSError("the parts of the GIF do not fit together")
            file.write(part[HEAD:-1])
        file.write(end)


def moving(dithered: Iterator[np.ndarray], colours: np.ndarray) -> Iterator[Image.Image]:
    """Pictures in which only what has changed is drawn. Pillow can find it too, at four times the price."""
    known, before = np.pad(colours, ((0, COLOURS + 1 - len(colours)), (0, 0))).tobytes(), None
    for now in dithered:
        # 255, which is the index COLOURS, where nothing has changed; `where` takes five times as long
        same = 0 if before is None else -(now == before).view(np.uint8)
        picture = Image.fromarray(now | same)
        picture.putpalette(known)
        before = now
        yield picture


def ahead(pool: ThreadPoolExecutor, work: Callable, items: Iterator) -> Iterator:
    """`map` in order, with a few results that wait."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > AHEAD * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def palette(some: Iterator[np.ndarray]) -> np.ndarray:
    """One palette for the whole film, (N, 3) uint8, by median cut over a few frames of it.

    A colour counts by the square root of how often it is there: else the dark stage takes most of the palette and leaves little to light.
    """
    few = []
    for image in some:
        step = max(int((image.size / SEEN) ** 0.5), 1)
        few.append(image[::step, ::step].reshape(-1, 3))
    pixels = np.concatenate(few).astype(np.uint32)
    packed = pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2]
    found, counts = np.unique(packed, return_counts=True)
    found = np.repeat(found, np.minimum(np.ceil(np.sqrt(counts)), MOST).astype(int))
    pixels = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    colours = Image.fromarray(pixels[None]).quantize(COLOURS, method=Image.Quantize.MEDIANCUT).getpalette()
    return np.array(colours, np.uint8).reshape(-1, 3)[:COLOURS]


def delays(count: int, fps: Fraction | int) -> list[int]:
    """Milliseconds of each frame. GIF counts in 1/100 s, so they alternate, and the film as a whole keeps its length."""
    ends = [round(100 * k / fps) for k in range(count + 1)]
    return [10 * (b - a) for a, b in pairwise(ends)]
