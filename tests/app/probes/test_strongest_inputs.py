"""The samples that activate a neuron most are those of a plain search over all rows; found in slices, renewed as it learns."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import row_activations
from nnviz3d.app.probes.strongest_inputs import TOP, StrongestInputs, extent
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.spec import toml
from tests.helpers.fake_source import FakeSource


def session(name, *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


def found(probe, source, wanted, most=2000):
    for _ in range(most):
        r = probe.reading(source, wanted)
        if r is not None and r.known == r.looked:
            return r
    pytest.fail("never done")


def plain(source, node) -> np.ndarray:
    """(rows, size) activations of all shown rows."""
    x = source.data.held_out[1]
    return ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), x).activations()[node]


@pytest.mark.parametrize("name", ["digits", "iris", "spiral"])
def test_they_are_those_of_a_plain_search(name):
    s = session(name)
    s.run(60)
    source = s.source
    for neuron in (0, source.topology.nodes[1].neurons.start + 2, source.topology.n_neurons - 1):
        node, index = source.topology.locate(neuron)
        r = found(StrongestInputs(), source, (neuron, True))
        a_r = plain(source, node.number)[:, index]
        np.testing.assert_allclose([row.value for row in r.rows], np.sort(a_r)[::-1][: len(r.rows)], rtol=1e-5, atol=1e-6)
        assert len(r.rows) == min(TOP, len(a_r)) and r.of == len(a_r) == r.looked and r.neuron == neuron and r.size == 1
        assert r.active == pytest.approx((a_r > 0).mean(), abs=0.01)
        for row in r.rows:
            assert a_r[row.index] == pytest.approx(row.value, rel=1e-4, abs=1e-6)
            assert np.array_equal(row.x, source.data.held_out[1][row.index])


def test_of_a_group_the_largest_activation_in_it_counts():
    s = session("digits")
    topology = s.source.topology
    node, first, size = extent(topology, 20, True)
    assert (node.number, first, size) == (0, 20, 1), "a picture of one channel has no groups"
    assert extent(topology, 70, True)[2] == 1


def test_one_frame_does_one_block_and_the_list_is_renewed_as_it_learns():
    s, probe = session("digits"), StrongestInputs()
    s.run(20)
    neuron = s.source.topology.nodes[1].neurons.start
    looks = 0
    while (r := probe.reading(s.source, (neuron, False))) is None or r.known < r.looked:
        looks += 1
    assert looks >= r.looked // 256 and r.step == 20
    s.run(20)
    assert probe.reading(s.source, (neuron, False)) is r, "not at once"
    probe.pass_time(row_activations.RENEW)
    for _ in range(looks + 2):
        newer = probe.reading(s.source, (neuron, False))
    assert newer.step == 40
    s.run(1)
    assert np.array_equal(s.source.tensors("parameter"), session_at(41).source.tensors("parameter")), "looking changes no training"


def session_at(step: int):
    s = session("digits")
    for steps in (20, 20, step - 40):
        s.run(steps)
    return s


def test_another_neuron_or_network_starts_again_and_nobody_looking_costs_nothing():
    s, probe = session("iris"), StrongestInputs()
    first = found(probe, s.source, (5, False))
    assert probe.reading(s.source, None) is None and probe._last is None
    second = found(probe, s.source, (6, False))
    assert second.neuron == 6 != first.neuron
    assert probe.reading(s.source, (10**6, False)) is None
    assert StrongestInputs().reading(FakeSource(), (1, False)) is None


def test_large_sets_are_drawn_evenly_and_it_is_said():
    s = session("spiral", "data.samples=9000", "data.test_fraction=0.5")
    r = found(StrongestInputs(), s.source, (3, False))
    assert r.looked == row_activations.MOST < r.of == len(s.source.data.x_test)
