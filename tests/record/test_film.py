"""Films and pictures on disk: exact colours, whole files or none, clear words."""

import numpy as np
import pytest

from nnviz3d.record import film as film_module
from nnviz3d.record.film import Film
from nnviz3d.record.png import read_png, write_png
from nnviz3d.spec.errors import InputError

av = pytest.importorskip("av", reason="films need the extra `video`")


def bt709(path):
    """The middle of each patch of the first frame, back to RGB from Y, U, V by the BT.709 matrix, limited range."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        yuv = next(container.decode(video=0)).to_ndarray(format="yuv420p").astype(float)
        count = 1 + sum(1 for _ in container.decode(video=0))
    height = yuv.shape[0] * 2 // 3
    y = (yuv[:height] - 16) / 219
    u, v = ((yuv[a:b].reshape(height // 2, -1) - 128) / 224 for a, b in ((height, height * 5 // 4), (height * 5 // 4, height * 3 // 2)))
    u, v = u.repeat(2, 0).repeat(2, 1), v.repeat(2, 0).repeat(2, 1)
    kr, kb = 0.2126, 0.0722
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], 2) * 255, tags, count


def test_players_see_the_colours_that_were_drawn(tmp_path):
    patches = [(200, 60, 30), (10, 14, 30), (250, 240, 200), (60, 150, 255), (128, 128, 128)]
    image = np.zeros((64, 64 * len(patches), 3), np.uint8)
    for k, colour in enumerate(patches):
        image[:, 64 * k : 64 * (k + 1)] = colour
    with Film(tmp_path / "c.mp4", (image.shape[1], 64), 30, crf=1) as film:
        for _ in range(3):
            film.add(image)
    seen, tags, count = bt709(tmp_path / "c.mp4")
    for k, colour in enumerate(patches):
        assert np.abs(seen[32, 64 * k + 32] - colour).max() <= 2, colour
    assert tags == (1, 1, 1, 1) and count == 3


def test_a_film_is_whole_or_not_there(tmp_path):
    with pytest.raises(RuntimeError, match="in the middle"), Film(tmp_path / "f.mp4", (64, 64), 30) as film:
        film.add(np.zeros((64, 64, 3), np.uint8))
        raise RuntimeError("in the middle")
    assert list(tmp_path.iterdir()) == []


def test_the_same_frames_give_the_same_file(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), np.uint8)
    for name in ("a.mp4", "b.mp4"):
        with Film(tmp_path / name, (64, 64), 25) as film:
            for image in frames:
                film.add(image)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_bad_input_is_told_before_any_frame(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="even"):
        Film(tmp_path / "f.mp4", (63, 64), 30)
    with pytest.raises(InputError, match="cannot be written"):
        Film(tmp_path / "nowhere" / "f.mp4", (64, 64), 30)
    monkeypatch.setattr(film_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"nnviz3d\[video\]"):
        Film(tmp_path / "f.mp4", (64, 64), 30)


@pytest.mark.parametrize("channels", [3, 4])
def test_png_gives_back_every_pixel(tmp_path, channels):
    image = np.random.default_rng(1).integers(0, 256, (7, 5, channels), np.uint8)
    write_png(image, tmp_path / "a.png")
    assert (read_png(tmp_path / "a.png") == image).all()
