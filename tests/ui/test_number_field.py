"""Fields for numbers: a text is a number as a whole or it is refused, and the field says why."""

from __future__ import annotations

import pytest
from imgui_bundle import imgui

from nnviz3d.spec.scene import Layer, Scene
from nnviz3d.ui.core.number_field import Accepted, parse
from nnviz3d.ui.core.widgets import accepted, accepted_in
from tests.ui.where import find

K = imgui.Key
ANY, WHOLE = Accepted(), Accepted(0, 65536, whole=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05), ("0,05", 0.05), (" 1e-3 ", 0.001), (".5", 0.5), (",5", 0.5), ("-5", -5.0), ("\N{MINUS SIGN}5", -5.0), ("+2.", 2.0),
        ("1,5e2", 150.0), ("1E+3", 1000.0), ("1,000,000", 1e6), ("0,050", 0.05), ("1,0000", 1.0),
    ],
)  # fmt: skip
def test_a_text_is_a_number_in_full(text, value):
    assert parse(text, ANY) == value


@pytest.mark.parametrize(
    "text",
    ["1.5.2", "1e-3x", "0.0.05", "", " ", "abc", "nan", "inf", "1e", "e3", "1e3.5", "--1", "0x10", "1_000", "1 000", "1,5,2", "1.000,5",
     ".", "-", "½", "٣", "1e999", "5%", "1/3", "1,000"],
)  # fmt: skip
def test_what_is_not_is_refused_and_said(text):
    with pytest.raises(ValueError) as reported:
        parse(text, ANY)
    assert len(str(reported.value)) > 10 and (not text.strip() or text.strip()[:20] in str(reported.value))


def test_ranges_are_reported_and_nothing_is_clamped():
    for path, text, words in (
        ("train.learning_rate", "-5", "0 to 1,000,000,000"), ("train.momentum", "1", "0 to less than 1"),
        ("train.epsilon", "0", "more than 0, at most 1"), ("look.exposure", "9", "more than 0, at most 8"),
        ("train.batch", "65537", "0 to 65,536"), ("data.seed", "4294967296", "0 to 4,294,967,295"),
        ("train.l2", "-1", "0 to 1,000,000,000"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"{text} is out of range: {words}$"):
            parse(text, accepted(path))
    assert parse("0.9999999", accepted("train.momentum")) == 0.9999999
    with pytest.raises(ValueError, match=r"2\.5 is not a whole number"):
        parse("2.5", WHOLE)
    assert parse("1,000", WHOLE) == 1000 and isinstance(parse("1e3", WHOLE), int)
    assert parse("4096", accepted_in(Layer, "units")) == 4096


def type_into(driver, label: str, text: str, end=K.enter) -> None:
    driver.forget()
    driver.click(*find(driver, label))
    driver.key(K.a, K.mod_ctrl, K.left_ctrl)
    imgui.get_io().add_input_characters_utf8(text)
    driver.frame(2)
    driver.key(end)
    driver.frame(3)


@pytest.mark.gl
@pytest.mark.parametrize("text", ["1.5.2", "1e-3x", "0.0.05", "-5"])
def test_a_field_refuses_marks_and_says(driver, text):
    driver.only("Training")
    type_into(driver, "train.learning_rate", text)
    assert driver.edits == []
    (refused,) = driver.overlay.memory.refused.values()
    assert refused.text == text and text in refused.why
    type_into(driver, "train.learning_rate", "0,25")
    assert driver.edits == [("train.learning_rate", 0.25)] and not driver.overlay.memory.refused


@pytest.mark.gl
def test_a_refused_text_goes_with_escape_or_when_the_value_changes(driver):
    driver.only("Training")
    type_into(driver, "train.learning_rate", "x")
    driver.click(*find(driver, "train.learning_rate"))
    driver.key(K.escape)
    driver.frame(2)
    assert not driver.overlay.memory.refused and driver.edits == []
    type_into(driver, "train.learning_rate", "x")
    driver.scene = Scene().model_copy(update={"train": driver.scene.train.model_copy(update={"learning_rate": 0.5})})
    driver.frame(2)
    assert not driver.overlay.memory.refused


@pytest.mark.gl
def test_sliders_and_drags_are_typed_into_in_full(driver):
    driver.only("Look")
    x, y = find(driver, "look.edge_width")
    for text, edits in (("2.5.1", []), ("2,1234567", [("look.edge_width", 2.1234567)]), ("11", [])):
        driver.forget()
        driver.overlay.memory.refused.clear()
        driver.move(x, y)
        driver.frame(40)
        imgui.get_io().add_key_event(K.mod_ctrl, True)
        driver.click(x, y)
        imgui.get_io().add_key_event(K.mod_ctrl, False)
        driver.frame(3)
        driver.key(K.a, K.mod_ctrl, K.left_ctrl)
        imgui.get_io().add_input_characters_utf8(text)
        driver.frame(2)
        driver.key(K.enter)
        driver.frame(3)
        assert driver.edits == edits
        assert bool(driver.overlay.memory.refused) == (not edits)
    assert "more than 0, at most 10" in driver.overlay.memory.refused["##look.edge_width"].why
