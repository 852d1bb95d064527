"""GIFs: a dither whose mixtures are right, and a file that shows exactly the dithered frames for as long as they should be seen."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from nnviz3d.video import gif
from nnviz3d.video.dither import SHADES, Dither
from nnviz3d.video.segment_folder import FilmPlan

RNG = np.random.default_rng(5)
GREYS = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)


def smooth(height=120, width=160):
    """A dark stage with a light on it: what films here are made of."""
    y, x = np.mgrid[:height, :width]
    near = 1 / (1 + ((x - width / 2) ** 2 + (y - height / 2) ** 2) / 900)
    return (np.stack([20 + 200 * near**2, 24 + 150 * near, 48 + 120 * near], 2)).astype(np.uint8)


def test_a_mixture_has_the_mean_that_it_stands_for():
    for level in range(0, 256, 15):
        seen = Dither(GREYS)(np.full((64, 64, 3), level, np.uint8))
        assert abs(255 * seen.mean() - level) < 255 / SHADES, level


def test_colours_of_the_palette_stay_as_they_are_and_the_nearest_is_taken_without_a_pair():
    colours = np.array([[0, 0, 0], [250, 10, 10], [20, 20, 90], [255, 255, 255], [90, 200, 120]], np.uint8)
    image = colours[RNG.integers(0, len(colours), (40, 56))]
    assert (colours[Dither(colours)(image)] == image).all()


def test_a_pixel_depends_on_nothing_but_itself():
    image = smooth()
    dither = Dither(gif.palette(iter([image])))
    before = dither(image)
    changed = image.copy()
    changed[:20, :20] = 255
    after = dither(changed)
    assert (after[20:] == before[20:]).all() and (after[:, 20:] == before[:, 20:]).all() and (after[:20, :20] != before[:20, :20]).any()
    assert (dither(image[:, :71]) == before[:, :71]).all() and (dither(image[:67]) == before[:67]).all()  # odd sizes too


def test_a_gradient_has_no_bands():
    image = smooth(256, 256)
    colours = gif.palette(iter([image]))[::12]  # 22 colours for all of it
    seen = colours[Dither(colours)(image)].astype(float)
    hard = Image.fromarray(image).quantize(palette=_as_image(colours), dither=Image.Dither.NONE).convert("RGB")
    block = lambda a: np.asarray(a, float).reshape(32, 8, 32, 8, 3).mean((1, 3))  # noqa: E731  as eyes see it from afar
    off, off_hard = (np.abs(block(a) - block(image)).mean() for a in (seen, hard))
    assert off < 2.5 and off < off_hard / 1.5


def _as_image(colours):
    picture = Image.new("P", (1, 1))
    picture.putpalette(np.resize(colours, (256, 3)).tobytes())
    return picture


def test_the_palette_leaves_room_for_what_is_rare():
    image = np.zeros((300, 300, 3), np.uint8)
    image[...] = smooth(300, 300) // 8
    image[:6, :60] = [250, 120, 10]
    colours = gif.palette(iter([image]))
    assert 2 <= len(colours) <= gif.COLOURS
    assert np.abs(colours.astype(int) - [250, 120, 10]).sum(1).min() < 12


def write(path, frames, fps=25):
    plan = FilmPlan("film", frames[0].shape[1], frames[0].shape[0], fps, 0, 1, len(frames), "gif", "gif")
    gif.write(path, lambda indices=None: (frames[k] for k in (range(len(frames)) if indices is None else indices)), plan)


def shown(path):
    """Every frame as it is seen, as often as its delay of 1/25 s says."""
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        return [np.array(f.convert("RGB")) for f in ImageSequence.Iterator(film) for _ in range(round(f.info["duration"] / 40))]


def moving(count):
    image = smooth()
    frames = []
    for k in range(count):
        frames.append(image.copy())
        frames[-1][10 + k : 22 + k, 3 * k : 3 * k + 9] = [230, 180, 60]
    return frames


@pytest.mark.parametrize("count", [1, 2, 4, 5, 13])
def test_a_gif_of_parts_shows_every_frame(tmp_path, monkeypatch, count):
    monkeypatch.setattr(gif, "PART", 4)
    frames = moving(count)
    write(tmp_path / "a.gif", frames)
    wanted = sorted(set(np.linspace(0, count - 1, min(gif.SAMPLES, count)).astype(int).tolist()))
    colours = gif.palette(frames[k] for k in wanted)
    dither = Dither(colours)
    seen = shown(tmp_path / "a.gif")
    assert len(seen) == count
    assert all((image == colours[dither(frame)]).all() for image, frame in zip(seen, frames, strict=True))


def test_what_rests_is_stored_once_and_is_seen_as_long(tmp_path, monkeypatch):
    monkeypatch.setattr(gif, "PART", 4)
    still = [smooth()] * 11
    write(tmp_path / "still.gif", still)
    write(tmp_path / "moving.gif", moving(11))
    seen = shown(tmp_path / "still.gif")
    assert len(seen) == 11 and all((image == seen[0]).all() for image in seen)
    size = (tmp_path / "still.gif").stat().st_size
    write(tmp_path / "one.gif", still[:1])
    assert size < 1.3 * (tmp_path / "one.gif").stat().st_size and size < (tmp_path / "moving.gif").stat().st_size
