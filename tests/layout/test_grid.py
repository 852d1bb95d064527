"""Positions: every neuron has one, none share one, pictures keep their shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.layout.grid import place
from nnviz3d.layout.node_plates import cells
from nnviz3d.layout.rows import LONGEST
from nnviz3d.layout.tiles import GAP, plan
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology


def topology(*units, shape=(4,), outputs=3):
    return build_topology(Network(layers=tuple(Layer(units=u) for u in units)), shape, outputs, "softmax")


def test_an_image_keeps_its_rows_on_top_and_reads_from_the_input_side():
    placed = place(topology(shape=(8, 8))).place_n4[:64, :3].reshape(8, 8, 3)
    assert (np.diff(placed[:, :, 1], axis=0) < 0).all()  # row 0 is highest
    assert (np.diff(placed[:, :, 2], axis=1) > 0).all()  # columns grow towards +z: the right of an eye at negative x
    assert np.ptp(placed[:, :, 0]) == 0


def test_feature_maps_are_tiles_with_a_gap():
    maps = plan(topology(shape=(4, 3, 3)).input)
    grid, side = maps.place_n2.reshape(4, 3, 3, 2), maps.size[0]
    assert np.allclose(grid[1, 0, 0] - grid[0, 0, 0], [0, (1 + GAP) * side])
    assert np.allclose(grid[2, 0, 0] - grid[0, 0, 0], [(1 + GAP) * side, 0])


def test_outputs_are_a_column_and_wide_layers_are_nearly_square():
    net = topology(1024, outputs=10)
    assert np.ptp(cells(net.output, True)[:, 1]) == 0
    rows, columns = cells(net.nodes[1]).max(0) + 1
    assert (rows, columns) == (32, 32)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 70), max_size=6), st.integers(1, 50), st.integers(1, 50), st.floats(0.05, 5))
def test_no_two_neurons_share_a_place_and_layers_never_touch(units, inputs, outputs, pitch):
    net = topology(*units, shape=(inputs,), outputs=outputs)
    layout = place(net, pitch)
    assert len(np.unique(layout.place_n4[:, :3].round(5), axis=0)) == net.n_neurons
    assert (layout.place_n4[:, 3] == np.repeat(np.arange(len(net.nodes)), [n.size for n in net.nodes])).all()
    assert (np.diff(layout.low[:, 0]) > pitch).all()
    assert (layout.place_n4[:, :3] >= layout.low[layout.place_n4[:, 3].astype(int)] - 1e-3).all()
    assert np.abs(layout.centre).max() < 1e-2 * pitch


def test_a_long_network_does_not_become_a_thread():
    layout = place(topology(*[16] * 12, shape=(8, 8), outputs=10))
    size = layout.high.max(0) - layout.low.min(0)
    assert size[0] <= LONGEST * size[1] * 1.2


def test_positions_are_the_same_every_time():
    assert place(topology(5, 9)).place_n4.tobytes() == place(topology(5, 9)).place_n4.tobytes()


@pytest.mark.parametrize("n", [1, 12, 13, 48, 97, 1000])
def test_cells_are_counted_in_order(n):
    grid = cells(topology(n).nodes[1])
    assert len(grid) == n == len({tuple(cell) for cell in grid})
    assert (np.diff(grid[:, 0] * 10_000 + grid[:, 1]) > 0).all()
