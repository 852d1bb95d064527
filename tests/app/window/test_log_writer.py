"""A session's inputs take little memory however long it runs, and tell all the same when each step was taken."""

from __future__ import annotations

import sys

import numpy as np

from nnviz3d.app.window.line_compression import LineCompressor
from nnviz3d.app.window.log_writer import STEP_EVERY
from nnviz3d.app.window.packed_events import BLOCK, Packed
from nnviz3d.spec.session_log import Event

EVENTS = [
    Event(0.1, "step", None, 5), Event(0.2, "do", [3, 0.1 + 0.2], 6, "set_parameter", 1 / 3, True, True),
    Event(0.3, "edit", [["network.layers", [{"units": 3, "ü": "山"}], [0, None]]], 7), Event(0.4, "pose", [1e-9, 0.0, -1.0]),
    Event(0.5, "seen", [-1, 10**7, 0, 0, 0]), Event(0.6, "weights", "a/b", 2**31),
]  # fmt: skip


def test_packed_events_are_the_same_to_the_bit():
    many = [event for _ in range(BLOCK) for event in EVENTS]
    packed = Packed(many)
    assert len(packed) == len(many) and list(packed) == many and len(packed._open) < BLOCK
    assert list(Packed()) == [] and list(Packed(EVENTS[:1])) == EVENTS[:1]


def test_packed_events_are_small():
    packed = Packed(Event(k / 60, "step", None, 7 * k) for k in range(100_000))
    assert sum(map(sys.getsizeof, packed._blocks)) < 25 * len(packed)


def test_a_steady_run_is_a_line_and_an_uneven_one_is_reported_to_a_tenth_of_a_second():
    g = np.random.default_rng(2)
    for noise, most in ((0.0, 4), (0.2, 400)):
        line, kept, last, shown = LineCompressor(), [], (0.0, 0), []
        time = step = 0.0
        for _ in range(36_000):  # ten minutes of frames
            time += 1 / 60
            step += 3 * (1 + noise * g.standard_normal()) * (1 if time < 300 else 2)
            shown.append((time, int(step)))
            if time - last[0] >= STEP_EVERY:
                rate = (int(step) - last[1]) / (time - last[0])
                kept += line.add(time, (int(step),), (rate * STEP_EVERY,))
                last = time, int(step)
        kept += line.flush()
        assert len(kept) < most
        times, steps = np.array(shown).T
        reported = np.interp(times, [t for t, _ in kept], [s for _, (s,) in kept])
        rate = np.where(times < 300, 180, 360)
        assert (np.abs(reported - steps) / rate)[60:].max() < 2.5 * STEP_EVERY
