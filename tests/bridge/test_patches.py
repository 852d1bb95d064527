"""What a cell reads: the rectangle of each map that its kernel covers, and the window of a forward wave."""

import numpy as np
import pytest

from nnviz3d.bridge.patches import Patch, lines, patches, written
from nnviz3d.draw.frame import Wave
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology_builder import build_topology

LAYERS = [
    {"kind": "conv2d", "channels": 8, "kernel": 5},
    {"kind": "max_pool", "kernel": 2},
    {"kind": "conv2d", "channels": 4, "kernel": 3, "padding": "same"},
]
TOPOLOGY = build_topology(Network.model_validate({"layers": LAYERS}), (28, 28), 10, "softmax")
LAYOUT = place(TOPOLOGY)


def neuron(node: int, *place: int) -> int:
    n = TOPOLOGY.nodes[node]
    return n.neurons.start + int(np.ravel_multi_index(place, n.shape))


@pytest.mark.parametrize("row, column", [(0, 0), (3, 17), (23, 23)])
def test_a_cell_of_a_convolution_reads_its_window_of_the_picture(row, column):
    assert patches(TOPOLOGY, LAYOUT.rectangles, neuron(1, 2, row, column)) == [Patch(0, (row, row + 5), (column, column + 5))]


def test_a_pool_reads_one_map_and_a_convolution_all_of_them():
    assert [(p.rows, p.columns) for p in patches(TOPOLOGY, LAYOUT.rectangles, neuron(2, 3, 1, 2))] == [((2, 4), (4, 6))]
    found = patches(TOPOLOGY, LAYOUT.rectangles, neuron(3, 0, 0, 5))
    assert len(found) == 8 and {(p.rows, p.columns) for p in found} == {((-1, 2), (4, 7))}  # with the padding


def test_what_reads_a_tensor_whole_has_no_patch():
    assert patches(TOPOLOGY, LAYOUT.rectangles, TOPOLOGY.output.neurons.start) == []


def test_lines_are_the_cell_its_patches_and_what_joins_them():
    assert len(lines(TOPOLOGY, LAYOUT, neuron(1, 0, 4, 4))) == 2 * (4 + 4 + 4)
    assert len(lines(TOPOLOGY, LAYOUT, -1)) == 0
    corners = lines(TOPOLOGY, LAYOUT, neuron(1, 0, 4, 4))[:8, :3]
    assert np.allclose(corners.mean(0), LAYOUT.place_n4[neuron(1, 0, 4, 4), :3], atol=1e-4)  # around its own cell


def test_the_window_follows_the_wave_over_the_map():
    def at(fill):
        return written(TOPOLOGY, LAYOUT, Wave(0.0, 1, fill_layer=1, fill=fill))

    first = TOPOLOGY.nodes[1].neurons.start
    found = [at(fill) for fill in np.linspace(0.0005, 0.4995, 50)]
    assert found == sorted(found) and found[0] == first and found[-1] == first + 24 * 24 - 1
    assert at(0.6) == at(0.0) == written(TOPOLOGY, LAYOUT, None) == -1
