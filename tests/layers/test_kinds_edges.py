"""Edges of every kind in the table: against a list of all of them, and against sums that PyTorch's users would write."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.layers import KINDS, edge_lookup
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import ACTIVATION, NUMBER, PARAMETER
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import EdgeRef
from nnviz3d.spec.topology_builder import build_topology
from tests.layers.kinds import CASES

PAIR = [{"units": 6, "name": "a", "from": ["input"]}, {"units": 6, "name": "b", "from": ["input"]}]
LAYERS = {  # by kind: the layers of a network that has it, the last one being of that kind; where there are none, it joins a pair
    "dense": [{"units": 5}],
    "activation": [{"kind": "activation", "activation": "tanh"}],
    "dropout": [{"kind": "dropout"}],
    "concat": [
        {"units": 6, "name": "a"}, {"kind": "reshape", "shape": (2, 3), "name": "b"},
        {"kind": "reshape", "shape": (2, 6), "name": "c", "from": ["input"]}, {"kind": "concat", "axis": 1, "from": ["b", "c", "b"]},
    ],
    "reshape": [{"kind": "reshape", "shape": (3, 4)}],
}  # fmt: skip


def network(kind):
    layers = LAYERS.get(kind, [*PAIR, {"kind": kind, "from": ["a", "b"]}])
    topology = build_topology(Network.model_validate({"layers": layers}), (2, 6), 3, "softmax")
    node = topology.nodes[-2]
    assert node.kind == kind
    return topology, node


def tensor_sum(node, parameters, inputs):
    """z of a node of linear kind from the values of its inputs (each with its axes), as numpy says it."""
    match node.kind:
        case "dense":
            return node.weight.view(parameters) @ inputs[0].ravel() + node.bias.view(parameters)
        case "concat":
            return np.concatenate(inputs, node.table.axis)
        case "reshape":
            return inputs[0].reshape(node.shape)
    return CASES[node.kind].joins(inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_ends_agree_with_what_leads_in_and_out_and_none_is_missing(kind):
    topology, node = network(kind)
    for c in topology.into(node):
        face, all_e = edges_of(c), np.arange(c.size)
        assert face.count(c) == c.size
        source_e, target_e = face.ends(c, all_e)
        assert len(set(zip(source_e.tolist(), target_e.tolist(), strict=True))) == c.size
        for i in range(c.source.size):
            assert face.out_of(c, i).tolist() == np.flatnonzero(source_e == c.source.neurons.start + i).tolist()
        for j in range(node.size):
            assert face.into(c, j).tolist() == np.flatnonzero(target_e == node.neurons.start + j).tolist()
        if face.complete:
            assert c.size == c.source.size * node.size and (target_e == node.neurons.start + all_e // c.source.size).all()
    fan_in = sum(c.size for c in topology.into(node))
    assert fan_in == sum(len(edges_of(c).into(c, j)) for c in topology.into(node) for j in range(node.size))


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_and_their_edges_find_each_other(kind):
    topology, node = network(kind)
    having = {}
    for c in topology.into(node):
        for local in range(c.size):
            p = edge_lookup.parameter(topology, EdgeRef(c.number, local))
            assert (p is None) == (edges_of(c).value != "parameter")
            if p is not None:
                assert edge_lookup.edge_of(topology, p) == EdgeRef(c.number, local) and p not in having
                source, target = edge_lookup.ends(topology, EdgeRef(c.number, local))
                assert topology.parameter(p) == (node, target - node.neurons.start, source - c.source.neurons.start)
                having[p] = local
    assert len(having) == (node.weight.size if node.weight else 0)
    if node.bias:
        assert edge_lookup.edge_of(topology, node.bias.start) is None
    assert edge_lookup.edge_of(topology, -1) is edge_lookup.edge_of(topology, topology.n_parameters) is None
    assert not edge_lookup.exists(topology, EdgeRef(99, 0)) and not edge_lookup.exists(topology, EdgeRef(0, 10**6))


@pytest.mark.parametrize("kind", KINDS)
def test_the_sum_over_the_edges_into_a_neuron_is_its_z(kind):
    topology, node = network(kind)
    random = np.random.default_rng(3)
    parameters, a_n = random.standard_normal(topology.n_parameters), random.standard_normal(topology.n_neurons)
    inputs = [source.neurons.view(a_n) for source in topology.sources(node)]
    z = np.asarray(tensor_sum(node, parameters, inputs)).ravel()
    numbers = Numbers(parameters, a_n, None, 1)
    for j in range(node.size):
        total = node.bias.view(parameters)[j] if node.bias else 0.0
        for c in topology.into(node):
            edges = edges_of(c).into(c, j)
            part = (edges_of(c).values(c, edges, numbers) * a_n[edges_of(c).ends(c, edges)[0]]).sum()
            if edges_of(c).value == "activation":  # each edge is the whole product
                assert part == pytest.approx(z[j], abs=1e-5)
                part /= len(node.inputs)
            total += part
        assert total == pytest.approx(z[j], abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flow", range(4))
@pytest.mark.parametrize("constant", [1.0, 0.0])
def test_magnitudes_by_the_definition_of_each_flow(kind, flow, constant):
    topology, node = network(kind)
    random = np.random.default_rng(4)
    value_p, a_n, delta_n = (random.standard_normal(n) for n in (topology.n_parameters, topology.n_neurons, topology.n_neurons))
    numbers = Numbers(value_p, a_n, delta_n, flow, constant)
    for c in topology.into(node):
        expected = []
        for local in range(c.size):
            edge = EdgeRef(c.number, local)
            p, (source, target) = edge_lookup.parameter(topology, edge), edge_lookup.ends(topology, edge)
            value = constant if p is None else value_p[p]
            if edges_of(c).value == "activation":
                value *= a_n[c.inputs[1 - c.slot].neurons.start + local]
            gradient = 0.0 if p is None else a_n[source] * delta_n[target]
            expected.append(abs([value, value * a_n[source], value * delta_n[target], gradient][flow]))
        assert edges_of(c).magnitudes(c, numbers) == pytest.approx(np.array(expected))
        some = np.array([c.size - 1, 0, c.size // 2])
        assert edges_of(c).picked(c, some, numbers) == pytest.approx(np.array(expected)[some])


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_folded_source_all_that_stand_alone_and_the_strongest_of_the_rest(kind):
    topology, node = network(kind)
    for c in topology.into(node):
        magnitude = np.random.default_rng(5).random(c.size)
        shown = np.array([1, 2])
        folded = np.setdiff1d(np.arange(c.source.size), shown)
        may = edges_of(c).bundled(c, magnitude, shown, folded)
        assert (np.diff(may) > 0).all()
        sources = edges_of(c).ends(c, may)[0] - c.source.neurons.start
        alone = np.isin(sources, shown)
        assert set(may[alone].tolist()) == {int(e) for i in shown for e in edges_of(c).out_of(c, i)}
        rest = np.array([e for i in folded for e in edges_of(c).out_of(c, i)])
        assert magnitude[may[~alone]].max() == magnitude[rest].max() and (~alone).sum() <= node.size


def test_no_other_room_asks_which_kind_a_node_is_of():
    for room in ("bridge", "draw", "layout"):
        for path in (Path(edge_lookup.__file__).parents[1] / room).glob("*.py"):
            assert not re.search(r"\.kind\b", path.read_text()), path.name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flow", range(4))
def test_groups_account_for_every_edge(kind, flow):
    """Sums between groups, whichever way a kind takes, are those of its edges one by one."""
    topology, node = network(kind)
    random = np.random.default_rng(6)
    value_p, a_n, delta_n = (random.standard_normal(n) for n in (topology.n_parameters, topology.n_neurons, topology.n_neurons))
    numbers = Numbers(value_p, a_n, delta_n, flow)
    for c in topology.into(node):
        all_e = np.arange(c.size)
        source_e, target_e = edges_of(c).ends(c, all_e)
        q_e = edges_of(c).quantities(c, all_e, numbers)
        for sizes in ((1, 1), (5, 2), (c.source.size, c.target.size)):
            found = sum(edges_of(c).group_strengths(c, numbers, sizes))
            expected = np.zeros_like(found)
            cells = (target_e - node.neurons.start) // sizes[1], (source_e - c.source.neurons.start) // sizes[0]
            np.add.at(expected[0], cells, np.abs(q_e))
            np.add.at(expected[1], cells, q_e)
            assert found == pytest.approx(expected)
            assert found[0].sum() == pytest.approx(edges_of(c).magnitudes(c, numbers).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_list_of_edges_is_drawn_by_is_what_they_multiply_by(kind):
    topology, node = network(kind)
    random = np.random.default_rng(7)
    numbers = Numbers(random.standard_normal(topology.n_parameters), random.standard_normal(topology.n_neurons), None, 1)
    for c in topology.into(node):
        all_e = np.arange(c.size)
        kind_of_value, what_e = edges_of(c).drawn_values(c, all_e, numbers)
        if kind_of_value == PARAMETER:
            found = numbers.value_p[what_e] * edges_of(c).scale(c)
        elif kind_of_value == ACTIVATION:
            found = numbers.activation_n[what_e] * edges_of(c).scale(c)
        else:
            assert kind_of_value == NUMBER
            found = what_e
        assert np.broadcast_to(found, c.size) == pytest.approx(np.broadcast_to(edges_of(c).values(c, all_e, numbers), c.size))
