"""Pictures in few colours: each pixel is one of the two colours of a palette whose mixture comes nearest, by an ordered pattern.

The idea is Joel Yliluoma's ("arbitrary-palette positional dithering"), with the search for the pair done once for all colours. Where
error diffusion lets a change ripple through the rest of the picture, a pixel here depends on nothing but itself: what rests in a film
rests in its dither too, and a GIF stores only what moves.
"""

from __future__ import annotations

import numpy as np

BITS = 6  # of a channel in the table of colours
SHADES = 16  # mixtures between two colours
NEIGHBOURS = 12  # a pair is sought among so many colours around the nearest
CALM = 0.04  # price of a pair's contrast, against the error of its mean: more bands, or more grain
WEIGHTS = np.sqrt(np.array([0.30, 0.59, 0.11], np.float32))  # of red, green and blue in a distance; squared, those of Rec. 601's luma
STRIP = 64  # rows at a time: what is worked on stays in the processor's cache


class Dither:
    """`Dither(colours)(image)`: (H, W, 3) uint8 as indices of the palette `colours`, (N, 3) uint8 with N of 2 to 256, (H, W) uint8."""

    def __init__(self, colours: np.ndarray):
        step, middles = _axis()
        red, green, blue = (step << (BITS * (2 - k)) for k in range(3))
        self._pairs = (red + green[:, None]).ravel() * SHADES  # of red and green together, which lie beside each other
        self._blue = blue * SHADES
        self._table = _table(colours, middles)
        self._pattern = _bayer(2)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        side = len(self._pattern)
        pattern = np.tile(self._pattern, (STRIP // side, -(-width // side)))[:, :width]
        pairs = np.ndarray((height, width), "<u2", image, strides=image.strides[:2])
        out = np.empty((height, width), np.uint8)
        for top in range(0, height, STRIP):
            rows = slice(top, min(top + STRIP, height))
            cell = np.take(self._pairs, pairs[rows], mode="clip")
            cell += np.take(self._blue, image[rows, :, 2], mode="clip")
            cell += pattern[: len(cell)]
            np.take(self._table, cell, out=out[rows], mode="clip")
        return out


def _axis() -> tuple[np.ndarray, np.ndarray]:
    """The step of the table in which a level of a channel lies, (256,), and the mean level of each step, (64,): finer where it is dark."""
    count = 2**BITS
    bent = np.sqrt(np.arange(256) / 255 + 0.02)
    step = np.minimum((bent - bent[0]) / (bent[-1] - bent[0]) * count, count - 1).astype(np.intp)
    # where it is darkest two neighbouring levels may be further apart than a step: one that has no level takes its neighbours' mean
    middles = np.interp(np.arange(count), np.unique(step), [np.mean(np.flatnonzero(step == k)) for k in np.unique(step)])
    return step, middles.astype(np.float32)


def _table(colours: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """The index of a colour for each cell and each place in the pattern, flat."""
    palette = colours.astype(np.float32) * WEIGHTS
    square = (palette * palette).sum(1)
    apart = np.maximum(square[:, None] + square - 2 * palette @ palette.T, 0)
    near = np.argsort(apart, axis=1, kind="stable")[:, :NEIGHBOURS]
    gap = np.maximum(np.take_along_axis(apart, near, 1), 1e-3)
    light = palette @ WEIGHTS
    steps = (np.arange(SHADES, dtype=np.float32) + 0.5) / SHADES
    plane = np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2)

    def of(red: np.float32) -> np.ndarray:
        """For all cells of this red."""
        cells = np.column_stack([np.full(len(plane), red), plane]).astype(np.float32) * WEIGHTS
        distance = (cells * cells).sum(1)[:, None] + square - 2 * cells @ palette.T
        first = distance.argmin(1)
        least = np.take_along_axis(distance, first[:, None], 1)
        others, wide = near[first], gap[first]
        along = (least + wide - np.take_along_axis(distance, others, 1)) / 2  # of the cell's way from the first to each, times its length
        share = np.clip(along / wide, 0, 0.5)
        error = least - 2 * share * along + share * share * wide + CALM * share * (1 - share) * wide
        best = error.argmin(1)[:, None]
        second, share = np.take_along_axis(others, best, 1)[:, 0], np.take_along_axis(share, best, 1)[:, 0]
        # the lighter one is always at the same places of the pattern, or it would break where the roles change
        swapped = light[second] < light[first]
        dark, bright = np.where(swapped, second, first), np.where(swapped, first, second)
        share = np.where(swapped, 1 - share, share)
        return np.where(steps < share[:, None], bright[:, None], dark[:, None]).astype(np.uint8)

    return np.concatenate(list(map(of, middles))).ravel()


def _bayer(order: int) -> np.ndarray:
    """Bayer's matrix of 2^order a side: each number below 4^order once, neighbours far from each other."""
    matrix = np.zeros((1, 1), np.intp)
    for _ in range(order):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return matrix
