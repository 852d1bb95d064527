"""Edges of every kind in the table: against a list of all of them, and against the definition of z."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.layers import edge_lookup, face
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import ACTIVATION, NUMBER, PARAMETER, QUANTITY, EdgesFace
from nnviz3d.spec.topology import EdgeRef
from tests.layers.kinds import CASES, definition, graph_with


def slopes(node, connection, parameters, x) -> np.ndarray:
    """(O, I) how z changes with the activations of a source, by differences of its definition: what edges of sums multiply by."""
    found = []
    for i in range(connection.source.size if CASES[node.kind].sums else 0):
        ends = []
        for step in (1e-4, -1e-4):
            moved = [np.array(each) for each in x]
            moved[connection.slot].flat[i] += step
            ends.append(definition(node, parameters, moved))
        found.append((ends[0] - ends[1]) / 2e-4)
    return np.array(found).T


PLAIN = [kind for kind in CASES if type(face(kind, "edges").EDGES).values is EdgesFace.values]  # others say their values themselves
NORMS = [kind for kind in CASES if kind.endswith("_norm")]
SUMS = [kind for kind in CASES if CASES[kind].sums]


def network(kind):
    topology = graph_with(kind)
    return topology, topology.by_name["k"]


@pytest.mark.parametrize("kind", CASES)
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


@pytest.mark.parametrize("kind", CASES)
def test_parameters_and_their_edges_find_each_other(kind):
    topology, node = network(kind)
    having = {}
    for c in topology.into(node):
        for local in range(c.size):
            p = edge_lookup.parameter(topology, EdgeRef(c.number, local))
            assert (p is None) == (edges_of(c).value != "parameter")
            if p is not None:
                having.setdefault(p, []).append(EdgeRef(c.number, local))
                ref = topology.parameter(p)
                source, target = edge_lookup.ends(topology, EdgeRef(c.number, local))
                assert ref.node is node and target - node.neurons.start in ref.places
                assert ref.source in (None, source - c.source.neurons.start)
                assert node.weight.view(np.arange(topology.n_parameters))[ref.index] == p
    weighted = all(edges_of(c).value == "parameter" for c in topology.into(node))
    assert weighted or not having
    for p, edges in having.items():
        assert edge_lookup.edge_of(topology, p) == edges[0]
        shared = [EdgeRef(c.number, int(local)) for c in topology.into(node) for local in edges_of(c).sharing(c, p)]
        assert shared == edges
    if node.bias:
        assert edge_lookup.edge_of(topology, node.bias.start) is None
    assert edge_lookup.edge_of(topology, -1) is edge_lookup.edge_of(topology, topology.n_parameters) is None
    assert not edge_lookup.exists(topology, EdgeRef(99, 0)) and not edge_lookup.exists(topology, EdgeRef(0, 10**6))


@pytest.mark.parametrize("kind", SUMS)
def test_the_sum_over_the_edges_into_a_neuron_is_its_z(kind):
    topology, node = network(kind)
    random = np.random.default_rng(3)
    parameters, a_n = random.standard_normal(topology.n_parameters), random.standard_normal(topology.n_neurons)
    inputs = [source.neurons.view(a_n) for source in topology.sources(node)]
    z = definition(node, parameters, inputs)
    numbers = Numbers(parameters, a_n, None, 1)
    for j in range(node.size):
        total = node.bias.view(parameters)[j // (node.size // node.bias.size)] if node.bias else 0.0  # one for each neuron, or channel
        for c in topology.into(node):
            edges = edges_of(c).into(c, j)
            part = (edges_of(c).values(c, edges, numbers) * a_n[edges_of(c).ends(c, edges)[0]]).sum()
            if edges_of(c).value == "activation":  # each edge is the whole product
                assert part == pytest.approx(z[j], abs=1e-5)
                part /= len(node.inputs)
            total += part
        assert total == pytest.approx(z[j], abs=1e-5)


def factor(topology, node, value_p, a_n, local) -> float:
    """What a norm multiplies one number by: how its z changes with it, mean and deviation being what they are."""
    parts = {part: r.view(value_p).ravel() for part, r in node.parameters}
    if "running_var" in parts:
        channel = local // (node.size // len(parts["weight"]))
        return parts["weight"][channel] / np.sqrt(abs(parts["running_var"][channel]) + 1e-5)
    width = len(parts["weight"])
    row = topology.sources(node)[0].neurons.view(a_n).reshape(-1, width)[local // width]
    square = row.var() + 1e-5 if "bias" in parts else (row * row).mean() + 1e-6
    return parts["weight"][local % width] / np.sqrt(square)


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind in SUMS or kind in PLAIN or kind in NORMS])
@pytest.mark.parametrize("flow", range(4))
@pytest.mark.parametrize("constant", [1.0, 0.0])
def test_magnitudes_by_the_definition_of_each_flow(kind, flow, constant):
    topology, node = network(kind)
    random = np.random.default_rng(4)
    value_p, a_n, delta_n = (random.standard_normal(n) for n in (topology.n_parameters, topology.n_neurons, topology.n_neurons))
    numbers = Numbers(value_p, a_n, delta_n, flow, constant)
    for c in topology.into(node):
        expected, slope_oi = [], slopes(node, c, value_p, [source.neurons.view(a_n) for source in topology.sources(node)])
        for local in range(c.size):
            edge = EdgeRef(c.number, local)
            p, (source, target) = edge_lookup.parameter(topology, edge), edge_lookup.ends(topology, edge)
            value = value_p[p] if p is not None else constant
            if p is None and CASES[kind].sums:
                value *= slope_oi[target - node.neurons.start, source - c.source.neurons.start]
            if kind in NORMS and constant:
                value = factor(topology, node, value_p, a_n, local)
            gradient = 0.0 if p is None else a_n[source] * delta_n[target]
            expected.append(abs([value, value * a_n[source], value * delta_n[target], gradient][flow]))
        assert edges_of(c).magnitudes(c, numbers) == pytest.approx(np.array(expected))
        some = np.array([c.size - 1, 0, c.size // 2])
        assert edges_of(c).picked(c, some, numbers) == pytest.approx(np.array(expected)[some])


@pytest.mark.parametrize("kind", CASES)
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


@pytest.mark.parametrize("kind", CASES)
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
        parts = c.source.size // c.source.groups, c.target.size // c.target.groups
        for sizes in ((1, 1), (5, 2), parts, (c.source.size, c.target.size)):
            found = sum(edges_of(c).group_strengths(c, numbers, sizes))
            expected = np.zeros_like(found)
            cells = (target_e - node.neurons.start) // sizes[1], (source_e - c.source.neurons.start) // sizes[0]
            np.add.at(expected[0], cells, np.abs(q_e))
            np.add.at(expected[1], cells, q_e)
            assert found == pytest.approx(expected)
            assert found[0].sum() == pytest.approx(edges_of(c).magnitudes(c, numbers).sum())


@pytest.mark.parametrize("kind", CASES)
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
            assert kind_of_value in (NUMBER, QUANTITY)
            found = what_e
        assert np.broadcast_to(found, c.size) == pytest.approx(np.broadcast_to(edges_of(c).values(c, all_e, numbers), c.size))
