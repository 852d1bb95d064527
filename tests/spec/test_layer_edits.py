"""Changes of the list of layers: what is read by name is still read, and every result is a network."""

from __future__ import annotations

import pytest

from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.layer_edits import inserted, listed, moved, removed, renamed, simple, variants
from nnviz3d.spec.network_graph import trace
from nnviz3d.spec.scene import Scene

BRANCHES = """
[[network.layers]]
units = 6

[[network.layers]]
units = 6

[[network.layers]]
name = "left"
units = 6
from = ["dense1"]

[[network.layers]]
kind = "add"
from = ["dense2", "left"]

[[network.layers]]
units = 4
"""


@pytest.fixture
def scene() -> Scene:
    return toml.validate(toml.parse(BRANCHES.encode(), "text"), "text")


def applied(scene: Scene, layers) -> Scene:
    return toml.apply(scene, [Edit("network.layers", [layer for layer, _ in layers], tuple(origin for _, origin in layers))])


def inputs(scene: Scene) -> dict[str, tuple[str, ...]]:
    traced, wrong = trace(scene.network.layers)
    assert not wrong
    return {layer.name: layer.inputs for layer in traced}


def test_a_chain_stays_without_names():
    scene = toml.validate(toml.parse(b"[[network.layers]]\nunits = 3\n[[network.layers]]\nunits = 4", "text"), "text")
    made = applied(scene, inserted(listed(scene.network.layers), 1, {"units": 5}))
    assert [(layer.units, layer.name, layer.from_) for layer in made.network.layers] == [(3, "", ()), (5, "", ()), (4, "", ())]


def test_who_read_a_removed_layer_reads_what_it_read(scene):
    layers = listed(scene.network.layers)
    assert [origin for _, origin in removed(layers, 2)] == [0, 1, 3, 4]
    assert inputs(applied(scene, removed(layers, 2)))["add4"] == ("dense2", "dense1")
    assert inputs(applied(scene, removed(layers, 1)))["add4"] == ("dense1", "left")


def test_a_new_layer_reads_the_one_above_and_moves_no_reference(scene):
    made = inputs(applied(scene, inserted(listed(scene.network.layers), 0, {"kind": "activation"})))
    assert made == {
        "activation1": ("input",), "dense1": ("activation1",), "dense2": ("dense1",), "left": ("dense1",), "add4": ("dense2", "left"),
        "dense5": ("add4",),
    }  # fmt: skip


def test_a_move_keeps_what_is_read(scene):
    made = inputs(applied(scene, moved(listed(scene.network.layers), 2, -1)))
    assert made["add4"] == ("dense2", "left") and made["left"] == ("dense1",)


def test_a_new_name_is_read_everywhere(scene):
    layers = listed(scene.network.layers)
    assert inputs(applied(scene, renamed(layers, 0, "stem")))["left"] == ("stem",)
    assert inputs(applied(scene, renamed(layers, 2, "right")))["add4"] == ("dense2", "right")


def test_kinds_that_need_nothing_can_be_put_in_anywhere(scene):
    for k in range(5):
        found = simple(scene.network.layers, k)
        assert {"dense", "activation", "dropout"} <= set(found)
        for layer in found.values():
            assert len(applied(scene, inserted(listed(scene.network.layers), k + 1, layer)).network.layers) == 6


def test_every_variant_is_a_network(scene):
    found = variants(scene)
    assert found and all(inputs(toml.apply(scene, [Edit("network.layers", layers)])) for layers in found)
