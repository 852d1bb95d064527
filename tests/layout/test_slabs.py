"""Parts of a network as slabs: which can be folded, where all else stands, what is hidden."""

import numpy as np
import pytest

from nnviz3d.app.session.opening import read
from nnviz3d.layout.grid import Layout, place
from nnviz3d.layout.moving import between, can
from nnviz3d.layout.units import most_open
from nnviz3d.spec.parts import NetworkParts, order
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

SCENES = ("sort-gpt", "resnet-tiny", "vit-digits", "modular")


def chain(count: int, units: int = 6) -> Topology:
    return build_topology(Network(layers=tuple(Layer(units=units) for _ in range(count))), (4,), 3, "softmax")


@pytest.fixture(scope="module", params=SCENES)
def topology(request) -> Topology:
    return read(request.param).session().source.topology


def placed(topology: Topology, opened=(), aspect: float = 1.78) -> Layout:
    parts = NetworkParts(topology)
    return place(topology, aspect=aspect, folded=parts.folded(opened), framed=parts.framed(opened))


def boxes(layout: Layout) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of all that is seen: nodes outside slabs, and slabs."""
    nodes = [(layout.low[k], layout.high[k]) for k in range(len(layout.low)) if k not in layout.hidden]
    return nodes + [layout.glass_boxes(glass)[0] for glass in layout.glass if glass.fill == 1]


def test_a_long_chain_of_equal_layers_folds_with_both_ends_shown():
    parts = NetworkParts(chain(200))
    (part,) = parts.by_name.values()
    assert (part.name, part.count, part.label) == ("dense3..dense199", 197, "dense3 to dense199 x 197")
    assert parts.tops == ("input", "dense1", "dense2", "dense3..dense199", "dense200", "dense201")
    assert parts.folded(parts.opened("auto", most_open(1.78))) == (part,)
    assert parts.folded(parts.opened("all", 24)) == ()
    layout = placed(parts.topology)
    whole = place(parts.topology)
    assert np.ptp(layout.place_n4[:, 0]) < 0.3 * np.ptp(whole.place_n4[:, 0])


def test_short_networks_are_open_and_stay_as_they_were():
    topology = chain(12)
    parts = NetworkParts(topology)
    assert parts.folded(parts.opened("auto", most_open(1.78))) == ()


def test_as_many_parts_are_open_as_can_be_read(topology):
    parts = NetworkParts(topology)
    for most in (6, 10, 16, 24, 100):
        opened = parts.opened("auto", most)
        layout = placed(topology, opened)
        assert len(boxes(layout)) <= max(most, len(parts.tops))
        assert all(set(parts.chain(name)) <= opened for name in opened), "inside a closed part nothing is open"
    assert parts.opened("auto", 100) == frozenset(parts.by_name)
    assert most_open(0.5) < most_open(1.0) < most_open(1.78) == most_open(4.0)


def test_the_layout_is_a_function_of_what_is_open(topology):
    opened = NetworkParts(topology).opened("auto", 24)
    a, b = placed(topology, opened), placed(topology, opened)
    assert a.place_n4.tobytes() == b.place_n4.tobytes() and a.low.tobytes() == b.low.tobytes()


def test_nothing_that_is_seen_overlaps(topology):
    parts = NetworkParts(topology)
    for opened in ((), *((name,) for name in parts.by_name), parts.opened("auto", 24)):
        found = boxes(placed(topology, opened))
        for k, (low, high) in enumerate(found):
            for other_low, other_high in found[k + 1 :]:
                assert (low >= other_high - 1e-4).any() or (other_low >= high - 1e-4).any()


def test_what_is_outside_keeps_its_shape_its_order_and_its_height(topology):
    parts = NetworkParts(topology)
    name = next(iter(parts.by_name))
    inside = set(parts.by_name[name].nodes)
    closed, open_ = placed(topology, aspect=50.0), placed(topology, (name,), aspect=50.0)  # one row
    outside = [k for k in range(len(topology.nodes)) if k not in inside and k not in closed.hidden]
    before, after = closed.low[outside], open_.low[outside]
    assert np.allclose(closed.high[outside] - before, open_.high[outside] - after, atol=1e-4)
    wide = np.ptp([open_.low[list(inside), 2].min(), open_.high[list(inside), 2].max()])
    assert np.allclose(before[:, 1], after[:, 1], atol=1e-4)
    assert np.abs(before[:, 2] - after[:, 2]).max() <= wide / 2  # what reads a branch of it goes along
    assert (np.diff(before[:, 0]) >= -1e-4).all() == (np.diff(after[:, 0]) >= -1e-4).all()


def test_what_is_in_a_slab_stands_on_it_and_is_not_drawn(topology):
    layout = placed(topology)
    assert layout.hidden and layout.drawn is not None
    for glass in layout.glass:
        low, high = layout.glass_boxes(glass)[0]
        for k in glass.part.nodes:
            its = layout.place_n4[topology.nodes[k].neurons.slice, :3]
            assert (its >= low - 1e-4).all() and (its <= high + 1e-4).all()
            assert not np.isin(np.arange(topology.nodes[k].neurons.start, topology.nodes[k].neurons.stop), layout.drawn).any()
            assert k not in layout.tiles.node_s
    for c in topology.connections:
        both = [next((g for g in layout.glass if node.number in g.part.nodes), None) for node in (c.source, c.target)]
        assert (c.number in layout.within) == (both[0] is not None and both[0] is both[1])


def test_edges_meet_a_slab_on_the_side_that_they_come_from(topology):
    layout = placed(topology)
    for c in topology.connections:
        if c.number in layout.within:
            continue
        source, target = (layout.place_n4[node.neurons.start, 0] for node in (c.source, c.target))
        if c.source.number in layout.hidden and layout.row_l[c.source.number] == layout.row_l[c.target.number]:
            assert source < target


def test_on_the_way_from_one_layout_to_another_the_ends_are_the_ends(topology):
    parts = NetworkParts(topology)
    begin, end = placed(topology), placed(topology, parts.by_name)
    assert can(begin, end) and not can(begin, begin)
    for t, like in ((0.0, begin), (1.0, end)):
        layout = between(begin, end, t)
        assert np.allclose(layout.place_n4, like.place_n4, atol=1e-4) and np.allclose(layout.low, like.low, atol=1e-4)
    half = between(begin, end, 0.5)
    assert set(end.tiles.node_s) <= set(half.tiles.node_s)
    assert all(0 <= glass.fill <= 1 for glass in half.glass)


def test_a_part_that_a_path_leaves_and_enters_again_is_none():
    layers = (
        Layer(units=4, name="a.one"), Layer(units=4, name="b"), Layer(units=4, name="a.two"), Layer(units=4, name="c.one"),
        Layer(units=4, name="c.two"),
    )  # fmt: skip
    parts = NetworkParts(build_topology(Network(layers=layers), (4,), 3, "softmax"))
    assert list(parts.by_name) == ["c"]


def test_units_come_after_what_they_read(topology):
    parts = NetworkParts(topology)
    found = order(topology, parts.folded(()))
    assert found is not None
    place_of = {k: u for u, numbers in enumerate(found) for k in numbers}
    assert all(place_of[c.source.number] <= place_of[c.target.number] for c in topology.connections)
