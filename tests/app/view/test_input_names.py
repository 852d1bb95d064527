"""What inputs are called: beside them in the picture, in the terms of equations, in cards and in the list of weights."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nnviz3d.ui.core import names
from nnviz3d.ui.equations import neuron_equations
from tests.helpers.person import Person

pytestmark = pytest.mark.gl


@pytest.fixture(params=["iris", "wine"])
def person(request, monkeypatch, tmp_path):
    path = tmp_path / "named.toml"
    path.write_text(f'[data]\nkind = "{request.param}"\nstandardize = true\n[[network.layers]]\nunits = 6\n[view]\nsway = 0.0\n')
    monkeypatch.setattr("tests.app.window.test_loop.toml.find", lambda _name: path)
    opened = Person("named", size=(1280, 720))
    opened.session.run(20)
    opened.frames(5)
    yield opened
    opened.close()


def test_they_stand_left_of_their_neurons_and_all_have_room(person):
    labels = {label.text: label for label in person.loop.stage.labels()}
    inputs = person.session.source.topology.input
    assert len(inputs.labels) in (4, 13) and set(inputs.labels) <= set(labels)
    for k, name in enumerate(inputs.labels):
        x, y = person.place_of(inputs.neurons.start + k)
        assert labels[name].align == "right" and labels[name].x < x and abs(labels[name].y - y) < 2
    drawn = person.loop.overlay._labels.placed
    assert set(inputs.labels) <= {item.label.text for item in drawn}


def test_terms_have_names_instead_of_numbers(person):
    topology = person.session.source.topology
    reading = person.session.inspector.neuron(person.session.seen, topology.nodes[1].neurons.start)
    terms = [line for line in neuron_equations.pre_activation(reading) if line.kind == "term"]
    assert [line.name for line in terms] == [topology.input.labels[line.index] for line in terms]
    assert all(line.name in line.tip for line in terms)
    back = [line for line in neuron_equations.backward(reading) if line.kind == "term"]
    assert {line.name for line in back} == set(topology.output.labels) - {str(line.index) for line in back}
    person.loop.stage.pointer.pick(reading.neuron)
    person.open("Neuron")
    person.frames(3)


def test_a_place_is_reported_with_its_name_and_number(person):
    topology = person.session.source.topology
    f = SimpleNamespace(readout=SimpleNamespace(topology=topology))
    assert names.place(f, 0, 2) == f"{topology.input.labels[2]} (input 2)"
    assert names.place(f, 1, 2) == "hidden 2"
