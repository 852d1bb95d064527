"""What a changed network keeps, by numbers: blocks of weights, and neurons that are held."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine import weight_transfer
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_origins import origins
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


def kept(old, new, was):
    out = weight_transfer.weights(old[1], new[1], was, old[2], new[2])
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


def residual(stem: int, wide: int, narrow: int):
    """(network, topology, parameters by name): stem -> (wide | narrow) -> both + stem."""
    names = [Layer(name="stem", units=stem), Layer(name="wide", units=wide), {"name": "narrow", "units": narrow, "from": ["stem"]}]
    layers = [*names, {"kind": "concat", "name": "both", "from": ["wide", "narrow"]}, {"kind": "add", "from": ["both", "stem"]}]
    network = Network(layers=layers)
    topology = build_topology(network, (3,), 2, "softmax")
    return network, topology, {name: rng.standard_normal(r.shape) for name, r in topology.parameter_ranges.items()}


def test_a_graph_keeps_by_name_what_still_reads_the_same():
    old, new = residual(6, 4, 2), residual(8, 4, 4)
    found = origins(old[0].layers, new[0].layers)
    assert found == (0, 1, 2, 3, 4)
    out = kept(old, new, found)
    assert np.array_equal(out["stem.weight"][:6], old[2]["stem.weight"]) and np.array_equal(
        out["stem.weight"][6:], new[2]["stem.weight"][6:]
    )
    assert np.array_equal(out["narrow.weight"][:2, :6], old[2]["narrow.weight"])
    assert np.array_equal(out["dense6.weight"][:, :6], old[2]["dense6.weight"])
    swapped = Network(layers=[new[0].layers[k] for k in (0, 2, 1, 3, 4)])
    assert origins(old[0].layers, swapped.layers) == (0, 2, 1, 3, 4), "by name, wherever they stand"


def test_held_neurons_of_a_graph_move_with_their_layer():
    old, new = residual(6, 4, 2), residual(8, 4, 4)
    wide = [t.by_name["wide"].neurons.start for _, t, _ in (old, new)]
    total = [t.by_name["add5"].neurons.start for _, t, _ in (old, new)]
    moved = weight_transfer.holds(old[1], new[1], (0, 1, 2, 3, 4), Holds(frozen=(wide[0] + 3,), killed=(total[0] + 5,)))
    assert moved == Holds(frozen=(wide[1] + 3,), killed=(total[1] + 5,))
    with pytest.raises(InputError, match="add5 has no weights"):
        Holds(frozen=(total[0],)).check(old[1])
