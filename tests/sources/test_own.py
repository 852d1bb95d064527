"""Our own training as a source: the shown sample, its answer, and the smallest change for each kind of edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec.edit import Edit, diff
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.toml import apply, validate


def scene(**tables) -> Scene:
    document = {"network": {"layers": [{"units": 6, "activation": "tanh"}]}, "data": {"kind": "iris"}, "train": {"batch": 16}}
    return validate({**document, **tables})


@pytest.fixture
def source():
    return OwnTraining(scene(), Path(), choose("cpu"))


def change(source, path, value, keep=False):
    new = apply(source.scene, [Edit(path, value)])
    source.apply(new, diff(source.scene, new), keep)


def test_it_trains(source):
    assert source.topology.n_neurons == 4 + 6 + 3
    assert source.advance(lambda: True, 3) == 3
    assert (source.step, source.diverged, source.at_boundary) == (3, None, True)
    assert list(source.parameters()) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    last = list(source.scoring("test"))[-1]
    assert (last.loss, last.accuracy) == source.evaluate("test")


def test_the_shown_sample(source):
    source.show_sample(2)
    assert (source.sample.index, source.sample.part, source.sample.count) == (2, "test", len(source.data.x_test))
    assert source.sample.label == source.data.class_names[source.data.t_test[2]]
    assert np.array_equal(source.tensors("activation")[:4], source.data.x_test[2])
    source.show_sample(len(source.data.x_test) + 1)
    assert source.sample.index == 1


def test_without_a_test_part_the_train_part_is_shown():
    own = OwnTraining(scene(data={"kind": "iris", "test_fraction": 0.0}), Path(), choose("cpu"))
    assert own.sample.part == "train"


def test_the_answer(source):
    source.run(600)
    rights = []
    for index in range(source.sample.count):
        source.show_sample(index)
        text, right = source.answer()
        rights.append(right)
        a = source.tensors("activation")[-3:]
        assert text.startswith(source.data.class_names[int(a.argmax())])
        assert text.endswith(f"({a.max():.1%})".replace("%", " %"))
    assert np.mean(rights) == pytest.approx(source.evaluate("test")[1])
    assert np.mean(rights) > 0.8


def test_numbers_have_no_right_or_wrong():
    own = OwnTraining(scene(data={"kind": "reg-plane"}), Path(), choose("cpu"))
    text, right = own.answer()
    assert "=" in text
    assert right is None


def test_a_learning_rate_changes_only_the_constants(source):
    source.run(5)
    trainer, at = source.trainer, source.tensors("parameter").copy()
    change(source, "train.learning_rate", 0.5)
    assert source.trainer is trainer
    assert np.array_equal(at, source.tensors("parameter"))
    assert trainer.train.learning_rate == 0.5


def test_a_look_changes_nothing(source):
    trainer, plans = source.trainer, source.trainer._feed._plans
    change(source, "look.glow", 2.0)
    assert source.trainer is trainer
    assert trainer._feed._plans is plans


def test_a_batch_size_keeps_the_trainer(source):
    source.run(5)
    trainer = source.trainer
    change(source, "train.batch", 8)
    assert source.trainer is trainer
    assert (source.step, source.epoch) == (5, 0.0)
    source.run(1)
    assert source.epoch == pytest.approx(8 / len(source.data.x_train))


def test_other_data_of_the_same_shape_keeps_what_was_learned():
    own = OwnTraining(scene(data={"kind": "xor"}), Path(), choose("cpu"))
    own.run(5)
    at, old = own.tensors("parameter").copy(), own.data
    change(own, "data.noise", 0.2)
    assert own.data is not old
    assert own.step == 5
    assert np.array_equal(at, own.tensors("parameter"))
    change(own, "data.kind", "iris")
    assert own.step == 0
    assert own.topology.input.size == 4


def test_another_network_starts_anew_and_keeps_weights_only_when_asked(source):
    source.run(50)
    old = source.trainer.parameters()
    layers = source.scene.network.layers
    change(source, "network.layers", [*(layer.model_dump() for layer in layers), {"units": 6}], keep=True)
    new = source.trainer.parameters()
    assert np.array_equal(new["layers.0.weight"], old["layers.0.weight"])
    assert source.step == 0
    change(source, "network.layers", [layer.model_dump() for layer in layers])
    assert not np.array_equal(source.trainer.parameters()["layers.0.weight"], old["layers.0.weight"])


def test_an_impossible_change_changes_nothing(source):
    source.run(3)
    trainer, old = source.trainer, source.scene
    new = apply(old, [Edit("network.output.activation", "tanh"), Edit("train.loss", "cross_entropy")])
    with pytest.raises(InputError, match=r"network\.output\.activation"):
        source.apply(new, diff(old, new))
    assert source.trainer is trainer
    assert source.scene is old
    assert source.step == 3


def test_the_shown_sample_follows_the_scene(source):
    change(source, "view.sample", 4)
    assert source.sample.index == 4
