"""Choosing edges and scales, against sorting everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.bridge import edge_metrics
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.integers(0, 6000), st.integers(0, 2**31))
def test_the_strongest_are_the_strongest(n, k, seed):
    values = np.abs(np.random.default_rng(seed).standard_normal(n)).astype(np.float32)
    found = edge_metrics.strongest(values, k)
    assert len(found) == min(k, n) and (np.diff(found) > 0).all()
    assert np.sort(values[found]).tolist() == np.sort(values)[n - min(k, n) :].tolist()


@pytest.mark.parametrize("kind", ["normal", "ties", "zeros", "one hot", "heavy"])
@pytest.mark.parametrize("k", [1, 100, 20_000, 199_999])
def test_scanning_a_large_array_finds_the_same_as_sorting_it(kind, k):
    generator = np.random.default_rng(1)
    values = np.abs(generator.standard_normal(200_000)).astype(np.float32)
    values = {
        "normal": values, "ties": np.round(values), "zeros": values * 0, "one hot": (np.arange(200_000) == 7) * 1.0,
        "heavy": values**6,
    }[kind]  # fmt: skip
    sample = values[generator.integers(0, len(values), edge_metrics.SAMPLE)]
    found = edge_metrics.strongest(values, k, sample)
    assert len(found) == k == len(set(found.tolist()))
    assert np.sort(values[found]).tolist() == np.sort(values)[len(values) - k :].tolist()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 3000), min_size=1, max_size=9))
def test_a_budget_is_shared_out_fairly_and_never_exceeded(total, sizes):
    parts = edge_metrics.share_out(total, tuple(sizes))
    assert sum(parts) <= total and all(part <= size for part, size in zip(parts, sizes, strict=True))
    if sum(sizes) <= total:
        assert parts == sizes
    unsatisfied = [part for part, size in zip(parts, sizes, strict=True) if part < size]
    if unsatisfied:
        assert max(unsatisfied) - min(unsatisfied) <= 1
        assert all(part <= min(unsatisfied) + 1 or part == size for part, size in zip(parts, sizes, strict=True))


def test_samples_of_a_pair_are_its_own_values_and_do_not_alias_with_its_inputs():
    topology = build_topology(Network(layers=(Layer(units=300),)), (100,), 5, "linear")
    value_p = np.arange(topology.n_parameters, dtype=np.float32)
    activation_n = np.linspace(0, 1, topology.n_neurons, dtype=np.float32)
    pair = edge_metrics.Pair.of(topology.connections[0], 0)
    assert len(np.unique(pair.sample_s % 100)) == 100
    delta_n = np.linspace(2, 3, topology.n_neurons, dtype=np.float32)
    expected = {0: value_p[207], 1: value_p[207] * activation_n[7], 2: value_p[207] * delta_n[102], 3: activation_n[7] * delta_n[102]}
    for flow, value in expected.items():
        numbers = Numbers(value_p, activation_n, delta_n, flow)
        whole = pair.magnitudes(numbers)
        assert pair.sampled(numbers).tolist() == whole[pair.sample_s].tolist()
        assert whole[2 * 100 + 7] == np.float32(value)


def test_brightness_does_not_depend_on_how_many_edges_there_are():
    light = [edge_metrics.gain(n * 0.08) * n * 0.08 for n in (3_000, 30_000, 300_000, 3_000_000)]
    assert max(light) / min(light) < 4  # 1,000 times as many edges, within two stops


def test_scales_of_layers():
    topology = build_topology(Network(layers=(Layer(units=100), Layer(units=50, activation="tanh"))), (16,), 4, "softmax")
    activation_n = np.zeros(topology.n_neurons, np.float32)
    activation_n[:16] = np.linspace(0, 1, 16)
    activation_n[16:116] = np.linspace(0, 8, 100)
    scales = edge_metrics.layer_scales(activation_n, topology.nodes)
    assert scales[0] == 1 and 1 / scales[1] == pytest.approx(7.8, abs=0.1) and scales[2] == scales[3] == 1
    logits_n = activation_n.copy()
    logits_n[-4:] = (-12, 3, 0, 6)
    assert edge_metrics.layer_scales(activation_n, topology.nodes, logits_n)[3] == np.float32(1 / 12)
    assert edge_metrics.layer_scales(activation_n * 0, topology.nodes)[1] == 0  # silence divides by nothing
