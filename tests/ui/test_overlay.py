"""The overlay as a person uses it: every kind of readout draws, clicks and keys give the right edits and commands."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec import scene_groups, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import FreeArea
from nnviz3d.spec.scene import Data, Layer, Look, Network, Scene, Train
from nnviz3d.spec.topology_builder import build_topology
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find, recording

pytestmark = pytest.mark.gl
ALL = ("Charts", "Health", "Training", "Neuron", "Network", "Data", "Look", "Performance")
EMPTY = np.zeros(0, np.float32)
REGRESSION = {"test_accuracy": None, "train_accuracy": None, "sample_right": None, "sample_answer": "0.31", "sample_label": "0.28"}
LONG = "ein sehr langer Klassenname mit Überschwänglichkeit " * 6
KINDS = {
    "no neuron": {},
    "input neuron": {"neuron": readouts.neuron(0, 12)},
    "hidden": {"neuron": readouts.neuron(2, 5), "pinned": True},
    "softmax output": {"neuron": readouts.neuron(3, 3)},
    "regression": {**REGRESSION, "charts": dataclasses.replace(readouts.CHARTS, train_accuracy=EMPTY, test_accuracy=EMPTY)},
    "banner": {"banner": "The loss became infinite at step 12: training is paused. " * 8},
    "toast": {"toast": "saved scenes/mine.toml"},
    "hovered": {"hovered": readouts.neuron(1, 7)},
    "nothing yet": {
        "loss": None,
        "test_loss": None,
        "step": 0,
        "charts": readouts.charts(0),
        "labels": (),
        "edges_total": 0,
        "sample_count": 0,
    },
    "not finite": {"loss": float("nan"), "neuron": readouts.neuron(2, 5, z=float("nan"), a=float("inf"))},
    "long names": {"sample_label": LONG, "sample_answer": LONG, "scene_name": LONG, "data_summary": LONG, "sentence": LONG, "toast": LONG},
    "any unicode": {
        "sample_label": "漢字 مرحبا 🧠 \x01\x00 %s%n \\frac{",
        "sample_answer": "हिन्दी",
        "neuron": readouts.neuron(3, 3, label="漢 %s"),
    },
}


def _pixel(driver: Driver) -> np.ndarray:
    driver.frame(4)
    return driver.pixels()


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_draws_each_kind_of_readout(driver, kind):
    driver.readout = readouts.readout(**KINDS[kind])
    driver.only(*ALL)
    picture = _pixel(driver)
    assert picture[:, 900:].max() > 200  # text on the dock
    assert driver.edits == [] and driver.commands == []


@pytest.mark.parametrize("kind", ["spiral", "blobs", "csv", "deep"])
def test_every_section_draws_other_scenes(driver, kind):
    data = {"csv": Data(kind="csv", file="a.csv"), "deep": Data()}.get(kind) or Data(kind=kind)
    many = tuple(Layer(units=8) for _ in range(40 if kind == "deep" else 0))
    train = Train(optimizer="adamw", loss="huber", schedule="cosine", l1=0.1)
    driver.scene = Scene(title="", network=Network(layers=many), data=data, train=train, look=Look(edges="change", palette="safe"))
    driver.readout = readouts.readout(topology=build_topology(driver.scene.network, (2,), 1, "linear"))
    driver.only(*ALL)
    driver.click(*find(driver, "training"))
    driver.frame(3)
    assert driver.edits == []


@pytest.mark.parametrize(("width", "height", "scale"), [(1920, 1080, 1.5), (800, 600, 1.0), (340, 260, 1.0), (64, 64, 2.0), (8, 8, 1.0)])
def test_every_size_of_window(width, height, scale):
    driver = Driver(width, height, scale)
    driver.readout = readouts.readout(neuron=readouts.neuron(2, 5), banner="x " * 200)
    driver.frame(4)
    assert 0 <= driver.overlay.free.right * width <= max(0.55 * width, 1)
    driver.close()


def test_compact_shows_the_caption_and_no_panels(driver):
    driver.move(1100, 300)
    answer = driver.frame(2, compact=True)
    picture = driver.pixels()
    assert answer.free == FreeArea() and answer.commands == ()
    assert picture[:, 1000:].max() < 60  # nothing at the right
    assert picture[620:, 300:1000].max() > 200  # the caption


def test_play_and_pause(driver):
    driver.readout = readouts.readout(running=False)
    driver.click(*find(driver, "play"))
    assert driver.commands == [("play", None)]
    driver.forget()
    driver.readout = readouts.readout(running=True)
    driver.click(*find(driver, "play"))
    assert driver.commands == [("pause", None)]


@pytest.mark.parametrize("name", ["step", "reset", "new_seed", "save", "undo", "fullscreen"])
def test_buttons_give_their_command(driver, name):
    driver.click(*find(driver, name))
    assert driver.commands == [(name, None)]


@pytest.mark.parametrize("size", [(640, 480), (800, 600), (1280, 720)])
def test_the_panel_s_buttons_stand_beside_each_other(size):
    driver = Driver(*size)
    driver.frame(3)
    with recording() as found:
        driver.frame()
    driver.close()
    names = ("file", "save", "undo", "redo", "picture", "capture", "fullscreen", "tour", "help", "hide")
    places = [found[name][0][0] for name in names if name in found]
    assert len(places) >= 9 and all(b - a >= 24 for a, b in pairwise(places)), places


@pytest.mark.parametrize(("entry", "value"), [("The window", None), ("4K  3840 x 2160", "4K"), ("16K  15360 x 8640", "16K")])
def test_the_camera_offers_pictures_of_any_size(driver, entry, value):
    driver.click(*find(driver, "picture"))
    driver.click(*find(driver, entry))
    assert driver.commands == [("screenshot", value)]


@pytest.mark.parametrize(("button", "name"), [("previous", "previous_sample"), ("next", "next_sample"), ("shuffle", "shuffle_sample")])
def test_sample_buttons(driver, button, name):
    driver.click(*find(driver, button))
    assert driver.commands == [(name, None)]


def test_redo_is_off_when_there_is_nothing_to_redo(driver):
    driver.click(*find(driver, "redo"))
    assert driver.commands == []


def test_add_layer_replaces_the_tuple_with_a_valid_one(driver):
    driver.only("Network")
    driver.click(*find(driver, f"{fa.ICON_FA_PLUS}  Add layer"))
    ((path, value),) = driver.edits
    scene = toml.apply(driver.scene, [Edit(path, value)])
    assert path == "network.layers" and [layer.units for layer in scene.network.layers] == [48, 32, 32]


def test_remove_layer(driver):
    driver.only("Network")
    driver.click(*find(driver, "remove", 0))
    ((path, value),) = driver.edits
    assert [layer.units for layer in toml.apply(driver.scene, [Edit(path, value)]).network.layers] == [32]


def test_move_layer_by_its_menu(driver):
    driver.only("Network")
    driver.click(*find(driver, "more", 1))
    driver.click(*find(driver, f"{fa.ICON_FA_ARROW_UP}   Towards the input"))
    ((path, value),) = driver.edits
    assert path == "network.layers" and [layer["units"] for layer in value] == [32, 48]


def test_learning_rate_typed_and_picked(driver):
    driver.only("Training")
    driver.click(*find(driver, "train.learning_rate"))
    driver.key(imgui.Key.a, imgui.Key.mod_ctrl, imgui.Key.left_ctrl)
    for character in "0.25":
        imgui.get_io().add_input_character(ord(character))
    driver.frame(2)
    assert driver.edits == []  # not while it is half typed
    driver.key(imgui.Key.enter)
    driver.frame(2)
    assert driver.edits == [("train.learning_rate", 0.25)]
    driver.forget()
    driver.click(*find(driver, "train.learning_rate.list"))
    driver.click(*find(driver, "0.01"))
    assert driver.edits == [("train.learning_rate", 0.01)]


def test_batch_stays_a_whole_number(driver):
    driver.only("Training")
    driver.click(*find(driver, "train.batch.list"))
    driver.click(*find(driver, "full training set"))
    assert driver.edits == [("train.batch", 0)] and isinstance(driver.edits[0][1], int)


def test_a_dragged_slider_gives_tidy_edits_and_says_that_it_is_held(driver):
    driver.only("Look")
    x, y = find(driver, "look.edge_width")
    driver.move(x, y)
    driver.button(True)
    imgui.get_io().add_mouse_pos_event(x + 15, y)
    answer = driver.frame()
    assert answer.editing and answer.edits[0].path == "look.edge_width"
    assert answer.edits[0].value == float(f"{answer.edits[0].value:.6g}")
    assert answer.stage.orbit == (0.0, 0.0) and answer.stage.pointer is None
    driver.button(False)
    assert not driver.frame().editing


def test_features_toggle_and_never_become_empty(driver):
    driver.scene = Scene(data=Data(kind="xor", features=("x1",)))
    driver.only("Data")
    driver.click(*find(driver, "x1"))
    assert driver.edits == []
    driver.click(*find(driver, "x1·x2"))
    assert driver.edits == [("data.features", ["x1", "x1*x2"])]


def test_scene_menu_opens_another_scene(driver):
    driver.click(*find(driver, "scenes"))
    driver.click(*find(driver, "spiral"))
    assert driver.commands == [("open", "spiral")]


@pytest.mark.parametrize("size", [(640, 480), (1280, 720)])
def test_the_scene_menu_fits_scrolls_to_its_last_scene_and_tells_what_each_is(size):
    driver = Driver(*size)
    driver.click(*find(driver, "scenes"))
    x, y = find(driver, "circle")
    driver.move(x, y)
    driver.frame(60)  # tooltips wait
    assert any(window.name.startswith("##Tooltip") and window.active for window in imgui.get_current_context().windows)
    for _ in range(40):
        imgui.get_io().add_mouse_wheel_event(0, -5)
        driver.frame()
    last = [name for name, group in zip(driver.readout.scene_names, readouts.GROUPS, strict=True) if group == scene_groups.FAILURES][-1]
    for label in (last, f"{fa.ICON_FA_FOLDER_OPEN}   Open a file …"):
        assert 0 < find(driver, label)[1] < size[1] - 10
    driver.close()


def tooltip() -> bool:
    return any(window.name.startswith("##Tooltip") and window.active for window in imgui.get_current_context().windows)


def test_a_widget_that_is_held_has_no_tooltip_until_the_pointer_has_left_it(driver):
    """It would cover what answers while one drags."""
    driver.only("Look")
    x, y = find(driver, "look.edge_width")
    driver.move(x, y)
    driver.frame(60)  # tooltips wait
    assert tooltip()
    driver.button(True)
    driver.frame(60)
    assert not tooltip(), "held"
    driver.button(False)
    driver.frame(60)
    assert not tooltip(), "still over it"
    driver.move(x, y - 400)
    driver.move(x, y)
    driver.frame(60)
    assert tooltip()


def test_banner_is_dismissed(driver):
    driver.readout = readouts.readout(banner="diverged")
    driver.frame(2)
    driver.click(*find(driver, "dismiss"))
    assert driver.commands == [("dismiss", None)]


def test_a_term_of_the_equation_leads_to_its_neuron(driver):
    reading = readouts.neuron(2, 5)
    driver.readout = readouts.readout(neuron=reading)
    driver.frame(3)
    driver.click(*find(driver, "Weighted sum1"))
    assert driver.commands == [("pick", reading.incoming.terms[0].neuron)]


def test_picking_opens_the_neuron_section_and_scrolls_to_it(driver):
    driver.only("Look")
    driver.readout = readouts.readout(neuron=readouts.neuron(2, 5))
    driver.frame(3)
    assert driver.overlay._dock.opened["Neuron"]
    assert 90 < find(driver, "Neuron")[1] < 200, "scrolled to; its place among the sections is as before"


def test_the_numbers_of_an_equation_change_together(driver):
    first, second = readouts.neuron(2, 5), readouts.neuron(2, 5, z=0.75, a=0.635149, bias=0.25)
    driver.readout = readouts.readout(neuron=first)
    driver.frame(20)
    driver.readout = readouts.readout(neuron=second)
    panel = driver.overlay._dock.neuron
    for _ in range(20):
        driver.frame()
        reading, sections = panel.shown
        assert reading is first or reading is second
        lines = [line for _, lines in sections for line in lines]
        assert {line.value for line in lines if line.kind == "bias"} == {reading.bias}
        assert reading.z in {line.value for line in lines if line.kind == "result"}
    assert panel.shown[0] is second


def test_the_theme_follows_the_scene_s_text_size(driver):
    narrow = driver.frame().free.right
    driver.scene = driver.scene.model_copy(update={"look": Look(ui_scale=1.25)})
    assert driver.frame(2).free.right == pytest.approx(1.25 * narrow, rel=0.01)
