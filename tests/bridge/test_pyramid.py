"""Blocks of cells have the mean light of their cells, at every level; all tiles get their turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.bridge.pyramid import SLICE, Pyramid, energies, levels, light, means
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology_builder import build_topology


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 37), st.integers(1, 37), st.integers(0, 5))
def test_every_level_keeps_the_mean_light(rows, columns, seed):
    values = np.random.default_rng(seed).standard_normal(rows * columns).astype(np.float32)
    energy_n4 = energies(values, None)
    found, at = means(energy_n4, rows, columns) if rows * columns > 1 else energy_n4, 0
    for level, (high, wide) in enumerate(levels(rows, columns), start=1):
        block = found[at : at + high * wide].reshape(high, wide, 4)
        at += high * wide
        counts = np.outer(*(np.minimum(2**level, n - 2**level * np.arange(m)) for n, m in ((rows, high), (columns, wide))))
        assert np.allclose((block * counts[..., None]).sum((0, 1)) / (rows * columns), energy_n4.mean(0), rtol=1e-3, atol=1e-5)
    assert at == (len(found) if rows * columns > 1 else 0)


def test_opposite_signs_do_not_cancel():
    both = energies(np.array([1.0, -1.0, 1.0, -1.0], np.float32), None)
    assert np.allclose(means(both, 2, 2)[0, :2], light(np.ones(1)) / 2)


def test_a_ragged_last_row_is_the_mean_of_what_there_is():
    assert np.allclose(means(energies(np.ones(7, np.float32), None), 3, 3)[-1, 0], light(np.ones(1)))


def drawn(pyramid, activation_n, delta_n, scale_l2, whole=True):
    """(size, 4) what the column holds after all have had their turn, and in how many calls."""
    column, calls = np.full((pyramid.size, 4), np.nan, np.float32), 0
    pyramid.changed()
    while pyramid.pending:
        calls += 1
        for start, means_m4 in pyramid.renewed(activation_n, delta_n, scale_l2, whole):
            column[start : start + len(means_m4)] = means_m4
    return column, calls


@pytest.mark.parametrize(("inputs", "channels"), [((30, 30), 300), ((611, 700), 2), ((1, 999), 1)])
def test_tiles_together_or_in_bands_have_the_means_of_each_by_itself(inputs, channels):
    layers = [{"kind": "conv2d", "channels": channels, "kernel": 1}]
    topology = build_topology(Network.model_validate({"layers": layers}), inputs, 2, "softmax")
    tiles, random = place(topology).tiles, np.random.default_rng(0)
    pyramid = Pyramid(tiles, 1e3)  # all of them are fine
    activation_n, delta_n = random.standard_normal((2, topology.n_neurons)).astype(np.float32)
    scale_l2 = random.random((len(topology.nodes), 2)).astype(np.float32)
    wanted = np.zeros((pyramid.size, 4), np.float32)
    for k in np.flatnonzero(pyramid.start_s >= 0):
        here, scale = slice(tiles.first_s[k], tiles.first_s[k] + tiles.cells_s[k]), scale_l2[tiles.node_s[k]]
        one = means(energies(activation_n[here] * scale[0], delta_n[here] * scale[1]), int(tiles.rows_s[k]), int(tiles.columns_s[k]))
        wanted[pyramid.start_s[k] : pyramid.start_s[k] + len(one)] = one
    column, calls = drawn(pyramid, activation_n, delta_n, scale_l2)
    assert calls == 1 and np.allclose(column, wanted, rtol=1e-5, atol=1e-6)
    column, calls = drawn(pyramid, activation_n, delta_n, scale_l2, whole=False)
    assert calls >= topology.n_neurons // (2 * SLICE) and np.allclose(column, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("whole", [True, False])
def test_every_tile_has_its_turn_however_often_numbers_change(whole):
    layers = [{"kind": "conv2d", "channels": 300, "kernel": 1}]
    topology = build_topology(Network.model_validate({"layers": layers}), (30, 30), 2, "softmax")
    layout = place(topology)
    pyramid = Pyramid(layout.tiles, layout.pitch)
    assert (pyramid.start_s >= 0).sum() == 300
    seen = np.zeros(pyramid.size, bool)
    for _ in range(1 if whole else 20):
        pyramid.changed()
        for start, means_m4 in pyramid.renewed(np.zeros(topology.n_neurons, np.float32), None, np.ones((3, 2)), whole):
            seen[start : start + len(means_m4)] = True
    assert seen.all()
