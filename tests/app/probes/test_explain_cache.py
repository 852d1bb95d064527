"""What the Neuron panel shows inside a walk: the tape's numbers at every place, made once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz3d.app.probes.explain import read
from nnviz3d.app.session.opening import new_session
from nnviz3d.engine.update_explained import update
from nnviz3d.spec import toml
from nnviz3d.spec.phases import Place, phases


@pytest.fixture
def session():
    path = toml.find("digits")
    session = new_session(toml.load(path), path.parent, "cpu")
    session.run(20)
    session.start_walk()
    return session


def at(session, text: str):
    walk = session.walking.walk
    walk.go(Place.parse(text, walk.topology))
    return walk


def test_numbers_are_whole_at_every_place(session):
    """Half of a phase shows half of the wave, but an equation always adds up."""
    walk, inspector = session.walking.walk, session.inspector
    tape, n = walk.tape, walk.topology.n_neurons
    for index, phase in enumerate(phases(walk.topology)):
        walk.go(index + 0.3)
        for neuron in (3, 70, 120, n - 2):
            reported = inspector.neuron(walk, neuron)
            sample = tape.new if phase.kind == "after" else tape.old
            assert reported.a == float(sample.a[neuron])
            if reported.z is not None:
                assert reported.z == float(sample.z[neuron])
                assert reported.incoming.total + reported.bias == pytest.approx(reported.z, abs=1e-5)
                assert reported.delta == (None if phase.kind == "after" else float(tape.old.delta[neuron]))
                assert reported.step.delta == float(tape.old.delta[neuron])


def test_before_the_update_it_is_what_the_arenas_held(session):
    session.leave_walk()
    source = session.source
    row = source.data.x_train[5]
    source.trainer.show(row, source.data.t_train[5])
    held = {neuron: read(source, neuron) for neuron in (70, 150)}
    session.start_walk()
    walk = session.walking.walk
    walk._hold(replace(walk.tape, row=5), walk.place, batch=False)
    for neuron, was in held.items():
        reported = session.inspector.neuron(walk, neuron)
        assert (reported.a, reported.z, reported.incoming, reported.delta) == (was.a, was.z, was.incoming, was.delta)


def test_a_reading_is_made_once(session):
    inspector, walk = session.inspector, at(session, "update:2@0.1")
    first = inspector.neuron(walk, 80)
    at(session, "update:2@0.4")
    assert inspector.neuron(walk, 80) is first
    walk.show_sample(3)
    assert inspector.neuron(walk, 80) is not first
    for neuron in range(walk.topology.n_neurons):
        inspector.neuron(walk, neuron)
    assert len(inspector._known) <= 6


def test_any_parameter_can_be_chosen(session):
    inspector, walk = session.inspector, at(session, "update:1")
    tape, topology = walk.tape, walk.topology
    for p in (0, 77, topology.nodes[1].bias.start + 3, topology.nodes[2].weight.start + 49, topology.n_parameters - 1):
        reported = inspector.parameter(walk, p)
        ref = topology.parameter(p)
        node, j, i = ref.node, ref.neuron, ref.source
        assert (reported.neuron, reported.index, reported.source_index) == (node.neurons.start + j, j, i)
        assert reported.value == float(tape.before[p]) and reported.change == float(tape.change[p])
        assert reported.sample == float(tape.sample_gradient[p]) and reported.batch == float(tape.gradient[p])
        assert reported.update.numbers == update(tape, p).numbers()
    walk = at(session, "after")
    reported = inspector.parameter(walk, 77)
    assert reported.value == float(tape.after[77]) and reported.delta is None and reported.sample is None
    for wrong in (-1, topology.n_parameters, 10**9):
        inspector.check(wrong)
        assert inspector.parameter(walk, wrong) is None
        assert inspector.parameter(walk, 77).check is None


def test_a_parameter_outside_a_walk_has_the_last_steps_numbers(session):
    session.leave_walk()
    source, inspector = session.source, session.inspector
    source.show()
    arenas = source.trainer.arenas
    p = source.topology.nodes[2].weight.start + 100
    reported = inspector.parameter(source, p)
    ref = source.topology.parameter(p)
    node, j, i = ref.node, ref.neuron, ref.source
    a, delta = source.tensors("activation")[64 + i], source.tensors("delta")[node.neurons.start + j]
    assert reported.value == float(arenas.parameters[p]) and reported.sample == float(a * delta) and reported.update is None
    assert reported.batch == float(arenas.gradients[p]) and reported.samples == source.batch_size
    assert reported.change == float(arenas.parameters[p]) - float(arenas.before[p])
    inspector.check(p)
    check = inspector.parameter(source, p).check
    assert (
        check.analytic == reported.sample and np.isclose(check.numeric, check.analytic, rtol=1e-3, atol=1e-7) and check.step == source.step
    )
    source.run(1)
    source.show()
    assert inspector.parameter(source, p).check is check  # it says of which step it is
    assert inspector.parameter(source, p + 1).check is None


def test_a_step_never_taken_has_no_gradient():
    path = toml.find("digits")
    fresh = new_session(toml.load(path), path.parent, "cpu")
    reported = fresh.inspector.parameter(fresh.source, 5)
    assert reported.samples == 0 and reported.change is None
    assert fresh.inspector.layer(fresh.source, 1).samples == 0


def test_a_layer_is_copied_and_renewed_at_most_ten_times_a_second(session, monkeypatch):
    from nnviz3d.app.probes import explain_cache as module

    clock = [100.0]
    monkeypatch.setattr(module, "perf_counter", lambda: clock[0])
    session.leave_walk()
    source, inspector = session.source, session.inspector
    source.show()
    reported = inspector.layer(source, 2)
    node = source.topology.nodes[2]
    assert np.array_equal(reported.weight, node.weight.view(source.tensors("parameter"))) and not np.shares_memory(
        reported.weight, source.tensors("parameter")
    )
    assert np.allclose(reported.weight @ reported.x + reported.bias, reported.z, atol=1e-5) and inspector.layer(source, 2) is reported
    source.run(1)
    source.show()
    assert inspector.layer(source, 2) is reported
    clock[0] += 0.11
    fresh = inspector.layer(source, 2)
    assert fresh is not reported and np.array_equal(fresh.change, fresh.weight - node.weight.view(source.trainer.arenas.before))
    assert np.allclose(fresh.back * fresh.slope, fresh.delta, atol=1e-6)
    for wrong in (-1, 0, 4):
        assert inspector.layer(source, wrong) is None


def test_a_very_large_matrix_is_read_with_a_stride(session, monkeypatch):
    from nnviz3d.app.probes import explain_layer

    monkeypatch.setattr(explain_layer, "LARGEST", 500)
    session.leave_walk()
    reported = explain_layer.layer(session.source, 1)
    assert reported.shape == (48, 64) and reported.stride == (3, 3) and reported.weight.shape == (16, 22)
    w = session.source.topology.nodes[1].weight.view(session.source.tensors("parameter"))
    assert np.array_equal(reported.weight, w[::3, ::3])


def test_a_gradient_is_checked_only_when_asked(session, monkeypatch):
    from nnviz3d.app.probes import explain_cache as module

    asked, real = [], module.check_gradient
    monkeypatch.setattr(module, "check_gradient", lambda tape, p: asked.append(p) or real(tape, p))
    inspector, walk = session.inspector, at(session, "backward:1")
    p = 1100
    assert inspector.parameter(walk, p).check is None and asked == []
    inspector.check(p)
    for _ in range(3):
        check = inspector.parameter(walk, p).check
    assert asked == [p] and check.analytic == float(walk.tape.sample_gradient[p])
    assert check.kink or np.isclose(check.analytic, check.numeric, rtol=1e-4)
    session.walking.next()
    assert inspector.parameter(session.walking.walk, p).check is None  # another step


def test_inputs_have_no_parameters(session):
    reported = session.inspector.neuron(at(session, "update:1"), 12)
    assert reported.step is None and reported.z is None


@pytest.mark.gl
def test_the_loop_applies_what_the_panel_asks_for(session):
    from nnviz3d.app.window.loop import Loop
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec.readout import Command

    host = open_host(480, 320, headless=True)
    loop = Loop(host, session, play=False)
    try:
        loop.stage.pointer.picked = 80
        loop.frame(1 / 60)
        walk, inspector = session.walking.walk, session.inspector
        p = inspector.neuron(walk, 80).step.gradients[2].parameter
        loop.do(Command("choose", p))
        loop.do(Command("check", p))
        loop.frame(1 / 60)
        loop.frame(1 / 60)
        assert loop.stage.pointer.chosen == p and inspector.parameter(walk, p).check.parameter == p
        loop.do(Command("choose_layer", 2))
        assert (loop.stage.pointer.chosen, loop.stage.pointer.layer, loop.stage.pointer.picked) == (-1, 2, 80)
        for name, wrong in (("choose", 10**9), ("choose", -5), ("choose_layer", 0), ("choose_layer", 99)):
            loop.do(Command(name, wrong))
            loop.frame(1 / 60)
            assert (loop.stage.pointer.chosen if name == "choose" else loop.stage.pointer.layer) == -1
        loop.do(Command("choose", p))
        loop.do(Command("walk_leave"))
        loop.frame(1 / 60)
        assert session.walking is None and loop.stage.pointer.chosen == p  # outside as well
        loop.do(Command("pick", None))
        assert (loop.stage.pointer.chosen, loop.stage.pointer.layer, loop.stage.pointer.picked) == (-1, -1, -1)
    finally:
        loop.close()
