"""Networks with convolutions, norms, residual paths and attention, reported in words and numbers: every kind of node, in training and in a
walk, by the numbers of the tape. One scene for each family."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import explain_parameter
from nnviz3d.app.readout import build
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view import annotations
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.spec import node_names, toml
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.topology import EdgeRef
from nnviz3d.ui.equations import sections

FAMILIES = ("convnet", "resnet-tiny", "sort-gpt")


@pytest.fixture(scope="module", params=FAMILIES)
def session(request):
    path = toml.find(request.param)
    made = new_session(toml.load(path, [toml.parse_set("train.batch=4")]), path.parent, "cpu")
    made.source.run(2)
    made.source.show()
    made.start_walk(Place.parse("input", made.source.topology))
    return made


def of_each_kind(topology):
    """One node of each kind, with a neuron in its middle."""
    found = {node.kind: node for node in topology.nodes}
    return [(node, node.neurons.start + node.size // 2) for node in found.values()]


def printed(reading):
    return [(line.text, line.printed) for _, lines in sections.sections(reading) for line in lines]


def at(session, phase: str):
    session.walking.walk.go(Place.parse(phase, session.source.topology))
    return session.walking.walk


def test_every_kind_is_reported_live_and_at_the_end_of_a_walk(session):
    for seen in (session.source, at(session, "update:1"), at(session, "after")):
        for node, neuron in of_each_kind(session.source.topology):
            reading = session.inspector.neuron(seen, neuron)
            assert reading.a == pytest.approx(float(reading.a)) and printed(reading)
            for _, r in node.parameters:
                p = r.start + r.size // 2
                assert printed(session.inspector.parameter(seen, p)) and explain_parameter.read(seen, p).parameter == p
            if node.number:
                assert printed(session.inspector.layer(seen, node.number))


def test_the_gradient_of_a_shared_parameter_is_the_sum_over_all_its_places(session):
    walk = at(session, "update:1")
    tape, checked = walk.tape, 0
    if session.source.topology.coupled:  # there the error of a row depends on the whole batch
        return
    for node, _ in of_each_kind(session.source.topology):
        for _, r in node.learned:
            reported = session.inspector.parameter(walk, r.start + r.size // 3)
            if reported.used is not None:
                scale = float(np.abs(r.view(tape.sample_gradient)).max())
                assert reported.used.total == pytest.approx(float(tape.sample_gradient[reported.parameter]), rel=1e-4, abs=1e-5 * scale)
                assert len(reported.used.terms) + reported.used.rest_count >= reported.places > 1 or reported.part == "weight"
                checked += 1
    assert checked


def test_an_edge_leads_to_its_parameter_and_says_how_often_that_is_used(session):
    topology = session.source.topology
    for c in topology.connections:
        if edges_of(c).value != "parameter":
            continue
        reported = explain_parameter.read_edge(session.source, EdgeRef(c.number, c.size // 2))
        ref = topology.parameter(reported.parameter)
        assert reported.places == len(ref.places) and c.size // 2 in edges_of(c).sharing(c, reported.parameter)
        assert reported.a is not None or not reported.there("x")
        if reported.places > 1:
            name = node_names.short_name(topology, ref.node.number)
            assert node_names.places(ref.node) and f" of {name}: " in node_names.parameter_place(topology, reported.parameter)


def test_neurons_are_called_by_their_axes(session):
    topology = session.source.topology
    for node, neuron in of_each_kind(topology):
        name = node_names.cell(topology, node.number, neuron - node.neurons.start)
        assert name.count(",") == len(node.shape) - 1
        assert name.startswith({"channel": "map ", "head": "head ", "token": "token "}.get(node.axes[0], node.axes[0]))


def test_a_walk_tells_each_phase_and_the_outputs_of_one_token(session):
    topology = session.source.topology
    for phase in phases(topology):
        walk = at(session, f"{phase}@0.8")
        for kind in ("activation", "z", "delta", "gradient", "parameter", "reach"):
            assert np.isfinite(walk.ops.to_host(walk.tensors(kind))).all()
        assert build.sentence(session).endswith(".") and "linear" not in build.sentence(session)
    tape = session.walking.walk.tape
    token = annotations.scored_token(tape)
    reported = annotations.outputs(tape, token)
    assert (token >= 0) == (len(topology.output.shape) > 1)
    assert (
        reported.before_k.sum() == pytest.approx(1, abs=1e-5)
        and reported.target_k.sum() == 1
        and reported.target_k[reported.index_k == reported.label] == 1
    )
    assert reported.loss_before == pytest.approx(-np.log(reported.p), rel=1e-4)
