"""Labels never overlap, never change places, and the weakest give way."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.spec.readout import Label
from nnviz3d.ui.hud.labels import MAX_PUSH, place
from tests.ui import readouts
from tests.ui.conftest import Driver

PLACE = st.floats(0, 600, allow_nan=False)
LABEL = st.builds(Label, PLACE, PLACE, st.just("name"), st.floats(0, 1), st.sampled_from(["left", "centre", "right"]))


@given(st.lists(LABEL, max_size=24))
def test_placed_labels_do_not_overlap_and_stay_near_and_inside(labels):
    placed = place(labels, [(60.0, 16.0)] * len(labels), (600.0, 500.0))
    assert not any(a.meets(b, 0) for a, b in combinations(placed, 2))
    for item in placed:
        assert item.left >= 0 and item.left + item.width <= 600 and item.top >= 0 and item.top + item.height <= 500
        assert abs(item.top + 8 - item.label.y) <= MAX_PUSH * 16 + 0.01


def test_a_column_keeps_its_order_when_it_is_pushed_apart():
    labels = [Label(100, 100 + 14 * k, str(k), 1.0 if k == 3 else 0.5) for k in range(6)]
    placed = place(labels, [(20.0, 16.0)] * 6, (600, 500))
    by_height = [item.label.text for item in sorted(placed, key=lambda item: item.top)]
    assert by_height == sorted(by_height) and len(placed) == 6


@given(st.lists(st.floats(150, 300), min_size=2, max_size=14), st.sampled_from(["left", "right"]))
def test_of_a_column_no_name_is_missing_where_there_is_room(ys, align):
    """A sentence of which every second word is dropped is another sentence."""
    labels = [Label(300, y, str(k), 0.4, align, column="tokens") for k, y in enumerate(sorted(ys))]
    labels += [Label(300, 200 + k, "norm", 1.0, "centre", "layer") for k in range(3)]
    card = (250.0, 0.0, 350.0, 90.0)
    placed = place(labels, [(40.0, 16.0)] * len(labels), (600, 500), taken=[card])
    column = sorted((item for item in placed if item.label.column), key=lambda item: item.top)
    assert [item.label.text for item in column] == [str(k) for k in range(len(ys))]
    assert not any(a.meets(b, 0) for a, b in combinations(column, 2)) and not any(item.covers(card, 0) for item in column)


def test_long_columns_take_no_place_from_the_names_of_layers():
    labels = [Label(100 + 300 * (k % 2), 150 + 2 * k, str(k), column="ab"[k % 2]) for k in range(60)]
    labels += [Label(250, 40 + 16 * k, "norm", 0.7, "centre", "layer") for k in range(20)]
    assert len(place(labels, [(20.0, 14.0)] * 80, (600, 500))) == 80


def test_a_column_that_is_higher_than_the_picture_gives_way_name_by_name():
    labels = [Label(100, 40 + k, str(k), 0.5, column="outputs") for k in range(40)]
    placed = place(labels, [(20.0, 16.0)] * 40, (600, 300))
    assert 1 <= len(placed) < 18


def test_the_name_of_a_layer_hangs_under_the_column_that_was_pushed_over_it():
    labels = [Label(100, 100 + 4 * k, str(k), 0.4, column="outputs") for k in range(12)]
    labels.append(Label(105, 160, "12 softmax", 0.7, "centre", "layer"))
    placed = {item.label.text: item for item in place(labels, [(20.0, 16.0)] * 13, (600, 500))}
    assert placed["12 softmax"].top >= placed["11"].top + 16 - 1e-9


def test_a_column_follows_its_slant():
    labels = [Label(100 + 2 * k, 100 + 8 * k, str(k), column="tokens") for k in range(6)]
    placed = {item.label.text: item for item in place(labels, [(20.0, 16.0)] * 6, (600, 500))}
    assert placed["0"].left == 100 and placed["0"].top < 92 and placed["5"].left == 110
    assert 100 < placed["2"].left < placed["3"].left < 110


def test_the_strongest_stays_where_it_wants_to_be():
    labels = [Label(100, 100, "weak", 0.2), Label(100, 102, "strong", 0.9)]
    placed = place(labels, [(40.0, 16.0)] * 2, (600, 500))
    assert placed[0].label.text == "strong" and placed[0].top == 94


def test_what_has_no_room_is_dropped():
    labels = [Label(100, 100, str(k), 0.5 + k / 100) for k in range(20)]
    placed = place(labels, [(40.0, 16.0)] * 20, (600, 500))
    assert 1 <= len(placed) < 8 and placed[0].label.text == "19"


def test_names_of_classes_come_before_names_of_layers_which_only_move_down():
    layer = Label(0, 40, "10 softmax", 0.9, "left", "layer")
    placed = {item.label.text: item for item in place([layer, Label(0, 40, "9", 0.3)], [(60, 14), (10, 14)], (300, 200))}
    assert placed["9"].top == 33 and placed["10 softmax"].top >= 47


@pytest.mark.parametrize(("x", "shown"), [(14.0, False), (30.0, False), (120.0, True), (250.0, True)])
def test_a_name_that_is_cut_to_dots_is_left_out(x, shown):
    """At the edge of a small window there is room for one letter or none."""
    driver = Driver(640, 480)
    label = Label(x, 240.0, "timestamp: weekday cos", 1.0, "right", "minor")
    driver.readout = readouts.readout(labels=(label,))
    driver.frame(3)
    placed = [item.label.text for item in driver.overlay._labels.placed]
    driver.close()
    assert bool(placed) is shown and all(len(text.strip("…")) >= 4 for text in placed)


def test_no_name_shines_through_the_card_of_the_sample():
    driver = Driver(640, 480)
    labels = tuple(Label(150.0, 30.0 + 24 * k, f"input {k}", 1.0, "left", "minor") for k in range(12))
    driver.readout = readouts.readout(labels=labels)
    driver.frame(3)
    foot = max(low for low in range(60, 300, 2) if driver.overlay._labels.placed[0].top >= low)
    names = {item.label.text for item in driver.overlay._labels.placed}
    driver.close()
    assert foot > 100 and "input 11" in names and "input 2" not in names
