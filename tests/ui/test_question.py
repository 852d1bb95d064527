"""Questions over everything: drawn at any size and with any text, answered by click and by key, and nothing else hears while they stand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from imgui_bundle import imgui

from nnviz3d.spec.column_settings import ColumnFacts, TableFacts
from nnviz3d.spec.dialogs import Arrays, Columns, SaveFirst, SaveRun, Which
from nnviz3d.spec.scene import Data, Scene
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find

pytestmark = pytest.mark.gl
K = imgui.Key
LONG = "漢字 %s %n \x01 ein sehr langer Name " * 30


def table(*columns, target=-1, settings=None, **more):
    """A question about a table of text with these columns (key, kind, gaps, use, what to do with gaps, why)."""
    target %= len(columns)
    made = tuple(
        ColumnFacts(key, key, kind, 3, gaps, "1.5", use, filled, why, k == target)
        for k, (key, kind, gaps, use, filled, why) in enumerate(columns)
    )
    facts = TableFacts("text", "utf-8", ",", ".", True, 0, "", 344, True, target, made, ("a note",))
    return Columns("/a/b.csv", facts, {"standardize": True, **(settings or {})}, **more)


TABLE = table(
    ("id", "number", 0, "leave_out", "", "row numbers"),
    ("height", "number", 0, "number", "", ""),
    ("sex", "words", 11, "words", "own_class", "11 gaps"),
    ("when", "date", 0, "date", "", "dates"),
    ("group", "words", 2, "words", "skip", ""),
)
ARRAYS = Arrays("/a/b.npz", (("xs", "100 x 4 float32"), ("ys", "100 x 2 float64"), ("w", "100 float64")), "xs", "ys")
QUESTIONS = {
    "save": SaveFirst("Mine", "open spiral"),
    "save, long": SaveFirst(LONG, LONG),
    "run": SaveRun("Mine", "close the window", 4170, 300.0),
    "run, long": SaveRun(LONG, LONG, 10**9, 1e6),
    "which": Which("Open", "Open", "/home/me", (("folder", True), ("a.toml", False))),
    "which, long": Which(LONG, "Save", LONG, tuple((f"{LONG}{k}", k % 2 == 0) for k in range(400)), 7, LONG, LONG),
    "which, empty": Which("", "Open", "", ()),
    "table": TABLE,
    "arrays": ARRAYS,
    "arrays, long": Arrays(LONG, tuple((f"{LONG}{k}", LONG) for k in range(300)), f"{LONG}0", f"{LONG}1", LONG),
    "table, problem": table(("a", "empty", 9, "leave_out", "", LONG), ("b", "number", 1, "number", "mean", LONG), note=LONG, problem=LONG),
    "table, wide": table(*[(f"{LONG}{k}", "number", 0, "number", "", "") for k in range(3000)]),
}


@pytest.mark.parametrize("size", [(1280, 720), (340, 260), (64, 64)])
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_drawn_at_every_size(name, size):
    driver = Driver(*size)
    driver.readout = readouts.readout(question=QUESTIONS[name])
    driver.frame(4)
    assert driver.pixels().max() > 150 and driver.commands == [] == driver.edits
    driver.readout = readouts.readout()
    driver.frame(2)
    assert not imgui.is_popup_open("", imgui.PopupFlags_.any_popup)
    driver.close()


def asked(driver, question):
    driver.readout = readouts.readout(question=question)
    driver.frame(3)
    driver.forget()


@pytest.mark.parametrize(("button", "value"), [("Save", "save"), ("Do not save", "discard"), ("Cancel", None)])
def test_save_first_by_click(driver, button, value):
    asked(driver, QUESTIONS["save"])
    driver.click(*find(driver, button))
    assert driver.commands == [("answer", value)]


def test_save_first_by_key_and_no_other_key_is_heard(driver):
    asked(driver, QUESTIONS["save"])
    for key in (K.space, K.r, K.period, K.f11, K.h):
        driver.key(key)
    driver.click(700, 690)
    assert driver.commands == []
    driver.key(K.enter)
    driver.key(K.escape)
    assert driver.commands == [("answer", "save"), ("answer", None)]


def test_a_file_is_typed_or_chosen(driver):
    asked(driver, QUESTIONS["which"])
    imgui.get_io().add_input_characters_utf8("b ü.toml")
    driver.frame(2)
    driver.key(K.enter)
    assert driver.commands == [("answer", "b ü.toml")]
    driver.forget()
    driver.click(*find(driver, "folder"))
    assert driver.commands == [("browse", "folder")]
    driver.forget()
    driver.click(*find(driver, "a.toml"))
    assert driver.commands == []
    driver.click(*find(driver, "Open"))
    assert driver.commands == [("answer", "a.toml")]


def test_a_problem_keeps_what_was_typed(driver):
    asked(driver, QUESTIONS["which"])
    imgui.get_io().add_input_characters_utf8("nonsense")
    driver.frame(2)
    asked(driver, Which("Open", "Open", "/home/me", (), 0, "nonsense", "There is no file nonsense here."))
    driver.click(*find(driver, "Open"))
    assert driver.commands == [("answer", "nonsense")]


def answer(driver) -> dict:
    (name, value), *others = driver.commands
    assert name == "answer" and not others
    return value


def test_enter_takes_the_suggestions_and_all_that_is_not_plain_is_in_the_answer(driver):
    asked(driver, TABLE)
    driver.key(K.enter)
    assert answer(driver) == {
        "task": "auto", "standardize": True,
        "columns": {"id": {"use": "leave_out"}, "sex": {"use": "words", "gaps": "own_class"}, "when": {"use": "date"}},
    }  # fmt: skip


def test_uses_gaps_and_the_rest_are_chosen_and_last_while_the_table_is_read_again(driver):
    asked(driver, TABLE)
    for row, word in (("use id", "number"), ("use height", "leave out"), ("gaps sex", "skip rows"), ("task", "classification")):
        driver.click(*find(driver, row))
        driver.click(*find(driver, word, -1))
    driver.click(*find(driver, "standardize"))
    assert driver.commands == []
    for row, word, wanted in (("target", "height", {"target": "height"}), ("delimiter", "semicolon", {"delimiter": ";"}),
                              ("encoding", "cp1252", {"encoding": "cp1252"}), ("decimal", "comma", {"decimal": ","}),
                              ("header", "no", {"header": "no"})):  # fmt: skip
        driver.forget()
        driver.click(*find(driver, row))
        driver.click(*find(driver, word, -1))
        ((name, value),) = driver.commands
        mine = {"id": {"use": "number"}, "height": {"use": "leave_out"}, "sex": {"use": "words", "gaps": "skip"}}
        assert name == "columns" and value == {"standardize": True, **wanted, "columns": mine}
    asked(driver, replace(TABLE, settings=value))
    driver.click(*find(driver, "Use this data"))
    found = answer(driver)
    assert found["columns"] == {**mine, "when": {"use": "date"}} and found["header"] == "no"
    assert (found["task"], found["standardize"]) == ("classification", False)


def test_another_file_begins_with_its_own_suggestions(driver):
    asked(driver, TABLE)
    driver.click(*find(driver, "use id"))
    driver.click(*find(driver, "number", -1))
    asked(driver, replace(TABLE, file="/a/other.csv"))
    driver.key(K.enter)
    assert answer(driver)["columns"]["id"] == {"use": "leave_out"}


def test_escape_takes_the_question_back_and_a_wide_table_scrolls(driver):
    asked(driver, QUESTIONS["table, wide"])
    imgui.get_io().add_mouse_pos_event(640, 400)
    for _ in range(20):
        imgui.get_io().add_mouse_wheel_event(0, -50)
        driver.frame()
    labels = labels_of(driver)
    assert 0 < sum(label.startswith("use ") for label in labels) < 40
    driver.key(K.escape)
    assert driver.commands == [("answer", None)]


@pytest.mark.parametrize(("label", "command"), [("Open …", ("open_file", None)), ("Save the scene as …", ("save_as", None)),
                                                ("Weights …", ("export", "weights")), ("numpy script …", ("export", "numpy")),
                                                ("PyTorch script …", ("export", "torch"))])  # fmt: skip
def test_the_file_menu(driver, label, command):
    driver.click(*find(driver, "file"))
    driver.click(*find(driver, label))
    assert driver.commands == [command]


@pytest.mark.parametrize(("keys", "command"), [((K.s, K.mod_ctrl, K.mod_shift), "save_as"), ((K.o, K.mod_ctrl), "open_file"),
                                               ((K.s, K.mod_ctrl), "save")])  # fmt: skip
def test_keys_of_files(driver, keys, command):
    driver.key(*keys)
    assert driver.commands == [(command, None)]


# ---------------------------------------------------------------- the Data section


def data(driver, columns=(), **changes):
    driver.scene = Scene(data=Data(**changes))
    driver.readout = readouts.readout(data_columns=columns)
    driver.only("Data")
    driver.forget()


@pytest.mark.parametrize("name", ["", "b", "1"])
def test_a_table_s_target_is_chosen_from_its_columns(driver, name):
    data(driver, ("a", "b", "c", "c"), kind="csv", file="t.csv", target=name)
    driver.click(*find(driver, "data.target"))
    driver.click(*find(driver, "a"))
    assert driver.edits == [("data.target", "a")]
    driver.forget()
    driver.click(*find(driver, "data.target"))
    driver.click(*find(driver, "c (column 2)"))
    assert driver.edits == [("data.target", "2")], "a name that comes twice is given by number"


def test_columns_are_asked_about_again_from_the_section(driver):
    data(driver, ("a", "b"), kind="csv", file="t.csv")
    driver.click(*find(driver, next(label for label in labels_of(driver) if "file format" in label)))
    assert driver.commands == [("columns", None)]


def test_header_and_task_of_a_table(driver):
    data(driver, ("a", "b"), kind="csv", file="t.csv")
    for row, word in (("data.header", "no"), ("data.task", "regression")):
        driver.click(*find(driver, row))
        driver.click(*find(driver, word))
    assert driver.edits == [("data.header", "no"), ("data.task", "regression")]


def test_own_data_are_opened_from_the_section_and_come_back_after_another_set(driver):
    data(driver, kind="digits", file="t.csv")
    driver.click(*find(driver, next(label for label in labels_of(driver) if "Open your own data" in label)))
    assert driver.commands == [("open_file", "data")]
    driver.click(*find(driver, "data.kind"))
    driver.click(*find(driver, "your own table (CSV, Excel, Parquet)"))
    assert driver.edits == [("data.kind", "csv")]


def labels_of(driver):
    from tests.ui.where import recording

    with recording() as found:
        driver.frame()
    return list(found)


def test_clouds_change_from_row_to_picture_and_stay_valid(driver):
    data(driver, kind="blobs", inputs=784)
    driver.click(*find(driver, "data.shape"))
    assert driver.edits == [("data.shape", [28, 28])]
    data(driver, kind="blobs", inputs=784, shape=(28, 28))
    driver.click(*find(driver, "data.shape"))
    assert driver.edits == [("data.shape", [])]
    driver.forget()
    x, y = find(driver, "data.inputs")
    driver.move(x, y)
    driver.button(True)
    for k in range(5):
        imgui.get_io().add_mouse_pos_event(x + 20 + k, y)
        driver.frame()
    driver.button(False)
    inputs, shape = driver.edits[0][1], dict(driver.edits)["data.shape"]
    assert inputs != 784 and shape == ([] if inputs != 29 * 29 else [29, 29])


def test_arrays_are_chosen_and_answered():
    driver = Driver()
    driver.readout = readouts.readout(question=ARRAYS)
    driver.click(*find(driver, "target_array"))
    driver.click(*find(driver, "w   100 float64"))
    driver.click(*find(driver, "Use this data"))
    assert driver.commands == [("answer", {"inputs_array": "xs", "target_array": "w"})]
