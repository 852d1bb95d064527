"""The dock: groups and sections in one order, a search that finds by many words, and one rule for what cannot be used here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from imgui_bundle import imgui

from nnviz3d.spec.key_bindings import Press, Typed
from nnviz3d.spec.reasons import OPENED, RECORDED
from nnviz3d.ui.core.strings import HINTS
from nnviz3d.ui.dock_sections import GROUP_OF, GROUPS, SETTINGS, SYNONYMS, SectionsFound, blocked, search
from tests.ui import readouts
from tests.ui.where import find, recording

K = imgui.Key


def on_screen(driver) -> dict:
    with recording() as found:
        driver.frame()
    return found


def sections(driver):
    return driver.overlay._dock.sections


def dock_frame(driver):
    """The frame that sections are judged by."""
    from nnviz3d.ui.core.context import Frame, Memory

    overlay = driver.overlay
    return Frame(driver.scene, driver.readout, 1280.0, 720.0, 1.0, 0.0, overlay._fonts, overlay._formulas, Memory())


def test_each_section_stands_in_one_group_and_has_other_words(driver):
    titles = [section.title for section in sections(driver)]
    assert len(titles) == len(set(titles)) == 26 and set(titles) == set(GROUP_OF) == set(SYNONYMS)
    assert titles == [title for group in GROUPS.values() for title in group]
    assert set(SETTINGS.values()) <= set(titles)


def test_sections_keep_their_place_whatever_is_picked_or_revealed(driver):
    driver.readout = readouts.readout()
    before = [section.title for section in sections(driver)]
    for reading in (readouts.readout(neuron=readouts.neuron(1, 7)), readouts.readout()):
        driver.readout = reading
        driver.overlay.memory.reveal = "Look"
        driver.frame(3)
        assert [section.title for section in sections(driver)] == before
    assert driver.overlay._dock.opened["Look"] and driver.overlay._dock.groups["Appearance"]


def test_a_group_is_closed_and_opened_by_a_click_and_opens_with_a_section_in_it(driver):
    driver.only()
    driver.overlay._dock.groups = dict.fromkeys(driver.overlay._dock.groups, False)
    driver.frame(2)
    assert "Look" not in on_screen(driver)
    driver.click(*find(driver, "group Appearance"))
    assert "Look" in on_screen(driver)
    driver.click(*find(driver, "group Appearance"))
    assert "Look" not in on_screen(driver)
    driver.overlay._dock.opened["Moments"] = True  # by whatever
    driver.frame(2)
    assert driver.overlay._dock.groups["Compare and keep"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("snapshot", "Moments"), ("t-sne", "Representations"), ("explanation", "Saliency"), ("histogram", "Layers"), ("snap", "Moments"),
        ("colour blind", "Settings"), ("own picture", "Draw"), ("SECOND network", "Compare"), ("prun", "Pruning"),
    ],
)  # fmt: skip
def test_a_section_is_found_by_its_name_and_by_other_words(driver, query, wanted):
    assert search(query, sections(driver))[0] == SectionsFound(wanted, wanted)


def test_every_setting_is_found_by_its_label(driver):
    for path, section in SETTINGS.items():
        assert SectionsFound(HINTS[path][0], section, path) in search(HINTS[path][0], sections(driver)), path
    assert search("  ", sections(driver)) == [] == search("xylophone", sections(driver))


def test_what_is_found_is_opened_and_marked_by_keyboard(driver):
    driver.only()
    driver.overlay.memory.panels = False
    real, press = driver.overlay.draw, Typed((Press("F", letter="f", ctrl=True),))
    driver.overlay.draw = lambda *args, **more: real(*args, **more, typed=press)
    driver.frame()
    driver.overlay.draw = real
    driver.frame(5)
    assert driver.overlay.memory.panels
    imgui.get_io().add_input_characters_utf8("momentum")
    driver.frame(2)
    assert driver.overlay._dock.search.found
    driver.key(K.enter)
    driver.frame(3)
    assert driver.overlay._dock.opened["Training"] and driver.overlay._dock.search.found is None
    assert driver.overlay.memory.found == "train.momentum"
    driver.frame(200)
    assert driver.overlay.memory.found == "", "the mark goes"


def test_what_does_not_fit_the_network_is_greyed_and_says_why_instead(driver):
    f = dock_frame(driver)
    assert {title for title in GROUP_OF if blocked(f, title)} == {"Prompt", "Attention", "Convolution"}
    drawn = []
    dock = driver.overlay._dock
    dock.sections = [replace(s, draw=lambda f, s=s: drawn.append(s.title)) for s in dock.sections]
    driver.only("Prompt", "Draw")
    assert set(drawn) == {"Draw"}


def test_of_a_network_without_data_or_training_what_cannot_work_is_greyed(driver):
    driver.readout = readouts.readout(reasons=OPENED)
    f = dock_frame(driver)
    wanted = {"Charts", "Confusion matrix", "Data", "Samples", "Draw", "Strongest inputs", "Representations", "Pruning", "Compare"}
    assert wanted <= {title for title in GROUP_OF if blocked(f, title)}


@pytest.mark.parametrize(
    ("section", "widget", "free"),
    [("Training", "train.optimizer", False), ("Data", "data.kind", False), ("Look", "look.dashes", True)],
)
def test_settings_of_a_recording_change_nothing_but_the_view(driver, section, widget, free):
    driver.only(section)
    for reasons, works in ((readouts.readout().reasons, True), (RECORDED, free)):
        driver.readout = readouts.readout(reasons=reasons)
        driver.forget()
        driver.click(*find(driver, widget))
        opened = imgui.is_popup_open("", imgui.PopupFlags_.any_popup_id | imgui.PopupFlags_.any_popup_level)
        assert (opened or bool(driver.edits)) is works
        driver.key(K.escape)
        driver.frame(3)
