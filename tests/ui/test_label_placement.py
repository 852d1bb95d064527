"""Cards keep off what has to be read, rows keep their order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.ui.core.label_placement import among_edges, overlap, settle, spread

AREA = (0.0, 0.0, 900.0, 600.0)
PLACE = st.floats(50, 850)
RECT = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), PLACE, st.floats(50, 550), st.floats(5, 120), st.floats(5, 120))


@given(RECT, st.lists(RECT, max_size=8))
def test_a_card_stays_in_the_area_and_off_what_it_names(anchor, soft):
    x, y = settle((150, 110), anchor, soft, (), AREA, 16)
    assert 0 <= x <= 750 and 0 <= y <= 490
    assert (x, y) == settle((150, 110), anchor, soft, (), AREA, 16)


@given(RECT, st.lists(RECT, max_size=3))
def test_where_there_is_room_a_card_covers_no_other_card(anchor, hard):
    x, y = settle((100, 60), anchor, (), hard, AREA, 16)
    if hard:
        assert overlap(np.array([(x, y, x + 100, y + 60)]), np.array(hard)).sum() == 0


def test_beside_an_only_neuron_a_card_goes_to_the_right():
    assert settle((100, 60), (400, 300, 420, 320), (), (), AREA, 16) == (436, 280)


def test_a_card_avoids_layers_and_the_edges_between_them():
    layers = [(100, 200, 200, 400), (400, 200, 500, 400)]
    x, y = settle((100, 60), (480, 280, 500, 300), layers, (), AREA, 16)
    card = np.array([(x, y, x + 100, y + 60)])
    assert overlap(card, np.array(layers)).sum() == 0
    assert among_edges(np.array([[x, y]]), (100, 60), np.array(layers)).sum() == 0
    assert among_edges(np.array([[250.0, 280.0]]), (100, 60), np.array(layers, float)) == 1


@given(st.lists(st.floats(0, 500), min_size=1, max_size=40), st.floats(1, 12))
def test_rows_are_in_order_apart_and_inside_where_they_fit(wanted, gap):
    wanted = sorted(wanted)
    rows = spread(wanted, gap, 0, 500)
    assert len(rows) == len(wanted)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(rows))
    if gap * len(wanted) <= 500:
        assert rows[0] >= -1e-6 and rows[-1] <= 500 + 1e-6


def test_rows_that_are_far_enough_stay_where_they_are():
    assert spread([10, 40, 90], 20, 0, 100) == [10, 40, 90]
    assert spread([50, 50], 20, 0, 100) == [40, 60]
