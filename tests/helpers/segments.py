"""Small films in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.video import segment_folder

SIZE = (64, 48)


def image(k, channels=3):
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    return np.stack([(x + 3 * k) % 256, (y * 2 + k) % 256, (x + y) % 256, (x * 4) % 256][:channels], 2).astype(np.uint8)


def plan(format="mkv", codec="ffv1", count=20, alpha=False, fps=30, **other):
    return segment_folder.FilmPlan("hash", *SIZE, fps, 0, 1, count, format, codec, alpha, **other)


def make(folder, of, order=None):
    store = segment_folder.Parts(folder, of)
    for number in order or range(of.pieces):
        piece = store.open(number)
        for k in range(piece.next, piece.frames.stop):
            piece.add(image(k, of.shape[2]))
        piece.close()
    return store


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch):
    monkeypatch.setattr(segment_folder, "PIECE_FRAMES", 8)
