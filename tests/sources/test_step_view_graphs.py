"""A step of a graph with branches at every place: errors are whole when all readers have passed theirs back, waves follow ranks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.step_view import StepView
from nnviz3d.spec.phases import Place, phases
from tests.layers.kinds import ON_TABLES, scene_on_data


@pytest.fixture(scope="module", params=ON_TABLES)
def tape(request):
    scene = scene_on_data(request.param)
    own = OwnTraining(scene, Path(), choose("cpu"), 1 << 20)
    own.run(20)
    return own.record(1)


def views(tape, share=1.0):
    return [StepView(tape, Place(k, share)) for k in range(len(phases(tape.topology)))]


def test_whole_at_the_borders(tape):
    """After `forward` all activations, after `backward` all errors and gradients, after `update` the new parameters."""
    t = tape.topology
    ends = {kind: [view for view in views(tape) if view.kind == kind][-1] for kind in ("forward", "loss", "backward", "update", "after")}
    assert np.array_equal(ends["forward"].tensors("activation"), tape.old.a)
    assert np.array_equal(ends["loss"].tensors("delta")[t.output.neurons.slice], tape.old.delta[t.output.neurons.slice])
    assert np.array_equal(ends["backward"].tensors("delta"), tape.old.delta)
    assert np.array_equal(ends["backward"].tensors("gradient"), tape.sample_gradient)
    assert np.array_equal(ends["update"].tensors("parameter"), tape.after)
    assert np.array_equal(ends["after"].tensors("activation"), tape.new.a)
    assert ends["backward"].whole("delta") and not ends["loss"].whole("delta") and ends["update"].whole("update")


def test_an_error_is_whole_when_every_reader_has_passed_it_back(tape):
    t = tape.topology
    for view in views(tape):
        for node in t.nodes[:-1]:
            readers = {c.target.number for c in t.out_of(node)}
            assert ("delta" in view.known(node.number)) == all(view.passed("backward", k) == 1 for k in readers)
    assert any(len(t.out_of(node)) > 1 for node in t.nodes)


def test_the_wave_follows_ranks_and_never_turns_within_a_pass(tape):
    for kind, way in (("forward", 1), ("backward", -1), ("update", -1)):
        fronts = [StepView(tape, Place(k, share)).front for k, phase in enumerate(phases(tape.topology)) if phase.kind == kind
                  for share in (0.0, 0.25, 0.5, 1.0)]  # fmt: skip
        assert all(way * (b - a) >= 0 for a, b in pairwise(fronts)), kind
        assert {fronts[0], fronts[-1]} == {0.0, float(tape.topology.ranks)}


def test_the_gradient_of_the_sample_is_that_of_a_batch_of_it(tape):
    """By the engine's own backward pass over one row, with what it adds where a tensor is read twice; or, where rows depend on one another,
    its part in the batch's: the parts of all rows add up to it."""
    if tape.topology.coupled:
        parts = [tape.of(k).sample_gradient for k in range(len(tape.rows))]
        np.testing.assert_allclose(np.mean(parts, 0), tape.gradient, rtol=1e-4, atol=1e-6)
        return
    from nnviz3d.engine.buffers import Buffers
    from nnviz3d.engine.forward_pass import ForwardPass

    b, g = Buffers.make(tape.ops, tape.topology, 1), np.zeros_like(tape.before)
    b.a[0][...], b.t[...] = tape.x, tape.target_o
    ForwardPass(tape.ops, tape.topology, tape.objective, tape.before, b, gradients=g).run()
    np.testing.assert_allclose(tape.sample_gradient, g, rtol=1e-5, atol=1e-8)
