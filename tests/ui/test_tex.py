"""Formulas: MicroTeX without the locale, the cache and its cap, the fallback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnviz3d.ui.core import tex
from tests.ui import readouts

pytestmark = pytest.mark.gl
SUM = r"z_{%d} = \sum_{i=0}^{63} w_{i}\,a_{i} = 0.5"


def test_it_starts_on_a_machine_without_the_locale():
    code = "from nnviz3d.ui.core import tex; import sys; sys.exit(0 if tex.available() else 1)"
    env = {"LOCPATH": "/nonexistent", "PATH": "/usr/bin"}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0


def test_a_formula_is_rendered_once_and_drawn(driver):
    driver.frame()
    formulas = tex.Formulas()
    first = formulas.get(SUM % 1, 20)
    assert formulas.get(SUM % 1, 20.2) is first and formulas.rendered == 1
    assert 0 < first.baseline < first.height < first.width
    formulas.sweep()


def test_the_cache_stays_under_its_cap_and_frees_textures(driver):
    formulas = driver.overlay._formulas
    formulas.byte_cap = 100_000
    alive = len(tex._alive)
    for k in range(200):
        formulas.get(SUM % k, 20)
        driver.frame()
        assert formulas.bytes <= 140_000
    driver.frame(4)
    assert len(formulas) < 20 and len(tex._alive) - alive < 25


def test_too_long_is_refused(driver):
    driver.frame()
    assert tex.Formulas().get("x" * 2000, 20) is None


def test_plain_text_stands_in_where_microtex_cannot_run(driver, monkeypatch):
    monkeypatch.setitem(tex._state, "ready", False)
    driver.readout = readouts.readout(neuron=readouts.neuron(2, 5))
    driver.frame(4)
    assert driver.overlay._formulas.rendered == 0
    assert driver.pixels()[:, 930:].max() > 200


def test_what_is_not_drawn_for_long_is_dropped(driver, monkeypatch):
    monkeypatch.setattr(tex, "IDLE", 10)
    formulas = driver.overlay._formulas
    for k in range(5):
        formulas.get(SUM % k, 20)
    held = len(formulas)
    driver.frame(14)
    assert len(formulas) <= held - 5


def test_equations_are_drawn_again_after_their_formulas_were_freed(driver, monkeypatch):
    """A texture that was freed must never reach a draw list: imgui ends the process there."""
    monkeypatch.setattr(tex, "IDLE", 5)
    driver.only("Neuron")
    reading = readouts.neuron(2, 5)
    driver.readout = readouts.readout(neuron=reading)
    driver.frame(4)
    before = driver.pixels()
    driver.readout = readouts.readout()
    driver.frame(20)
    assert len(driver.overlay._formulas) == 0
    driver.readout = readouts.readout(neuron=reading)
    driver.frame(4)
    assert (driver.pixels() == before).all()
