"""Numbered pictures become a film: in order, whole, and of one size, or every problem is reported."""

import json
import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.spec.errors import InputError
from nnviz3d.video import image_reader
from nnviz3d.video.codecs import CODECS
from nnviz3d.video.image_writer import Sequence
from nnviz3d.video.png import write_picture
from tests.helpers.png import write_png

av = pytest.importorskip("av", reason="films need the extra `video`")


def image(k, channels=3, size=(64, 48)):
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    return np.stack([(x + 3 * k) % 256, (y * 2 + k) % 256, (x + y) % 256, (x * 4) % 256][:channels], 2).astype(np.uint8)


def write(folder, numbers, name="f{:04d}.png", **options):
    folder.mkdir(exist_ok=True)
    for k in numbers:
        write_png(image(k, **options), folder / name.format(k))
    return folder


def command(*words):
    return subprocess.run([sys.executable, "-m", "nnviz3d", "encode", *map(str, words)], capture_output=True, text=True, timeout=60)


def decoded(path, wire="rgb24"):
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format=wire) for frame in film.decode(video=0)]


def test_a_lossless_film_of_pictures_is_the_pictures(tmp_path):
    write(tmp_path / "in", range(7, 107))
    done = command(tmp_path / "in" / "f####.png", "-o", tmp_path / "film.mkv", "--fps", 25, "--json")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert reported["count"] == 100 and reported["fps"] == 25 and reported["first"] == 7 and reported["seconds"] == 4
    frames = decoded(tmp_path / "film.mkv")
    assert len(frames) == 100 and all((seen == image(k)).all() for k, seen in enumerate(frames, start=7))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv", "film.mkv.json", "in"]
    again = command(tmp_path / "in" / "f####.png", "-o", tmp_path / "film.mkv", "--fps", 25)
    assert again.returncode == 2 and "already exists" in again.stderr


def test_sixteen_bits_and_transparency_are_kept_where_the_film_can(tmp_path):
    g = np.random.Generator(np.random.PCG64(0))
    pixels = g.integers(0, 65536, (48, 64, 3)).astype(np.uint16)
    Sequence(tmp_path / "deep", "png", CODECS["png16"]).add(0, pixels)
    assert (image_reader.read(tmp_path / "deep" / "000000.png", False, (64, 48)) == pixels).all()
    found = image_reader.find(tmp_path / "deep")
    assert found.files == (tmp_path / "deep" / "000000.png",) and found.size == (64, 48) and not found.alpha
    assert command(tmp_path / "deep", "-o", tmp_path / "deep.gif", "--fps", 10).returncode == 0
    write(tmp_path / "clear", range(4), channels=4)
    assert command(tmp_path / "clear" / "f%04d.png", "-o", tmp_path / "clear.mkv", "--fps", 10).returncode == 0
    assert all((seen == image(k, 4)).all() for k, seen in enumerate(decoded(tmp_path / "clear.mkv", "rgba")))
    done = command(tmp_path / "clear" / "f####.png", "-o", tmp_path / "clear.mp4", "--fps", 10)
    assert done.returncode == 0 and "h264 does not support transparency; it is dropped" in done.stderr


def test_every_second_picture_is_no_gap_but_a_missing_one_is(tmp_path):
    found = image_reader.find(write(tmp_path / "even", range(0, 20, 2)) / "f####.png")
    assert (found.first, found.step, len(found.files)) == (0, 2, 10)
    with pytest.raises(InputError) as caught:
        image_reader.find(write(tmp_path / "gap", [1, 2, 5, 6, 8]) / "f####.png")
    assert [problem.message for problem in caught.value.problems] == ["missing: 3 to 4", "missing: 7"]


def test_all_problems_at_once(tmp_path):
    folder = write(tmp_path / "in", range(5))
    write_png(image(0, size=(64, 46)), folder / "f0003.png")
    (folder / "f0004.png").write_bytes(b"no picture")
    done = command(folder / "f####.png", "-o", tmp_path / "film.avi", "--json")
    assert done.returncode == 2 and not list(tmp_path.glob("film*"))
    reported = {
        (problem["where"].rpartition("/")[2], problem["key"]): problem["message"] for problem in json.loads(done.stdout)["problems"]
    }
    assert reported["f0003.png", ""] == "is 64x46; the others are 64x48"
    assert "is not a PNG picture" in reported["f0004.png", ""]
    assert reported["f####.png", "--fps"] == "pictures a second, 1 to 1,000"
    assert "format 'avi' is not known" in reported["film.avi", "--format"]


def test_a_picture_that_is_damaged_inside_ends_it_and_nothing_is_left(tmp_path):
    folder = write(tmp_path / "in", range(5))
    path = folder / "f0002.png"
    path.write_bytes(path.read_bytes()[:60])
    done = command(folder / "f####.png", "-o", tmp_path / "film.mp4", "--fps", 10)
    assert done.returncode == 2 and "f0002.png" in done.stderr and sorted(p.name for p in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["none/####.png", "-o", "a.mp4", "--fps", "10"], "there are no such pictures"),
        (["none/####.exr", "-o", "a.mp4", "--fps", "10"], "EXR contains linear light"),
        (["none/####.txt", "-o", "a.mp4", "--fps", "10"], "expected pictures of the formats png"),
        (["##/##_##.png", "-o", "a.mp4", "--fps", "10"], "two placeholders"),
        (["in/f####.png"], "give the output file"),
        (["in/f####.png", "-o", "a.mp4", "--fps", "0"], "expected frames per second, 1 to 1,000: 30, 29.97 or 30000/1001; found 0"),
        (["in/f####.png", "-o", "a.gif", "--fps", "120"], "at most 50 frames per second"),
        (["in/f####.png", "-o", "b/####.png", "--fps", "10"], "pictures again; give a film"),
        (["odd/f####.png", "-o", "a.mp4", "--fps", "10"], "width and height must be even"),
        (["missing.parts", "--fps", "10"], "--fps: this is already set by the pieces"),
    ],
)
def test_what_is_no_film(tmp_path, words, reported, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in", range(2))
    write(tmp_path / "odd", range(2), size=(63, 48))
    from nnviz3d.app.cli.commands.common import Options
    from nnviz3d.app.cli.commands.encode import encode

    named = dict(zip(words[1::2], words[2::2], strict=True))
    from pathlib import Path

    target, fps = named.get("-o"), named.get("--fps")
    with pytest.raises(InputError, match=reported):
        encode(
            Options(quiet=True), Path(words[0]), Path(target) if target else None, fps=int(fps) if fps else None, format="", codec="",
            overwrite=False, as_json=False,
        )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "odd"]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tiff"])
@pytest.mark.parametrize("size", [(160, 120), (100, 178), (1, 1), (1080, 1920), (65, 3)])
def test_pictures_of_any_width_are_read(ending, size, tmp_path):
    """Also those whose rows a decoder makes longer."""
    image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    write_picture(image, tmp_path / f"a{ending}", ending)
    found = image_reader.read(tmp_path / f"a{ending}", False, size)
    assert found.shape == image.shape and (ending not in (".png", ".tiff") or np.array_equal(found, image))
