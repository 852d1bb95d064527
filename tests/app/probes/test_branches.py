"""A network with branches and a residual sum: what is said of it goes by nodes and connections, and adds up."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import explain_parameter, selectors
from nnviz3d.app.probes.health import Diagnosis
from nnviz3d.app.readout.build import sentence
from nnviz3d.app.readout.placeholders import plain_values
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view import annotations
from nnviz3d.layers import edge_lookup
from nnviz3d.spec import node_names, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.readout import EdgeReading, MatrixReading
from nnviz3d.ui.equations import sections


@pytest.fixture(scope="module")
def session():
    path = toml.find("residual")
    s = new_session(toml.load(path), path.parent, "cpu")
    s.source.run(20)
    s.source.show()
    return s


@pytest.fixture
def walk(session):
    session.start_walk()
    yield session.walking.walk
    session.leave_walk()


def node(session, name: str):
    return session.source.topology.by_name[name]


def test_every_neuron_adds_up_forward_and_backward(session):
    source = session.source
    for here in source.topology.nodes[1:]:
        for n in (here.neurons.start, here.neurons.stop - 1):
            reported = session.inspector.neuron(source, n)
            assert reported.incoming.total + (reported.bias or 0.0) == pytest.approx(reported.z, abs=1e-5)
            if reported.outgoing is not None:
                assert reported.slope * reported.outgoing.total == pytest.approx(reported.delta, abs=1e-5)
    stem = session.inspector.neuron(source, node(session, "stem").neurons.start + 3)
    assert [part.name for part in stem.outgoing.connections] == ["wide", "narrow", "sum"]


def test_the_strengths_of_inputs_and_whole_layers_follow_the_graph(session):
    source = session.source
    reported = session.inspector.layer(source, node(session, "sum").number)
    assert not isinstance(reported, MatrixReading) and [end.name for end in reported.sources] == ["both", "stem"]
    both, stem = (source.tensors("activation")[node(session, name).neurons.slice] for name in ("both", "stem"))
    assert np.allclose(both + stem, reported.z, atol=1e-6) and np.array_equal(reported.x, np.concatenate([both, stem]))
    first = session.inspector.layer(source, node(session, "stem").number)
    assert np.allclose(first.back * first.slope, first.delta, atol=1e-5) and len(first.targets) == 3


def test_an_edge_without_a_weight_says_what_it_passes_on(session):
    topology = session.source.topology
    connection = topology.into(node(session, "sum"))[1]
    reported = explain_parameter.read_edge(session.pictured, type(edge_lookup.edge_of(topology, 0))(connection.number, 5))
    assert isinstance(reported, EdgeReading) and (reported.source, reported.source_index, reported.index) == (
        connection.source.number,
        5,
        5,
    )


def test_names_are_those_of_the_scene(session):
    topology = session.source.topology
    assert [node_names.layer_name(topology, k) for k in range(7)] == ["Input", "stem", "wide", "narrow", "both", "sum", "Output"]
    assert node_names.neuron_place(topology, 5, 3) == "sum neuron 3" and node_names.neuron_place(topology, 6, 3) == "output 3"
    assert node_names.phase_layer(topology, 5) == "sum"


def test_neurons_are_meant_by_number_or_by_the_name_of_their_layer(session):
    topology = session.source.topology
    start = node(session, "sum").neurons.start
    for text in ("5:7", "sum:7"):
        selectors.check_neuron(text, topology, True)
        assert selectors.neuron(session.source, text) == start + 7
    a = session.source.tensors("activation")[node(session, "narrow").neurons.slice]
    assert selectors.neuron(session.source, "strongest:narrow") == node(session, "narrow").neurons.start + int(np.abs(a).argmax())
    assert selectors.layer("both", topology) == 4 and selectors.layer("output", topology) == 6
    assert selectors.edge(session.source, start + 7, "term") == -1, "no weight leads into a sum"
    with pytest.raises(ValueError, match=r'did you mean "narrow"\?'):
        selectors.layer("narow", topology)
    with pytest.raises(ValueError, match="neurons 0 to 23"):
        selectors.check_neuron("sum:24", topology, True)


def test_a_walk_tells_each_layer_when_its_phase_has_come(session, walk):
    topology = session.source.topology
    stem, add = node(session, "stem"), node(session, "sum")

    def titles(neuron: int, place: str) -> dict:
        walk.go(Place.parse(place, topology))
        return dict(sections.sections(session.inspector.neuron(walk, neuron)))

    assert titles(add.neurons.start, "forward:4")["Sum"][0].text == "available in: Forward, layer 5"
    assert titles(add.neurons.start, "forward:sum")["Sum"][-1].kind == "result"
    error = "Error signal of this sample"
    # the error of what three layers read is whole when the last of them has sent it back
    assert titles(stem.neurons.start, "backward:3")[error][0].text == "available in: Backward, layer 2"
    assert titles(stem.neurons.start, "backward:2")[error][-1].kind == "result"
    for phase in phases(topology):
        walk.go(Place.parse(f"{phase}@0.9", topology))
        for here in topology.nodes:
            session.inspector.neuron(walk, here.neurons.start)
            session.inspector.layer(walk, here.number)


def test_sentences_and_cards_of_a_walk_are_of_the_kind(session, walk):
    topology = session.source.topology
    walk.go(Place.parse("forward:sum@0.9", topology))
    assert "adds up its inputs from the layers" in session.walking.sentence and "weights" not in session.walking.sentence
    neuron = node(session, "sum").neurons.start + 2
    reported = annotations.incoming(walk.tape, neuron, False)
    assert [name for name, _ in reported] == ["both", "stem"]
    assert sum(value for _, value in reported) == pytest.approx(float(walk.tape.old.z[neuron]), abs=1e-6)
    assert annotations.incoming(walk.tape, node(session, "stem").neurons.start, False) == ()


def test_health_and_history_go_by_name(session):
    found = Diagnosis()
    dead = node(session, "wide")
    source = session.source
    bias = dead.bias.slice
    kept = source.trainer.arenas.parameters[bias].copy()
    source.trainer.arenas.parameters[bias] = -100
    try:
        reported = found.findings(source, session.curves.charts)
    finally:
        source.trainer.arenas.parameters[bias] = kept
    assert [finding.title for finding in reported] == ["Dead ReLUs in wide"]
    reading = session.layers.reading(source, ("weight", 0))
    assert reading.names == ("stem", "wide", "narrow", "output")


def test_two_networks_with_branches_are_compared_layer_by_layer(session):
    path = toml.find("residual")
    s = new_session(toml.load(path, [Edit("compare", {"network.layers.2.activation": "relu"})]), path.parent, "cpu")
    (difference,) = s.second.differences
    assert difference.name == "activation, narrow" and (difference.a, difference.b) == ("tanh", "relu")
    s.source.run(2)


def test_weights_are_counted_as_parameters_not_as_edges(session):
    topology = session.source.topology
    assert topology.n_edges > topology.n_weights == sum(n.weight.size for n in topology.nodes if n.weight is not None)
    session.running = True
    reported = sentence(session)
    session.running = False
    assert "2,352 weights and 58 biases" in reported
    assert plain_values(session)["weights"] == "2,352"
