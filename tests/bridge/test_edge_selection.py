"""What the legend says of the edges: only how many are drawn, and their share, depends on the quality."""

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge.edge_selection import EdgeChoice
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.scene import Layer, Look, Network
from nnviz3d.spec.topology_builder import build_topology


@pytest.mark.parametrize("units", [(6, 5), (90, 80)])
@pytest.mark.parametrize("scale", ["local", "global"])
def test_the_brightest_edge_is_the_largest_whatever_is_drawn(units, scale):
    topology = build_topology(Network(layers=tuple(Layer(units=u) for u in units)), (8, 8), 10, "softmax")
    random = np.random.default_rng(1)
    value, a = random.standard_normal(topology.n_parameters).astype(np.float32), random.random(topology.n_neurons).astype(np.float32)
    numbers = Numbers(value, a, None, 1)
    signals = [np.abs(c.weight.view(value) * a[c.source.neurons.slice]) for c in topology.connections]
    reported, shares = set(), set()
    for budget, particles in ((20, 0), (300, 14), (2200, 36), (10**6, 64)):
        choice = EdgeChoice(topology, backend.choose("cpu"), 400_000)
        choice.renew(numbers, Look(scale=scale), budget, particles, True, None)
        reported.add((choice.shown.peak, choice.shown.layer))
        shares.add(choice.shown.share)
    largest = [float(s.max()) for s in signals]
    assert reported == {(max(largest), largest.index(max(largest)) + 1)}
    assert len(shares) > 1
