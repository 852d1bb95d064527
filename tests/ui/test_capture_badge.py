"""The note that a film is being made: where it stands, and what it says of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz3d.spec.readout import CaptureReading
from nnviz3d.ui.hud.capture_badge import clock

pytestmark = pytest.mark.gl


@pytest.mark.parametrize(("seconds", "reported"), [(0, "0:00"), (7.9, "0:07"), (61, "1:01"), (3723, "1:02:03")])
def test_time_is_reported_as_a_clock_does(seconds, reported):
    assert clock(seconds) == reported


@pytest.mark.parametrize("size", [(1280, 720), (420, 360)])
def test_the_note_stands_at_the_top_right_of_the_stage_and_grows_with_what_was_lost(driver, size):
    driver.host.resize(*size)
    driver.frame(5)
    before = driver.pixels().astype(int)
    widths = []
    for reading in (
        CaptureReading(3.0, 0),
        CaptureReading(3.0, 12),
        CaptureReading(3.0, 0, alone=True),
        CaptureReading(3.0, 0, finishing=True),
    ):
        driver.readout = replace(driver.readout, capture=reading)
        driver.frame(3)
        changed = np.abs(driver.pixels().astype(int) - before).max(-1) > 10
        stage = size[0] - round(driver.overlay.free.right * size[0])
        rows, columns = np.nonzero(changed[:, :stage])
        assert rows.max() < 60 and columns.max() < stage and columns.min() > 0
        widths.append(columns.max() - columns.min())
    assert widths[1] > widths[0] + 60 and min(widths[2:]) > widths[0]
