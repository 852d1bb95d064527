"""Where a visitor is in a tour: events in, states out."""

from __future__ import annotations

import random

import pytest

from nnviz3d.app.tour.state import TourState, place
from nnviz3d.spec.errors import InputError

START = TourState((2, 1, 3))


def walk(state, *events):
    for event in events:
        state = state.after(event)
    return state and (state.lesson, state.step)


def test_next_goes_through_every_step_once_and_ends():
    state, seen = START, []
    while state is not None:
        seen.append((state.lesson, state.step))
        last, state = state.last, state.after("next")
    assert seen == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)] and last


def test_back_is_the_way_back_and_stops_at_the_start():
    assert walk(START, "back") == (0, 0)
    assert walk(START, "2", "back") == (0, 1)
    assert walk(START, "3.3", "back", "back", "back", "back", "back") == (0, 0)


def test_a_lesson_can_be_skipped_and_the_last_one_ends_the_tour():
    assert walk(START, "skip") == (1, 0)
    assert walk(START, "next", "skip", "skip") == (2, 0)
    assert walk(START, "3", "skip") is None
    assert walk(START, "3.2", "close") is None


def test_restart_is_the_very_beginning():
    assert walk(START, "3.2", "restart") == (0, 0)


def test_a_deed_is_met_until_the_step_changes():
    met = START.after("met")
    assert met.met and (met.lesson, met.step) == (0, 0)
    assert not met.after("next").met and not met.after("restart").met


@pytest.mark.parametrize("text", ["", "0", "4", "1.3", "2.0", "x", "1.x", "-1", "1.1.1", "９９", "1e3", "nan"])
def test_a_place_that_is_not_there_is_reported_with_those_that_are(text):
    with pytest.raises(InputError, match=r"1\.1 to 1\.2, 2\.1 to 2\.1, 3\.1 to 3\.3"):
        place(text, START.counts)


def test_10_000_events_by_chance_never_leave_the_tour_but_by_its_end():
    rng = random.Random(1)
    events = ["next", "back", "skip", "restart", "met", "1", "2.1", "3.3"]
    state = START
    for _ in range(10_000):
        after = state.after(rng.choice(events))
        if after is None:
            assert state.lesson == 2
            after = START
        assert 0 <= after.step < after.counts[after.lesson]
        state = after
