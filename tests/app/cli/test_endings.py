"""What a file holds is what its name says, in every command; another name is refused before any work, with those that can be."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nnviz3d.app.render import image_files
from nnviz3d.spec import file_extensions
from nnviz3d.spec.errors import InputError

FORMS = {"png": "PNG", "PNG": "PNG", "jpg": "JPEG", "JPEG": "JPEG", "webp": "WEBP", "tif": "TIFF", "tiff": "TIFF"}


def run(*words, cwd):
    return subprocess.run([sys.executable, "-m", "nnviz3d", *words], capture_output=True, text=True, timeout=120, cwd=cwd)


def image(channels=3):
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x + y) * 2, 255 - x], 2)[..., :channels].astype(np.uint8)


@pytest.mark.parametrize("ending", FORMS)
def test_a_picture_is_written_as_its_name_says(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    image_files.write(image(), path)
    with Image.open(path) as seen:
        assert seen.format == FORMS[ending] and seen.size == (64, 48)
        assert np.abs(np.asarray(seen.convert("RGB")).astype(int) - image()).mean() < (3 if FORMS[ending] in ("JPEG", "WEBP") else 1e-9)
    assert [each.name for each in tmp_path.iterdir()] == [f"a.{ending}"]


@pytest.mark.parametrize("ending", ["png", "webp", "tiff"])
def test_transparency_is_kept_where_the_kind_can(tmp_path, ending):
    image_files.write(image(4), tmp_path / f"a.{ending}")
    with Image.open(tmp_path / f"a.{ending}") as seen:
        assert seen.mode == "RGBA" and np.abs(np.asarray(seen)[..., 3].astype(int) - image(4)[..., 3]).max() <= 1


@pytest.mark.gl
@pytest.mark.parametrize(("name", "form"), [("x.jpg", "JPEG"), ("y.WebP", "WEBP"), ("z.tif", "TIFF")])
def test_shot_and_screenshot(tmp_path, name, form):
    for words in (
        ("shot", "xor", "-o", name, "--size", "64x48"),
        ("run", "xor", "--headless", "--frames", "2", "--size", "320x200", "--screenshot", name),
    ):
        done = run(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / name) as seen:
            assert seen.format == form
            seen.load()


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        *[(["shot", "xor", "-o", f"x{end}"], "expected a name that ends with .png, .jpg, .jpeg, .webp, .tif, .tiff or .exr")
          for end in (".svg", ".bmp", ".pdf", ".mp4", ".gif", "", ".")],
        (["run", "xor", "--headless", "--frames", "1", "--screenshot", "z.svg"], "--screenshot: expected a name that ends with .png"),
        (["run", "xor", "--headless", "--frames", "1", "--screenshot", "z.exr"], "--screenshot: expected a name that ends with .png"),
        (["run", "xor", "--headless", "--frames", "1", "--stats", "s.csv"], "--stats: expected a name that ends with .json; found .csv"),
        (["tour", "--headless", "--frames", "1", "--screenshot", "z"], "--screenshot: expected a name that ends with .png"),
        (["train", "xor", "--save", "w.pt"], "--save: expected a name that ends with .safetensors; found .pt"),
        (["train", "xor", "--save", "w"], "--save: expected a name that ends with .safetensors; the name has no extension"),
        (["train", "xor", "--log", "l.csv"], "--log: expected a name that ends with .jsonl; found .csv"),
        (["train", "xor", "--record", "r.mp4"], "--record: expected a name that ends with .nnrec"),
        (["export", "xor", "-o", "w.onnx"], "expected a name that ends with .safetensors, .toml or .py; found .onnx"),
        (["record", "xor", "-o", "f.avi"], "format 'avi' is not known; one of mp4, mkv"),
        (["shot", "xor", "-o", "x.jpg", "--transparent"], "JPEG does not support transparency; .png, .webp"),
        (["shot", "xor", "-o", "x.jpg", "--depth", "16"], ".jpg supports 8 bits per channel"),
        (["shot", "xor", "-o", "x.webp", "--size", "16384x16"], "WebP supports at most 16,383 pixels per side"),
    ],
)  # fmt: skip
def test_another_ending_is_refused_before_any_work(tmp_path, words, reported):
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2 and reported in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_all_endings_of_a_command_are_reported_at_once(tmp_path):
    done = run("train", "xor", "--save", "w.pt", "--log", "l.csv", "--json", cwd=tmp_path)
    assert {problem["key"] for problem in json.loads(done.stdout)["problems"]} == {"--save", "--log"}


def test_large_letters_and_devices(tmp_path):
    done = run("train", "xor", "--steps", "3", "--save", "W.SafeTensors", "--log", "L.JSONL", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert run("export", "xor", "-o", "S.PY", "-q", cwd=tmp_path).returncode == 0
    file_extensions.check(tmp_path.__class__("/dev/null"), file_extensions.LOG, "--log")
    with pytest.raises(InputError):
        file_extensions.check(tmp_path, file_extensions.LOG, "--log")
