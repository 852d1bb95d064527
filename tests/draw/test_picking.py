"""Picking finds the neuron that is drawn at a pixel: the nearest of those that the line of sight meets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.draw.camera import preset
from nnviz3d.draw.picking import pick
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology

LAYOUT = place(build_topology(Network(layers=(Layer(units=48), Layer(units=32))), (8, 8), 10, "softmax"))
RADIUS = 0.135


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 153), st.sampled_from(["three_quarter", "input", "side", "output", "top"]))
def test_the_pixel_of_a_neuron_gives_it_or_one_in_front_of_it(neuron, name):
    pose = preset(name, LAYOUT, 16 / 9)
    seen = pose.project(LAYOUT.place_n4[:, :3].astype(float), 16 / 9)
    found = pick(LAYOUT, pose, tuple(seen[neuron, :2]), 16 / 9, 720, RADIUS)
    assert found is not None
    if found != neuron:
        assert seen[found, 2] < seen[neuron, 2]
        eye, way = pose.ray(tuple(seen[neuron, :2]), 16 / 9)
        to = LAYOUT.place_n4[found, :3] - eye
        assert np.linalg.norm(to - way * (to @ way)) <= RADIUS * 1.001


@pytest.mark.parametrize("ndc", [(-0.99, -0.99), (0.99, -0.99), (0.0, 0.99)])
def test_empty_space_gives_nothing(ndc):
    assert pick(LAYOUT, preset("three_quarter", LAYOUT, 16 / 9), ndc, 16 / 9, 720, RADIUS) is None


def test_a_near_miss_of_a_far_neuron_still_counts():
    pose = preset("three_quarter", LAYOUT, 16 / 9)
    x, y, depth = pose.project(LAYOUT.place_n4[153:154, :3].astype(float), 16 / 9)[0]
    pixel = 2 / 720
    radius_ndc = RADIUS * pose.clip_from_view(1.0)[1, 1] / depth
    assert pick(LAYOUT, pose, (x, y - radius_ndc - 2 * pixel), 16 / 9, 720, RADIUS) == 153
    assert pick(LAYOUT, pose, (x, y - radius_ndc - 6 * pixel), 16 / 9, 720, RADIUS) is None
