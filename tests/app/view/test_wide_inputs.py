"""A table of 600 columns, folded: in the picture, under the pointer, in the panel, in a walk, and in stills that can be repeated."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.view.stage import Stage
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout import folding
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from tests.helpers.person import Person
from tests.ui.where import recording

pytestmark = pytest.mark.gl
COLUMNS = 600


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wide")
    generator = np.random.default_rng(3)
    x = generator.standard_normal((60, COLUMNS))
    y = np.where(x[:, 7] + x[:, 411] > 0, "yes", "no")
    rows = [",".join([*(f"gene {k}" for k in range(COLUMNS)), "sick"])]
    rows += [",".join([*(f"{v:.4f}" for v in row), word]) for row, word in zip(x, y, strict=True)]
    (folder / "genes.csv").write_text("\n".join(rows))
    text = '[data]\nkind = "csv"\nfile = "genes.csv"\n[[network.layers]]\nunits = 16\n[[network.layers]]\nunits = 8\n[view]\nsway = 0.0\n'
    (folder / "wide.toml").write_text(text)
    return folder / "wide.toml"


@pytest.fixture
def person(scene, monkeypatch):
    monkeypatch.setattr("tests.app.window.test_loop.toml.find", lambda _name: scene)
    opened = Person("wide")
    opened.session.run(40)
    opened.frames(40)
    yield opened
    opened.close()


def test_the_strongest_stand_alone_and_the_legend_counts_what_is_drawn(person):
    picture, source = person.loop.stage.view.picture, person.session.source
    (stack,) = picture.layout.stacks
    connection = source.topology.connections[0]
    strength = edges_of(connection).strengths(connection, np.asarray(source.tensors("parameter")), 10**9)
    assert len(stack.shown_k) == 12
    assert strength[stack.shown_k].min() * folding.HOLD >= strength[stack.folded_m].max()
    assert picture.edges.folded == COLUMNS - 12 and picture.edges.total == source.topology.n_edges
    assert picture.edges.shown <= 16 * 13 + 16 * 8 + 8 * 2
    drawn = picture.drawn()
    shown = np.concatenate([c.edges + c.connection.weight.start for c in drawn])
    parameters, a = np.asarray(source.tensors("parameter")), np.asarray(source.tensors("activation"))

    def signal(c):
        return np.abs(c.weight.view(parameters) * a[c.source.neurons.slice]).ravel()

    whole = sum(signal(c.connection).sum() for c in drawn)
    part = sum(signal(c.connection)[c.edges].sum() for c in drawn)
    assert len(shown) == picture.edges.shown and picture.edges.share == pytest.approx(part / whole, rel=1e-4)


def test_names_stand_beside_the_inputs_and_the_stack_says_how_many_more(person):
    texts = {label.text: label for label in person.loop.stage.labels()}
    (stack,) = person.loop.stage.view.picture.layout.stacks
    assert {f"gene {k}" for k in stack.shown_k} <= set(texts) and "and 588 more" in texts
    assert all(texts[f"gene {k}"].align == "right" for k in stack.shown_k)


def test_the_stack_is_pointed_at_and_leads_to_the_list_of_all_inputs(person):
    stage = person.loop.stage
    (stack,) = stage.view.picture.layout.stacks
    disc = int(next(k for k in stage.view.picture.layout.drawn if k in set(stack.folded_m.tolist())))
    person.move(*person.place_of(disc))
    assert stage.pointer.hovered in stack.folded_m and "588 inputs" in stage.reading().stack
    person.click(*person.place_of(disc))
    person.open("Neuron")
    person.frames(3)
    panel = next(s for s in person.loop.overlay._dock.sections if s.title == "Neuron").draw.__self__
    panel._all.query = "gene 41"
    with recording() as found:
        person.frames()
    wanted = [k for k in found if k.startswith("input")]
    assert len(wanted) == 11, "gene 41 and gene 410 to 419"
    person.click(*found["input411"][0])
    assert stage.pointer.picked == 411


def test_terms_are_over_all_inputs_and_say_their_names(person):
    node = person.session.source.topology.nodes[1]
    reading = person.session.inspector.neuron(person.session.seen, node.neurons.start + 3)
    assert len(reading.incoming.terms) + reading.incoming.rest_count == COLUMNS
    assert reading.incoming.labels[411] == "gene 411"


def test_a_walk_and_a_focus_work_with_the_fold(person):
    stage = person.loop.stage
    stage.pointer.pick(person.session.source.topology.nodes[1].neurons.start)
    person.session.start_walk(Place.parse("backward:1@0.7", person.session.source.topology, ""))
    person.frames(5)
    assert 0 < len(stage.view.picture.subject.highlight) <= 13 + 8


def test_a_still_is_the_same_whatever_was_shown_before(scene, host):
    def shown(steps):
        session = new_session(toml.load(scene, []), scene.parent, "cpu", scene, REMEMBER)
        stage = Stage(host, session)
        for step in steps:
            session.run(step - session.source.step)
            session.refresh()
            stage.prepare(0.0, exact=True)
        found = stage.view.picture.folds
        stage.close()
        return found

    assert shown([60]) == shown([0, 10, 30, 60])


def test_zero_draws_all_and_the_key_works_while_it_runs(person):
    person.loop.session.apply([Edit("view.fold", 0)], 1.0)
    person.frames(3)
    assert person.loop.stage.view.picture.layout.stacks == () and person.loop.stage.view.picture.layout.drawn is None
    assert person.loop.stage.view.picture.edges.folded == 0
    person.loop.session.apply([Edit("view.fold", 20)], 2.0)
    person.frames(3)
    assert len(person.loop.stage.view.picture.layout.stacks[0].shown_k) == 20
    assert folding.foldable(person.session.source.topology, 20) == [0]
