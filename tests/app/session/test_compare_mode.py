"""Two networks on one stage, as a person meets them: started and stopped on the panel, pointed at, walked through, closed again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.api import scene as api
from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.readout import comparison_readout
from nnviz3d.app.view import comparison_view
from nnviz3d.gfx import texture_buffer
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology
from tests.helpers.person import Person, change, check

K = imgui.Key
pytestmark = pytest.mark.gl
STILL = [Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "low")]
SIZE = (760, 620)


@pytest.fixture
def person():
    opened = Person("compare", size=SIZE, edits=STILL)
    yield opened
    opened.close()


def place_in_second(person, neuron: int) -> tuple[float, float]:
    stage = person.loop.stage
    x, y, _ = stage.view.frame.pose.project(
        stage.view.second.picture.layout.place_n4[neuron : neuron + 1, :3].astype(float), stage.viewport.aspect
    )[0]
    return (x * 0.5 + 0.5) * person.host.size[0], (0.5 - y * 0.5) * person.host.size[1]


def test_both_learn_and_both_are_drawn(person):
    before = person.look()
    person.key(K.space)
    person.frames(40)
    person.key(K.space)
    assert person.session.source.step == person.session.second.source.step > 0
    after = person.look()
    lower = slice(after.shape[0] // 2, after.shape[0])
    assert change(before, after) > 0.003 and change(before[lower], after[lower]) > 0.003
    check(person)


def test_a_comparison_is_begun_changed_and_ended_on_the_panel_and_undone():
    person = Person("xor", size=SIZE, edits=STILL)
    try:
        person.open("Compare")
        alone = person.look()
        person.key(K.space)
        person.frames(20)
        person.click(*person.where("compare.setting"))
        person.click(*person.where("optimiser"))
        assert list(person.session.scene.compare) == ["train.optimizer"]
        assert person.session.source.step == person.session.second.source.step
        person.click(*person.where("compare.value"))
        person.click(*person.where("rmsprop"))
        assert person.session.second.scene.train.optimizer == "rmsprop"
        assert change(alone, person.look()) > 0.01
        trainer = person.session.source.trainer
        person.click(*person.where("stop"))
        assert person.session.second is None and person.loop.stage.view.second is None and person.session.source.trainer is trainer
        person.key(K.z, K.mod_ctrl)
        assert person.session.second.scene.train.optimizer == "rmsprop" and person.loop.stage.view.second is not None
        person.click(*person.where("compare.setting"))
        person.click(*person.where("nothing (one network)"))
        assert person.session.scene.compare == {}
    finally:
        person.close()


def test_a_neuron_of_either_is_picked_read_and_marked_in_both(person):
    person.session.run(50)
    person.frames(3)
    topology, stage = person.session.source.topology, person.loop.stage
    hidden = topology.nodes[1].neurons.start + 2
    person.click(*place_in_second(person, hidden))
    assert stage.view.second.leads and stage.view.second.picked == stage.pointer.picked == hidden
    reading = person.loop.overlay._dock.neuron.shown[0]
    assert reading.network == "B" and reading.activation == "tanh"
    assert reading.a == float(person.session.second.source.tensors("activation")[hidden])
    assert reading.a != float(person.session.source.tensors("activation")[hidden])
    person.click(*person.place_of(hidden))
    assert not stage.view.second.leads and stage.pointer.picked == stage.view.second.picked == hidden
    person.frames(20)
    reading = person.loop.overlay._dock.neuron.shown[0]
    assert reading.network == "A" and reading.activation == "relu"
    compared = comparison_readout.reading(person.session, stage.view.second, hidden)
    assert [n.hovered for n in compared.networks] == [
        float(s.tensors("activation")[hidden]) for s in (person.session.source, person.session.second.source)
    ]
    person.move(*place_in_second(person, hidden))
    low, high = stage.reading().plane.hovered
    assert -1 <= low < high <= 1  # tanh's
    person.click(*place_in_second(person, 0))
    stage.pointer.pick(3)  # as a term of the panel does: in the network that is read
    assert stage.view.second.leads and stage.view.second.picked == 3
    person.key(K.escape)
    assert stage.pointer.picked == stage.view.second.picked == -1 and not stage.view.second.leads


def test_twins_are_reported_by_layer_and_number():
    small, large = (build_topology(Network(layers=tuple(Layer(units=n) for n in units)), (4,), 3, "softmax") for units in ((5,), (2, 6)))
    assert [comparison_view.counterpart(small, large, k) for k in (0, 4, 5, 6, 9, 11, -1, 99)] == [0, 4, 5, -1, 12, 14, -1, -1]
    assert [comparison_view.counterpart(large, small, k) for k in (3, 5, 6, 11, 12, 14)] == [3, 5, -1, -1, 9, 11]
    assert all(comparison_view.counterpart(large, large, k) == k for k in range(large.n_neurons))


def test_brightness_is_on_one_scale_or_on_two(person):
    person.session.run(100)
    person.frames(8)
    first, second = person.loop.stage.view.picture.subject.columns, person.loop.stage.view.second.picture.subject.columns
    for name in ("t_pair_scale", "t_layer_scale"):
        assert (first[name].read()[:, 0] == second[name].read()[:, 0]).all()
    tops = [
        1 / np.maximum(picture.choice.bright, 1e-9) for picture in (person.loop.stage.view.picture, person.loop.stage.view.second.picture)
    ]
    np.testing.assert_allclose(first["t_pair_scale"].read()[:, 0], np.minimum(*tops), rtol=1e-6)
    person.session.apply([Edit("look.compare", "own")])
    person.session.run(1)
    person.frames(8)
    assert (first["t_pair_scale"].read()[:, 0] != second["t_pair_scale"].read()[:, 0]).any()


@pytest.mark.parametrize(
    ("scene", "compare"),
    [
        ("digits", {"network.layers": []}), ("digits", {"network.layers": [{"units": 300}, {"units": 7}, {"units": 9}]}),
        ("spiral", {"data.features": ["x1"]}), ("iris", {"data.standardize": True}), ("wide", {"train.batch": 0}),
    ],
)  # fmt: skip
def test_a_second_network_of_another_shape_stands_there_too(scene, compare):
    person = Person(scene, play=True, size=SIZE, edits=[*STILL, Edit("compare", compare)])
    try:
        person.frames(10)
        stage, second = person.loop.stage, person.session.second
        assert stage.view.second.picture.topology is second.source.topology
        assert (stage.view.second.picture.layout.annex is None) == (second.source.plane is None)
        above, below = stage.view.picture.layout.box(), stage.view.second.picture.layout.box()
        assert below[1][1] < above[0][1]
        for k in range(0, second.source.topology.n_neurons, max(second.source.topology.n_neurons // 7, 1)):
            person.move(*place_in_second(person, k))
        check(person)
    finally:
        person.close()


def test_nothing_is_left_behind(monkeypatch):
    alive = set()
    make, close = texture_buffer.TextureBuffer.__init__, texture_buffer.TextureBuffer.close
    monkeypatch.setattr(texture_buffer.TextureBuffer, "__init__", lambda self, *a, **k: (make(self, *a, **k), alive.add(id(self)))[0])
    monkeypatch.setattr(texture_buffer.TextureBuffer, "close", lambda self: (close(self), alive.discard(id(self)))[0])
    person = Person("xor", size=SIZE, edits=STILL)
    counts = []
    for compare in ({}, {"train.optimizer": "sgd"}, {}, {"network.layers.*.units": 9}, {"train.l1": 0.1}, {}):
        person.session.apply([Edit("compare", compare)])
        person.frames(2)
        counts.append(len(alive))
    assert counts[0] == counts[2] == counts[5] < counts[1] == counts[3] == counts[4] <= 2 * counts[0]
    person.session.saved = person.session.scene
    person.loop.do(Command("open", "compare"))
    person.frames(2)
    person.loop.do(Command("open", "iris"))
    person.frames(2)
    assert person.loop.stage.view.second is None
    person.close()
    assert not alive


def test_a_walk_is_of_the_first_network_and_the_second_says_that_it_waits(person):
    person.session.run(20)
    person.frames(3)
    person.key(K.i)
    person.frames(30)
    assert person.session.source.step == 21 and person.session.second.source.step == 20
    assert comparison_readout.reading(
        person.session, person.loop.stage.view.second
    ).waits == "B" and "B is paused" in comparison_readout.sentence(person.session, person.session.second)
    person.key(K.escape)
    person.frames(3)
    assert person.session.second.source.step == 21


def test_numbers_of_both_are_of_one_moment_and_say_when_a_share_was_reached(person):
    person.session.run(800)
    reported = comparison_readout.reading(person.session, person.loop.stage.view.second)
    a, b = reported.networks
    assert a.step == b.step == 800 and reported.same_batches
    for n, source in zip(reported.networks, (person.session.source, person.session.second.source), strict=True):
        assert n.loss == source.loss and n.answer == source.answer()[0]
        reached = [step for step, right in zip(n.charts.test_step, n.charts.test_accuracy, strict=True) if right >= 0.9]
        assert n.reached[0] == reached[0]
    assert "relu" in a.title and "tanh" in b.title


def test_a_shot_of_two_is_the_same_twice_and_a_film_trains_both():
    first, second = (api.shot("compare", (320, 180), step=20, backend="cpu") for _ in range(2))
    assert (first == second).all()
    assert (first != api.shot("circle", (320, 180), step=20, backend="cpu")).mean() > 0.01


def test_train_tells_of_both(capsys, tmp_path):
    log = tmp_path / "log.jsonl"
    options = Options(backend="cpu", sets=("train.learning_rate=0.02",), quiet=True)
    assert train(options, "compare", TrainRequest(steps=30, log=log), as_json=True) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["differences"] == [{"path": "network.layers.*.activation", "a": "relu", "b": "tanh"}]
    alone = Options(backend="cpu", sets=("train.learning_rate=0.02", "network.layers.0.activation=tanh", "compare={}"), quiet=True)
    assert train(alone, "compare", TrainRequest(steps=30), as_json=True) == 0
    other = json.loads(capsys.readouterr().out)
    assert "rival" not in other and reported["rival"]["test_loss"] == other["test_loss"] != reported["test_loss"]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["network"] for line in lines] == ["A"] * 30 + ["B"] * 30 and lines[-1]["step"] == 30


def test_train_says_which_of_the_two_diverged(capsys):
    sets = (
        "compare.train.learning_rate=1e9",
        "compare.train.optimizer=sgd",
        "compare.train.loss=mse",
        "compare.network.output.activation=linear",
    )
    assert train(Options(backend="cpu", sets=sets, quiet=True), "compare", TrainRequest(steps=30), as_json=True) == 3
    reported = json.loads(capsys.readouterr().out)
    assert reported["diverged"] is None and reported["rival"]["diverged"] and reported["trouble"].startswith("B diverged")
