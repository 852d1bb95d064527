"""Pointer and keys on the stage: clicks are not drags, panels keep what is theirs, shortcuts give their commands."""

from __future__ import annotations

import pytest
from imgui_bundle import imgui

from nnviz3d.spec.key_bindings import ROWS
from nnviz3d.ui.hud import hotkeys
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find, recording

pytestmark = pytest.mark.gl
K = imgui.Key


def test_a_click_is_not_a_drag(driver):
    driver.move(500, 300)
    driver.button(True)
    imgui.get_io().add_mouse_pos_event(502, 301)  # a trembling hand
    assert driver.frame().stage.orbit == (0.0, 0.0)
    answer = driver.button(False)
    assert answer.stage.clicked and answer.stage.pointer == (502, 301)


def test_a_drag_orbits_and_does_not_click(driver):
    driver.move(500, 300)
    driver.button(True)
    imgui.get_io().add_mouse_pos_event(540, 310)
    assert driver.frame().stage.orbit == (40.0, 10.0)
    imgui.get_io().add_mouse_pos_event(1200, 310)  # over the dock: the drag goes on
    assert driver.frame().stage.orbit == (660.0, 0.0)
    assert not driver.button(False).stage.clicked


@pytest.mark.parametrize("button", [1, 2])
def test_the_other_buttons_pan(driver, button):
    driver.move(500, 300)
    driver.button(True, button)
    imgui.get_io().add_mouse_pos_event(520, 300)
    answer = driver.frame()
    assert answer.stage.pan == (20.0, 0.0) and answer.stage.orbit == (0.0, 0.0)
    assert not driver.button(False, button).stage.clicked


def test_shift_drag_pans(driver):
    driver.move(500, 300)
    imgui.get_io().add_key_event(K.mod_shift, True)
    driver.button(True)
    imgui.get_io().add_mouse_pos_event(520, 300)
    assert driver.frame().stage.pan == (20.0, 0.0)
    driver.button(False)
    imgui.get_io().add_key_event(K.mod_shift, False)


def test_the_wheel_zooms_on_the_stage_only(driver):
    driver.move(500, 300)
    imgui.get_io().add_mouse_wheel_event(0, 2)
    assert driver.frame().stage.zoom == 2
    driver.move(1100, 300)
    imgui.get_io().add_mouse_wheel_event(0, 2)
    assert driver.frame().stage.zoom == 0


def test_a_press_on_a_panel_never_reaches_the_stage(driver):
    driver.move(1100, 60)
    driver.button(True)
    imgui.get_io().add_mouse_pos_event(500, 300)
    answer = driver.frame()
    assert answer.stage.orbit == (0.0, 0.0)
    assert not driver.button(False).stage.clicked


def test_double_click(driver):
    driver.move(500, 300)
    answers = [driver.button(down) for down in (True, False, True, False)]
    assert [answer.stage.double_clicked for answer in answers] == [False, False, True, False]


def test_held_keys_move_and_turn(driver):
    io = imgui.get_io()
    for key in (K.w, K.d, K.left_arrow):
        io.add_key_event(key, True)
    answer = driver.frame()
    assert answer.stage.move == (1.0, 0.0, 1.0) and answer.stage.turn == (-1.0, 0.0)
    for key in (K.w, K.d, K.left_arrow):
        io.add_key_event(key, False)
    assert driver.frame().stage.move == (0.0, 0.0, 0.0)


def test_gamepad_sticks(driver):
    io = imgui.get_io()
    io.backend_flags |= imgui.BackendFlags_.has_gamepad
    io.add_key_analog_event(K.gamepad_l_stick_right, True, 0.6)
    io.add_key_analog_event(K.gamepad_r_stick_up, True, 0.1)  # in the dead zone
    stage = driver.frame().stage
    assert 0.4 < stage.turn[0] < 0.6 and stage.move == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("key", "mods", "command"),
    [
        (K.period, (), ("step", None)),
        (K.r, (), ("reset", None)),
        (K.n, (), ("new_seed", None)),
        (K.f, (), ("fit", None)),
        (K.f11, (), ("fullscreen", None)),
        (K.f12, (), ("screenshot", None)),
        (K.f12, (K.mod_shift,), ("screenshot", "4K")),
        (K._1, (), ("camera", "three_quarter")),
        (K._6, (), ("camera", "output")),
        (K.left_bracket, (), ("previous_sample", None)),
        (K.right_bracket, (), ("next_sample", None)),
        (K.s, (K.mod_ctrl,), ("save", None)),
        (K.z, (K.mod_ctrl,), ("undo", None)),
        (K.z, (K.mod_ctrl, K.mod_shift), ("redo", None)),
        (K.y, (K.mod_ctrl,), ("redo", None)),
    ],
)
def test_shortcuts(driver, key, mods, command):
    driver.frame()
    driver.key(key, *mods)
    assert driver.commands == [command]


def test_space_plays_and_pauses(driver):
    driver.key(K.space)
    driver.readout = readouts.readout(running=False)
    driver.key(K.space)
    assert driver.commands == [("pause", None), ("play", None)]


def test_h_hides_the_panels_and_gives_the_stage_their_room(driver):
    assert driver.frame().free.right > 0.2
    driver.key(K.h)
    assert driver.frame().free.right == 0
    driver.key(K.h)
    assert driver.frame().free.right > 0.2


def test_the_list_of_keys_opens_and_closes(driver):
    imgui.get_io().add_input_character(ord("?"))
    driver.frame(3)
    assert driver.overlay.memory.help
    driver.key(K.escape)
    assert not driver.overlay.memory.help
    driver.key(K.f1)
    driver.click(640, 30)
    assert not driver.overlay.memory.help and not any(answer.stage.clicked for answer in driver.answers)


def test_escape_lets_go_of_one_thing_at_a_time(driver):
    driver.readout = readouts.readout(banner="diverged", neuron=readouts.neuron(2, 5))
    driver.key(K.escape)
    driver.readout = readouts.readout(neuron=readouts.neuron(2, 5))
    driver.key(K.escape)
    driver.readout = readouts.readout()
    driver.key(K.escape)
    assert driver.commands == [("dismiss", None), ("pick", None)]


def test_the_hint_goes_after_the_first_turn(driver):
    driver.overlay.memory.hint = True
    driver.frame(30)
    assert driver.overlay.memory.hint
    driver.click(500, 300)
    driver.frame(120)
    assert not driver.overlay.memory.hint


def test_in_a_narrow_window_the_panels_wait_and_then_lie_over_the_stage():
    narrow = Driver(480, 360)
    assert narrow.frame(3).free.right == 0
    find(narrow, "play")
    narrow.click(*find(narrow, "panels"))
    assert narrow.overlay.memory.sheet and narrow.frame().free.right == 0
    with recording() as found:
        narrow.frame()
    assert "hide" in found and "play" not in found
    narrow.key(K.h)
    find(narrow, "play")
    narrow.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (480, 360), (320, 240)])
def test_the_transport_and_the_header_stay_inside_the_stage(width, height):
    small = Driver(width, height)
    small.readout = readouts.readout(sentence="A sentence that is long enough to be broken into lines in any window. " * 2)
    small.frame(3)
    with recording() as found:
        stage = width * (1 - small.frame().free.right)
    for label in ("play", "new_seed", "scenes", "next"):
        x, y = found[label][0]
        assert 15 < x < stage - 15 and 8 < y < height - 15, label
    small.close()


def test_every_key_of_the_table_does_something():
    names = {name for row in ROWS for name in row.keys}
    assert names == set(hotkeys.ACTIONS) | hotkeys.ELSEWHERE


def test_b_makes_the_screen_black_and_any_key_brings_it_back(driver):
    driver.frame(3)
    bright = driver.pixels().max()
    driver.key(K.b)
    driver.frame(2)
    assert driver.pixels().max() == 0 < bright
    driver.key(K.r)
    driver.frame(2)
    assert driver.pixels().max() == bright and driver.commands == [], "and does nothing else"
    driver.key(K.b)
    driver.click(500, 300)
    assert not driver.overlay.memory.black and not any(answer.stage.clicked for answer in driver.answers)
