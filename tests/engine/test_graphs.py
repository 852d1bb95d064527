"""Training of graphs: going back bitwise, held neurons, dropout layers, updates and gradients explained, on every kind of layer."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.engine.update_explained import check_gradient, locate, update
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml
from nnviz3d.spec.neuron_locks import Holds
from tests.engine.nets import everything, numbers
from tests.layers.kinds import ON_TABLES, scene_on_data, scene_with


def trainer(kind: str, **train) -> Trainer:
    scene = scene_on_data(kind)
    settings = scene.train.model_copy(update={"batch": 8, "learning_rate": 0.01, **train})
    return Trainer(scene.model_copy(update={"train": settings}), numbers(n=40, inputs=4, test=10), choose("cpu"))


@pytest.mark.parametrize("kind", ON_TABLES)
def test_every_remembered_step_is_entered_bitwise(kind):
    t = trainer(kind, optimizer="adam", l1=0.01, clip_norm=1.0)
    rewind = Rewind(t)
    rewind.spacing = rewind.longest = 7
    states = []
    for _ in range(30):
        states.append(everything(t))
        rewind.run(1)
    for step in (0, 29, 3, 14, 13):
        rewind.enter(step)
        assert everything(t) == states[step], step


@pytest.mark.parametrize("kind", ON_TABLES)
def test_frozen_neurons_keep_their_bytes_and_killed_ones_are_dark(kind):
    t = trainer(kind, optimizer="momentum")
    a, k = t.topology.by_name["a"], t.topology.by_name["k"]
    t.run(3)
    t.hold(Holds(frozen=(a.neurons.start + 1,), killed=(k.neurons.start,)))
    before = t.arenas.parameters.copy()
    t.run(20)
    t.show(t.data.x_test[0], t.data.t_test[0])
    row = a.weight.view(np.arange(t.topology.n_parameters))[1]
    changed = before != t.arenas.parameters
    assert not changed[row].any() and not changed[a.bias.start + 1]
    assert changed[a.weight.slice].any() and t.tensors("activation")[k.neurons.start] == 0 == t.tensors("delta")[k.neurons.start]
    tape = record(t)
    assert tape.old.a[k.neurons.start] == 0


@pytest.mark.parametrize("kind", ON_TABLES)
@pytest.mark.parametrize("optimizer", ["nesterov", "adamw"])
def test_updates_and_gradients_are_explained(kind, optimizer):
    t = trainer(kind, optimizer=optimizer, l2=0.01, batch=16)
    t.run(5)
    tape = record(t)
    names = {locate(tape, p)[1] for p in range(t.topology.n_parameters)}
    assert len(names) == t.topology.n_parameters and "a.weight[0, 3]" in names and "r.bias[2]" in names
    for p in range(0, t.topology.n_parameters, 7):
        rule = update(tape, p)
        assert rule.new == pytest.approx(rule.recorded, rel=2e-6, abs=2e-6)
        for batch in (False, True):
            check = check_gradient(tape, p, batch)
            assert check.kink or check.analytic == pytest.approx(check.numeric, rel=1e-3, abs=2e-6)


def test_a_dropout_layer_is_drawn_in_training_only():
    t = trainer("dropout")
    t.run(1)
    _, buffers = t.batch
    k = t.topology.by_name["k"].number
    kept = buffers.masks[k]
    assert [i for i, mask in enumerate(buffers.masks) if mask is not None] == [k]
    assert set(np.unique(kept)) <= {np.float32(0), np.float32(1 / 0.6)} and 0.3 < (kept > 0).mean() < 0.9
    t.show(t.data.x_test[0], t.data.t_test[0])
    a = t.tensors("activation")
    assert np.array_equal(a[t.topology.by_name["k"].neurons.slice], a[t.topology.by_name["a"].neurons.slice])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_residual_scene_learns(seed):
    scene = toml.load("residual")
    scene = scene.model_copy(update={"train": scene.train.model_copy(update={"seed": seed})})
    own = OwnTraining(scene, Path(), choose("cpu"))
    own.run(scene.test.steps)
    assert own.evaluate("test")[1] >= scene.test.min_accuracy
    assert max(len(own.topology.out_of(node)) for node in own.topology.nodes) == 3, "the stem is read three times"


@pytest.mark.parametrize("kind", ON_TABLES)
def test_a_step_allocates_nothing(kind):
    """After warm-up steps need no arrays: at most what numpy's iterators buffer for a moment (8,192 numbers of each of three operands),
    with arrays of 800 kB in play."""
    scene, rows = scene_with(kind), 8192
    settings = scene.train.model_copy(update={"batch": rows})
    t = Trainer(scene.model_copy(update={"train": settings}), numbers(n=8 * rows, inputs=4, test=10), choose("cpu"))
    t.run(9)
    tracemalloc.start()
    try:
        t.run(1)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        t.run(4)  # inside an epoch
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 3 * 4 * 8192 + 4096
