"""Picture files of a person are checked before they are decoded, and come out grey, upright and small."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nnviz3d.spec.errors import InputError
from nnviz3d.video import own_picture
from nnviz3d.video.own_picture import SIDE, grey


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "I;16", "CMYK"])
def test_every_mode_becomes_grey(tmp_path, mode):
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    name = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.tile(np.arange(256, dtype=np.uint16) * 257, (64, 1))).save(name)
    else:
        ramp.convert("L" if mode == "P" else "RGB").convert(mode).save(name) if mode != "P" else ramp.convert("P").save(name)
    made = grey(name)
    assert made.shape == (64, 256) and made.min() >= 0 and made.max() <= 1
    assert made[:, 200:].mean() > made[:, :56].mean() + 0.5


def test_what_is_transparent_is_white_and_large_ones_are_small_afterwards(tmp_path):
    Image.new("RGBA", (2000, 500), (0, 0, 0, 0)).save(tmp_path / "a.png")
    made = grey(tmp_path / "a.png")
    assert made.shape == (SIDE // 4, SIDE) and made.min() == 1
    Image.new("L", (1, 1), 128).save(tmp_path / "b.png")
    assert grey(tmp_path / "b.png").shape == (1, 1)


def test_a_camera_s_turned_picture_stands_upright(tmp_path):
    picture, exif = Image.new("L", (40, 20)), Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert grey(tmp_path / "a.jpg").shape == (40, 20)


@pytest.mark.parametrize("bad", ["text", "cut", "huge", "folder", "gone", "gif"])
def test_bad_files_are_reported_and_never_decoded(tmp_path, monkeypatch, bad):
    path = tmp_path / "a.png"
    if bad == "text":
        path.write_text("no picture")
    elif bad == "cut":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:2000])
    elif bad == "huge":
        Image.new("L", (2000, 2000)).save(path)
        monkeypatch.setattr(own_picture, "PIXELS", 1_000_000)
        monkeypatch.setattr(Image.Image, "thumbnail", lambda *_: pytest.fail("decoded"))
    elif bad == "folder":
        path.mkdir()
    elif bad == "gif":
        Image.new("L", (9, 9)).save(tmp_path / "b.gif")
        (tmp_path / "b.gif").rename(path)
    with pytest.raises(InputError) as found:
        grey(path)
    assert str(path) in str(found.value)


def test_twenty_thousand_pixels_a_side_are_refused_by_their_head_alone(tmp_path):
    path = tmp_path / "a.bmp"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(InputError, match="pixels"):
        grey(path)
