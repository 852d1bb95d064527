"""F9 in the window: keys, button, file, timeline beside it; and what happens when encoder, disk or window do not play along."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.window import live_capture
from nnviz3d.spec import session_log
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.readout import Command
from nnviz3d.video import live_encoder
from tests.helpers.person import Person

av = pytest.importorskip("av", reason="films need the extra `video`")
K = imgui.Key
pytestmark = pytest.mark.gl


@pytest.fixture
def person(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = Person(size=(641, 421), edits=[Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "low")])
    opened.frames(8)
    opened.folder = tmp_path
    monkeypatch.setattr(type(opened.loop.meter), "recent_ms", 40.0)  # a film of 30 frames per second, whatever this machine can do
    yield opened
    opened.close()


def film(path):
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        found = [(round(frame.pts * frame.time_base * 30), frame.to_ndarray(format="rgb24").astype(int)) for frame in file.decode(stream)]
        return found, stream


def calmly(person, count: int) -> None:
    """Frames of a window that waits for its encoder, so that a busy machine drops none."""
    for _ in range(count):
        person.frames(1)
        while any(buffer.held for buffer in person.loop.capture._readback._ring):
            time.sleep(0.001)


def end(person) -> None:
    person.key(K.f9)
    person.loop.capture._film and person.loop.capture._film.wait()
    person.frames(2)


def test_f9_films_what_the_window_shows_but_not_its_own_note(person):
    before = person.look()
    person.key(K.f9)
    assert person.loop.capture.on
    calmly(person, 58)
    reading = person.loop.capture.reading()
    assert reading.dropped == 0 and reading.seconds > 0.9
    assert np.abs(person.look() - before).max() > 60, "a note on screen"
    end(person)
    assert sorted(path.name for path in person.folder.iterdir()) == ["xor-001.mp4", "xor-001.timeline"]
    assert "saved xor-001.mp4 and xor-001.timeline" in person.loop.toast
    found, stream = film("xor-001.mp4")
    assert (stream.width, stream.height) == (640, 420) and stream.average_rate == 30
    assert [slot for slot, _ in found] == list(range(len(found)))
    inside = found[len(found) // 2][1][:, : before.shape[1]]
    assert np.abs(inside - before[:-1, : inside.shape[1]])[:, 2:-2].mean() < 2.5
    person.key(K.f9)
    person.frames(3)
    end(person)
    assert (person.folder / "xor-002.mp4").exists(), "the next free number"


def test_with_shift_only_the_network_is_filmed(person):
    person.key(K.f9, K.mod_shift)
    person.frames(20)
    assert person.loop.capture.reading().alone
    end(person)
    pixels = film("xor-001.mp4")[0][5][1]
    screen = person.host.read().astype(int)
    assert screen[20:400, -100:].std() > pixels[20:400, -100:].std() + 3, "no dock at the right"


def test_the_button_and_the_menu_do_the_same(person):
    person.host.resize(1000, 640)
    person.frames(3)
    person.click(*person.where("capture"))
    assert person.loop.capture.on
    person.click(*person.where("capture"))
    assert not person.loop.capture.on
    person.loop.capture.finish()
    person.loop.do(Command("save_timeline"))
    assert (person.folder / "xor-002.timeline").exists() and "nnviz3d record" in person.loop.toast


def test_the_timeline_beside_the_film_begins_where_the_film_does(person):
    person.session.play()
    person.frames(40)
    person.key(K.f9)
    begun = person.loop.log.time
    person.frames(30)
    end(person)
    kept = session_log.load(person.folder / "xor-001.timeline")
    assert abs(kept.begin - begun) < 0.06 and 0.5 < kept.end - kept.begin < 0.7


def test_a_slow_encoder_loses_frames_and_never_holds_up_the_window(person, monkeypatch):
    gate, real = threading.Event(), live_encoder.LiveFilm._frame

    def slow(self, image):
        gate.wait(20)
        return real(self, image)

    monkeypatch.setattr(live_encoder.LiveFilm, "_frame", slow)
    person.key(K.f9)
    person.frames(80)
    reading = person.loop.capture.reading()
    assert reading.dropped > 20 and person.host.frames > 80
    gate.set()
    end(person)
    found, _ = film("xor-001.mp4")
    assert found[-1][0] == pytest.approx(reading.seconds * 30, abs=5), "the time is right"
    assert "frames were dropped" in person.loop.toast


def test_a_resized_and_a_minimised_window_go_on_in_the_first_size(person, monkeypatch):
    person.key(K.f9)
    person.frames(10)
    person.host.resize(500, 500)
    person.frames(10)
    with monkeypatch.context() as patched:
        patched.setattr(type(person.host), "size", property(lambda _: (0, 0)))
        person.frames(5)
    person.frames(10)
    end(person)
    found, stream = film("xor-001.mp4")
    assert (stream.width, stream.height) == (640, 420) and len(found) > 12
    assert found[-1][1][:, 20].max() < 25, "black at the side"


def test_closing_the_window_finishes_the_film(person):
    person.key(K.f9)
    person.frames(12)
    person.loop.capture.finish()
    assert film("xor-001.mp4")[0] and not (person.folder / "xor-001.mp4.part").exists()
    person.loop.capture.finish()  # twice does no harm


def test_what_makes_it_impossible_is_a_banner_and_the_run_goes_on(person, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(live_encoder, "available", lambda: False)
        person.key(K.f9)
        assert 'pip install "nnviz3d[video]"' in person.session.banner and not person.loop.capture.on
    person.session.banner = ""
    gone = person.folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(live_capture.Path, "cwd", lambda: gone)
    person.key(K.f9)
    assert "cannot be written" in person.session.banner and not person.loop.capture.on
    person.loop.do(Command("play"))
    person.frames(5)
    assert person.session.source.step > 0
    os.chdir(person.folder)


def test_a_full_disk_ends_the_film_with_a_banner_and_the_run_goes_on(person, monkeypatch):
    def full(self, _frame, _at):
        raise RunError(f"{self.path}: No space left on device")

    monkeypatch.setattr(live_encoder.Encoder, "put", full)
    person.loop.do(Command("play"))
    person.key(K.f9)
    for _ in range(200):
        person.frames(1)
        if person.session.banner:
            break
    assert "No space left" in person.session.banner and person.loop.capture.reading() is None
    step = person.session.source.step
    person.frames(5)
    assert person.session.source.step > step
    monkeypatch.undo()
    monkeypatch.chdir(person.folder)
    person.session.banner = ""
    person.key(K.f9)  # and there can be another one
    person.frames(6)
    end(person)
    assert list(person.folder.glob("*.mp4"))


def test_a_name_that_is_taken_by_any_of_the_files_is_not_used(tmp_path):
    for name in ("a-001.mp4", "a-002.timeline", "a-003.mp4.part", "a-x.mp4"):
        (tmp_path / name).touch()
    assert live_capture.free(tmp_path, "a").name == "a-004.mp4" and live_capture.free(tmp_path / "none", "a").name == "a-001.mp4"
