"""F9 in a real window under Xvfb: the file is whole when the window was closed, readable when it was killed, and its speed is right."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest

from nnviz3d.app.render.film import log_player
from tests.helpers.real_window import PAUSED, PLAYING, pytestmark, until  # noqa: F401  pytestmark marks this module

av = pytest.importorskip("av", reason="films need the extra `video`")


def frames(path) -> list[np.ndarray]:
    """As many as can be decoded."""
    found = []
    with av.open(str(path)) as file:
        for packet in file.demux(video=0):
            try:
                found += [frame.to_ndarray(format="rgb24") for frame in packet.decode()]
            except av.error.InvalidDataError:
                break
    return found


def _film(window, folder, seconds: float) -> float:
    """Begin to film, and wait; the seconds that passed."""
    window.wait_for(PLAYING)
    window.key("F9")
    until(lambda: list(folder.glob("xor-001.mp4.part")), "F9 began no film")
    begun = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - begun


def test_closing_the_window_finishes_the_film_and_its_timeline(window, tmp_path):
    passed = _film(window, tmp_path, 2.5)
    window.key("space")
    window.wait_for(PAUSED)
    window.close_by_protocol()
    code, errors = window.end()
    assert (code, errors) == (0, "")
    with av.open(str(tmp_path / "xor-001.mp4")) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height) == (900, 600)
        seconds = float(stream.duration * stream.time_base)
    assert passed - 1 < seconds < passed + 4  # keys and titles take their time
    found = frames(tmp_path / "xor-001.mp4")
    assert found[0].std() > 10 and np.abs(found[0].astype(int) - found[-1]).mean() > 0.05
    session, play = log_player.open(tmp_path / "xor-001.timeline", "cpu")
    play.seek(play.seconds)
    assert session.source.step > 10 and not session.running
    assert play.seconds == pytest.approx(seconds, abs=0.3), "the timeline is of the film"


def test_what_a_killed_program_had_filmed_can_be_seen(window, tmp_path):
    _film(window, tmp_path, 3.5)
    window.process.send_signal(signal.SIGKILL)
    window.end()
    assert len(frames(tmp_path / "xor-001.mp4.part")) > 10
