"""Tensors with axes: tiles of bounded size that never overlap, seen apart from the default camera, the same every time."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nnviz3d.draw.camera import preset
from nnviz3d.layout.grid import Layout, place
from nnviz3d.layout.hiding import MOST, hidden_shares
from nnviz3d.layout.tiles import GAP, plan
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Node, Range, Topology
from nnviz3d.spec.topology_builder import build_topology

MAPS = ("channel", "row", "column")
ASPECTS = (16 / 9, 4 / 3, 1.0, 9 / 16)


def convolutions(*channels: int, shape=(28, 28), pools: bool = True) -> Topology:
    layers = []
    for count in channels:
        layers.append({"kind": "conv2d", "channels": count, "kernel": 3, "padding": "same"})
        if pools:
            layers.append({"kind": "max_pool", "kernel": 2})
    return build_topology(Network.model_validate({"layers": layers}), shape, 10, "softmax")


def node(shape: tuple[int, ...], axes: tuple[str, ...]) -> Node:
    return Node("x", "input", (), shape, Range(0, shape), axes=axes)


NETWORKS = {
    "lenet": convolutions(8, 16),
    "deep": convolutions(*[16] * 12, pools=False),
    "wide": convolutions(64, 128, 32),
    "long": convolutions(*[8] * 40, shape=(12, 12), pools=False),
    "small": convolutions(4, 4, shape=(8, 8)),
}


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_from_the_default_camera_no_wall_hides_more_than_a_fifth_of_a_layer(name, aspect):
    layout = place(NETWORKS[name], aspect=aspect)
    pose = preset("three_quarter", layout, aspect)
    assert hidden_shares(layout, pose.eye).max() <= MOST


@pytest.mark.parametrize("name", NETWORKS)
def test_the_outputs_stand_free(name):
    layout = place(NETWORKS[name])
    assert hidden_shares(layout, preset("three_quarter", layout, 16 / 9).eye)[-1] == 0


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_never_overlap_and_every_neuron_stands_in_its_box(name, aspect):
    layout = place(NETWORKS[name], aspect=aspect)
    for a, b in combinations(range(len(layout.low)), 2):
        assert (layout.low[a] >= layout.high[b] - 1e-4).any() or (layout.low[b] >= layout.high[a] - 1e-4).any()
    number = layout.place_n4[:, 3].astype(int)
    assert (layout.place_n4[:, :3] >= layout.low[number] - 1e-4).all() and (layout.place_n4[:, :3] <= layout.high[number] + 1e-4).all()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_all_of_a_network_is_in_the_picture(aspect):
    for topology in NETWORKS.values():
        layout = place(topology, aspect=aspect)
        seen = preset("three_quarter", layout, aspect).project(layout.extremes.astype(float), aspect)
        assert (seen[:, 2] > 0).all() and np.abs(seen[:, :2]).max() <= 1.0


def test_a_long_network_wraps_into_rows_and_so_is_seen_larger():
    layout = place(NETWORKS["long"])
    rows = np.unique(((layout.low + layout.high) / 2)[:, 1].round(3))
    assert len(rows) > 1
    assert len(np.unique(((place(NETWORKS["lenet"]).low + place(NETWORKS["lenet"]).high) / 2)[:, 1].round(3))) == 1


def test_the_same_network_stands_in_the_same_place():
    for topology in NETWORKS.values():
        assert place(topology).place_n4.tobytes() == place(topology).place_n4.tobytes()


def test_a_picture_of_28_cells_is_less_than_twice_as_large_as_one_of_8():
    small, large = (plan(node((side, side), ("row", "column"))).span[0] for side in (8, 28))
    assert small == 8 and 8 < large < 16


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 16, 33, 64, 512])
def test_tiles_of_a_wall_have_a_gap_of_16_percent(count):
    its = plan(node((count, 6, 6), MAPS))
    side = its.size[0]
    down, across = its.corner_s2.T
    assert len({tuple(corner) for corner in its.corner_s2.round(6).tolist()}) == count
    for steps in (np.unique(down.round(9)), np.unique(across.round(9))):
        assert np.allclose(np.diff(steps), side * (1 + GAP))


@pytest.mark.parametrize(
    "shape, axes",
    [((8, 24, 24), MAPS), ((3, 11, 11), ("head", "query", "key")), ((11, 48), ("token", "feature")), ((6, 40), ("channel", "column"))],
)
def test_cells_read_from_the_upper_left(shape, axes):
    its = plan(node(shape, axes))
    cells = its.place_n2.reshape(*shape, 2)
    assert (np.diff(cells[..., 1], axis=-1) > 0).all()  # the last axis runs across
    if len(shape) == 3:
        assert (np.diff(cells[..., 0], axis=-2) > 0).all()  # the one before it down
    else:
        assert (np.diff(cells[:, 0, 0]) > 0).all()  # tokens and strips one below the other


def test_groups_stand_at_the_rims_of_their_tiles():
    topology = NETWORKS["lenet"]
    layout = place(topology)
    assert len(layout.group_place_g4) == len(layout.group_entry_g4) == topology.group_starts[-1]
    start, stop = topology.group_starts[1:3]
    conv = np.flatnonzero(layout.tiles.node_s == 1)
    left, right = layout.tiles.corner_s3[conv, 2], layout.tiles.corner_s3[conv, 2] + layout.tiles.across_s3[conv, 2]
    assert np.allclose(layout.group_entry_g4[start:stop, 2], left, atol=1e-4)
    assert np.allclose(layout.group_place_g4[start:stop, 2], right, atol=1e-4)
    assert (layout.group_place_g4[start:stop, 3] == 1).all()


def test_tiles_hold_the_neurons_that_stand_in_them():
    layout: Layout = place(NETWORKS["wide"])
    tiles = layout.tiles
    for k in range(0, len(tiles), 17):
        ids = np.arange(tiles.first_s[k], tiles.first_s[k] + tiles.cells_s[k])
        row, column = np.divmod(np.arange(len(ids)), tiles.columns_s[k])
        middle = tiles.corner_s3[k] + np.outer((row + 0.5) / tiles.rows_s[k], tiles.down_s3[k])
        middle += np.outer((column + 0.5) / tiles.columns_s[k], tiles.across_s3[k])
        assert np.allclose(layout.place_n4[ids, :3], middle, atol=1e-3)
        assert tiles.of(int(ids[0])) == tiles.of(int(ids[-1])) == k


def test_a_moved_layout_takes_its_tiles_and_groups_along():
    layout = place(NETWORKS["lenet"])
    moved = layout.moved((1.0, 2.0, 3.0))
    assert np.allclose(moved.tiles.corner_s3 - layout.tiles.corner_s3, [1, 2, 3], atol=1e-5)
    assert np.allclose((moved.group_place_g4 - layout.group_place_g4), [1, 2, 3, 0], atol=1e-5)
