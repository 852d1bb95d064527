"""Where branches stand and how edges go round what they skip: any graph, against plain loops over boxes and points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout.detours import lifted
from nnviz3d.layout.grid import Layout, place
from nnviz3d.layout.lanes import spread
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

BLOCK = [
    {"units": 16, "name": "a"}, {"units": 16, "name": "b", "from": ["a"]}, {"units": 16, "name": "c", "from": ["a"]},
    {"kind": "concat", "name": "both", "from": ["b", "c"]}, {"units": 16, "name": "d"}, {"kind": "add", "name": "sum", "from": ["d", "a"]},
]  # fmt: skip


def network(layers, shape=(4, 4), outputs=3) -> Topology:
    return build_topology(Network.model_validate({"layers": layers}), shape, outputs, "softmax")


@st.composite
def graphs(draw) -> Topology:
    layers, widths = [], {}
    for k in range(draw(st.integers(1, 9))):
        name = f"n{k}"
        before = [*widths]
        same = [other for other in before if widths[other] == widths[before[-1]]] if before else []
        kind = draw(st.sampled_from(["dense", "dense", "activation", "add", "concat"])) if len(same) > 1 else "dense"
        if kind in ("add", "concat"):
            read = draw(st.lists(st.sampled_from(same if kind == "add" else before), min_size=2, max_size=3))
            layers.append({"kind": kind, "name": name, "from": read})
            widths[name] = widths[read[0]] if kind == "add" else sum(widths[other] for other in read)
        elif kind == "activation":
            read = draw(st.sampled_from(before))
            layers.append({"kind": kind, "name": name, "from": [read]})
            widths[name] = widths[read]
        else:
            widths[name] = draw(st.sampled_from([3, 8, 8, 30]))
            layers.append({"units": widths[name], "name": name, "from": [draw(st.sampled_from([*before, "input"]))]})
    read = {other for layer in layers for other in layer["from"]}
    loose = [name for name in widths if name not in read]
    if len(loose) > 1:  # every layer must lead somewhere
        layers.append({"kind": "concat", "name": "all", "from": loose})
    elif loose != [layers[-1]["name"]]:
        layers.append({"units": 4, "name": "all", "from": loose})
    return network(layers, draw(st.sampled_from([(5,), (4, 4), (2, 3, 3)])))


def paths(layout: Layout, c, steps=400) -> np.ndarray:
    """(steps, E, 3) points of the edges of a connection as they are drawn; every edge, or evenly chosen ones."""
    edges = np.unique(np.linspace(0, c.size - 1, 60).astype(int))
    source_e, target_e = edges_of(c).ends(c, edges)
    t = np.linspace(0, 1, steps)[:, None]
    begin, end = layout.place_n4[source_e, :3].astype(float), layout.place_n4[target_e, :3].astype(float)
    points = begin + (end - begin) * t[..., None]
    return points if layout.detours[c.number] is None else lifted(layout.detours[c.number], points, t)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([0.3, 0.42, 1.0]), st.sampled_from([0.65, 1.0]))
def test_nothing_stands_in_anything_else_and_no_edge_runs_through_a_layer(topology, pitch, near):
    layout = place(topology, pitch, near=near)
    assert len(layout.detours) == len(topology.connections)
    for a in topology.nodes:
        for b in topology.nodes[: a.number]:
            apart = (layout.low[a.number] >= layout.high[b.number] - 1e-4) | (layout.low[b.number] >= layout.high[a.number] - 1e-4)
            assert apart.any(), (a.name, b.name)
    for c in topology.connections:
        assert layout.place_n4[c.source.neurons.start, 0] < layout.place_n4[c.target.neurons.start, 0]
        points = paths(layout, c)
        for node in topology.nodes:
            if node not in (c.source, c.target):
                inside = (points > layout.low[node.number] + 1e-4).all(-1) & (points < layout.high[node.number] - 1e-4).all(-1)
                assert not inside.any(), (c.source.name, c.target.name, node.name)
    low, high = layout.box()
    everything = np.concatenate([paths(layout, c).reshape(-1, 3) for c in topology.connections])
    assert (everything >= low - 1e-3).all() and (everything <= high + 1e-3).all(), "the camera frames detours too"
    xs = {node.rank: layout.place_n4[node.neurons.start, 0] for node in topology.nodes}
    assert all(layout.place_n4[node.neurons.start, 0] == xs[node.rank] for node in topology.nodes), "one rank, one x"
    assert sorted(xs.values()) == [xs[rank] for rank in sorted(xs)]


def test_a_residual_sum_goes_over_what_it_skips_and_branches_stand_side_by_side():
    topology = network(BLOCK)
    layout = place(topology)
    (k,) = (k for k, detour in enumerate(layout.detours) if detour is not None)
    c = topology.connections[k]
    assert (c.source.name, c.target.name) == ("a", "sum")
    a, b, branch = (topology.by_name[name] for name in "abc")
    z = [layout.place_n4[node.neurons.slice, 2].mean() for node in (a, b, branch)]
    assert z[1] < z[0] < z[2] and z[1] + z[2] == pytest.approx(2 * z[0], abs=1e-5)
    level = paths(layout, c)[180:220]
    assert level[..., 1].min() > layout.high[[n.number for n in topology.nodes if 1 < n.rank < 5], 1].max()
    assert np.diff(np.sort(level[0, :, 1]))[np.diff(np.sort(level[0, :, 1])) > 1e-6].min() < layout.pitch / 2, "a cable, not a wall"


def test_a_network_that_is_moved_takes_its_detours_along():
    topology = network(BLOCK)
    layout = place(topology)
    moved = layout.moved((1.0, 2.0, 3.0))
    for c in topology.connections:
        assert paths(moved, c, 20) == pytest.approx(paths(layout, c, 20) + np.array([1.0, 2.0, 3.0]), abs=1e-4)
    assert moved.box()[1] == pytest.approx(layout.box()[1] + [1.0, 2.0, 3.0], abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 4)), min_size=1, max_size=8), st.floats(0, 1))
def test_neighbours_are_spread_no_further_than_they_must_be(wishes, gap):
    wishes.sort()
    wanted, widths = [w for w, _ in wishes], [width for _, width in wishes]
    places = spread(wanted, widths, gap)
    least = [(a + b) / 2 + gap for a, b in pairwise(widths)]
    assert all(d >= need - 1e-6 for d, need in zip(np.diff(places), least, strict=True))
    if all(d >= need for d, need in zip(np.diff(wanted), least, strict=True)):
        assert places == pytest.approx(wanted)
    cost = sum((p - w) ** 2 for p, w in zip(places, wanted, strict=True))
    for shift in (-1e-3, 1e-3):  # of all that touch each other: no better place near by
        assert sum((p + shift - w) ** 2 for p, w in zip(places, wanted, strict=True)) >= cost - 1e-9
