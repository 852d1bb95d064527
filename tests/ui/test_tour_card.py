"""The tour's card: every text of every language fits at every size, every button and key does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.tour_reading import END, NUMBER, Mark, TourReading
from nnviz3d.ui.core import rich_text, theme
from nnviz3d.ui.hud import free_area, tour_card
from tests.helpers.walk_reading import WALK
from tests.ui.conftest import Driver
from tests.ui.where import find

K = imgui.Key
pytestmark = pytest.mark.gl
SIZES = [(1280, 720, 1.0), (1280, 720, 1.5), (900, 600, 1.0), (900, 600, 1.5), (1920, 1080, 1.0), (420, 700, 1.0)]


@pytest.fixture(scope="module")
def readings() -> list[TourReading]:
    """What every step says, with the numbers of now, in every language."""
    path = toml.find("xor")
    host = open_host(240, 180, headless=True)
    loop = Loop(host, new_session(toml.load(path, [Edit("look.quality", "low")]), path.parent, "cpu", path), False)
    found = []
    loop.tour.start()
    for code in loop.tour.course.tour.catalogues:
        loop.tour.do("restart")
        for lesson, count in enumerate(loop.tour.course.state.counts, 1):
            for step in range(1, count + 1):
                loop.tour.do(f"{lesson}.{step}")
                loop.tour.set_language(code)
                loop.frame(1 / 60)
                found.append(replace(loop.tour.reading(), marks=()))
    loop.close()
    return found


@pytest.fixture
def reading(readings) -> TourReading:
    return readings[0]


def show(driver: Driver, reading: TourReading | None, frames: int = 2) -> None:
    driver.readout = replace(driver.readout, tour=reading)
    driver.frame(frames)


def box(name: str) -> tuple[float, float, float, float]:
    window = imgui.internal.find_window_by_name(name)
    return window.pos.x, window.pos.y, window.pos.x + window.size.x, window.pos.y + window.size.y


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}@{s[2]}")
def test_every_text_of_every_language_fits_its_card(readings, size, monkeypatch):
    width, height, scale = size
    cut, laid = [], []
    elide, draw = tour_card.elide, rich_text.draw

    def watched(text, room):
        fits = elide(text, room)
        cut.extend([text] if fits != text else [])
        return fits

    def drawn(f, text, room, type_size):
        laid.append((room, [line[-1].x + imgui.calc_text_size(line[-1].text).x * type_size / theme.BODY for line in
                            rich_text.lines(f, text, room, type_size)]))  # fmt: skip
        return draw(f, text, room, type_size)

    monkeypatch.setattr(tour_card, "elide", watched)
    monkeypatch.setattr(rich_text, "draw", drawn)
    driver = Driver(width, height, scale)
    roomy = width / scale >= 800
    try:
        for reading in readings:
            cut.clear()
            show(driver, reading, 4)
            where = reading.heading, reading.text
            left, top, right, bottom = box("##tour")
            assert left >= 0 and right <= width and bottom <= height and bottom - top <= 0.56 * height, where
            room, lines = laid[-1]
            assert max(lines) <= room * 1.01, where
            assert len(lines) <= (3 if roomy and not reading.section else 7), (len(lines), where)
            assert not [
                text
                for text in cut
                if text in (reading.heading, reading.titles[reading.lesson]) or (reading.invite and reading.invite in text)
            ], (cut, where)
    finally:
        driver.close()


def test_the_card_takes_the_place_of_the_transport_bar_and_says_how_much(driver, reading):
    driver.frame(2)
    bar = free_area.TRANSPORT / 720
    assert driver.answers[-1].free.bottom == pytest.approx(bar) and driver.answers[-1].free.corner > 0
    show(driver, reading, 4)
    _, top, _, bottom = box("##tour")
    free = driver.answers[-1].free
    assert free.bottom == pytest.approx((720 - top + 14) / 720) and free.corner == 0 and bottom == pytest.approx(720 - 14, abs=1)
    assert not imgui.internal.find_window_by_name("##transport").active
    show(driver, None, 2)
    assert driver.answers[-1].free.bottom == pytest.approx(bar) and imgui.internal.find_window_by_name("##transport").active


@pytest.mark.parametrize(
    ("label", "command"),
    [
        ("tour_next", ("tour", "next")),
        ("tour_back", ("tour", "back")),
        ("tour_skip", ("tour", "skip")),
        ("tour_restart", ("tour", "restart")),
        ("tour_close", ("tour", "close")),
        ("tour_lesson_5", ("tour", "5")),
        ("tour_language", ("tour_language", "de")),
    ],
)
def test_buttons(driver, readings, label, command):
    show(driver, readings[1])
    driver.click(*find(driver, label))
    assert driver.commands == [command]


def test_the_first_step_has_no_way_back_and_the_last_one_finishes(driver, readings):
    show(driver, readings[0])
    with pytest.raises(AssertionError):
        find(driver, "tour_back")
    last = next(reading for reading in readings if reading.last)
    assert last.words["finish"] == "Finish"
    show(driver, last)
    driver.click(*find(driver, "tour_next"))
    assert driver.commands == [("tour", "next")]


@pytest.mark.parametrize(
    ("key", "event"),
    [
        (K.space, "next"), (K.enter, "next"), (K.right_arrow, "next"), (K.keypad_enter, "next"), (K.gamepad_face_down, "next"),
        (K.left_arrow, "back"), (K.backspace, "back"), (K.gamepad_face_right, "back"), (K.escape, "close"), (K.t, "close"),
    ],
)  # fmt: skip
def test_keys_are_the_tours_while_it_is_on(driver, reading, key, event):
    imgui.get_io().backend_flags |= imgui.BackendFlags_.has_gamepad
    show(driver, reading)
    driver.forget()
    driver.key(key)
    assert driver.commands == [("tour", event)]
    assert all(answer.stage.turn == (0.0, 0.0) for answer in driver.answers), "arrows do not turn the network as well"


def test_t_begins_a_tour_and_the_button_of_the_panels_too(driver):
    driver.key(K.t)
    driver.click(*find(driver, "tour"))
    assert driver.commands == [("tour", None), ("tour", None)]
    driver.forget()
    driver.key(K.space)
    assert driver.commands == [("pause", None)], "without a tour keys mean what they always do"


def test_a_step_opens_its_panel_once_and_the_visitor_may_close_it(driver, readings):
    before = dict(driver.overlay._dock.opened)
    show(driver, readings[0])
    assert not driver.overlay.memory.panels and driver.answers[-1].free.right == 0
    wanted = next(reading for reading in readings if reading.section)
    show(driver, wanted)
    assert driver.overlay.memory.panels and [title for title, on in driver.overlay._dock.opened.items() if on] == [wanted.section]
    driver.key(K.h)
    driver.frame(3)
    assert not driver.overlay.memory.panels
    show(driver, readings[0])
    show(driver, None)
    assert driver.overlay.memory.panels and driver.overlay._dock.opened == before


def test_every_panel_that_a_step_opens_is_there(driver, readings):
    assert {reading.section for reading in readings} - {""} <= driver.overlay._dock.opened.keys()


def test_where_a_panel_would_leave_no_room_the_stage_stays_free(readings):
    driver = Driver(900, 600, 1.5)
    show(driver, next(reading for reading in readings if reading.section))
    assert not driver.overlay.memory.panels
    driver.close()


def test_marks_are_drawn(driver, reading):
    driver.readout = replace(driver.readout, labels=())
    show(driver, reading, 4)
    plain = driver.pixels().astype(int)
    ring, frame = Mark(500.0, 300.0, 20.0), Mark(box=(600.0, 200.0, 700.0, 330.0))
    fan = Mark(lines=((200.0, 300.0, 480.0, 300.0, 1.0), (200.0, 340.0, 480.0, 310.0, -1.0)))
    show(driver, replace(reading, marks=(ring, frame, fan)), 3)
    seen = np.abs(driver.pixels().astype(int) - plain).sum(2)
    assert seen[300, 500 + 22 : 500 + 30].max() > 200 and seen[300, 500] == 0, "a ring, open in the middle"
    assert seen[200 - 10, 650] > 200 and seen[265, 650] == 0
    solid, dashed = seen[300, 220:460], seen[:, 220:460].max(0) * 0
    for x in range(220, 460):
        y = round(340 - 30 * (x - 200) / 280)
        dashed[x - 220] = seen[y - 1 : y + 2, x].max()
    assert (solid > 60).all() and (dashed > 60).any() and (dashed < 30).any(), "negative is dashed"


def test_a_deed_that_is_done_is_seen(driver, reading):
    assert reading.invite
    show(driver, reading, 4)
    before = driver.pixels().astype(int)
    show(driver, replace(reading, met=True), 2)
    assert np.abs(driver.pixels().astype(int) - before).sum() > 5000


def test_a_drag_on_the_strip_moves_the_walk(driver, readings):
    driver.readout = replace(driver.readout, walk=WALK)
    show(driver, next(reading for reading in readings if reading.strip == "phases"))
    driver.move(*find(driver, "tour_walk"))
    driver.button(True)
    driver.button(False)
    driver.frame(2)
    (name, number), *_ = driver.commands
    assert name == "walk_to" and number == pytest.approx(len(WALK.line) / 2, abs=0.05)


def test_words_keep_together_what_has_no_space_between():
    text = f"a *bold one*, “{NUMBER}3{END}” ({NUMBER}45 %{END})."
    assert rich_text.words(text)[:2] == [[("", "a")], [("*", "bold")]]
    assert rich_text.words(text)[3] == [("", "“"), (NUMBER, "3"), ("", "”")]
    lines = rich_text.broken(text, 8.0, lambda _style, letters: float(len(letters)))
    assert [sum(len(run.text) for run in line) for line in lines] and all(line[0].x == 0 for line in lines)
    assert all(run.x + len(run.text) <= 8 for line in lines for run in line)


def test_a_word_wider_than_the_card_has_a_line_of_its_own():
    lines = rich_text.broken("a supercalifragilistic b", 5.0, lambda _style, letters: float(len(letters)))
    assert [line[0].text for line in lines] == ["a", "supercalifragilistic", "b"]
    assert rich_text.broken("", 5.0, lambda *_: 1.0) == [()]
