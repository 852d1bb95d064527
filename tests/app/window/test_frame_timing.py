"""The meter: exact for short runs, of a constant size for long ones."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.window import frame_timing
from nnviz3d.app.window.frame_timing import KEPT, Meter


def run(monkeypatch, ms: np.ndarray) -> Meter:
    clock = iter(np.concatenate([[0.0], np.cumsum(ms) * 1e-3]))
    monkeypatch.setattr(frame_timing, "perf_counter", lambda: next(clock))
    made = Meter()
    for _ in ms:
        made.end_frame()
    return made


def test_a_short_run_is_told_exactly_and_without_its_first_frames(monkeypatch):
    ms = np.concatenate([[900.0] * 5, np.linspace(10, 20, 200)])
    told = run(monkeypatch, ms).stats()
    assert told["frames"] == 205
    assert told["ms"]["frame"] == {"p50": pytest.approx(15.0, abs=2e-3), "p99": pytest.approx(np.percentile(ms[5:], 99), abs=2e-3)}


def test_a_long_run_is_told_whole_within_one_percent_and_does_not_grow(monkeypatch):
    ms = np.random.default_rng(1).lognormal(2.5, 0.6, 30_000)
    made = run(monkeypatch, ms)
    told = made.stats()
    assert told["frames"] == 30_000
    for q in (50, 99):
        assert told["ms"]["frame"][f"p{q}"] == pytest.approx(np.percentile(ms[5:], q), rel=0.012)
    times = made._frames["frame"]
    assert len(times.last) == KEPT and len(times._counts) < 1000
    assert made.rows("frame") == pytest.approx(ms[-KEPT:])


def test_stages_of_one_frame(monkeypatch):
    clock = iter([0.0, 1.0, 1.25, 2.0])
    monkeypatch.setattr(frame_timing, "perf_counter", lambda: next(clock))
    made = Meter()
    with made("train"):
        pass
    assert made.end_frame() == pytest.approx(2000)
    assert made.of("train", "nothing") == pytest.approx(250)
