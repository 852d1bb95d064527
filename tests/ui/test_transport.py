"""The bars that run time: every button and key gives its command, every speed its unit, and what has no room is in the list."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from imgui_bundle import imgui

from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.key_bindings import ROWS
from nnviz3d.spec.readout import ChangeReading, MomentReading, MomentsReading, WalkReading
from nnviz3d.ui.hud import speed
from tests.helpers.walk_reading import line
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find, recording

pytestmark = pytest.mark.gl
K = imgui.Key
PHASES = ("Input", "Forward, layer 1 of 1", "Loss", "Backward, layer 1 of 1", "Update, layer 1 of 1", "After the update")
KINDS = ("input", "forward", "loss", "backward", "update", "after")
WALK = WalkReading(line(PHASES), KINDS, 2.5, True, 0.5, 32, 0.3, 0.2, "3 (90 %)", "3 (95 %)", "|w a|", False, step=12, phase=2)


def walk(**changes):
    return readouts.readout(walk=dataclasses.replace(WALK, **changes), oldest=0, newest=1234)


def moment(name, **changes):
    facts = MomentReading(name, 120, 2.5, 0.3, 0.28, 0.31, 0.93, 0.91, "3 (80 %)", True, True)
    return dataclasses.replace(facts, **changes)


CHANGES = (ChangeReading(2, 1, 66, 2, 5, 0.1, -0.4), ChangeReading(3100, 2, 70, 0, None, 0.0, 0.2))
BOTH = MomentsReading("", (moment("A"), moment("B", step=300)), CHANGES)


def on_screen(driver) -> dict:
    driver.frame(3)
    with recording() as found:
        driver.frame()
    return found


@pytest.mark.parametrize(
    ("button", "command"),
    [
        ("back", ("move", ("step", -1))), ("step", ("step", None)), ("epoch", ("move", ("epoch", 1))), ("walk", ("walk", None)),
        ("reset", ("reset", None)), ("new_seed", ("new_seed", None)),
    ],
)  # fmt: skip
def test_buttons_outside_a_walk(driver, button, command):
    driver.click(*find(driver, button))
    assert driver.commands == [command]


@pytest.mark.parametrize(
    ("button", "command"),
    [
        ("walk_leave", ("walk_leave", None)), ("walk_previous", ("move", ("step", -1))), ("walk_back", ("walk_by", -1)),
        ("walk_play", ("walk_play", False)), ("walk_on", ("walk_by", 1)), ("walk_next", ("walk", None)),
        ("gradient.True", ("walk_gradient", True)), ("walk_loop", ("walk_loop", "again")),
    ],
)  # fmt: skip
def test_buttons_in_a_walk(driver, button, command):
    driver.readout = walk()
    driver.click(*find(driver, button))
    assert driver.commands == [command]


def test_what_cannot_be_done_is_off(driver):
    driver.readout = walk(step=1, number=0.0)
    for button in ("walk_previous", "walk_back", "gradient.False"):
        driver.click(*find(driver, button))
    driver.readout = readouts.readout(step=0)
    driver.click(*find(driver, "back"))
    assert driver.commands == []


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("unit", ["phase", "layer", "sample", "step", "epoch"])
@pytest.mark.parametrize("count", [1, -1])
def test_the_list_moves_by_every_unit(driver, inside, unit, count):
    driver.readout = walk() if inside else readouts.readout()
    driver.click(*find(driver, "moves"))
    if not inside and unit in ("phase", "layer"):
        assert f"{unit}{count:+d}" not in on_screen(driver)
        return
    driver.click(*find(driver, f"{unit}{count:+d}"))
    assert driver.commands == [("move", (unit, count))]


@pytest.mark.parametrize(
    ("key", "mods", "outside", "inside"),
    [
        (K.period, (), ("step", None), ("walk_by", 1)),
        (K.comma, (), ("move", ("step", -1)), ("walk_by", -1)),
        (K.page_down, (), ("move", ("step", 1)), ("move", ("step", 1))),
        (K.page_up, (), ("move", ("step", -1)), ("move", ("step", -1))),
        (K.page_down, (K.mod_shift,), None, ("move", ("layer", 1))),
        (K.page_up, (K.mod_shift,), None, ("move", ("layer", -1))),
        (K.page_down, (K.mod_ctrl,), ("move", ("epoch", 1)), ("move", ("epoch", 1))),
        (K.page_up, (K.mod_ctrl,), ("move", ("epoch", -1)), ("move", ("epoch", -1))),
        (K.home, (), ("rewind", 10), ("walk_to", 0.0)),
        (K.end, (), ("rewind", 1234), ("walk_to", 6.0)),
        (K.space, (), ("pause", None), ("walk_play", False)),
        (K.i, (), ("walk", None), ("walk", None)),
        (K.g, (), None, ("walk_gradient", True)),
        (K.l, (), None, ("walk_loop", "again")),
        (K.right_bracket, (), ("next_sample", None), ("next_sample", None)),
        (K.f2, (), ("keep_moment", "A"), ("keep_moment", "A")),
        (K.f3, (), ("keep_moment", "B"), ("keep_moment", "B")),
        (K.f2, (K.mod_shift,), ("enter_moment", "A"), ("enter_moment", "A")),
        (K.f3, (K.mod_shift,), ("enter_moment", "B"), ("enter_moment", "B")),
        (K.f4, (), None, None),
        (K.gamepad_dpad_right, (), ("step", None), ("walk_by", 1)),
        (K.gamepad_dpad_left, (), ("move", ("step", -1)), ("walk_by", -1)),
        (K.gamepad_face_down, (), ("pause", None), ("walk_play", False)),
    ],
)
@pytest.mark.parametrize("in_walk", [False, True])
def test_keys(driver, key, mods, outside, inside, in_walk):
    if key in (K.gamepad_dpad_right, K.gamepad_dpad_left, K.gamepad_face_down):
        imgui.get_io().backend_flags |= imgui.BackendFlags_.has_gamepad
    driver.readout = walk() if in_walk else readouts.readout(oldest=10, newest=1234)
    driver.frame()
    driver.key(key, *mods)
    expected = inside if in_walk else outside
    assert driver.commands == ([] if expected is None else [expected])


def test_f4_goes_through_what_can_be_looked_at(driver):
    seen = [""]
    for _ in range(4):
        driver.readout = readouts.readout(moments=dataclasses.replace(BOTH, shown=seen[-1]))
        driver.forget()
        driver.key(K.f4)
        ((_, view),) = driver.commands
        seen.append(view)
    assert seen == ["", "A", "B", "B - A", ""]
    driver.forget()
    driver.readout = readouts.readout(moments=MomentsReading("", (moment("A"), moment("B", fits=False))))
    driver.key(K.f4)
    driver.readout = readouts.readout(moments=MomentsReading("A", (moment("A"), moment("B", fits=False))))
    driver.key(K.f4)
    assert driver.commands == [("show_moment", "A"), ("show_moment", "")]


def test_escape_leads_back_to_now(driver):
    driver.readout = readouts.readout(moments=dataclasses.replace(BOTH, shown="A"))
    driver.key(K.escape)
    assert driver.commands == [("show_moment", "")]


def test_the_switch_of_moments_appears_when_one_is_kept(driver):
    assert "moment.A" not in on_screen(driver)
    driver.readout = readouts.readout(moments=BOTH)
    driver.click(*find(driver, "moment.B - A"))
    assert driver.commands == [("show_moment", "B - A")]
    driver.forget()
    driver.readout = readouts.readout(moments=MomentsReading("", (moment("A"),)))
    driver.click(*find(driver, "moment.B - A"))  # there is no B
    assert driver.commands == []
    driver.click(*find(driver, "moment.A"))
    assert driver.commands == [("show_moment", "A")]


def test_the_button_of_moments_opens_their_section(driver):
    driver.only("Charts")
    assert "Keep as A##keep" not in on_screen(driver) and not driver.overlay._dock.opened["Moments"]
    driver.click(*find(driver, "moments"))
    driver.frame(3)
    assert driver.overlay._dock.opened["Moments"]
    driver.key(K.h)
    driver.click(*find(driver, "moments"))
    assert driver.frame(2).free.right > 0


@pytest.mark.parametrize(
    "kept",
    [(), (moment("A"),), (moment("B", fits=False, answer=""),), (moment("A", loss=None, test_loss=None, test_accuracy=None), moment("B"))],
)
def test_the_section_of_moments_draws_what_there_is(driver, kept):
    driver.only("Moments")
    driver.readout = readouts.readout(moments=MomentsReading("", kept, CHANGES if len(kept) == 2 else ()))
    driver.frame(4)
    assert driver.pixels()[:, 940:].max() > 200 and driver.commands == []
    driver.click(*find(driver, "keep"))
    assert driver.commands == [("keep_moment", "A")]


def test_going_back_and_choosing_a_change():
    driver = Driver(1280, 1100)
    driver.only("Moments")
    driver.readout = readouts.readout(moments=BOTH)
    driver.click(*find(driver, "enter", 1))
    driver.click(*find(driver, "change3100"))
    assert driver.commands == [("enter_moment", "B"), ("pick", 70), ("choose", 3100)]
    driver.close()


def typed(driver, character: str) -> None:
    imgui.get_io().add_input_character(ord(character))
    driver.frame(2)


def test_faster_and_slower_go_through_the_list_in_steps_and_in_epochs(driver):
    assert driver.scene.train.steps_per_second == 0.0
    typed(driver, "+")
    assert driver.edits == []  # full speed is the fastest
    rates = []
    for _ in range(14):
        driver.forget()
        typed(driver, "-")
        if not driver.edits:
            break
        ((path, rate),) = driver.edits
        assert path == "train.steps_per_second"
        rates.append(rate)
        driver.scene = toml.apply(driver.scene, [Edit(path, rate)])
    assert rates == [*reversed(speed.STEPS[:-1])] and rates[-1] == 1 / 16
    driver.readout = readouts.readout(epoch_steps=45)
    driver.click(*find(driver, "speed"))
    driver.forget()
    driver.click(*find(driver, "4 epochs/s"))
    assert driver.edits == [("train.steps_per_second", 180.0)]
    driver.scene = toml.apply(driver.scene, [Edit("train.steps_per_second", 180.0)])
    driver.forget()
    typed(driver, "+")
    assert driver.edits == [("train.steps_per_second", 16 * 45.0)]


def test_speed_of_a_walk_by_list_and_by_keys(driver):
    driver.readout = walk()
    driver.click(*find(driver, "walk_speed"))
    driver.click(*find(driver, "1/16 phases/s"))
    driver.readout = walk(speed=16.0)
    typed(driver, "+")
    driver.readout = walk(speed=0.0)
    typed(driver, "+")
    typed(driver, "-")
    assert driver.commands == [("walk_speed", 1 / 16), ("walk_speed", 0.0), ("walk_speed", 16.0)]


def test_a_speed_that_is_not_in_the_list_has_neighbours(driver):
    driver.scene = toml.apply(driver.scene, [Edit("train.steps_per_second", 120.0)])
    typed(driver, "+")
    typed(driver, "-")
    assert driver.edits == [("train.steps_per_second", 300.0), ("train.steps_per_second", 100.0)]


def test_plus_on_a_keyboard_where_it_stands_on_the_bracket_shows_no_other_sample(driver):
    imgui.get_io().add_input_character(ord("+"))
    driver.key(K.right_bracket)
    assert driver.commands == []


def test_every_speed_says_its_unit():
    assert [speed.words(v, "steps") for v in (1 / 16, 0.5, 1.0, 120.0, 1000.0, 2.6667)] == [
        "1/16 steps/s", "1/2 steps/s", "1 steps/s", "120 steps/s", "1,000 steps/s", "2.67 steps/s",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "height", "scale"), [(1280, 720, 1), (900, 600, 1), (1280, 720, 2), (480, 360, 1), (320, 240, 1)])
@pytest.mark.parametrize("inside", [False, True])
def test_bars_stay_on_the_stage_and_what_has_no_room_is_in_the_list(width, height, scale, inside):
    small = Driver(width, height, scale)
    small.readout = walk() if inside else readouts.readout(moments=BOTH, oldest=0, newest=2000)
    found = on_screen(small)
    stage = width * (1 - small.frame().free.right)
    bar = ("walk_leave", "walk_play", "walk_on", "moves") if inside else ("play", "step", "walk", "reset", "new_seed", "moves")
    names = ("back", "epoch", "speed", "walk_speed", "walk_loop", "gradient.True", "moment.A", *bar)
    for name in bar:
        assert name in found, name
    for name in names:
        for x, y in found.get(name, ()):
            assert 18 * scale <= x <= stage - 18 * scale and 0 < y < height - 18 * scale, name
    row = sorted(x for name in bar for x, _ in found[name])
    assert all(b - a >= 35 * scale for a, b in pairwise(row))  # no button lies on another
    small.click(*found["moves"][0])
    listed = found | on_screen(small)
    for name in ("walk_speed", "gradient.True", "loop.on") if inside else ("speed", "moment.A"):
        assert name in listed, name
    small.close()


def test_a_place_of_the_history_and_of_the_iteration_is_dragged_to(driver):
    driver.readout = readouts.readout(oldest=0, newest=2000, step=2000)
    x, y = find(driver, "history")
    driver.move(x, y)
    driver.button(True)
    for at in (x - 100, x + 60):
        imgui.get_io().add_mouse_pos_event(at, y)
        driver.frame()
    driver.button(False)
    steps = [value for name, value in driver.commands if name == "rewind"]
    assert min(steps) < 1000 < max(steps)
    driver.forget()
    driver.readout = walk()
    driver.click(*find(driver, "walk"))
    assert driver.commands[0][0] == "walk_to" and driver.commands[0][1] == pytest.approx(3.0, abs=0.1)


def test_help_lists_every_key_of_time(driver):
    reported = " ".join(row.shown for row in ROWS)
    for key in (
        "Space",
        ",",
        ".",
        "PgUp",
        "PgDn",
        "Ctrl+PgUp",
        "Shift+PgUp",
        "Home",
        "End",
        "-",
        "+",
        "I",
        "G",
        "L",
        "F2",
        "F3",
        "F4",
        "F6",
    ):
        assert key in reported, key


def test_stop_conditions_are_typed(driver):
    driver.only("Training")
    driver.click(*find(driver, "training"))
    driver.move(1100, 500)
    for _ in range(40):
        if find(driver, "train.stop_accuracy")[1] < 640:  # in sight
            break
        imgui.get_io().add_mouse_wheel_event(0, -2)
        driver.frame(2)
    for path, text, value in (("train.stop_test_loss", "0.25", 0.25), ("train.stop_accuracy", "0.9", 0.9)):
        driver.forget()
        driver.click(*find(driver, path))
        driver.key(K.a, K.mod_ctrl, K.left_ctrl)
        for character in text:
            imgui.get_io().add_input_character(ord(character))
        driver.frame(2)
        driver.key(K.enter)
        driver.frame(2)
        assert driver.edits == [(path, value)]
