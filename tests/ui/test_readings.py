"""Confusion matrix and layers as a person uses them: what is drawn, what is hovered, what a click does, and what nothing costs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.spec.readout import ConfusionReading, LayersReading
from nnviz3d.ui.core.texture import Bitmap
from nnviz3d.ui.panels import confusion, layer_plots
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find

pytestmark = pytest.mark.gl
CONFUSION, LAYERS = "Confusion matrix", "Layers"


def matrix(classes: int = 10, wrong: float = 0.1, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    count = (rng.random((classes, classes)) < wrong).astype(int) * rng.integers(1, 9, (classes, classes))
    np.fill_diagonal(count, 30)
    return count


def counted(count: np.ndarray, names=None, **changes):
    names = tuple(str(k) for k in range(len(count))) if names is None else names
    return readouts.readout(confusion=ConfusionReading(count, "test", 40, 40, **changes), class_names=names)


def history(moments: int = 40, layers: int = 3, quantity: str = "weight", layer: int = 0, bad: bool = False) -> LayersReading:
    rng = np.random.default_rng(2)
    step = np.arange(moments) * 25.0
    names = (*(f"hidden {k}" for k in range(1, layers)), "output")
    gradient, ratio = (10.0 ** rng.uniform(-5, -1, (moments, layers)) for _ in range(2))
    gradient[:1] = ratio[:1] = np.nan
    if bad:
        gradient[:], ratio[:] = np.nan, np.nan
    low = -1 - 0.01 * step
    count = rng.integers(0, 50, (moments, 48)).astype(float)
    return LayersReading(names, step, gradient, ratio, quantity, layer, step, low, low + 2.5, low + 1, count, 900, 4000, 256)


def shown(monkeypatch) -> list[str]:
    """Words of the tooltips that are shown."""
    said: list[str] = []
    monkeypatch.setattr(confusion, "show_tip", lambda f, text: said.append(text))
    monkeypatch.setattr(imgui, "set_tooltip", said.append)
    return said


@pytest.fixture
def tall():
    driver = Driver(1280, 1100)
    yield driver
    driver.close()


def cell(driver, i: int, j: int, classes: int) -> tuple[float, float]:
    """The middle of a cell on the screen."""
    panel = driver.overlay._dock.confusion
    _, width, height, x, y = panel._drawn
    return x + (j + 0.5) * width / classes, y + (i + 0.5) * height / classes


# ---------------------------------------------------------------- confusion


def test_hovering_a_cell_tells_its_numbers_and_a_click_asks_for_such_a_sample(driver, monkeypatch):
    said, count = shown(monkeypatch), matrix()
    count[3] = 0
    count[3, 3], count[3, 5] = 29, 7
    driver.readout = counted(count)
    driver.only(CONFUSION)
    driver.move(*cell(driver, 3, 5, 10))
    assert said[-1].splitlines()[0] == "true 3, said 5: 7 of 36 (19 %)" and driver.commands == []
    driver.click(*cell(driver, 3, 5, 10))
    assert driver.commands == [("browse_cell", (3, 5))]
    driver.forget()
    driver.click(*cell(driver, 3, 4, 10))
    assert said[-1] == "true 3, said 4: none of 36" and driver.commands == []


def test_the_worst_mistakes_are_reported_and_lead_to_a_sample(driver):
    count = matrix(4, 0)
    count[1, 2], count[0, 3] = 5, 9
    driver.readout = counted(count, ("ant", "bee", "cow", "dog"))
    driver.only(CONFUSION)
    assert confusion.worst(count) == [(0, 3, 9, 39), (1, 2, 5, 35)]
    driver.click(*find(driver, "worst1,2"))
    assert driver.commands == [("browse_cell", (1, 2))]


def test_a_share_below_ten_percent_has_a_decimal():
    count = np.array([[98, 2], [0, 0]])
    assert "2 of 100 (2.0 %)" in confusion.sentence(count, ("a", "b"), 0, 1)
    assert "98 of 100 (98 %)" in confusion.sentence(count, ("a", "b"), 0, 0)
    assert confusion.sentence(count, ("a", "b"), 1, 0).endswith("there are no such samples")


@pytest.mark.parametrize("classes", [1, 2, 3, 10, 30, 100, 128])
@pytest.mark.parametrize("names", ["numbers", "long"])
def test_every_number_of_classes_stays_inside_the_dock(tall, monkeypatch, classes, names):
    words = tuple(f"{'a very long class name %s ' * (names == 'long')}{k}" for k in range(classes))
    tall.readout = counted(matrix(classes, 0.02), words)
    tall.only(CONFUSION)
    panel = tall.overlay._dock.confusion
    _, width, height, x, _ = panel._drawn
    assert 180 < width < 330 and 25 <= height < 330 and x + width < 1268
    for place, _, text in panel._names + panel._texts:
        assert place.x >= 930 and place.x + imgui_width(tall, text) < 1268
    said = shown(monkeypatch)
    tall.move(*cell(tall, classes - 1, 0, classes))
    assert said[-1].startswith(f"true {words[-1]}, said {words[0]}: ")
    assert len(panel._names) <= 2 + 2 * 26 and len(panel._texts) <= classes * classes


def imgui_width(driver, text: str) -> float:
    driver.host.begin_overlay(1 / 60)
    imgui.push_font(None, 12.5)
    width = imgui.calc_text_size(text).x
    imgui.pop_font()
    driver.host.end_overlay()
    return width


def test_cells_are_where_the_pointer_finds_them_and_mistakes_stand_out():
    count = np.array([[50, 1, 0], [0, 0, 40], [0, 0, 9]])
    picture = confusion.picture(count, 90, 60).astype(int)
    middle = picture[10::20, 15::30]
    assert picture.shape == (60, 90, 4) and middle.shape[:2] == (3, 3)
    alpha = middle[..., 3] / 255
    assert alpha[0, 1] > 0.3, "one mistake of 51 is seen"
    assert alpha[1, 2] > 0.95 > alpha[0, 0] and (middle[1, 2, :3] != middle[0, 0, :3]).any()
    assert (picture[:, 30, 3] == 0).all() and (picture[20, :, 3] == 0).all(), "a gap between cells"
    tiny = confusion.picture(matrix(100, 0.01), 290, 290)
    assert (tiny[..., 3] > 0).all(), "no room for gaps"


def test_the_picture_is_written_only_when_its_numbers_changed(driver):
    driver.readout = counted(matrix())
    driver.only(CONFUSION)
    panel = driver.overlay._dock.confusion
    written = panel.bitmap.writes
    for k in range(5):
        driver.readout = dataclasses.replace(driver.readout, step=k)
        driver.frame(3)
    assert panel.bitmap.writes == written
    driver.readout = counted(matrix(seed=5))
    driver.frame(2)
    assert panel.bitmap.writes == written + 1


def test_without_classes_and_before_the_count_it_says_so(driver):
    driver.readout = readouts.readout(sample_right=None)
    driver.only(CONFUSION)
    assert "confusion" not in driver.frame().wants
    driver.readout = readouts.readout()
    assert driver.frame(2).wants["confusion"] is True
    driver.readout = counted(np.zeros((3, 3), int), mute=12)
    driver.frame(2)
    assert driver.edits == [] and driver.commands == []


def test_what_is_closed_or_scrolled_away_wants_nothing(driver):
    driver.readout = counted(matrix())
    driver.only("Charts")
    assert driver.frame().wants == {}
    driver.only(*(section.title for section in driver.overlay._dock.sections))
    driver.readout = dataclasses.replace(driver.readout, layers=history())
    driver.move(1100, 400)
    for _ in range(120):
        imgui.get_io().add_mouse_wheel_event(0, -5)
        driver.frame()
    assert "confusion" not in driver.frame().wants
    driver.key(imgui.Key.h)
    assert driver.frame(2).wants == {}, "the dock is hidden"


def test_first_time_visitors_see_them_closed(driver):
    opened = driver.overlay._dock.opened
    assert [title for title, is_open in opened.items() if is_open] == ["Charts", "Health", "Training", "Neuron"]


# ---------------------------------------------------------------- layers


def layers_of(driver, **facts):
    driver.readout = readouts.readout(layers=history(**facts))
    driver.only(LAYERS)
    return driver.overlay._dock.layers


@pytest.mark.parametrize("layers", [1, 3, 40])
@pytest.mark.parametrize("moments", [1, 2, 40])
@pytest.mark.parametrize("view", ["values", "flow", "ratio"])
def test_every_view_draws_every_size(driver, monkeypatch, view, layers, moments):
    said = shown(monkeypatch)
    panel = layers_of(driver, layers=layers, moments=moments)
    panel.view = view
    driver.frame(3)
    x, y = find(driver, "ratio")
    driver.move(x - 60, y + (130 if view == "values" else 90))
    assert driver.pixels()[250:420, 950:1250].max() > 60
    if moments > 1:
        assert "step" in said[-1]
    assert driver.edits == [] and driver.commands == []


@pytest.mark.parametrize("view", ["values", "flow", "ratio"])
def test_nothing_known_yet_is_said_in_words(driver, view):
    panel = layers_of(driver, bad=True)
    panel.view = view
    driver.frame(2)
    driver.readout = readouts.readout()
    driver.frame(2)
    assert driver.commands == []


def test_views_quantity_and_layer_are_chosen_by_clicks(driver):
    panel = layers_of(driver)
    assert driver.frame().wants["layers"] == ("weight", 0)
    driver.click(*find(driver, "quantity"))
    driver.click(*find(driver, "activations"))
    driver.click(*find(driver, "layer"))
    driver.click(*find(driver, "output"))
    assert driver.frame().wants["layers"] == ("activation", 2)
    for view in ("flow", "ratio", "values"):
        driver.click(*find(driver, view))
        assert panel.view == view
    driver.readout = readouts.readout(layers=history(quantity="activation", layer=2))
    driver.click(*find(driver, "log axis"))
    assert panel.log == {"weight": False, "gradient": True, "activation": True}
    assert driver.edits == [] and driver.commands == []


def test_a_layer_chosen_on_the_stage_is_followed(driver):
    panel = layers_of(driver)
    driver.readout = dataclasses.replace(driver.readout, layer=2)
    assert driver.frame(2).wants["layers"] == ("weight", 1) and panel.layer == 1
    driver.readout = dataclasses.replace(driver.readout, layer=0)
    assert driver.frame(2).wants["layers"] == ("weight", 0), "the input has no weights: the first that has"


def test_the_heat_is_prepared_once_for_each_reading(driver):
    panel = layers_of(driver)
    written = panel.spread.bitmap.writes
    for step in range(1000, 1010):
        driver.readout = dataclasses.replace(driver.readout, step=step)
        driver.frame()
    assert panel.spread.bitmap.writes == written > 0
    driver.readout = dataclasses.replace(driver.readout, layers=history(moments=41))
    driver.frame(2)
    assert panel.spread.bitmap.writes == written + 1


def test_who_has_gone_back_sees_the_numbers_of_there(driver):
    panel = layers_of(driver)
    r = driver.readout.layers
    for step, k in ((975, 39), (500, 20), (510, 20), (5000, 39)):
        driver.readout = dataclasses.replace(driver.readout, step=step)
        for view in ("flow", "ratio"):
            panel.view = view
            driver.frame(2)
        assert panel.flow.rows[-1] == k and (panel.ratio.newest == r.ratio_tl[k]).all()
    assert layer_plots.until(r.step_t, -5) == 1


def test_colours_of_layers_lead_from_one_end_to_the_other_and_differ():
    for layers in (2, 3, 6):
        colours = [layer_plots.colour(k, layers) for k in range(layers)]
        assert len(set(colours)) == layers and colours[0] == layer_plots.FIRST and colours[-1] == layer_plots.LAST
    assert layer_plots.colour(0, 1) == layer_plots.FIRST


def test_a_logarithmic_axis_holds_its_numbers_and_two_decades():
    low, high = layer_plots.decades(np.array([0.1, 0.2, np.nan, 0.0]))
    assert low < 0.1 and high > 0.2 and high / low >= 99
    low, high = layer_plots.decades(np.array([np.nan]))
    assert 0 < low < high
    low, high = layer_plots.decades(np.array([1e-9, 1.0]), 1e-3)
    assert low < 1e-9 and high > 1


# ---------------------------------------------------------------- the picture beneath


def test_a_bitmap_shows_what_was_written_last_at_any_size(driver):
    bitmap = Bitmap()

    def draw(value: int, size: tuple[int, int] | None):
        driver.host.begin_overlay(1 / 60)
        if size:
            bitmap.write(np.full((*size, 4), value, np.uint8))
        imgui.get_foreground_draw_list().add_image(bitmap.ref, imgui.ImVec2(0, 0), imgui.ImVec2(50, 50))
        driver.host.end_overlay()
        return int(driver.pixels()[25, 25, 0])

    driver.frame()
    bright, same = draw(255, (8, 8)), draw(0, None)
    assert bright == same == 255
    first = bitmap.ref
    assert draw(120, (8, 8)) < 200 and bitmap.size == (8, 8) and first is not None
    assert draw(255, (5, 16)) == 255 and bitmap.size == (16, 5)
    draw(255, None)
    draw(200, (5, 16))
    assert bitmap._dying == [] and bitmap.writes == 4
