"""The Health section: silent when all is well, every finding readable, a mark that is seen while the section is closed."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.spec.readout import Finding
from nnviz3d.ui.core import theme
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.where import find

pytestmark = pytest.mark.gl
LONG = Finding(
    "Eine sehr lange Überschrift " * 8, "37 of 64 ReLUs in hidden layer 2 give 0 for all 256 samples. " * 12, "Try %s %n \\frac{ 漢字 " * 20
)
SHORT = Finding("Dead ReLUs in hidden layer 2", "37 of 64 give 0 for all 256 samples.", "Reset.")


def amber(picture) -> int:
    """Pixels of the warning's colour on the dock."""
    colour = np.round(255 * np.array(theme.rgb(theme.WARN)))
    return int((np.abs(picture[:, 920:, :3].astype(int) - colour).max(-1) < 12).sum())


def drawn(driver, findings, *sections):
    driver.readout = readouts.readout(findings=findings)
    driver.only(*sections)
    driver.frame(3)
    assert driver.edits == [] and driver.commands == []
    return driver.pixels()


@pytest.mark.parametrize("findings", [(), (SHORT,), (LONG,), (SHORT, LONG) * 4], ids=["none", "one", "a long one", "eight"])
def test_findings_are_drawn_inside_the_dock(driver, findings):
    picture = drawn(driver, findings, "Health")
    assert picture[150:, 950:].max() > 150
    low, high = find(driver, "Health")[1], find(driver, "Training")[1]
    assert high - low > 60 + 40 * len(findings), "each finding takes room of its own"
    assert (driver.pixels()[:, 1268:] == drawn(driver, (), "Health")[:, 1268:]).mean() > 0.999, "nothing runs over the edge"


def test_the_mark_is_there_only_with_findings_and_also_when_closed(driver):
    quiet, marked = amber(drawn(driver, ())), amber(drawn(driver, (SHORT,)))
    assert 20 < marked - quiet < 120  # a dot of 7 pixels
    assert amber(drawn(driver, (), "Health")) <= quiet + 200  # the open section's own icon


def test_the_plate_can_be_switched():
    driver = Driver(1280, 1400)  # the row is below the fold of 720 pixels
    driver.only("Look")
    driver.click(*find(driver, "view.plate"))
    assert driver.edits == [("view.plate", False)]
    driver.close()
