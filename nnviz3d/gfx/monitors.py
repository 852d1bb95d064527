"""Which display a window stands on: that with the largest part of it. Arithmetic over rectangles; asks GLFW for nothing."""

from __future__ import annotations

from collections.abc import Sequence

Rect = tuple[int, int, int, int]  # x, y, width, height


def overlap(a: Rect, b: Rect) -> int:
    """Pixels that two rectangles share."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def standing(window: Rect, displays: Sequence[Rect]) -> int:
    """The number of the display that holds the largest part of the window; of one that is on none, the nearest."""

    def away(k: int) -> tuple[int, float]:
        x, y, width, height = displays[k]
        middle = window[0] + window[2] / 2, window[1] + window[3] / 2
        dx = max(x - middle[0], 0.0, middle[0] - x - width)
        dy = max(y - middle[1], 0.0, middle[1] - y - height)
        return -overlap(window, displays[k]), dx * dx + dy * dy

    return min(range(len(displays)), key=away)
