"""Gradient times input: exact against central differences and closed forms, of the shown sample and its parameters of now."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes.saliency import Saliency
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine.logit_gradient import LogitGradient
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from tests.helpers.fake_source import FakeSource


def session(name, *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


@pytest.mark.parametrize("name", ["digits", "iris", "spiral", "xor"])
def test_the_gradient_is_that_of_central_differences(name):
    s = session(name)
    s.run(40)
    source = s.source
    through = LogitGradient(source.ops, source.topology, source.objective, source.tensors("parameter"))
    x, g = np.ravel(source.sample.x).astype(np.float64), np.random.default_rng(1)
    for output in {0, source.topology.output.size - 1}:
        through.outputs(x)
        found = through.of(output)
        way = g.standard_normal(len(x))
        way /= np.linalg.norm(way)
        h = 2e-3
        steps = [through.outputs(x + k * h * way)[output].astype(np.float64) for k in (1, -1)]
        assert found @ way == pytest.approx((steps[0] - steps[1]) / (2 * h), rel=0.05, abs=2e-3)


def test_in_a_linear_network_the_products_add_up_to_z_without_the_bias():
    s = session("iris", "network.layers=[{units = 5, activation = 'linear'}]")
    s.run(30)
    s.refresh()
    source, p = s.source, s.source.tensors("parameter")
    hidden, output = source.topology.nodes[1], source.topology.output
    for k in range(output.size):
        r = Saliency().reading(source, k)
        w2, b1, b2 = output.weight.view(p), hidden.bias.view(p), output.bias.view(p)
        assert r.output == k and r.product_i.sum() + w2[k] @ b1 + b2[k] == pytest.approx(r.z, rel=1e-5, abs=1e-5)
        assert r.z == pytest.approx(float(source.tensors("z")[output.neurons.start + k]), rel=1e-5)


def test_the_largest_output_is_explained_unless_another_is_chosen_and_numbers_follow_training():
    s, probe = session("digits"), Saliency()
    s.run(100)
    s.refresh()
    assert probe.reading(s.source, None) is None
    first = probe.reading(s.source, -1)
    assert first.output == int(np.argmax(s.source.tensors("z")[s.source.topology.output.neurons.slice]))
    assert probe.reading(s.source, -1) is first, "worked out once"
    assert probe.reading(s.source, 4).output == 4
    s.run(5)
    s.refresh()
    assert not np.array_equal(probe.reading(s.source, -1).product_i, first.product_i)
    s.show_next(1)
    assert not np.array_equal(probe.reading(s.source, 4).x_i, first.x_i)
    s.own.draw([[0.1, False, [0.5, 0.1, 0.5, 0.9]]])
    mine = probe.reading(s.source, -1)
    assert np.array_equal(mine.x_i, s.source.sample.x) and (mine.product_i[mine.x_i == 0] == 0).all()


def test_a_killed_neuron_passes_nothing_on_and_training_is_untouched():
    s, probe, other = session("digits"), Saliency(), session("digits")
    hidden = list(range(s.source.topology.nodes[1].neurons.start, s.source.topology.nodes[1].neurons.stop))
    s.editing.hold("killed", hidden, True)
    assert not probe.reading(s.source, 0).product_i.any()
    s.editing.release()
    for _ in range(4):
        assert probe.reading(s.source, 0).product_i.any()
        s.run(5)
        other.run(5)
    assert np.array_equal(s.source.tensors("parameter"), other.source.tensors("parameter"))


def test_in_a_walk_and_of_a_kept_moment_it_is_of_their_own_parameters_and_samples():
    s, probe = session("iris"), Saliency()
    s.run(10)
    s.refresh()
    now = probe.reading(s.pictured_numbers, 1)
    s.start_walk()
    walked = probe.reading(s.pictured_numbers, 1)
    assert np.array_equal(walked.x_i, s.walking.walk.sample.x) and not np.array_equal(walked.x_i, now.x_i)


def test_what_cannot_be_computed_says_why():
    assert Saliency().reading(FakeSource(), -1).reason


def test_another_network_is_bound_again():
    s, probe = session("iris"), Saliency()
    first = probe.reading(s.source, -1)
    s.apply([Edit("network.layers", [{"units": 3}])])
    second = probe.reading(s.source, -1)
    assert second is not first and len(second.product_i) == 4
