"""What a changed network keeps, by numbers: blocks of weights, and neurons that are held."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine import weight_transfer
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Layer, Network, Output
from nnviz3d.spec.topology_builder import build_topology

rng = np.random.default_rng(0)
A, B = Layer(units=5, activation="relu"), Layer(units=4, activation="tanh")


def made(*layers, output=Output(), inputs=3, outputs=2):  # noqa: B008
    """(network, topology, parameters by name, all different)."""
    network = Network(layers=layers, output=output)
    topology = build_topology(network, (inputs,), outputs, "softmax")
    named = {}
    for k, node in enumerate(topology.nodes[1:]):
        named |= {f"layers.{k}.weight": rng.standard_normal(node.weight.shape), f"layers.{k}.bias": rng.standard_normal(node.size)}
    return network, topology, named


def kept(old, new, origins):
    out = weight_transfer.weights(old[0], new[0], origins, old[2], new[2])
    assert {name: value.shape for name, value in out.items()} == {name: value.shape for name, value in new[2].items()}
    return out


def changed(layer, **changes):
    return layer.model_copy(update=changes)


@pytest.mark.parametrize("units", [1, 3, 7])
def test_a_resized_layer_keeps_the_block_that_both_have(units):
    old, new = made(A, B), made(changed(A, units=units), B)
    out, n = kept(old, new, (0, 1)), min(units, 5)
    assert np.array_equal(out["layers.0.weight"][:n], old[2]["layers.0.weight"][:n])
    assert np.array_equal(out["layers.0.bias"][:n], old[2]["layers.0.bias"][:n])
    assert np.array_equal(out["layers.1.weight"][:, :n], old[2]["layers.1.weight"][:, :n])
    assert np.array_equal(out["layers.1.bias"], old[2]["layers.1.bias"])
    assert np.array_equal(out["layers.2.weight"], old[2]["layers.2.weight"])
    assert np.array_equal(out["layers.0.weight"][n:], new[2]["layers.0.weight"][n:]), "new neurons are drawn as at the start"
    assert np.array_equal(out["layers.1.weight"][:, n:], new[2]["layers.1.weight"][:, n:])


def test_a_removed_layer_leaves_the_others_theirs():
    old, new = made(A, A, B), made(A, B)
    out = kept(old, new, (1, 2))  # the first one went: the second now reads the inputs, whose number differs
    assert np.array_equal(out["layers.0.weight"], new[2]["layers.0.weight"])
    assert np.array_equal(out["layers.1.weight"], old[2]["layers.2.weight"])
    assert np.array_equal(out["layers.2.weight"], old[2]["layers.3.weight"])
    out = kept(old, new, (0, 2))  # the second one went: the third reads five neurons as before
    assert np.array_equal(out["layers.0.weight"], old[2]["layers.0.weight"])
    assert np.array_equal(out["layers.1.weight"], old[2]["layers.2.weight"])


def test_an_inserted_layer():
    old, new = made(A, B), made(A, Layer(units=6), B)
    out = kept(old, new, (0, None, 1))
    assert np.array_equal(out["layers.0.weight"], old[2]["layers.0.weight"])
    assert np.array_equal(out["layers.1.weight"], new[2]["layers.1.weight"])
    assert np.array_equal(out["layers.2.weight"], new[2]["layers.2.weight"]), "its columns are other neurons, and of another number"
    assert np.array_equal(out["layers.3.weight"], old[2]["layers.2.weight"])
    new = made(A, Layer(units=5), B)
    assert np.array_equal(kept(old, new, (0, None, 1))["layers.2.weight"], old[2]["layers.1.weight"]), "here the shape fits"


def test_layers_that_change_places():
    old, new = made(A, changed(A, activation="tanh"), inputs=5), made(changed(A, activation="tanh"), A, inputs=5)
    out = kept(old, new, (1, 0))
    assert np.array_equal(out["layers.0.weight"], old[2]["layers.1.weight"])
    assert np.array_equal(out["layers.1.weight"], old[2]["layers.0.weight"])
    assert np.array_equal(out["layers.2.weight"], old[2]["layers.2.weight"])


@pytest.mark.parametrize("change", [{"init": "zeros"}, {"init_scale": 2.0}, {"bias": 0.3}])
def test_a_layer_that_begins_otherwise_is_drawn_anew(change):
    old, new = made(A, B), made(A, changed(B, **change))
    out = kept(old, new, (0, 1))
    assert np.array_equal(out["layers.1.weight"], new[2]["layers.1.weight"])
    assert np.array_equal(out["layers.0.weight"], old[2]["layers.0.weight"])
    out = kept(made(A), made(A, output=Output(**change)), (0,))
    assert out["layers.1.weight"].shape == (2, 5)


def test_another_activation_keeps_all():
    old, new = made(A, B), made(changed(A, activation="sin"), B)
    out = kept(old, new, (0, 1))
    assert all(np.array_equal(out[name], old[2][name]) for name in out)


def test_held_neurons_move_with_their_layer():
    old, new = made(A, B), made(Layer(units=2), changed(A, units=3), B)  # old: 3..7, 8..11, 12..13; new: 3..4, 5..7, 8..11, 12..13
    held = Holds(frozen=(3, 6, 9, 13), killed=(4, 7, 11))
    assert weight_transfer.holds(old[1], new[1], (None, 0, 1), held) == Holds(frozen=(5, 9, 13), killed=(6, 11))
    assert weight_transfer.holds(old[1], made()[1], (), held) == Holds(frozen=(4,))
