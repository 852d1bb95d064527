"""A person's own picture is laid into the grid as the data's pictures are: by measured box, centring, background and scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.engine.data import load
from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.engine.data.own_picture import FINE, PictureFrame, drawn, frame_of, of_photograph, picture_size
from nnviz3d.spec import strokes
from nnviz3d.spec.scene import Data


def pictures(x_nhw, shape=None, **more) -> DataSet:
    x, t = np.reshape(x_nhw, (len(x_nhw), -1)).astype(np.float32), np.zeros(len(x_nhw), np.int32)
    return DataSet("made", "classification", shape or x_nhw.shape[1:], x, t, x, t, ("a", "b"), **more)


def blobs(side: int, size: int, by_mass: bool, n: int = 60) -> np.ndarray:
    """Pictures of one lopsided figure each, its longer side `side`, centred by its centre of mass or by its box."""
    g, x = np.random.default_rng(3), np.zeros((n, size, size))
    for k in range(n):
        figure = g.uniform(0.3, 1, (side, side - int(g.integers(1, side // 3)))) * np.linspace(0.05, 1, side)[:, None]
        figure[[0, -1]], figure[-2, 0] = 0.5, 1
        h, w = figure.shape
        total = figure.sum()
        y = (np.arange(h) + 0.5) @ figure.sum(1) / total if by_mass else h / 2
        across = (np.arange(w) + 0.5) @ figure.sum(0) / total if by_mass else w / 2
        top, left = round(size / 2 - y), round(size / 2 - across)
        x[k, top : top + h, left : left + w] = figure
    return x


@pytest.mark.parametrize("standardize", [False, True])
def test_digits_fill_all_eight_cells_and_are_centred_by_their_box(standardize):
    data = load(Data(kind="digits", standardize=standardize), Path())
    frame = frame_of(data)
    assert frame is not None and (frame.size, frame.side, frame.by_mass) == ((8, 8), 8.0, False)
    assert (round(frame.low, 6), round(frame.high, 6)) == (0, 1)
    for x in data.x_test[:20]:
        np.testing.assert_allclose(frame.row(frame.ink(x)), x, atol=1e-5)


@pytest.mark.parametrize("by_mass", [False, True])
@pytest.mark.parametrize("light", [False, True])
def test_box_centring_and_background_are_measured(by_mass, light):
    x = blobs(20, 28, by_mass)
    frame = frame_of(pictures(1 - x if light else x))
    assert frame is not None and (frame.side, frame.by_mass) == (20, by_mass)
    assert (frame.low, frame.high) == ((1, 0) if light else (0, 1))


@pytest.mark.parametrize("by_mass", [False, True])
def test_a_picture_is_scaled_to_the_box_and_lies_in_the_middle(by_mass):
    frame = PictureFrame(pictures(np.zeros((2, 28, 28))), (28, 28), 0.0, 1.0, 20.0, by_mass)
    ink = np.zeros((100, 100))
    ink[5:45, 60:80] = 1  # 40 high, 20 wide, and heavier below
    ink[25:45, 55:85] = 1
    made = frame.fit(ink)
    rows, columns = np.flatnonzero(made.max(1) > 0.1), np.flatnonzero(made.max(0) > 0.1)
    assert abs(rows[-1] - rows[0] + 1 - 20) <= 1
    assert made.sum() == pytest.approx(ink.sum() / 4, rel=1e-9), "what is scaled by a half has a quarter of the ink"
    mass = (np.arange(28) + 0.5) @ made.sum(1) / made.sum()
    if by_mass:
        assert mass == pytest.approx(14, abs=1e-9)
    else:
        assert mass > 14.5 and rows[0] == 4 and rows[-1] == 23
    assert (np.arange(28) + 0.5) @ made.sum(0) / made.sum() == pytest.approx(14, abs=1e-9) and len(columns)


def test_a_drawing_is_found_wherever_and_however_large_it_is_drawn():
    """The same strokes, smaller and elsewhere: the network sees nearly the same."""
    data = load(Data(kind="digits"), Path())
    frame = frame_of(data)
    assert frame is not None
    seven = np.array([(0.0, 0.0), (0.5, 0.0), (0.2, 1.0)])
    made = [
        frame.fit(drawn(((0.15 * scale, False, tuple((at + scale * seven).ravel().tolist())),)))
        for scale, at in ((0.7, (0.1, 0.1)), (0.35, (0.5, 0.4)))
    ]
    assert np.abs(made[0] - made[1]).max() < 0.2 and np.abs(made[0] - made[1]).mean() < 0.04 and made[0].max() > 0.9


def test_strokes_are_anti_aliased_and_an_eraser_takes_ink_away():
    line = ((0.1, False, (0.2, 0.5, 0.8, 0.5)),)
    ink = drawn(line)
    assert ink.shape == (FINE, FINE) and ink.min() >= 0 and ink.max() == 1
    length, width = 0.6 * FINE, 0.1 * FINE
    assert ink.sum() == pytest.approx(length * width + np.pi * width**2 / 4, rel=0.01)
    assert ((ink > 0) & (ink < 1)).any()
    erased = drawn((*line, (0.2, True, (0.5, 0.4, 0.5, 0.6))))
    assert erased[FINE // 2, FINE // 2] == 0 and erased[FINE // 2, FINE // 4] == 1
    assert drawn(()).max() == 0


def test_a_photograph_of_dark_ink_on_paper_is_the_same_as_light_on_dark():
    ink = drawn(((0.1, False, (0.3, 0.3, 0.7, 0.7)),))
    paper = 0.95 - 0.8 * ink
    np.testing.assert_allclose(of_photograph(paper), ink, atol=1e-9)
    np.testing.assert_allclose(of_photograph(0.1 + 0.8 * ink), ink, atol=1e-9)
    assert of_photograph(np.full((9, 7), 0.4)).max() == 0


def test_pictures_without_a_background_are_shown_whole():
    x = np.random.default_rng(0).uniform(size=(30, 6, 9))
    frame = frame_of(pictures(x))
    assert frame is not None and frame.side is None
    assert frame.fit(np.ones((20, 20))).min() == pytest.approx(1), "it fills the grid, and what does not fit is cut off"


@pytest.mark.parametrize(
    ("shape", "axes", "size"),
    [((8, 9), (), (8, 9)), ((1, 8, 9), (), (8, 9)), ((3, 8, 9), (), None), ((72,), (), None), ((8, 9), ("token", "feature"), None),
     ((1, 9), (), None)],
)  # fmt: skip
def test_what_is_a_picture_is_reported_by_the_axes(shape, axes, size):
    n = int(np.prod(shape))
    assert picture_size(pictures(np.zeros((4, n)), shape, axes=axes)) == size


def test_nothing_is_made_of_pictures_that_are_all_the_same():
    assert frame_of(pictures(np.full((5, 4, 4), 0.5))) is None


@pytest.mark.parametrize(
    "bad", [None, 3, [3], [[0.1, False, []]], [[0.1, False, [0.1]]], [[0.1, False, [0.1, 2]]], [[9, False, [0, 0]]], [[0.1, 1, [0, 0]]],
            [[0.1, False, [0.0, float("nan")]]], [[0.1, False, [0.5] * 5000]], [[0.1, False, [0, 0]]] * 201]
)  # fmt: skip
def test_a_bad_drawing_is_refused(bad):
    assert strokes.drawing(bad) != ""


def test_good_drawings_and_pictures_pass():
    assert strokes.drawing([]) == "" == strokes.drawing([[0.1, True, [0, 0.5, 1, 0.25]]]) == strokes.pixels("00ff")
    assert all(strokes.pixels(bad) for bad in ("", "0", "0g", "FF", 7, None, "00" * (strokes.MOST_PIXELS + 1)))
