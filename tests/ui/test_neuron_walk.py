"""The Neuron panel inside a walk, on a real session: every phase draws, clicks choose a parameter and check a gradient."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnviz3d.app.session import Session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.ui import updates
from tests.ui import readouts
from tests.ui.where import find, recording

pytestmark = pytest.mark.gl
NEURONS = {"input": 12, "hidden": 80, "output": 147}


@pytest.fixture(scope="module", params=["adam", "momentum"])
def session(request):
    path = toml.find("digits")
    edits = [Edit("train.optimizer", request.param), Edit("train.clip_norm", 0.05), Edit("train.l2", 0.01)]
    session = Session(toml.apply(toml.load(path), edits), path.parent, "cpu")
    session.run(30)
    session.start_walk()
    return session


def show(driver, session, neuron: int, number: float):
    session.walking.walk.go(number)
    reading = session.walking.inspector.read(session.walking.walk, neuron)
    driver.readout = readouts.readout(topology=session.source.topology, walk=session.walking.reading(), neuron=reading, pinned=True)
    return reading


def titles(driver) -> list[str]:
    """Sections in the order in which they are drawn, by their lines."""
    driver.frame(3)
    with recording() as found:
        driver.frame()
    return list(dict.fromkeys(name.rstrip("0123456789") for name in found if name[:4] in ("Weig", "Acti", "Erro", "Grad", "Upda")))


@pytest.mark.parametrize("kind", NEURONS)
@pytest.mark.parametrize("bias", [False, True])
def test_every_phase_draws_every_kind_of_neuron(driver, session, kind, bias):
    driver.only("Neuron")
    for number in range(len(session.walking.phases)):
        reading = show(driver, session, NEURONS[kind], number + 0.7)
        if bias and reading.step is not None:
            session.walking.inspector.check(reading.step.gradients[-1].parameter)
            reading = show(driver, session, NEURONS[kind], number + 0.7)
            assert reading.step.update.index is None and reading.step.check is not None
        driver.frame(2)
        assert driver.pixels()[:, 940:1240].max() > 200
    assert driver.commands == [] and driver.edits == []


def test_what_happens_now_stands_first(driver, session):
    driver.only("Neuron")
    kinds = [str(phase) for phase in session.walking.phases]
    for place, first in {"forward:1": "Weighted sum", "loss": "Error signal of this sample", "backward:3": "Error signal of this sample",
                         "backward:2": "Error signal of this sample", "backward:1": "Gradient", "update:2": "Update",
                         "after": "Weighted sum"}.items():  # fmt: skip
        show(driver, session, NEURONS["hidden"], kinds.index(place) + 0.5)
        assert titles(driver)[0] == first, place


def test_every_formula_can_be_rendered(driver, session):
    for place in (NEURONS["hidden"], NEURONS["output"]):
        reading = show(driver, session, place, 5.5)
        session.walking.inspector.check(reading.step.update.parameter)
        reading = show(driver, session, place, 5.5)
        for line in (*updates.gradients(reading), *updates.update(reading), *updates.check(reading)):
            formula = driver.overlay._formulas.get(line.tex, 14.0)
            assert formula is not None and formula.width <= 300, line.tex


def test_a_click_chooses_a_parameter(driver, session):
    driver.only("Neuron")
    reading = show(driver, session, NEURONS["hidden"], [str(p) for p in session.walking.phases].index("backward:1") + 0.5)
    for k, gradient in enumerate(reading.step.gradients):
        driver.forget()
        driver.click(*find(driver, f"Gradient{k + 2}"))
        assert driver.commands == [("walk_choose", gradient.parameter)]


def test_the_button_checks_the_chosen_gradient(driver, session):
    driver.only("Neuron")
    number = [str(p) for p in session.walking.phases].index("backward:1") + 0.5
    reading = show(driver, session, NEURONS["hidden"], number)
    driver.frame(3)
    driver.click(*find(driver, "check_gradient"))
    assert driver.commands == [("walk_check", reading.step.update.parameter)]
    session.walking.inspector.check(driver.commands[0][1])
    show(driver, session, NEURONS["hidden"], number)
    driver.frame(30)
    assert driver.overlay._dock.neuron.shown[0].step.check is not None
    find(driver, "Check2")


def test_outside_a_walk_the_panel_is_as_ever(driver, session):
    driver.only("Neuron")
    reading = replace(show(driver, session, NEURONS["hidden"], 9.5), step=None)
    driver.readout = readouts.readout(topology=session.source.topology, neuron=reading)
    assert titles(driver) == ["Weighted sum", "Activation", "Error signal of this sample", "Gradient of the last step"]


def test_formulas_that_cannot_be_rendered_are_written_out(driver, session, monkeypatch):
    monkeypatch.setattr("nnviz3d.ui.tex.available", lambda: False)
    driver.overlay._formulas._cache.clear()
    driver.only("Neuron")
    show(driver, session, NEURONS["hidden"], 10.5)
    driver.frame(3)
    assert driver.pixels()[:, 940:1240].max() > 200
