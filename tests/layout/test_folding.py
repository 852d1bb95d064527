"""Wide inputs fold: which, where they stand, and that neurons keep their ids."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.layout import folding
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology


def network(shape, *units):
    return build_topology(Network(layers=tuple(Layer(units=n) for n in units)), shape, 3, "softmax")


@pytest.mark.parametrize(
    ("shape", "most", "folds"),
    [((2308,), 12, True), ((31,), 12, True), ((30,), 12, False), ((2308,), 0, False), ((28, 28), 12, False), ((3, 8, 8), 12, False),
     ((64,), 30, False)],
)  # fmt: skip
def test_only_wide_vectors_fold(shape, most, folds):
    assert bool(folding.foldable(network(shape, 4), most)) == folds


def test_the_strongest_stand_in_order_and_all_others_in_one_stack():
    topology = network((2308,), 16, 8)
    shown = folding.chosen(np.random.default_rng(1).random(2308), 12)
    assert list(shown) == sorted(shown) and len(shown) == 12
    plain, layout = place(topology), place(topology, folds={0: shown})
    (stack,) = layout.stacks
    assert stack.shown_k.tolist() == list(shown) and len(stack.folded_m) == 2296 and stack.text == "and 2,296 more"
    y = layout.place_n4[stack.shown_k, 1]
    assert (np.diff(y) < 0).all(), "from the top, in the order of their numbers"
    assert layout.place_n4[stack.folded_m, 1].max() < y.min() and np.ptp(layout.place_n4[stack.folded_m, 1]) < layout.pitch
    assert len(layout.drawn) == 12 + folding.DISCS + 16 + 8 + 3
    assert layout.stack_of(int(stack.folded_m[5])) is stack and layout.stack_of(int(stack.shown_k[0])) is None
    assert np.ptp(layout.high[:, 1]) < np.ptp(plain.high[:, 1]) / 2, "the network behind it is not hidden"
    moved = layout.moved((1.0, 2.0, 3.0))
    assert np.allclose(moved.stacks[0].foot, stack.foot + np.array([1, 2, 3])) and moved.drawn is layout.drawn


def test_what_stands_changes_only_for_something_clearly_stronger():
    strength = np.geomspace(1.0, 100.0, 100)
    before = folding.chosen(strength, 10)
    assert before == tuple(range(90, 100))
    strength[5] = strength[90] * 1.03
    assert folding.chosen(strength, 10, before) == before
    strength[5] = strength[90] * 1.4
    assert folding.chosen(strength, 10, before) == (5, *range(91, 100))
    assert folding.chosen(np.ones(50), 4) == folding.chosen(np.full(50, np.nan), 4) == (0, 1, 2, 3)


def test_few_folded_neurons_have_as_many_discs():
    topology = network((5,), 2)
    layout = place(topology, folds={0: (0, 1, 2)})
    assert layout.drawn.tolist() == list(range(topology.n_neurons))
