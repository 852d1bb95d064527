"""Sheets: each cell has the colour that its number says, is picked where it is drawn, and gives way to a sphere from near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.bridge.pyramid import light
from nnviz3d.draw.camera import LENS, Pose, fit, point, preset
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.picking import pick
from nnviz3d.draw.quality import NAMED
from nnviz3d.draw.renderer import Renderer
from nnviz3d.draw.sheets import near_neurons
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Look, Network, View
from nnviz3d.spec.topology_builder import build_topology
from tests.helpers.scene_pixels import scene_pixels

LAYERS = [{"kind": "conv2d", "channels": 6, "kernel": 5}, {"kind": "max_pool", "kernel": 2}]
TOPOLOGY = build_topology(Network.model_validate({"layers": LAYERS}), (20, 20), 10, "softmax")
LAYOUT = place(TOPOLOGY)
DARK = Look(particles=0.0, edge_energy=0.0)
WARM, COLD, BODY = np.array([1.9, 1.25, 0.5]), np.array([0.75, 0.55, 2.1]), np.array([0.02, 0.03, 0.056])
SIZE = (640, 360)
ASPECT = SIZE[0] / SIZE[1]
RADIUS = 0.135


class Source:
    version, view, constant = 0, None, 1.0

    def __init__(self, activation_n: np.ndarray):
        self.topology = TOPOLOGY
        self.arrays = {
            "activation": activation_n.astype(np.float32),
            "parameter": np.zeros(TOPOLOGY.n_parameters, np.float32),
            "delta": np.zeros(TOPOLOGY.n_neurons, np.float32),
        }

    def tensors(self, kind):
        return self.arrays.get(kind)

    settled = tensors


def rendered(host, activation_n: np.ndarray, pose: Pose, size=SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Linear light, first row on top, and the scales of the layers."""
    host.resize(*size)
    picture = Picture(TOPOLOGY, View(), backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    try:
        picture.publish(Source(activation_n), DARK, 1000, 0, exact=True)
        renderer.render(picture.subject, SceneFrame(pose, look=DARK, level=NAMED["high"]), host.framebuffer, size)
        return scene_pixels(renderer)[..., :3], picture.layer_scales[:, 0]
    finally:
        renderer.close()
        picture.close()


def facing(node: int, distance: float) -> Pose:
    """Straight at a layer, from the input side."""
    return Pose(point((LAYOUT.low[node] + LAYOUT.high[node]) / 2), 0.0, 0.0, distance)


@pytest.mark.gl
@pytest.mark.parametrize("node", [0, 1])
def test_a_cell_has_the_colour_of_its_number(host, node):
    activation_n = np.random.default_rng(node).uniform(-1, 1, TOPOLOGY.n_neurons)
    activation_n[TOPOLOGY.nodes[1 - node].neurons.slice] = 0
    size = (1280, 720)
    pose = facing(node, LAYOUT.pitch * float(LAYOUT.cell_l[node]) * size[1] * LENS / 2 / 14)  # cells of 14 pixels
    pixels, scales = rendered(host, activation_n, pose, size)
    ids = np.arange(TOPOLOGY.n_neurons)[TOPOLOGY.nodes[node].neurons.slice]
    seen = pose.project(LAYOUT.place_n4[ids, :3].astype(float), size[0] / size[1])
    x, y = ((seen[:, 0] * 0.5 + 0.5) * size[0]).astype(int), ((0.5 - seen[:, 1] * 0.5) * size[1]).astype(int)
    before = node == 1  # the picture stands before the maps: what it hides is not asked
    level = activation_n[ids] * scales[node]
    energy = light(level)[:, None]
    wanted = BODY + np.where(level[:, None] >= 0, WARM, COLD) * energy
    inside = (np.abs(seen[:, :2]) < 0.95).all(1)
    if before:
        low, high = pose.project(np.stack([LAYOUT.low[0], LAYOUT.high[0]]).astype(float), size[0] / size[1])[:, :2]
        inside &= ~((seen[:, :2] > np.minimum(low, high) - 0.05) & (seen[:, :2] < np.maximum(low, high) + 0.05)).all(1)
    assert inside.sum() > 50
    assert np.abs(pixels[y[inside], x[inside]] - wanted[inside]).max() < 0.02 + 0.14 * wanted[inside].max()


@pytest.mark.gl
def test_a_dark_network_is_dark_and_no_picture_is_white(host):
    pose = preset("three_quarter", LAYOUT, ASPECT)
    dark, _ = rendered(host, np.zeros(TOPOLOGY.n_neurons), pose)
    bright, _ = rendered(host, np.ones(TOPOLOGY.n_neurons), pose)
    assert dark.max() < 1.0 < bright.max()
    assert (bright.min(-1) > 1.0).mean() <= 0.02


@pytest.mark.parametrize("name", ["three_quarter", "input", "side", "output", "top"])
def test_the_pixel_of_a_cell_gives_it_or_what_stands_before_it(name):
    pose = preset(name, LAYOUT, ASPECT)
    ids = np.arange(TOPOLOGY.nodes[2].neurons.stop)
    seen = pose.project(LAYOUT.place_n4[:, :3].astype(float), ASPECT)
    right = 0
    for k in ids:
        found = pick(LAYOUT, pose, (float(seen[k, 0]), float(seen[k, 1])), ASPECT, 720, RADIUS)
        assert found is not None
        right += found == k
        assert found == k or seen[found, 2] < seen[k, 2] + 1e-6
    assert right > len(ids) * 0.3


def test_spheres_stand_over_cells_that_are_large_on_screen_only():
    far = preset("three_quarter", LAYOUT, ASPECT)
    far = replace(far, distance=far.distance * 1.5)
    assert len(near_neurons(LAYOUT, far, ASPECT)) == 0
    target = LAYOUT.place_n4[TOPOLOGY.nodes[1].neurons.start + 40, :3]
    close = replace(far, target=point(target), distance=LAYOUT.pitch * float(LAYOUT.cell_l[1]) * 9)
    near = near_neurons(LAYOUT, close, ASPECT)
    assert TOPOLOGY.nodes[1].neurons.start + 40 in near
    seen = close.project(LAYOUT.place_n4[near, :3].astype(float), ASPECT)
    assert (np.abs(seen[:, :2]) < 1.2).all()


@pytest.mark.gl
def test_coming_near_changes_the_light_little_by_little(host):
    """Sheet to spheres is a cross-fade: no step of 4 % of the way changes the light of a cell by more than a fifth."""
    activation_n = np.full(TOPOLOGY.n_neurons, 0.6)
    start = LAYOUT.pitch * float(LAYOUT.cell_l[0])
    found = []
    for distance in start * np.geomspace(70, 30, 12):
        pixels, _ = rendered(host, activation_n, facing(0, distance))
        middle = pixels[SIZE[1] // 2 - 30 : SIZE[1] // 2 + 30, SIZE[0] // 2 - 30 : SIZE[0] // 2 + 30]
        found.append(float(middle.mean()))
    steps = np.abs(np.diff(found)) / np.array(found[:-1])
    assert steps.max() < 0.2


def test_a_fit_has_all_tiles_in_the_picture():
    pose = fit(LAYOUT, 0.7, 0.3, ASPECT)
    tiles = LAYOUT.tiles
    corners = tiles.corner_s3 + tiles.down_s3 + tiles.across_s3
    assert (np.abs(pose.project(corners.astype(float), ASPECT)[:, :2]) < 1).all()
