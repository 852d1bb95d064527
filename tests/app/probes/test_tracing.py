"""Tracing: shares of paths in closed form, sums that are 1, the same forward and back, bounded work, light in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes.paths import Tracer
from nnviz3d.app.probes.tracing import Tracing
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.layers import edge_lookup
from nnviz3d.spec import toml


def session(name, *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


def last(steps):
    for found in steps:  # noqa: B007
        pass
    return found


@pytest.fixture
def linear():
    """Iris, 4-3-3 linear, all weights and inputs positive, no biases: every path is its share of z."""
    s = session("iris", "network.layers=[{units = 3, activation = 'linear'}]", "data.standardize=false")
    g, topology = np.random.default_rng(4), s.source.topology
    values = {
        name: (g.uniform(0.1, 1, r.shape) * (name.endswith("weight"))).astype(np.float32) for name, r in topology.parameter_ranges.items()
    }
    s.source.learner.load(values)
    s.source.show()
    return s, list(values.values())


def test_paths_of_a_positive_linear_network_are_their_shares_of_z(linear):
    s, (w1, _b1, w2, _b2) = linear
    source, topology = s.source, s.source.topology
    x, hidden, output = source.sample.x.astype(np.float64), topology.nodes[1].neurons.start, topology.output.neurons.start
    for k in range(3):
        paths = last(Tracer(source).back(output + k, 24))
        z = float(w2[k].astype(np.float64) @ (w1 @ x))
        assert len(paths) == 12 and sum(path.share for path in paths) == pytest.approx(1, rel=1e-6)
        assert z == pytest.approx(float(source.tensors("z")[output + k]), rel=1e-5)
        for path in paths:
            i, h, o = path.neurons
            assert (o, path.sign, path.bias) == (output + k, 1, False)
            assert path.share * z == pytest.approx(w2[k, h - hidden] * w1[h - hidden, i] * x[i], rel=1e-5)
            assert path.share == pytest.approx(np.prod(path.shares))
            assert [edge_lookup.ends(topology, edge) for edge in path.edges] == [(i, h), (h, o)]
        assert [p.share for p in paths] == sorted((p.share for p in paths), reverse=True)


def test_what_a_neuron_reaches_is_the_same_path_seen_from_its_other_end(linear):
    s, _ = linear
    tracer, topology = Tracer(s.source), s.source.topology
    on = {path.neurons: path for i in range(4) for path in last(tracer.on(i, 24))}
    back = {path.neurons: path for k in range(3) for path in last(tracer.back(topology.output.neurons.start + k, 24))}
    assert on.keys() == back.keys() and len(on) == 36
    for neurons, path in on.items():
        assert path.share == pytest.approx(back[neurons].share) and path.edges == back[neurons].edges and path.sign == back[neurons].sign


def test_with_biases_and_negative_weights_all_paths_still_add_up_and_signs_are_those_of_the_products():
    s = session("iris", "network.layers=[{units = 3, activation = 'linear'}]")
    s.run(40)
    s.refresh()
    source, topology = s.source, s.source.topology
    p, x = source.tensors("parameter"), source.sample.x
    w1, w2 = (node.weight.view(p) for node in topology.nodes[1:])
    hidden, output = topology.nodes[1].neurons.start, topology.output.neurons.start
    paths = last(Tracer(source).back(output, 99))
    assert len(paths) == 4 * 3 + 3 + 1 and sum(path.share for path in paths) == pytest.approx(1, rel=1e-6)
    for path in paths:
        if not path.bias:
            i, h, _o = path.neurons
            assert path.sign == np.sign(w2[0, h - hidden] * w1[h - hidden, i] * x[i])
        elif len(path.neurons) == 1:
            assert path.sign == np.sign(topology.output.bias.view(p)[0])
        else:
            h = path.neurons[0] - hidden
            assert path.sign == np.sign(topology.nodes[1].bias.view(p)[h] * w2[0, h])


def test_the_strongest_of_a_larger_network_are_those_of_a_search_over_all():
    s = session("digits")
    s.run(100)
    s.refresh()
    topology, tracer = s.source.topology, Tracer(s.source)
    target = topology.output.neurons.start + 3
    found = last(tracer.back(target, 8))
    shares = []
    for n in (1, 2, 3):
        node = topology.nodes[n]
        rows = []
        for j in range(node.size):
            got = tracer.incoming(node.neurons.start + j)
            rows.append(np.abs(got.contribution_e) / got.total if got.total else np.zeros(len(got.contribution_e)))
        shares.append(np.array(rows))
    whole = shares[2][3][:, None, None] * shares[1][:, :, None] * shares[0][None]
    best = np.sort(whole.ravel())[::-1][:8]
    mine = np.array([path.share for path in found if not path.bias])
    np.testing.assert_allclose(mine, best[: len(mine)], rtol=1e-6)


def test_a_graph_with_rails_and_products_is_traced_too():
    s = session("spiral", "network.layers=[{name='a', units=4}, {name='b', units=4, from=['a']}, {kind='add', from=['a','b']}]")
    s.run(20)
    s.refresh()
    paths = last(Tracer(s.source).back(s.source.topology.output.neurons.start, 500))
    lengths = {len(path.neurons) for path in paths if not path.bias}
    assert len(lengths) == 2 and sum(path.share for path in paths) == pytest.approx(1, rel=1e-4)


def test_it_is_looked_for_in_slices_and_lights_up(linear):
    s, _ = linear
    probe = Tracing()
    for _ in range(50):
        r = probe.reading(s.source, (-1, True, 5, -1))
    assert r.over and len(r.paths) == 5 and r.neuron >= s.source.topology.output.neurons.start
    assert r.total == pytest.approx(sum(path.share for path in r.paths)) and 0 < r.total < 1
    assert set(probe.edges) == {edge for edge in probe.edges if edge_lookup.exists(s.source.topology, edge)} and len(probe.edges) >= 5
    probe.reading(s.source, (-1, True, 5, 0))
    assert len(probe.edges) == 2, "one path alone"
    s.show_next(7)
    other = probe.reading(s.source, (-1, True, 5, -1))
    assert other is not r
    assert probe.reading(s.source, None) is None and probe.edges == ()


def test_a_dead_neuron_has_no_paths_and_wide_networks_are_bounded():
    s = session("digits", "network.layers=[{units = 700}, {units = 700}]")
    s.refresh()
    work = list(Tracer(s.source).back(s.source.topology.output.neurons.start, 8))
    assert len(work) < 2 * 192 + 10 and len(work[-1]) == 8
    dead = int(np.argmin(s.source.tensors("activation")[64:764])) + 64
    assert s.source.tensors("activation")[dead] == 0 and last(Tracer(s.source).on(dead, 8)) == []


def test_picture_and_panel_agree():
    from tests.helpers.person import Person

    person = Person("iris", size=(900, 640))
    person.session.run(50)
    person.open("Tracing")
    person.loop.overlay.memory.reveal = "Tracing"
    person.frames(10)
    lit = person.loop.stage.pointer.marks().lit
    assert lit and set(lit) == set(person.session.tracing.edges)
    person.open()
    person.frames(3)
    assert not person.loop.stage.pointer.marks().lit
    person.close()
