"""The meter: exact for short runs, of a constant size for long ones."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from nnviz3d.app.window import frame_timing
from nnviz3d.app.window.frame_timing import KEPT, WARM, Meter, Times


def run(ms: np.ndarray) -> Meter:
    clock = iter(np.concatenate([[0.0], np.cumsum(ms) * 1e-3]))
    made = Meter(lambda: next(clock))
    for _ in ms:
        made.end_frame()
    return made


def test_a_short_run_is_reported_exactly_and_without_its_first_frames():
    ms = np.concatenate([[900.0] * 5, np.linspace(10, 20, 200)])
    reported = run(ms).stats()
    assert reported["frames"] == 205
    assert reported["ms"]["frame"] == {"p50": pytest.approx(15.0, abs=2e-3), "p99": pytest.approx(np.percentile(ms[5:], 99), abs=2e-3)}


def test_a_long_run_is_reported_whole_within_one_percent_and_does_not_grow():
    ms = np.random.default_rng(1).lognormal(2.5, 0.6, 30_000)
    made = run(ms)
    reported = made.stats()
    assert reported["frames"] == 30_000
    for q in (50, 99):
        assert reported["ms"]["frame"][f"p{q}"] == pytest.approx(np.percentile(ms[5:], q), rel=0.012)
    times = made._frames["frame"]
    assert len(times.last) == KEPT
    assert made.rows("frame") == pytest.approx(ms[-KEPT:])


def test_times_never_seen_before_take_no_memory():
    times, rare = Times(), np.geomspace(1e-6, 1e9, 4000).tolist()
    for _ in range(KEPT + WARM):
        times.add(1.0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for ms in rare:
        times.add(ms)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000, "a count of its own for each time takes some 300 kB"
    assert times.percentiles((0, 50, 100), 0) == pytest.approx([frame_timing.SHORTEST, 1.0, frame_timing.LONGEST], rel=0.02)


def test_stages_of_one_frame():
    clock = iter([0.0, 1.0, 1.25, 2.0])
    made = Meter(lambda: next(clock))
    with made("train"):
        pass
    assert made.end_frame() == pytest.approx(2000)
    assert made.of("train", "nothing") == pytest.approx(250)
