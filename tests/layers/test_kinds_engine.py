"""Every kind of layer in a graph where tensors are read twice: gradients against central differences in float64, shapes and costs against
closed forms, the kernels against numpy, bad shapes by key."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine import initializers
from nnviz3d.engine.buffers import Buffers, dropout_of
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.layers import KINDS
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import plain_axes, tables
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology
from tests.backend.host_kernels import HostKernelOps
from tests.layers.kinds import CASES, INPUTS, TOKENS, definition, graph_with, learned, scene_with

GOAL = Objective("cross_entropy", "softmax", 3)
ROWS = 5
MODES = [(kind, training) for kind, case in CASES.items() for training in (False, True)[: 1 + case.both]]
SMOOTH = [kind for kind, case in CASES.items() if not case.ids]  # ids have no gradient


def first(topology: Topology) -> np.ndarray:
    return initializers.parameters(topology, 4).astype(np.float64)


def whole_pass(ops, topology: Topology, parameters, gradients=None, training: bool = False) -> ForwardPass:
    """Of a batch, as in training: with dropout masks that stay."""
    rng = np.random.default_rng(0)
    b = Buffers.make(ops, topology, ROWS, dropout_of(topology))
    case = CASES[topology.by_name["k"].kind] if "k" in topology.by_name else CASES["dense"]
    ops.write(case.rows(ROWS).astype(ops.dtype), b.a[0])
    ops.write(GOAL.rows(np.arange(ROWS) % 3, ops.dtype), b.t)
    for mask in [mask for mask in b.masks if mask is not None]:
        ops.write(((rng.random(mask.shape) < 0.6) / 0.6).astype(ops.dtype), mask)
    return ForwardPass(ops, topology, GOAL, parameters, b, gradients=gradients, training=training)


def slopes(loss, x: np.ndarray) -> np.ndarray:
    """Central differences of step 1e-6: good to 1e-9 in float64."""
    found = np.empty_like(x)
    for k in range(x.size):
        kept, ends = x[k], []
        for step in (1e-6, -1e-6):
            x[k] = kept + step
            ends.append(loss())
        x[k] = kept
        found[k] = (ends[0] - ends[1]) / 2e-6
    return found


def test_every_kind_has_a_case():
    assert sorted(CASES) == sorted(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_z_by_its_definition(kind):
    topology, ops = graph_with(kind), NumpyOps("float64")
    node, p = topology.by_name["k"], first(topology)
    shown = Shown(ops, topology, GOAL, p)
    for row in CASES[kind].rows(3, seed=2):
        shown.show(row, 1)
        x = [source.neurons.view(shown.activation) for source in topology.sources(node)]
        np.testing.assert_allclose(shown.z[node.neurons.slice], definition(node, p, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "training"), MODES)
def test_gradients_of_parameters(kind, training):
    topology, ops = graph_with(kind), NumpyOps("float64")
    p, learned_p = first(topology), learned(topology)
    g = np.full_like(p, np.nan)
    both, forward = whole_pass(ops, topology, p, g, training), whole_pass(ops, topology, p, training=training)
    both.run()

    def loss() -> float:
        forward.run()
        return float(forward.buffers.cell[0])

    np.testing.assert_allclose(g[learned_p], slopes(loss, p)[learned_p], rtol=2e-6, atol=2e-8)
    parts = [r for node in topology.nodes for _, r in node.parameters if learned_p[r.start]]
    assert all(np.abs(r.view(g)).max() > 1e-5 for r in parts), "every layer has a gradient"
    g[~learned_p] = 0
    both.run()
    assert np.array_equal(g[learned_p], whole(ops, topology, p, training)[learned_p]), "a second run adds nothing to the first"


def whole(ops, topology, p, training: bool = False) -> np.ndarray:
    g = np.zeros_like(p)
    whole_pass(ops, topology, p, g, training).run()
    return g


@st.composite
def networks(draw) -> list[dict]:
    """Layers of all kinds that read what a reshape can make, reading any above; what nothing reads is summed at the end."""
    layers, names = [], ["input"]
    for k in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(SMOOTH))
        inputs = [draw(st.sampled_from(names)) for _ in range(tables()[kind].fewest)]
        case = CASES[kind]
        for slot, name in enumerate(inputs if kind != "dense" else ()):  # whatever its shape was: as this kind reads it
            inputs[slot] = f"{name}_{k}_{slot}"
            shape = case.second if slot and case.second else case.reads
            axes = TOKENS if slot and case.second else case.axes or plain_axes(case.reads)
            layers.append({"name": inputs[slot], "units": prod(shape), "activation": "sin", "from": [name]})
            if len(shape) > 1:
                layers.append({"name": f"{inputs[slot]}_axes", "kind": "reshape", "shape": shape, "axes": axes, "from": [inputs[slot]]})
                inputs[slot] += "_axes"
        own = tomllib.loads(case.keys)
        if kind == "dense":
            own = {"units": 6, "activation": draw(st.sampled_from(["tanh", "sin", "silu"]))}
        layers.append({"kind": kind, "name": f"n{k}", "from": inputs, **own})
        names.append(f"n{k}")
    read = {name for layer in layers for name in layer["from"]}
    loose = [layer["name"] for layer in layers if layer["name"] not in read]
    for name in loose:
        layers.append({"name": f"{name}_end", "units": 4, "activation": "tanh", "from": [name]})
    if len(loose) > 1:
        layers.append({"kind": "add", "name": "all", "from": [f"{name}_end" for name in loose]})
    return layers


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 99))
def test_gradients_of_any_graph(layers, seed):
    """Along a random direction, as differences of the loss say it."""
    topology, ops = build_topology(Network.model_validate({"layers": layers}), INPUTS, 3, "softmax"), NumpyOps("float64")
    p = first(topology)
    g, v = np.full_like(p, np.nan), np.random.default_rng(seed).standard_normal(p.size) * learned(topology)
    both = whole_pass(ops, topology, p, g)
    both.run()
    losses = []
    at = p.copy()
    for step in (1e-5, -1e-5):
        p[:] = at + step * v
        both.run()
        losses.append(float(both.buffers.cell[0]))
    p[:] = at
    both.run()
    assert g @ v == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("kind", SMOOTH)
def test_gradients_of_inputs(kind):
    topology, ops = graph_with(kind), NumpyOps("float64")
    shown = Shown(ops, topology, GOAL, first(topology))
    x = CASES[kind].rows(1, seed=1)[0]

    def loss() -> float:
        shown.show(x, 1)
        return shown.loss

    numeric = slopes(loss, x)
    loss()
    np.testing.assert_allclose(shown.delta[topology.input.neurons.slice], numeric, rtol=2e-6, atol=2e-8)


@pytest.mark.parametrize("kind", CASES)
def test_killed_neurons_pass_nothing_on_and_nothing_back(kind):
    topology, ops = graph_with(kind), NumpyOps("float64")
    node = topology.by_name["k"]
    killed = (node.neurons.start, node.neurons.stop - 1)
    shown = Shown(ops, topology, GOAL, first(topology), killed)
    shown.show(CASES[kind].rows(1, seed=3)[0], 0)
    assert not shown.activation[list(killed)].any() and not shown.delta[list(killed)].any()
    assert shown.z[list(killed)].all(), "they keep what would have passed"


@pytest.mark.parametrize(("kind", "training"), MODES)
def test_the_kernels_say_the_same(kind, training):
    try:
        kernels = HostKernelOps()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    topology = graph_with(kind)
    wide = first(topology)
    p, g = wide.astype(np.float32), np.zeros(topology.n_parameters, np.float32)
    passed = whole_pass(kernels, topology, p, g, training)
    passed.run()
    learned_p = learned(topology)
    np.testing.assert_allclose(g[learned_p], whole(NumpyOps("float64"), topology, wide, training)[learned_p], rtol=2e-4, atol=2e-6)
    np.testing.assert_allclose(p, wide, rtol=1e-5, atol=1e-6)  # what is kept of a step too
    again = g.copy()
    passed.run()
    assert np.array_equal(g[learned_p], again[learned_p])


@pytest.mark.parametrize("kind", CASES)
def test_shapes_ranges_and_costs(kind):
    case, topology = CASES[kind], graph_with(kind)
    node = topology.by_name["k"]
    inputs = tuple(source.shape for source in topology.sources(node))
    assert node.shape == case.shape == node.table.output_shape(inputs)
    assert node.table.cost(inputs).flop == case.flop
    assert node.table.cost(inputs).bytes >= 4 * (sum(map(prod, inputs)) + node.size)
    edges = case.edges or tuple(map(prod, inputs))
    assert tuple(c.size for c in topology.into(node)) == node.edges == edges
    for before, after in pairwise(topology.nodes):
        assert before.neurons.stop == after.neurons.start
    ranges = [r for node in topology.nodes for _, r in node.parameters]
    assert all(a.stop == b.start for a, b in pairwise(ranges)) and ranges[-1].stop == topology.n_parameters


@pytest.mark.parametrize(("kind", "bad"), [(kind, bad) for kind, case in CASES.items() for bad in case.bad])
def test_what_does_not_fit_is_refused_at_its_key(kind, bad):
    keys, key, reason = bad
    place = next(k for k, layer in enumerate(scene_with(kind).network.layers) if layer.name == "k")
    with pytest.raises(InputError) as caught:
        graph_with(kind, keys)
    reported = {problem.key: problem.message for problem in caught.value.problems}
    assert list(reported) == [f"network.layers.{place}.{key}"] and reason in reported[f"network.layers.{place}.{key}"]
