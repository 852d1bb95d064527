"""What the Neuron panel is told inside a walk: the tape's numbers at every place, made once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz3d.app.reading import read
from nnviz3d.app.session import Session
from nnviz3d.engine.rules import update
from nnviz3d.spec import toml
from nnviz3d.spec.phases import Place, phases


@pytest.fixture
def session():
    path = toml.find("digits")
    session = Session(toml.load(path), path.parent, "cpu")
    session.run(20)
    session.start_walk()
    return session


def at(session, text: str):
    walk = session.walking.walk
    walk.go(Place.parse(text, walk.topology))
    return walk


def test_numbers_are_whole_at_every_place(session):
    """Half of a phase shows half of the wave, but an equation always adds up."""
    walk, inspector = session.walking.walk, session.walking.inspector
    tape, n = walk.tape, walk.topology.n_neurons
    for index, phase in enumerate(phases(walk.topology)):
        walk.go(index + 0.3)
        for neuron in (3, 70, 120, n - 2):
            told = inspector.read(walk, neuron)
            sample = tape.new if phase.kind == "after" else tape.old
            assert told.a == float(sample.a[neuron])
            if told.z is not None:
                assert told.z == float(sample.z[neuron])
                assert told.incoming.total + told.bias == pytest.approx(told.z, abs=1e-5)
                assert told.delta == (None if phase.kind == "after" else float(tape.old.delta[neuron]))
                assert told.step.delta == float(tape.old.delta[neuron])


def test_before_the_update_it_is_what_the_arenas_held(session):
    session.leave_walk()
    source = session.source
    row = source.data.x_train[5]
    source.trainer.show(row, source.data.t_train[5])
    held = {neuron: read(source, neuron) for neuron in (70, 150)}
    session.start_walk()
    walk = session.walking.walk
    walk._hold(replace(walk.tape, row=5), walk.place)
    for neuron, was in held.items():
        told = session.walking.inspector.read(walk, neuron)
        assert (told.a, told.z, told.incoming, told.delta) == (was.a, was.z, was.incoming, was.delta)


def test_a_reading_is_made_once(session):
    inspector, walk = session.walking.inspector, at(session, "update:2@0.1")
    first = inspector.read(walk, 80)
    at(session, "update:2@0.7")
    assert inspector.read(walk, 80) is first
    walk.show_sample(3)
    assert inspector.read(walk, 80) is not first
    for neuron in range(walk.topology.n_neurons):
        inspector.read(walk, neuron)
    assert len(inspector._known) <= 4


def test_choosing_a_parameter(session):
    inspector, walk = session.walking.inspector, at(session, "update:1")
    told = inspector.read(walk, 80)
    node, j = walk.topology.locate(80)
    bias = told.step.gradients[-1]
    assert bias.parameter == node.bias.start + j and bias.a is None
    for chosen in (bias.parameter, told.step.gradients[2].parameter, node.weight.start + j * node.weight.shape[1] + 1):
        inspector.choose(chosen)
        told = inspector.read(walk, 80)
        assert told.step.update.parameter == chosen in [g.parameter for g in told.step.gradients]
        assert told.step.update.numbers == update(walk.tape, chosen).numbers()
        assert len(told.step.gradients) - 1 + told.step.rest_count == node.weight.shape[1]
    assert inspector.read(walk, 81).step.update.parameter != chosen  # not one of that neuron's
    session.walking.next()
    assert inspector.read(walk, 80).step.update.parameter == chosen  # still chosen in the next iteration
    for wrong in (-1, walk.topology.n_parameters):
        inspector.choose(wrong)
        inspector.check(wrong)
        assert inspector.read(walk, 80).step.check is None


def test_a_gradient_is_checked_only_when_asked(session, monkeypatch):
    from nnviz3d.app import inspector as module

    asked, real = [], module.check_gradient
    monkeypatch.setattr(module, "check_gradient", lambda tape, p: asked.append(p) or real(tape, p))
    inspector, walk = session.walking.inspector, at(session, "backward:1")
    p = inspector.read(walk, 80).step.update.parameter
    assert asked == [] and inspector.read(walk, 80).step.check is None
    inspector.check(p)
    for _ in range(3):
        check = inspector.read(walk, 80).step.check
    assert asked == [p] and check.analytic == float(walk.tape.sample_gradient[p])
    assert np.isclose(check.analytic, check.numeric, rtol=1e-4) and check.relative < 1e-4
    session.walking.next()
    assert inspector.read(walk, 80).step.check is None  # another step


def test_inputs_have_no_parameters(session):
    told = session.walking.inspector.read(at(session, "update:1"), 12)
    assert told.step is None and told.z is None


@pytest.mark.gl
def test_the_loop_obeys_the_panel(session):
    from nnviz3d.app.loop import Loop
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec.readout import Command

    host = open_host(480, 320, headless=True)
    loop = Loop(host, session, play=False)
    try:
        loop.stage.picked = 80
        loop.frame(1 / 60)
        walk, inspector = session.walking.walk, session.walking.inspector
        p = inspector.read(walk, 80).step.gradients[2].parameter
        loop.do(Command("walk_choose", p))
        assert inspector.read(walk, 80).step.update.parameter == p
        loop.do(Command("walk_check", p))
        loop.frame(1 / 60)
        assert inspector.read(walk, 80).step.check.parameter == p
        loop.do(Command("walk_leave"))
        loop.do(Command("walk_choose", p))  # too late: nothing happens
        loop.frame(1 / 60)
        assert session.walking is None
    finally:
        loop.close()
