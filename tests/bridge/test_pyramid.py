"""Blocks of cells have the mean light of their cells, at every level; all tiles get their turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.bridge.pyramid import Pyramid, energies, levels, light, means
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


@pytest.mark.parametrize("whole", [True, False])
def test_every_tile_has_its_turn_however_often_numbers_change(whole):
    layers = [{"kind": "conv2d", "channels": 300, "kernel": 1}]
    topology = build_topology(Network.model_validate({"layers": layers}), (30, 30), 2, "softmax")
    layout = place(topology)
    pyramid = Pyramid(layout.tiles, layout.pitch)
    fine = int((pyramid.start_s >= 0).sum())
    assert fine == 300
    seen: set[int] = set()
    for _ in range(1 if whole else 20):
        pyramid.changed()
        renewed = pyramid.renewed(np.zeros(topology.n_neurons, np.float32), None, np.ones((3, 2)), whole)
        seen |= {start for start, _ in renewed}
    assert len(seen) == fine
