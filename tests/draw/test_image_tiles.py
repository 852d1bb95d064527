"""Pieces cover a picture once, see far enough over their rims, and none is larger than it may be."""

from itertools import pairwise

import numpy as np
import pytest

from nnviz3d.draw.image_tiles import MARGIN, split


@pytest.mark.parametrize("picture", [(640, 360), (641, 359), (100, 900), (1, 1), (16384, 9216)])
@pytest.mark.parametrize("scale", [1.0, 0.75, 0.55])
@pytest.mark.parametrize("most", [256, 1000, 8192])
def test_every_pixel_belongs_to_one_piece(picture, scale, most):
    scene = tuple(max(round(side * scale), 1) for side in picture)
    halo = tuple(max(round(side / 4), 1) for side in scene)
    pieces = split(picture, scene, halo, most)
    assert len({piece.seen[2:] for piece in pieces}) == 1 and max(pieces[0].seen[2:]) <= most
    for name, whole in (("place", picture), ("lit", halo)):
        for axis in (0, 1):
            spans = sorted({(getattr(piece, name)[axis], getattr(piece, name)[axis] + getattr(piece, name)[axis + 2]) for piece in pieces})
            assert spans[0][0] == 0 and spans[-1][1] == whole[axis]
            assert all(a[1] == b[0] for a, b in pairwise(spans))
    for piece in pieces:
        for k in (0, 1):
            low, high = piece.seen[k], piece.seen[k] + piece.seen[k + 2]
            begin, end = (edge * scene[k] / picture[k] for edge in (piece.place[k], piece.place[k] + piece.place[k + 2]))
            assert low % 2 == 0 and low >= 0 and high <= scene[k]
            assert low <= max(begin - MARGIN + 2, 0) and high >= min(end + MARGIN - 2, scene[k])


def test_one_piece_changes_nothing():
    (piece,) = split((320, 180), (320, 180), (80, 45), 4096)
    assert piece.clip == (1, 1, 0, 0) and piece.uv == piece.window == piece.lit_window == (0, 0, 1, 1)


def test_a_point_is_seen_at_its_own_place():
    """Through `clip` onto the piece's pixels, and back."""
    for piece in split((1000, 700), (750, 525), (188, 131), 300):
        (sx, sy, ox, oy), (x, y, w, h) = piece.clip, piece.seen
        ndc = np.array([0.3, -0.4])
        pixel = (ndc * 0.5 + 0.5) * piece.scene
        here = ((ndc * (sx, sy) + (ox, oy)) * 0.5 + 0.5) * (w, h) + (x, y)
        np.testing.assert_allclose(here, pixel, atol=1e-9)
