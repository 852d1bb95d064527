"""Full screen fills the display that the window stands on."""

from __future__ import annotations

import pytest

from nnviz3d.gfx.monitors import overlap, standing

LEFT, RIGHT, ABOVE = (0, 0, 1920, 1080), (1920, 0, 2560, 1440), (-300, -1200, 1600, 1200)


@pytest.mark.parametrize(
    ("window", "number"),
    [
        ((2300, 300, 1280, 720), 1), ((100, 100, 1280, 720), 0), ((1500, 100, 800, 600), 0), ((1600, 100, 800, 600), 1),
        ((-250, -900, 640, 480), 2), ((0, -300, 640, 400), 2), ((9000, 200, 640, 480), 1), ((-5000, 500, 640, 480), 2),
        ((0, 0, 4480, 1440), 1),
    ],
)  # fmt: skip
def test_the_display_with_the_largest_part_of_the_window(window, number):
    assert standing(window, [LEFT, RIGHT, ABOVE]) == number


def test_overlaps():
    assert overlap(LEFT, RIGHT) == 0 and overlap(LEFT, (1900, 1000, 100, 100)) == 20 * 80
    assert standing((5, 5, 10, 10), [LEFT]) == 0
