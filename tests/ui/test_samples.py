"""The sample browser, the choice of a plane and the legend of the tiles, driven by pointer and keys."""

from dataclasses import replace

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.readout import PlaneReading, SampleQuery, SampleRow, SamplesReading
from nnviz3d.spec.scene import Data, View
from nnviz3d.ui.core.thumbnail_atlas import painted
from nnviz3d.ui.panels import samples
from tests.ui import readouts
from tests.ui.where import find, recording

K = imgui.Key
_x = np.random.default_rng(3).random((40, 64)).astype(np.float32)


def reading(n=9, shape=(8, 8), **changes) -> SamplesReading:
    rows = tuple(SampleRow(40 - k, str(k % 10), f"{(k + k % 2) % 10} (71.0 %)", k % 2 == 0, 2.0 / (k + 1), _x[k]) for k in range(n))
    facts = {
        "part": "test", "subject": 1, "step": 1234, "total": 359, "known": 359, "wrong": 12, "loss": 0.1, "found": n, "shown": 38,
        "query": SampleQuery(size=samples.IMAGES if len(shape) > 1 else samples.ROWS), "rows": rows, "shape": shape,
        "low": np.zeros(64), "high": np.ones(64),
    }  # fmt: skip
    return SamplesReading(**{**facts, **changes})


def show(driver, r: SamplesReading | None) -> samples.SamplesPanel:
    driver.readout = replace(driver.readout, samples=r)
    driver.only("Samples")
    driver.forget()
    return driver.overlay._dock.samples


def asked(driver) -> list[SampleQuery]:
    return [value for name, value in driver.commands if name == "samples"]


def test_nothing_is_asked_while_the_section_is_closed_or_scrolled_away(driver):
    driver.only("Charts")
    driver.forget()
    driver.frame(3)
    assert not driver.commands
    show(driver, reading())
    driver.frame(3)
    assert len(asked(driver)) == 3
    driver.overlay._dock.opened = dict.fromkeys(driver.overlay._dock.opened, True)
    driver.overlay.open("Charts")
    driver.frame(3)
    driver.forget()
    driver.frame(3)
    assert not asked(driver)  # far below the screen's end


def test_a_click_on_a_picture_shows_that_sample(driver):
    show(driver, reading())
    driver.click(*find(driver, "sample37"))
    assert ("show_sample", 37) in driver.commands


def test_rows_of_numbers_are_clicked_as_well(driver):
    show(driver, reading(shape=(), rows=reading().rows[:3], wrong=None))
    driver.click(*find(driver, "sample39"))
    assert ("show_sample", 39) in driver.commands
    assert asked(driver)[-1].size == samples.ROWS


def test_the_list_stands_still_under_the_pointer(driver):
    panel = show(driver, reading())
    driver.move(*find(driver, "sample38"))
    turned = reading(rows=reading().rows[::-1], step=1300)
    driver.readout = replace(driver.readout, samples=turned)
    driver.frame(3)
    assert panel._held.step == 1234
    driver.readout = replace(driver.readout, samples=replace(turned, shown=40))
    driver.frame(2)
    assert panel._held.step == 1234 and panel._held.shown == 40  # what is shown is marked all the same
    driver.move(30, 300)
    assert panel._held.step == 1300
    driver.move(*find(driver, "sample38"))
    driver.readout = replace(driver.readout, samples=replace(turned, subject=2, step=0))
    driver.frame(2)
    assert panel._held.step == 0  # another network: the old list would be wrong


def test_choices_become_the_next_question(driver):
    show(driver, reading())
    driver.click(*find(driver, "samples.show"))
    driver.click(*find(driver, "wrong answers"))
    assert asked(driver)[-1].show == "wrong"
    driver.click(*find(driver, "samples.show"))
    driver.click(*find(driver, "class 7"))
    driver.click(*find(driver, "samples.order"))
    driver.click(*find(driver, "by number"))
    assert (asked(driver)[-1].show, asked(driver)[-1].order) == ("7", "number")


def test_numbers_have_no_wrong_answers_to_choose(driver):
    panel = show(driver, reading(wrong=None, rows=()))
    panel.query = replace(panel.query, show="wrong")
    driver.frame(2)
    assert asked(driver)[-1].show == "all"
    with recording() as found:
        driver.frame()
    assert "next_wrong" not in found


def test_pages_are_turned(driver):
    show(driver, reading(25, found=57))
    driver.click(*find(driver, "page_on"))
    assert asked(driver)[-1].page == 1
    driver.readout = replace(driver.readout, samples=reading(25, found=57, query=SampleQuery(page=1, size=samples.IMAGES)))
    driver.frame(2)
    driver.click(*find(driver, "page_back"))
    assert asked(driver)[-1].page == 0


def test_keys_and_buttons_go_to_the_next_wrong_answer(driver):
    show(driver, reading())
    driver.click(*find(driver, "next_wrong"))
    driver.click(*find(driver, "previous_wrong"))
    driver.move(30, 300)
    driver.key(K.right_bracket, K.mod_shift)
    driver.key(K.left_bracket, K.mod_shift)
    driver.key(K.right_bracket)
    names = [name for name, _ in driver.commands if name != "samples"]
    assert names == ["next_wrong", "previous_wrong", "next_wrong", "previous_wrong", "next_sample"]


def test_pictures_are_made_once_and_again_when_they_are_others(driver):
    panel = show(driver, reading())
    made = panel.sheet.bitmap.writes
    driver.frame(5)
    assert panel.sheet.bitmap.writes == made
    for k in range(6):  # textures are freed by imgui's backend
        driver.readout = replace(driver.readout, samples=reading(3 + k, subject=2 + k))
        driver.frame(4)
    assert panel.sheet.bitmap.writes == made + 6 and len(panel.sheet.bitmap._dying) <= 2


def test_every_sort_of_sample_can_be_drawn(driver):
    for r in (
        None,
        reading(0),
        reading(0, known=100),
        reading(1, total=1, known=1, wrong=0, found=1),
        reading(4, shape=(1, 8, 8)),
        reading(4, shape=(4, 16)),
        reading(4, shape=(64, 1)),
        reading(4, part="batch", wrong=None, loss=float("nan")),
        reading(2, rows=(SampleRow(0, "é" * 300, "not a number", False, float("nan"), np.full(64, np.nan, np.float32)),)),
        reading(2, low=np.zeros(64), high=np.zeros(64)),
    ):
        show(driver, r)
        driver.frame(2)
    assert (driver.pixels() > 0).any()


def test_colours_run_from_dark_to_light_and_survive_anything():
    out = painted(np.array([0.0, 0.5, 1.0, 9.0, np.nan]), np.zeros(5), np.ones(5))
    assert out[0].tolist() == [17, 26, 48, 255] and out[2].tolist() == [255, 236, 200, 255]
    assert (out[3] == out[2]).all() and (out[4] == out[0]).all() and out[0, 0] < out[1, 0] < out[2, 0]


# ------------------------------------------------------------------ the plane


def flowers(driver, **view) -> None:
    driver.scene = driver.scene.model_copy(update={"data": Data(kind="iris"), "view": View(**view)})
    driver.readout = replace(driver.readout, features=("sepal", "petal", "stem"))
    driver.only("Data")
    driver.forget()


def choose(driver, path: str, name: str) -> None:
    driver.click(*find(driver, path))
    driver.click(*find(driver, name, -1))


def test_a_first_feature_brings_a_second_one_along(driver):
    flowers(driver)
    choose(driver, "view.plate_x", "petal")
    assert driver.edits == [("view.plate_x", "petal"), ("view.plate_y", "sepal")]


def test_the_same_feature_twice_changes_places_and_none_takes_both_away(driver):
    flowers(driver, plate_x="0", plate_y="petal")
    choose(driver, "view.plate_x", "petal")
    assert driver.edits == [("view.plate_x", "petal"), ("view.plate_y", "sepal")]
    driver.forget()
    choose(driver, "view.plate_y", "none")
    assert driver.edits == [("view.plate_y", ""), ("view.plate_x", "")]


def test_generated_planes_have_no_choice(driver):
    flowers(driver)
    driver.scene = driver.scene.model_copy(update={"data": Data(kind="xor")})
    with recording() as found:
        driver.frame(2)
    assert "view.plate_x" not in found


def test_tiles_have_a_legend_and_a_scale(driver):
    plain = driver.frame() and driver.pixels()
    plane = PlaneReading(("petal", "sepal"), (-1.0, -2.0), (1.0, 2.0), held=True, tiles=True, hovered=(-0.5, 0.25))
    driver.readout = replace(driver.readout, plane=plane, hovered=readouts.neuron(1, 3))
    driver.move(500, 400)
    driver.frame(3)
    assert (driver.pixels() != plain).any()
    driver.readout = replace(driver.readout, plane=replace(plane, tiles=False, hovered=None))
    driver.frame(3)
