"""The drawing pad before a person: strokes with the pointer, what the network sees while one draws, undo, eraser, files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from imgui_bundle import imgui
from PIL import Image

from nnviz3d.engine.data.own_picture import drawn
from nnviz3d.sources.viewable import OWN
from tests.helpers.person import Person

SEVEN = ((0.3, 0.2), (0.7, 0.2), (0.45, 0.85))


class Drawer(Person):
    """A person with the pad open."""

    def __init__(self, scene: str = "digits", size=(1280, 720), **more):
        super().__init__(scene, size=size, **more)
        self.open("Draw")
        self.loop.overlay.memory.reveal = "Draw"
        self.frames(4)

    @property
    def pad(self):
        return self.loop.overlay._dock.pad

    def stroke(self, *points, looks=None) -> list:
        """With the button down; returns what `looks()` answers on the way."""
        x, y = self.where("pad")
        side, seen = self._side(), []
        io = imgui.get_io()

        def to(u: float, v: float) -> None:
            io.add_mouse_pos_event(x + (u - 0.5) * side, y + (v - 0.5) * side)
            self.frames(2)

        to(*points[0])
        io.add_mouse_button_event(0, True)
        self.frames(2)
        for (u0, v0), (u1, v1) in pairwise(points):
            for t in np.linspace(0.1, 1, 10):
                to(u0 + t * (u1 - u0), v0 + t * (v1 - v0))
                seen.append(looks() if looks else None)
        io.add_mouse_button_event(0, False)
        self.frames(8)
        return seen

    def _side(self) -> float:
        from nnviz3d.ui.panels.draw import LARGEST

        return min(LARGEST * self.loop.overlay.scale, 10_000)


@pytest.fixture(scope="module")
def drawer():
    drawer = Drawer()
    drawer.session.run(600)
    yield drawer
    drawer.close()


def test_a_drawing_flows_through_the_network_while_it_is_drawn(drawer):
    session = drawer.session
    answers = drawer.stroke(*SEVEN, looks=lambda: (session.source.sample.part, session.source.sample.x.tobytes()))
    assert answers[-1][0] == OWN and len({x for _, x in answers}) > 5, "while the button is down"
    assert session.source.answer()[0].startswith("7")
    readout = drawer.loop.readout()
    assert readout.sample_label == "your drawing" and readout.own is not None and readout.own.shown


def test_strokes_are_taken_back_erased_and_cleared(drawer):
    session, pad = drawer.session, drawer.pad
    drawer.do("show_sample", 3)
    drawer.click(*drawer.where("clear"))
    drawer.frames(8)
    assert not pad.strokes
    drawer.stroke((0.5, 0.1), (0.5, 0.9))
    one = session.own.ink_hw.copy()
    drawer.stroke((0.2, 0.5), (0.8, 0.5))
    assert len(pad.strokes) == 2 and not np.array_equal(session.own.ink_hw, one)
    drawer.click(*drawer.where("unstroke"))
    drawer.frames(8)
    np.testing.assert_array_equal(session.own.ink_hw, one)
    drawer.click(*drawer.where("eraser"))
    drawer.stroke((0.5, 0.55), (0.5, 0.95))
    assert pad.strokes[-1][1] and drawn(tuple((w, e, tuple(p)) for w, e, p in pad.strokes))[100, 64] == 0
    drawer.click(*drawer.where("pen"))
    drawer.click(*drawer.where("leave"))
    assert session.source.sample.part == "test" and session.source.sample.index == 3 and len(pad.strokes) == 2
    drawer.click(*drawer.where("clear"))
    drawer.frames(8)
    assert session.source.sample.part == "test"


def test_it_learns_on_while_one_draws_and_the_drawing_is_kept_for_films(drawer, tmp_path):
    session, loop = drawer.session, drawer.loop
    drawer.do("play")
    step = session.source.step
    drawer.stroke(*SEVEN)
    assert session.source.step > step and session.source.sample.part == OWN
    drawer.do("pause")
    kept = [event for event in loop.log.timeline().events if event.name == "draw"]
    assert kept and kept[-1].value == [[w, e, p] for w, e, p in drawer.pad.strokes]


def test_a_dropped_picture_is_shown_and_a_bad_one_is_reported(drawer, tmp_path):
    ink = drawn(((0.12, False, (0.3, 0.2, 0.7, 0.2, 0.45, 0.85)),))
    Image.fromarray((255 * (1 - ink)).astype(np.uint8)).resize((400, 400)).save(tmp_path / "seven.jpg")
    drawer.host.dropped.append(str(tmp_path / "seven.jpg"))
    drawer.frames(3)
    session = drawer.session
    assert session.source.sample.label == "your picture" and session.source.answer()[0].startswith("7"), session.banner
    before = session.source.sample
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    drawer.host.dropped.append(str(tmp_path / "bad.png"))
    drawer.frames(3)
    assert "bad.png" in session.banner and session.source.sample is before
    drawer.do("dismiss")


@pytest.mark.parametrize("size", [(640, 480), (2560, 1440)])
def test_the_pad_fits_every_window(size):
    drawer = Drawer(size=size)
    drawer.stroke((0.5, 0.2), (0.5, 0.8)) if size[0] > 1000 else None
    x, _y = drawer.where("pad")
    assert 0 < x < size[0]
    drawer.close()


def test_a_network_without_pictures_says_why_and_takes_none(tmp_path):
    person = Person("iris")
    person.open("Draw")
    assert person.session.own.reason
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    person.host.dropped.append(str(Path(tmp_path / "a.png")))
    person.frames(3)
    assert "a.png" in person.session.banner
    person.close()
