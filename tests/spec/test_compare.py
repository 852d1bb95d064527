"""`[compare]`: what may differ, how it is written, and that everything else is reported with all other problems."""

from __future__ import annotations

import pytest

from nnviz3d.app.cli.commands.new import annotated
from nnviz3d.spec import compare, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

TWO = "[[network.layers]]\nunits = 4\n[[network.layers]]\nunits = 5\n"


def scene(text: str) -> Scene:
    return toml.validate(toml.parse((TWO + text).encode(), "text"), "text")


@pytest.mark.parametrize(
    "text", ['[compare]\n"train.optimizer" = "sgd"\n', '[compare.train]\noptimizer = "sgd"\n', '[compare]\ntrain.optimizer = "sgd"\n']
)
def test_a_setting_may_be_written_in_any_way_that_toml_has(text):
    assert scene(text).compare == {"train.optimizer": "sgd"}
    assert compare.second_scene(scene(text)) == toml.apply(scene(""), [Edit("train.optimizer", "sgd")])


def test_set_names_a_difference_and_an_edit_replaces_them():
    one = toml.apply(scene(""), [toml.parse_set("compare.train.l1=0.5"), toml.parse_set("compare.network.layers.*.activation=tanh")])
    assert one.compare == {"train.l1": 0.5, "network.layers.*.activation": "tanh"}
    assert [layer.activation for layer in compare.second_scene(one).network.layers] == ["tanh", "tanh"]
    assert compare.second_scene(one).network.layers[1].units == 5 and compare.second_scene(one).compare == {}
    assert toml.validate(toml.parse(toml.dump(one).encode(), "again")) == one == toml.validate(toml.parse(annotated(one).encode(), "new"))
    assert toml.apply(one, [Edit("compare", {})]) == scene("") and compare.second_scene(scene("")) is None


def test_differences_are_named_with_both_values_and_equal_ones_are_not():
    one = scene('[train]\nbatch = 8\n[compare]\n"train.batch" = 8\n"network.layers.*.activation" = "tanh"\n"network.layers.0.units" = 9\n')
    found = compare.differences(one, compare.second_scene(one))
    assert [(d.name, d.a, d.b) for d in found] == [("activation", "relu", "tanh"), ("units, hidden layer 1", 4, 9)]
    assert compare.title(found, False) == "relu, units, hidden layer 1 4" and compare.title(found, True).startswith("tanh")
    deeper = toml.apply(one, [Edit("compare", {"network.layers": [{"units": 7}, {"units": 3}, {"units": 2}]})])
    assert [compare.words(d.path, d.b) for d in compare.differences(deeper, compare.second_scene(deeper))] == ["7-3-2"]


@pytest.mark.parametrize(
    ("path", "value", "key", "words"),
    [
        ("train.lr", 0.1, "compare.train.lr", "unknown key"),
        ("train.learning_rate", -1.0, "compare.train.learning_rate", "greater than or equal to 0"),
        ("train.learning_rate", float("nan"), "compare.train.learning_rate", "finite"),
        ("train.batch", "many", "compare.train.batch", "whole number"),
        ("data.noise", 0.1, "compare.data.noise", "cannot differ"),
        ("look.glow", 1.0, "compare.look.glow", "cannot differ"),
        ("train.steps", 5, "compare.train.steps", "cannot differ"),
        ("train.stop_accuracy", 0.5, "compare.train.stop_accuracy", "cannot differ"),
        ("network", 5, "compare.network", "cannot differ"),
        ("network.layers.7.units", 5, "compare.network.layers.7.units", "not an index"),
        ("network.layers.*.units", 0, "compare.network.layers.*.units", "greater than or equal to 1"),
        ("network.layers", 3, "compare.network.layers", "expected a list, found 3"),
        ("", 1, "compare.", "cannot differ"),
        ("title.x", 1, "compare.title.x", "cannot differ"),
    ],
)
def test_what_cannot_be_is_reported_with_its_key(path, value, key, words):
    with pytest.raises(InputError) as caught:
        toml.apply(scene(""), [Edit("compare", {path: value})])
    assert [(p.key, words in p.message) for p in caught.value.problems] == [(key, True)]


def test_all_problems_are_reported_at_once_and_none_twice():
    with pytest.raises(InputError) as caught:
        scene('[train]\nbatch = -4\n[compare]\n"train.l1" = -1\n"train.batsh" = 3\n"view.pitch" = 1\n')
    assert sorted(p.key for p in caught.value.problems) == ["compare.train.batsh", "compare.train.l1", "compare.view.pitch", "train.batch"]


@pytest.mark.parametrize(
    "text",
    ["compare = 5", "compare = []", "compare." + "a." * 40 + "b = 1", "[compare]\n" + "\n".join(f'"train.x{k}" = 1' for k in range(500))],
)
def test_hostile_tables_are_refused_in_words(text):
    with pytest.raises(InputError) as caught:
        toml.validate(toml.parse(text.encode(), "text"), "text")
    assert caught.value.problems and all(p.key.startswith("compare") for p in caught.value.problems)
