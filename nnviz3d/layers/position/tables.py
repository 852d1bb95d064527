"""Waves and angles of positions, float64 (Vaswani et al. 2017; Su et al. 2021, with the halves of a head as the pairs, as GPT-NeoX)."""

from __future__ import annotations

import numpy as np


def waves(tokens: int, width: int, base: float) -> np.ndarray:
    """(T, D): sines at the even features, cosines at the odd ones, each pair slower than the one before."""
    turn = np.arange(tokens)[:, None] / base ** (np.arange(0, width, 2) / width)
    made = np.empty((tokens, width))
    made[:, 0::2], made[:, 1::2] = np.sin(turn), np.cos(turn)
    return made


def angles(tokens: int, width: int, base: float) -> tuple[np.ndarray, np.ndarray]:
    """(T, d) of one head: y_f = x_f cos_f + x_g sin_f, where g is the other feature of the pair: half a head away."""
    turn = np.arange(tokens)[:, None] / base ** (np.arange(0, width, 2) / width)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.concatenate([cos, cos], 1), np.concatenate([-sin, sin], 1)
