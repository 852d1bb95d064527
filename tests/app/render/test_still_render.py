"""Stills: larger than the window through the camera's menu, of any size and depth from Python, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnviz3d.app.api import scene
from nnviz3d.app.render import image_files
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window.loop import Loop
from nnviz3d.spec import limits, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Command
from tests.helpers.png import read_png

pytestmark = pytest.mark.gl


@pytest.fixture
def loop(host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(limits, "STILLS", {"4K": 640})  # the same way in less time
    path = toml.find("xor")
    made = Loop(host, new_session(toml.load(path), path.parent, "cpu"), play=False)
    made.frame(1 / 60)
    yield made
    made.stage.close()


def test_a_large_still_shows_the_window_s_view_without_its_panels(loop, tmp_path):
    host, before = loop.host, loop.stage.camera.rig.goal
    loop.do(Command("screenshot", "4K"))
    assert "640 x 360" in loop.toast and not list(tmp_path.glob("*.png"))  # first it says that the window will wait
    for _ in range(3):
        loop.frame(1 / 60)
    (path,) = tmp_path.glob("xor-*.png")
    assert path.name in loop.toast
    image = read_png(path)
    assert image.shape == (360, 640, 3) and image.max() > 200
    assert (
        loop.stage.camera.rig.goal == before and host.size == (320, 180) and loop.stage.viewport.host is host and loop.wants_still is None
    )
    for _ in range(3):
        loop.frame(1 / 60)
    assert len(list(tmp_path.glob("xor-*.png"))) == 1
    loop.do(Command("screenshot", "4K"))
    for _ in range(3):
        loop.frame(1 / 60)
    again = read_png(sorted(tmp_path.glob("xor-*.png"))[1])
    assert np.abs(image.astype(int) - again).mean() < 2  # only the signals have moved on


def test_a_large_still_leaves_the_window_s_picture_alone(loop):
    def still_frame():
        loop.stage.time = 1.0
        loop.session.refresh()
        loop.stage.draw(0.0, loop.stage.camera.rig.goal, exact=True)
        return loop.host.read()

    wanted = still_frame()
    loop.do(Command("screenshot", "4K"))
    for _ in range(2):
        loop.frame(1 / 60)
    assert (still_frame() == wanted).all()


def test_a_size_that_is_not_offered_is_refused(loop):
    with pytest.raises(InputError, match="4K"):
        loop.do(Command("screenshot", "1000000K"))
    assert loop.wants_still is None


def test_a_folder_that_cannot_be_written_becomes_the_banner(loop, monkeypatch):
    def full(image, path):
        raise InputError.of(str(path), "", "cannot be written: No space left on device")

    monkeypatch.setattr(image_files, "write", full)
    loop.do(Command("screenshot", "4K"))
    for _ in range(3):
        loop.frame(1 / 60)
    assert "No space left" in loop.session.banner


def test_sizes_of_stills_keep_the_shape():
    assert limits.enlarged((1280, 720), 3840) == (3840, 2160) and limits.enlarged((700, 1400), 7680) == (3840, 7680)
    assert max(limits.enlarged((5000, 20), 15_360)) <= limits.IMAGE_SIDE and min(limits.enlarged((5000, 20), 15_360)) >= 16


def test_a_shot_with_samples_alpha_and_bits():
    plain = scene.shot("xor", (320, 180), backend="cpu")
    assert plain.shape == (180, 320, 3) and plain.dtype == np.uint8
    fine = scene.shot("xor", (320, 180), backend="cpu", ssaa=2)
    assert (fine != plain).any() and abs(float(fine.mean()) - plain.mean()) < 2
    clear = scene.shot("xor", (320, 180), backend="cpu", transparent=True, depth=16)
    assert clear.shape == (180, 320, 4) and clear.dtype == np.uint16 and clear[..., 3].min() < 2000 and clear[..., 3].max() == 65535
    assert scene.shot("xor", (320, 180), backend="cpu", depth=32).dtype == np.float32


def test_what_a_shot_cannot_be_is_said_at_once_and_before_any_work():
    with pytest.raises(InputError) as caught:
        scene.shot("xor", (10**9, 10**9), ssaa=3, depth=12)
    assert len(caught.value.problems) == 3
    for size in ((0, 100), (16_385, 100), (100.5, 100), "1280x720", (100,), None):
        with pytest.raises(InputError, match="size"):
            scene.shot("xor", size)


def test_files_of_sixteen_bits_and_linear_light(tmp_path):
    image = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    image_files.write(image, tmp_path / "a.png")
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.png")) as file:
        read = next(file.decode(video=0)).to_ndarray(format="rgb48le")
    assert (read == image).all()
    with Image.open(tmp_path / "a.png") as known:
        assert known.size == (30, 20)
    image_files.write(np.full((20, 30, 4), 3.5, np.float32), tmp_path / "a.exr")
    assert (tmp_path / "a.exr").read_bytes()[:4] == b"\x76\x2f\x31\x01"
    assert image_files.depth(Path("a.exr"), 8) == 32 and image_files.depth(Path("a.png"), 16) == 16
    assert not list(tmp_path.glob("*.part"))


def test_what_needs_pyav_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(image_files, "available", lambda: False)
    with pytest.raises(InputError, match=r"nnviz3d\[video\]"):
        image_files.depth(Path("a.png"), 16)
    assert image_files.depth(Path("a.png"), 8) == 8
