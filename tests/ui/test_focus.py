"""Panels by keyboard alone: the way in, around and out, and that the stage keeps its keys while it has the keyboard."""

from __future__ import annotations

import pytest
from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import RING, find, recording

pytestmark = pytest.mark.gl
K = imgui.Key


def area(driver) -> str:
    driver.frame(3)
    return driver.overlay.memory.area


def walk_to(driver, name: str, limit: int = 80) -> None:
    """Press the down arrow until the ring is on a widget."""
    for _ in range(limit):
        with recording() as found:
            driver.frame()
        if name in found.get(RING, ()):
            return
        driver.key(K.down_arrow)
        driver.frame()
    raise AssertionError(f"the ring never came to {name!r}")


def test_f6_goes_round_and_tab_goes_in(driver):
    seen = []
    for _ in range(4):
        driver.key(K.f6)
        seen.append(area(driver))
    assert seen == ["##dock", "##transport", "##header", ""]
    driver.key(K.f6, K.mod_shift)
    assert area(driver) == "##header"
    driver.key(K.escape)
    driver.key(K.tab)
    assert area(driver) == "##dock"
    assert driver.commands == [] and driver.edits == []


def test_while_the_stage_has_the_keyboard_its_keys_work_also_after_a_click_on_a_panel(driver):
    driver.only("Look")
    driver.click(*find(driver, "look.dashes"))
    driver.forget()
    driver.move(500, 300)
    driver.key(K.space)
    assert driver.commands == [("pause", None)]
    imgui.get_io().add_key_event(K.left_arrow, True)
    assert driver.frame().stage.turn == (-1.0, 0.0)
    imgui.get_io().add_key_event(K.left_arrow, False)
    driver.frame()


def test_in_the_panels_arrows_and_space_belong_to_them(driver):
    driver.key(K.tab)
    driver.frame(3)
    imgui.get_io().add_key_event(K.down_arrow, True)
    assert driver.frame().stage.turn == (0.0, 0.0)
    imgui.get_io().add_key_event(K.down_arrow, False)
    driver.frame()
    for key in (K.page_down, K.page_up, K.home, K.end):
        driver.key(key)
    assert driver.commands == []


def test_a_section_is_opened_and_a_switch_in_it_pressed_without_a_mouse(driver):
    driver.only()
    driver.key(K.tab)
    driver.frame(3)
    walk_to(driver, "group Appearance")
    driver.key(K.enter)
    walk_to(driver, "Look")
    driver.key(K.enter)
    driver.frame(3)
    assert driver.overlay._dock.opened["Look"]
    walk_to(driver, "look.dashes")
    driver.key(K.space)
    driver.frame(2)
    assert driver.edits == [("look.dashes", False)]


def test_a_slider_is_moved_and_escape_lets_go_of_it_first(driver):
    driver.only("Look")
    driver.key(K.tab)
    driver.frame(3)
    walk_to(driver, "look.edge_width")
    driver.key(K.space)
    driver.frame(2)
    imgui.get_io().add_key_event(K.right_arrow, True)
    driver.frame(40)
    imgui.get_io().add_key_event(K.right_arrow, False)
    driver.frame(2)
    assert driver.edits and driver.edits[-1][0] == "look.edge_width"
    driver.key(K.escape)
    assert area(driver) == "##dock"  # the slider, not the panel
    driver.key(K.escape)
    assert area(driver) == ""


def test_a_list_is_opened_chosen_from_and_closed(driver):
    driver.only("Training")
    driver.key(K.tab)
    driver.frame(3)
    walk_to(driver, "train.optimizer")
    driver.key(K.enter)
    driver.frame(3)
    driver.key(K.escape)
    assert area(driver) == "##dock" and driver.edits == []
    driver.key(K.enter)
    driver.frame(3)
    driver.key(K.down_arrow)
    driver.key(K.enter)
    driver.frame(3)
    assert [path for path, _ in driver.edits] == ["train.optimizer"]


def test_the_bar_is_walked_and_pressed(driver):
    driver.key(K.f6)
    driver.key(K.f6)
    driver.frame(4)
    driver.key(K.right_arrow)
    driver.key(K.left_arrow)
    driver.frame(2)
    driver.key(K.space)
    driver.frame(2)
    assert len(driver.commands) == 1


def test_a_press_on_the_stage_gives_it_the_keyboard_back(driver):
    driver.key(K.tab)
    assert area(driver) == "##dock"
    driver.click(500, 300)
    assert area(driver) == ""
    assert not imgui.get_io().want_capture_keyboard


def test_the_ring_is_seen(driver):
    from nnviz3d.spec.scene import Look

    driver.scene = driver.scene.model_copy(update={"look": Look()})
    before = driver.frame(5) and driver.pixels().astype(int)
    driver.key(K.tab)
    driver.frame(4)
    changed = abs(driver.pixels().astype(int) - before).max(-1)[:, 920:] > 40
    red, green, blue = (round(255 * c) for c in theme.rgb(theme.ACCENT))
    assert 40 < changed.sum() < 3000 and red > blue and green > blue


def test_without_panels_on_screen_there_are_the_bar_and_the_header(driver):
    driver.key(K.h)
    driver.key(K.f6)
    assert area(driver) == "##transport"
    driver.key(K.escape)
    driver.key(K.tab)
    assert area(driver) == "##transport"
    driver.key(K.h)
    assert area(driver) == "##transport"


def test_hiding_the_panels_that_have_the_keyboard_gives_it_back(driver):
    driver.key(K.tab)
    assert area(driver) == "##dock"
    driver.overlay.memory.panels = False
    assert area(driver) == ""


def test_a_narrow_window_has_one_way_in_and_out():
    narrow = Driver(480, 360)
    narrow.overlay.memory.sheet = True
    narrow.frame(3)
    narrow.key(K.f6)
    assert area(narrow) == "##dock"
    narrow.key(K.f6)
    assert area(narrow) == ""
    narrow.close()


def test_a_gamepad_goes_in_and_out(driver):
    imgui.get_io().backend_flags |= imgui.BackendFlags_.has_gamepad
    driver.frame(2)
    driver.key(K.gamepad_start)
    assert area(driver) == "##dock"
    driver.key(K.gamepad_dpad_down)
    assert driver.commands == []
    driver.key(K.gamepad_face_right)
    assert area(driver) == ""


def test_typing_a_number_without_a_mouse(driver):
    driver.only("Training")
    driver.readout = readouts.readout(running=False)
    driver.key(K.tab)
    driver.frame(3)
    walk_to(driver, "train.learning_rate")
    driver.key(K.enter)
    driver.frame(3)
    driver.key(K.a, K.mod_ctrl, K.left_ctrl)
    for character in "0.25":
        imgui.get_io().add_input_character(ord(character))
    driver.frame(2)
    driver.key(K.enter)
    driver.frame(3)
    assert driver.edits == [("train.learning_rate", 0.25)] and driver.commands == []
