"""A colour for each class: two take the colours of the signs, as the decision plate does; more have hues far apart."""

from __future__ import annotations

import colorsys

import numpy as np

from nnviz3d.ui.core import theme

TEN = ("#6cbcff", "#ff9d5c", "#7fd6a4", "#f58bd0", "#f0d048", "#b9a6ff", "#ff8f86", "#74d7e0", "#c4d98a", "#d9dfee")
GOLDEN = 0.618034


def class_colours(count: int, signs: tuple[str, str]) -> np.ndarray:
    """(count, 3) sRGB in [0, 1]. `signs`: of positive and negative."""
    if count == 2:
        return np.array([theme.rgb(signs[1]), theme.rgb(signs[0])])
    more = [colorsys.hls_to_rgb((k * GOLDEN) % 1, 0.72, 0.75) for k in range(len(TEN), count)]
    return np.array([*map(theme.rgb, TEN[:count]), *more]).reshape(count, 3)


def number_colours(value_r: np.ndarray, signs: tuple[str, str]) -> np.ndarray:
    """(r, 3): from the colour of negative at the smallest to that of positive at the largest."""
    low, high = (float(value_r.min()), float(value_r.max())) if len(value_r) else (0.0, 1.0)
    share = ((value_r - low) / (high - low if high > low else 1.0))[:, None]
    positive, negative = (np.array(theme.rgb(sign)) for sign in signs)
    return negative + (positive - negative) * share
