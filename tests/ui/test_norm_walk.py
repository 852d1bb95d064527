"""Inside a step, a batch norm is reported by its batch: what comes in, what comes back and the update of its running mean add up."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import explain, explain_layer
from nnviz3d.app.probes.explain_cache import _update
from nnviz3d.app.probes.explained import Recorded
from nnviz3d.app.session.opening import new_session
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine.tape import record
from nnviz3d.layers.batch_norm.equations import EQUATIONS
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec import toml
from nnviz3d.spec.phases import Place
from nnviz3d.ui.equations import neuron_equations, updates
from tests.engine.test_norms import net
from tests.ui.printed import number

WEIGHED = ("term", "rest", "bias")
KINDS = ("batch_norm", "layer_norm", "rms_norm")


@pytest.fixture(scope="module", params=KINDS)
def tape(request):
    layers = [{"units": 6, "activation": "tanh"}, {"kind": request.param, "name": "n"}, {"kind": "activation", "activation": "silu"}]
    t = net(NumpyOps("float64"), layers, learning_rate=0.3)
    t.run(4)
    return record(t, 2)


@pytest.mark.parametrize("after", [False, True])
def test_what_comes_in_adds_up(tape, after):
    source, node = Recorded(tape, after), tape.topology.by_name["n"]
    for j in range(node.size):
        reading = explain.read(source, node.neurons.start + j)
        lines = neuron_equations.pre_activation(reading)
        assert sum(line.value for line in lines if line.kind in WEIGHED) == pytest.approx(reading.z, abs=1e-12)
        assert sum(number(line.printed).value for line in lines if line.kind in WEIGHED) == pytest.approx(reading.z, abs=2e-2)
        assert r"\gamma" in lines[0].tex and lines[-1].value == reading.z


def test_what_comes_back_adds_up_and_is_the_error_of_the_layer_before(tape):
    source, (before,) = Recorded(tape), tape.topology.sources(tape.topology.by_name["n"])
    for j in range(before.size):
        reading = explain.read(source, before.neurons.start + j)
        _, *lines, end = neuron_equations.backward(reading)
        terms = [line for line in lines if line.kind in WEIGHED]
        assert len(terms) == 2 + (reading.outgoing.kind != "rms_norm")
        assert reading.slope * sum(line.value for line in terms) == pytest.approx(reading.delta, rel=1e-9, abs=1e-13)
        assert end.value == reading.delta
    reported = explain_layer.layer(source, before.number)
    assert np.allclose(reported.back * reported.slope, reported.delta, rtol=1e-5)


def test_the_running_mean_is_reported_as_an_average():
    t = net(NumpyOps("float64"))
    t.run(3)
    tape = record(t)
    reading = _update(tape, t.topology.unlearned[0].start)
    symbols, step, moved = updates.update(reading)
    assert "(1 - m)" in symbols.tex and "0.9 · " in step.text and " + 0.1 · " in step.text
    assert step.value == pytest.approx(float(tape.after[t.topology.unlearned[0].start])) and moved.kind == "change"


def test_edges_into_a_batch_norm_multiply_by_scale_over_the_deviation_of_the_batch():
    path = toml.find("resnet-tiny")
    s = new_session(toml.load(path, [toml.parse_set("train.batch=4")]), path.parent, "cpu")
    s.run(2)
    s.start_walk()
    walk, topology = s.walking.walk, s.source.topology
    checked = 0
    for phase in ("forward:2", "after"):
        walk.go(Place.parse(phase, topology))
        tape, after = walk.tape, phase == "after"
        shown, source = (tape.new if after else tape.old), Recorded(tape, after)
        numbers = Numbers(walk.settled("parameter"), shown.a, None, 1)
        for node in [node for node in topology.nodes if node.kind == "batch_norm"]:
            (c,), j = topology.into(node), node.size // 3
            n = EQUATIONS.normed(explain.read(source, node.neurons.start + j))
            factor = float(edges_of(c).values(c, np.array([j]), numbers)[0])
            assert factor == pytest.approx(n.scale / n.deviation, rel=1e-5)
            a = float(shown.a[c.source.neurons.start + j])
            assert factor * (a - n.mean) + n.shift == pytest.approx(float(shown.z[node.neurons.start + j]), rel=1e-4, abs=1e-4)
            checked += 1
    assert checked > 6
