"""Which edge is under the pointer: against a plain loop over all segments, clipped at the eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.draw.camera import Pose, preset
from nnviz3d.draw.edge_picking import NEAR, SLACK_PIXELS, Candidates, pick_edge
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology import EdgeRef
from nnviz3d.spec.topology_builder import build_topology

TOPOLOGY = build_topology(Network(layers=(Layer(units=12), Layer(units=9))), (4, 4), 5, "softmax")
LAYOUT = place(TOPOLOGY)
SIZE = (1280.0, 720.0)
ROUNDING = 0.02  # pixels: matrices are 32-bit numbers
POSES = [preset(name, LAYOUT, 16 / 9) for name in ("three_quarter", "input", "side", "top")]
INSIDE = Pose(target=tuple(map(float, LAYOUT.centre)), yaw=0.4, pitch=0.1, distance=0.4)  # some layers lie behind the eye
ENERGY = np.random.default_rng(1).random(TOPOLOGY.n_parameters)


def energy(k, edges):
    return ENERGY[TOPOLOGY.connections[k].weight.start + edges]


def plainly(pose, ndc, edges_of, floor):
    """[(edge, pixels within reach, energy)] of all edges, one by one; those that are just out of reach too."""
    clip = pose.clip_from_view(16 / 9)
    view = LAYOUT.place_n4[:, :3] @ pose.view_from_world[:3, :3] + pose.view_from_world[3, :3]
    found = []
    for k, c in enumerate(TOPOLOGY.connections):
        for e in range(c.size) if edges_of is None else edges_of[k]:
            j, i = divmod(int(e), c.weight.shape[1])
            ends = [view[c.source.neurons.start + i].astype(float), view[c.target.neurons.start + j].astype(float)]
            if all(p[2] > -NEAR for p in ends):
                continue
            for n, m in ((0, 1), (1, 0)):
                if ends[n][2] > -NEAR:
                    ends[n] = ends[m] + (ends[n] - ends[m]) * (ends[m][2] + NEAR) / (ends[m][2] - ends[n][2])
            flat = [np.array([p[k] * clip[k, k] + p[2] * clip[2, k] for k in (0, 1)]) / -p[2] for p in ends]
            a, b = ((p - ndc) * SIZE / 2 for p in flat)
            way = b - a
            miss = np.linalg.norm(a + np.clip(-a @ way / max(way @ way, 1e-12), 0, 1) * way)
            strength = float(energy(k, np.array([e]))[0])
            spare = 1.5 * (0.55 + 0.75 * min(strength, 1.2)) + 0.5 + SLACK_PIXELS - miss
            if strength >= floor and spare > -ROUNDING:
                found.append((EdgeRef(k, int(e)), spare, strength))
    return found


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.sampled_from([*POSES, INSIDE]), st.booleans(), st.sampled_from([0.0, 0.5]))
def test_the_brightest_edge_within_reach(x, y, pose, chosen, floor):
    edges_of = [np.sort(np.random.default_rng(k).choice(c.size, 20, replace=False)) for k, c in enumerate(TOPOLOGY.connections)]
    drawn = [Candidates(c, edges_of[k] if chosen else None) for k, c in enumerate(TOPOLOGY.connections)]
    found = pick_edge(LAYOUT, drawn, energy, pose, (x, y), SIZE, 1.5, floor)
    expected = plainly(pose, (x, y), edges_of if chosen else None, floor)
    brightest = max((strength for _, spare, strength in expected if spare > ROUNDING), default=-1.0)
    assert brightest < 0 if found is None else found in [p for p, _, _ in expected] and energy(found.connection, found.local) >= brightest


@pytest.mark.parametrize("k", range(3))
def test_the_middle_of_an_edge_gives_it_where_it_shines(k):
    c, pose = TOPOLOGY.connections[k], POSES[0]
    for e in (0, c.size // 2, c.size - 1):
        j, i = divmod(e, c.weight.shape[1])
        ends = LAYOUT.place_n4[[c.source.neurons.start + i, c.target.neurons.start + j], :3].astype(float)
        x, y, _ = pose.project(ends.mean(0, keepdims=True), 16 / 9)[0]
        bright = lambda pair, edges, e=e: np.where((pair == k) & (edges == e), 1.0, 0.1)  # noqa: E731
        drawn = [Candidates(each) for each in TOPOLOGY.connections]
        assert pick_edge(LAYOUT, drawn, bright, pose, (x, y), SIZE, 1.0, 0.05) == EdgeRef(k, e)
        dark = lambda pair, edges: np.zeros(len(edges))  # noqa: E731
        assert pick_edge(LAYOUT, drawn, dark, pose, (x, y), SIZE, 1.0, 0.05) is None


def test_far_from_the_network_and_with_nothing_drawn():
    drawn = [Candidates(c) for c in TOPOLOGY.connections]
    assert pick_edge(LAYOUT, drawn, energy, POSES[0], (-0.99, -0.99), SIZE, 1.0, 0.0) is None
    none = [Candidates(c, np.zeros(0, np.int64)) for c in TOPOLOGY.connections]
    assert pick_edge(LAYOUT, none, energy, POSES[0], (0.0, 0.0), SIZE, 1.0, 0.0) is None


def test_no_hidden_layer_and_one_neuron():
    thin = build_topology(Network(), (1,), 1, "linear")
    layout = place(thin)
    pose = preset("three_quarter", layout, 1.0)
    x, y, _ = pose.project(layout.place_n4[:, :3].astype(float).mean(0, keepdims=True), 1.0)[0]
    ones = lambda k, edges: np.ones(len(edges))  # noqa: E731
    assert pick_edge(layout, [Candidates(thin.connections[0])], ones, pose, (x, y), (500.0, 500.0), 1.0, 0.1) == EdgeRef(0, 0)
