"""Frames: the same however they are reached, with what a film writes into them; work that is interrupted, divided and joined."""

import hashlib
import json

import numpy as np
import pytest

from nnviz3d.app.render.film import job, pipeline
from nnviz3d.app.render.film.frame_renderer import FrameRenderer
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session.opening import Opened
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video import segment_folder

pytest.importorskip("av", reason="films need the extra `video`")
pytestmark = pytest.mark.gl
SMALL = {"record.width": 320, "record.height": 240, "record.fps": 4, "look.quality": "low"}


def job_of(tmp_path, name="xor", target="film.mkv", frames="", step=1, **changes):
    changes = SMALL | {"record.duration": 2.0} | {key.replace("__", "."): value for key, value in changes.items()}
    scene = toml.load(name, [Edit(path, value) for path, value in changes.items()])
    return job.make(Opened(scene, tmp_path, None), tmp_path / target, FilmRequest(frames=frames, step=step))


def painted(what: job.Job, numbers):
    with FrameRenderer(what) as painter:
        return {k: painter.frame(k) for k in numbers}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("digits", {}),
        ("xor", {"record__ui": True, "record__width": 900, "record__height": 600}),
        ("one-iteration", {"record__burn_in": True, "record__fps": 1}),
        ("xor", {"record__motion_blur": 3, "record__ssaa": 2}),
        ("compare", {}),
    ],
)
def test_a_frame_is_the_same_from_wherever_one_begins(tmp_path, name, changes):
    what = job_of(tmp_path, name, **changes)
    whole = painted(what, range(what.count))
    for start in (what.count // 2, what.count - 1):
        for k, image in painted(what, range(start, min(start + 2, what.count))).items():
            np.testing.assert_array_equal(image, whole[k], err_msg=f"frame {k}, begun at {start}")


def test_the_same_moment_is_the_same_at_every_rate(tmp_path):
    slow = painted(job_of(tmp_path), range(8))
    fast = painted(job_of(tmp_path, record__fps=12), range(0, 24, 3))
    assert all((slow[k] == fast[3 * k]).all() for k in slow)


def test_frames_are_asked_for_in_rising_order(tmp_path):
    with FrameRenderer(job_of(tmp_path)) as painter:
        painter.frame(3)
        with pytest.raises(ValueError, match="comes before"):
            painter.frame(3)


@pytest.mark.parametrize("size", [(640, 360), (270, 480)])
def test_a_frame_is_the_same_after_others_that_lie_far_before_it(tmp_path, size):
    """Cards that come where none was are as large at once as if they had been there."""
    what = job_of(tmp_path, "forward-pass", record__width=size[0], record__height=size[1], record__fps=2)
    whole = painted(what, range(what.count))
    for numbers in ((1, 14, 30), (0, 20), (3, 9, what.count - 1)):
        jumped = painted(what, numbers)
        assert all((jumped[k] == whole[k]).all() for k in numbers), numbers


@pytest.mark.parametrize(("target", "type", "channels"), [("a.mkv", "uint8", 4), ("p.png", "uint8", 4), ("e.exr", "float32", 4)])
def test_a_transparent_frame_has_nothing_behind_the_network(tmp_path, target, type, channels):
    image = painted(job_of(tmp_path, target=target, record__transparent=True), [2])[2]
    assert image.shape == (240, 320, channels) and image.dtype == type
    alpha = image[..., 3]
    assert alpha[:20, :20].max() <= 2 / 255 * (255 if type == "uint8" else 1) and alpha.max() > 0.9 * (255 if type == "uint8" else 1)


def test_what_is_burned_in_says_frame_and_time(tmp_path):
    plain, burned = (painted(job_of(tmp_path, record__burn_in=flag), [5])[5] for flag in (False, True))
    rows = np.nonzero((plain != burned).any((1, 2)))[0]
    assert rows.size and rows.max() < 40, "at the top only"
    with FrameRenderer(job_of(tmp_path, record__burn_in=True, record__fps=30)) as painter:
        assert painter._burned(30 * 61 + 7).startswith("frame 1,837   00:01:01:07   step 0   seed 0")


# ---------------------------------------------------------------- work

LONG = {"record__duration": 5.0}  # three pieces


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch):
    monkeypatch.setattr(segment_folder, "PIECE_FRAMES", 8)


@pytest.mark.parametrize("target", ["film.mkv", "film.mp4", "film.gif", "film.apng", "film.webm", "film.mov"])
def test_shards_make_the_same_film_and_the_sidecar_says_which(tmp_path, target):
    one = job_of(tmp_path, target=target, **LONG)
    reported = pipeline.record(one)
    assert json.loads(one.sidecar.read_text()) == reported and not one.folder.exists()
    assert (reported["count"], len(reported["frames"]), reported["fps"], reported["seed"], reported["film"]) == (20, 20, 4, 0, target)
    assert toml.validate(toml.parse(reported["scene"].encode(), "sidecar"), "sidecar") == one.scene
    frames = painted(one, range(20))
    assert reported["frames"] == [hashlib.sha256(np.ascontiguousarray(frames[k])).hexdigest() for k in range(20)]
    (tmp_path / "other").mkdir()
    other = job_of(tmp_path, target=f"other/{target}", **LONG)
    assert sorted(k for part in (2, 1) for k in pipeline.shard(other, part, 2)) == [0, 1, 2]
    pipeline.finish(pipeline.open_parts(other), other.target, other.sidecar)
    assert other.target.read_bytes() == one.target.read_bytes()
    assert json.loads(other.sidecar.read_text())["frames"] == reported["frames"]


@pytest.mark.parametrize("target", ["film.mkv", "film/####.png"])
def test_what_stops_in_the_middle_goes_on_and_is_the_same(tmp_path, target, monkeypatch):
    whole = job_of(tmp_path, target=target.replace("film", "whole"), **LONG)
    hashes = pipeline.record(whole)["frames"]
    broken = job_of(tmp_path, target=target, **LONG)
    frame, count = FrameRenderer.frame, []

    def fails(self, number):
        if number == 10:
            raise RunError("the device is lost")
        count.append(number)
        return frame(self, number)

    monkeypatch.setattr(FrameRenderer, "frame", fails)
    with pytest.raises(RunError, match="lost"):
        pipeline.record(broken)
    assert count == list(range(10)) and broken.folder.is_dir() and not broken.sidecar.exists()
    monkeypatch.setattr(FrameRenderer, "frame", lambda self, number: count.append(number) or frame(self, number))
    with pytest.raises(InputError, match="resume=True continues"):
        pipeline.record(broken)
    assert pipeline.record(broken, resume=True)["frames"] == hashes
    assert count == list(range(20)), "no frame twice"
    if "mkv" in target:
        assert broken.target.read_bytes() == whole.target.read_bytes()
    else:
        for k in range(20):
            assert (tmp_path / f"film/{k:04d}.png").read_bytes() == (tmp_path / f"whole/{k:04d}.png").read_bytes()


def test_a_full_disk_keeps_what_was_finished(tmp_path, monkeypatch):
    what = job_of(tmp_path, **LONG)
    add = segment_folder.Piece.add

    def full(self, image):
        if self.next == 11:
            raise RunError("film.parts/00001.raw: No space left on device; 11 frames are kept; continue with `--resume`")
        add(self, image)

    monkeypatch.setattr(segment_folder.Piece, "add", full)
    with pytest.raises(RunError, match="No space"):
        pipeline.record(what)
    monkeypatch.undo()
    monkeypatch.setattr(segment_folder, "PIECE_FRAMES", 8)
    assert pipeline.open_parts(what).finished() == [0]
    assert len(pipeline.record(what, resume=True)["frames"]) == 20


def test_another_film_is_not_mixed_with_what_is_there(tmp_path):
    what = job_of(tmp_path, **LONG)
    pipeline.shard(what, 1, 3)
    with pytest.raises(InputError, match=r"another film.*scene"):
        pipeline.record(job_of(tmp_path, train__seed=5, **LONG), resume=True)
    pipeline.record(job_of(tmp_path, train__seed=5, **LONG), overwrite=True)


def test_a_range_holds_these_frames(tmp_path):
    whole = pipeline.record(job_of(tmp_path))["frames"]
    assert pipeline.record(job_of(tmp_path, frames="2..6", step=2, target="b.mkv"))["frames"] == whole[2:7:2]


@pytest.mark.parametrize("text", ["5..3", "0..8", "x", "1..", "..3", "-1..2", "1...3", "²..3"])
def test_a_range_outside_the_film_is_reported(tmp_path, text):
    with pytest.raises(InputError, match=r"0 <= A <= B <= 7"):
        job_of(tmp_path, frames=text)


def test_problems_of_a_job_are_reported_together(tmp_path):
    with pytest.raises(InputError) as reported:
        job_of(tmp_path, target="film.gif", record__fps=120, record__transparent=True, frames="9..3", step=0)
    text = str(reported.value)
    assert all(word in text for word in ("frames: ", "step: ", "fps: ", "50 frames per second", "transparent: "))


def test_room_on_the_disk_is_asked_for_first(tmp_path, monkeypatch):
    what = job_of(tmp_path)
    monkeypatch.setattr(job.shutil, "disk_usage", lambda path: type("Usage", (), {"free": what.room() - 1})())
    with pytest.raises(InputError, match="free; choose another disk"):
        job.check_room(what)


def test_a_session_of_the_window_is_filmed_again(tmp_path, monkeypatch):
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands.record import job_of
    from nnviz3d.app.session.opening import new_session
    from nnviz3d.app.session.session import REMEMBER
    from nnviz3d.app.window.loop import Loop
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec.readout import Command

    scene = toml.load("xor", [Edit("look.quality", "low"), Edit("train.steps_per_second", 60.0)])
    session = new_session(scene, tmp_path, remember=REMEMBER)
    host = open_host(640, 420, headless=True)
    monkeypatch.chdir(tmp_path)
    loop = Loop(host, session)
    for name, value, frames in (("play", None, 30), ("pick", 4, 10), ("walk", None, 30), ("save_timeline", None, 2)):
        loop.do(Command(name, value))
        loop.run(frames)
    steps = session.source.step
    loop.close()
    (file,) = tmp_path.glob("*.timeline")
    request = FilmRequest(size="320x240", fps=6)
    whole = job_of(common.Options(), str(file), tmp_path / "a.mkv", request)
    reported = pipeline.record(whole)
    assert reported["origin"] == file.name and reported["count"] == whole.count > 5
    with FrameRenderer(whole) as painter:
        last = painter.frame(whole.count - 1)
        assert hashlib.sha256(np.ascontiguousarray(last)).hexdigest() == reported["frames"][-1]
        assert painter.session.source.step == steps and painter.session.walking is not None and painter.stage.pointer.picked == 4
    with pytest.raises(InputError, match="fixed in the timeline"):
        job_of(common.Options(sets=("train.learning_rate=1",)), str(file), tmp_path / "b.mkv", request)
