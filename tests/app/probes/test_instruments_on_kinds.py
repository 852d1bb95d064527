"""The instruments on networks of convolutions, norms, residual paths and attention: generic through the faces of the kinds."""

from __future__ import annotations

from time import sleep

import numpy as np
import pytest

from nnviz3d.app.probes.ablation import Ablation, units
from nnviz3d.app.probes.paths import Tracer
from nnviz3d.app.probes.pruning import Pruning
from nnviz3d.app.probes.representation import Representation
from nnviz3d.app.probes.saliency import IDS, Saliency
from nnviz3d.app.probes.strongest_inputs import StrongestInputs
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.logit_gradient import LogitGradient
from nnviz3d.spec import toml

CONV = (
    "network.layers=[{kind='conv2d', channels=4, kernel=3, padding=1}, {kind='batch_norm'}, {kind='max_pool', kernel=2}, "
    "{kind='conv2d', channels=6, kernel=3, activation='tanh'}, {kind='dense', units=12}]"
)
RESIDUAL = (
    "network.layers=[{name='a', kind='conv2d', channels=4, kernel=3, padding=1}, {kind='conv2d', channels=4, kernel=3, padding=1}, "
    "{kind='add', from=['a', 'conv2d2']}, {kind='global_avg_pool'}]"
)


def session(name, *edits):
    path = toml.find(name)
    made = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)
    made.run(8)
    made.refresh()
    return made


@pytest.fixture(scope="module", params=["conv", "residual", "sort-gpt"])
def s(request):
    if request.param == "sort-gpt":
        return session("sort-gpt")
    return session("digits", CONV if request.param == "conv" else RESIDUAL)


def look(read, times=4000):
    for _ in range(times):
        r = read()
        if r is not None:
            return r
        sleep(0.001)
    pytest.fail("never done")


def test_saliency_is_the_gradient_or_says_why_not(s):
    r = Saliency().reading(s.source, 2)
    if "token" in s.source.data.axes:
        assert r.reason == IDS
        return
    source, x = s.source, np.ravel(s.source.sample.x).astype(np.float64)
    through = LogitGradient(source.ops, source.topology, source.objective, source.tensors("parameter"))
    through.outputs(x)
    np.testing.assert_allclose(r.product_i, x * through.of(2), rtol=1e-4, atol=1e-6)
    g, h = np.random.default_rng(0), 1e-3
    x = x + 0.3 * g.standard_normal(len(x))  # of the empty corners of a picture every cell is the largest
    through.outputs(x)
    found, way = through.of(2), g.standard_normal(len(x))
    way /= np.linalg.norm(way)
    z = [float(through.outputs(x + k * h * way)[2]) for k in (1, -1)]
    assert found @ way == pytest.approx((z[0] - z[1]) / (2 * h), rel=0.1, abs=5e-3)


def test_strongest_inputs_of_a_group_are_those_of_the_largest_cell_in_it(s):
    source = s.source
    node = next(node for node in source.topology.nodes[1:] if node.groups > 1)
    size = node.size // node.groups
    neuron, probe = node.neurons.start + size + 1, StrongestInputs()

    def done():
        r = probe.reading(source, (neuron, True))
        return r if r is not None and r.known == r.looked else None

    r = look(done)
    assert (r.neuron, r.size) == (node.neurons.start + size, size)
    x = source.data.held_out[1][probe._last.rows_r]
    a = ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), x).activations()[node.number]
    best = np.sort(a[:, size : 2 * size].max(1))[::-1][: len(r.rows)]
    np.testing.assert_allclose([row.value for row in r.rows], best, rtol=1e-4, atol=1e-5)


def test_pruning_scores_a_network_of_any_kind(s):
    probe = Pruning()

    def done():
        r = probe.reading(s.source, (-1, 0.9))
        return r if r is not None and r.loss is not None else None

    r = look(done)
    assert r.count == round(0.9 * r.total) and r.rows > 0 and np.isfinite(r.loss)
    assert probe.view is not None and np.isfinite(probe.view.tensors("activation")).all()


def test_paths_go_back_through_every_kind_and_never_add_up_to_more_than_all(s):
    source, topology = s.source, s.source.topology
    tracer, output = Tracer(source), topology.output
    target = output.neurons.start + int(np.argmax(source.tensors("activation")[output.neurons.slice]))
    for found in tracer.back(target, 12):  # noqa: B007
        pass
    assert found and 0 < sum(path.share for path in found) <= 1 + 1e-6
    for path in found:
        assert path.neurons[-1] == target and path.share == pytest.approx(np.prod(path.shares), rel=1e-6)
        assert path.bias or path.neurons[0] < topology.input.neurons.stop
    for reached in tracer.on(found[0].neurons[0], 5):  # noqa: B007
        pass
    assert all(path.neurons[-1] >= output.neurons.start for path in reached)


def test_what_a_linear_kind_gets_is_its_z(s):
    """Contributions and bias add up to the sum before the activation, for the kinds that sum weights."""
    source, tracer = s.source, Tracer(s.source)
    g, seen = np.random.default_rng(1), 0
    for node in source.topology.nodes[1:]:
        if node.kind not in ("dense", "conv2d"):
            continue
        for j in g.integers(0, node.size, 12).tolist():
            got = tracer.incoming(node.neurons.start + j)
            z = float(source.tensors("z")[node.neurons.start + j])
            assert got.contribution_e.sum() + got.bias == pytest.approx(z, rel=2e-4, abs=2e-4), (node.name, j)
            seen += 1
    assert seen


def test_a_group_is_killed_at_once_and_the_outputs_answer(s):
    source = s.source
    node = next(node for node in source.topology.nodes[1:-1] if node.groups > 1)
    ids, probe = units(node)[0], Ablation()
    before = probe.reading(source, node.number)
    s.editing.hold("killed", ids, True)
    after = probe.reading(source, node.number)
    assert set(ids) == set(source.holds.killed) and not source.tensors("activation")[ids.start : ids.stop].any()
    np.testing.assert_allclose(after.whole_o, before.z_o, rtol=1e-4, atol=1e-4)
    assert before.size == len(ids) and not np.array_equal(after.z_o, after.whole_o)
    s.undo()
    assert not source.holds.killed


def test_the_cloud_of_any_layer(s):
    for node in (1, len(s.source.topology.nodes) - 2):
        probe = Representation()
        r = look(lambda node=node, probe=probe: probe.reading(s.source, s.seen, (node, None)))
        assert np.isfinite(r.xyz_r3).all() and len(r.xyz_r3) == len(r.rows_r) and len(r.value_r) == len(r.rows_r)
