"""Folders of pictures: what is read of them, and every problem of a hostile folder, before memory is asked for."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnviz3d.engine.data import images, load
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data


def folder(tmp_path: Path, **classes) -> Path:
    for name, pictures in classes.items():
        (tmp_path / "set" / name).mkdir(parents=True)
        for k, picture in enumerate(pictures):
            if isinstance(picture, bytes):
                (tmp_path / "set" / name / f"{k}.png").write_bytes(picture)
            else:
                picture.save(tmp_path / "set" / name / f"{k}.png")
    return tmp_path


def plain(value, size=(9, 7), mode="L") -> Image.Image:
    return Image.new(mode, size, value)


def problems(tmp_path: Path, **keys) -> list[str]:
    with pytest.raises(InputError) as error:
        load(Data(kind="images", file="set", test_fraction=0.0, **keys), tmp_path)
    assert all(problem.key in ("data.file", "data.size") for problem in error.value.problems)
    return [f"{problem.where}: {problem.message}" for problem in error.value.problems]


def test_grey_and_colour(tmp_path):
    folder(tmp_path, b=[plain((255, 0, 51), mode="RGB")], a=[plain(102), plain(204)])
    (tmp_path / "set" / "a" / "notes.txt").write_text("no picture")
    (tmp_path / "set" / ".hidden").mkdir()
    grey = load(Data(kind="images", file="set", size=(4, 6), test_fraction=0.0), tmp_path)
    assert (grey.shape, grey.class_names, grey.t_train.tolist()) == ((4, 6), ("a", "b"), [0, 0, 1])
    np.testing.assert_allclose(grey.x_train[:2].mean(1), [0.4, 0.8], atol=1e-6)
    assert grey.notes == ("1 files that are no pictures are left out",)
    colour = load(Data(kind="images", file="set", size=(4, 6), color=True, test_fraction=0.0), tmp_path)
    assert colour.shape == (3, 4, 6)
    np.testing.assert_allclose(colour.x_train[2].reshape(3, -1).mean(1), [1, 0, 0.2], atol=1e-6)


def test_pictures_stand_upright_keep_their_middle_and_lie_on_white(tmp_path):
    wide = Image.new("L", (60, 20), 0)
    wide.paste(255, (20, 0, 40, 20))
    turned = Image.new("L", (20, 40), 0)
    turned.paste(255, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    folder(tmp_path, a=[wide], b=[Image.new("RGBA", (8, 8), (0, 0, 0, 0))])
    turned.save(tmp_path / "set" / "b" / "9.png", exif=exif)
    Image.fromarray(np.full((8, 8), 65535, np.uint16)).save(tmp_path / "set" / "a" / "sixteen.png")
    found = load(Data(kind="images", file="set", size=(10, 10), test_fraction=0.0), tmp_path)
    middle, sixteen, clear, down = found.x_train.reshape(4, 10, 10)
    assert middle[:, 1:9].min() == 1 and middle.min() > 0.8, "the outer thirds are cut off"
    assert sixteen.min() == 1 and clear.min() == 1
    assert down[9].min() == 1 and down[0].max() == 0, "the file says that it stands on its head"


def png_of(width: int, height: int) -> bytes:
    """A file that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def test_all_problems_of_hostile_files_at_once(tmp_path):
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50)).astype(np.uint8)).save(whole)
    bad = [
        png_of(20_000, 20_000), png_of(2**31 - 1, 2**31 - 1), png_of(1, 1), whole.read_bytes()[:900], b"", b"%!PS-Adobe-3.0 EPSF-3.0\nrun",
        png_of(0, 5), png_of(9_000, 8_000),
    ]  # fmt: skip
    folder(tmp_path, a=bad, b=[plain(1)])
    said = problems(tmp_path)
    assert len(said) == len(bad) and all(f"{k}.png" in line for k, line in enumerate(said))
    assert "400,000,000 pixels; at most 67,108,864" in said[0] and "4,611,686,014,132,420,609 pixels; at most" in said[1]
    assert "9,000 x 8,000 pixels; at most" in said[7]
    assert "1 x 1 pixels; at least 2 x 2" in said[2] and "damaged" in said[3]
    assert all("is not a picture" in line for line in said[4:6])


def test_links_that_lead_out_are_not_followed(tmp_path):
    folder(tmp_path, a=[plain(1)], b=[plain(2)])
    plain(3).save(tmp_path / "secret.png")
    (tmp_path / "set" / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "set" / "c").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "loop.png").symlink_to("loop.png")
    said = problems(tmp_path)
    assert len(said) == 3 and all("link" in line for line in said)


def test_a_file_no_folder_an_empty_one_one_class(tmp_path):
    assert "no such folder" in problems(tmp_path)[0]
    (tmp_path / "set").write_text("x")
    assert "is a file" in problems(tmp_path)[0]
    (tmp_path / "set").unlink()
    (tmp_path / "set").mkdir()
    assert "no folders with pictures" in problems(tmp_path)[0]
    (tmp_path / "set" / "none").mkdir()
    assert "has no pictures" in problems(tmp_path)[0]
    folder(tmp_path, one=[plain(1)])
    assert any('only one class, "one"' in line for line in problems(tmp_path))


def test_sizes_and_counts_are_judged_before_anything_is_decoded(tmp_path, monkeypatch):
    folder(tmp_path, a=[plain(1)] * 3, b=[plain(2)] * 3)
    monkeypatch.setattr(images, "picture", lambda *_: pytest.fail("a picture was decoded"))
    monkeypatch.setattr(limits, "DATA_VALUES", 6 * 28 * 28 - 1)
    assert "6 pictures of 784 numbers do not fit" in problems(tmp_path)[0]
    monkeypatch.setattr(limits, "DATA_VALUES", 1 << 30)
    monkeypatch.setattr(limits, "CLASSES", 1)
    assert "2 classes; at most 1" in problems(tmp_path)[0]


def test_many_problems_are_cut(tmp_path):
    folder(tmp_path, a=[b"no"] * 50, b=[plain(1)])
    said = problems(tmp_path)
    assert len(said) == images.SHOWN + 1 and "30 more" in said[-1]


@pytest.mark.parametrize("name", ["../set", "/etc", "a\0b"])
def test_the_folder_lies_beside_the_scene(tmp_path, name):
    folder(tmp_path, a=[plain(1)], b=[plain(2)])
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError):
        load(Data(kind="images", file=name), tmp_path / "in")
