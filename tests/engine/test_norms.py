"""Numbers that are kept but not learned, and rows of a batch that depend on one another: batch norm in a whole run of training."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nnviz3d.backend import choose
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.engine.update_explained import check_gradient, update
from nnviz3d.formats import weights
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Network, Scene, Train
from tests.engine.nets import everything, numbers

LAYERS = [{"units": 6, "activation": "tanh"}, {"kind": "batch_norm", "name": "n"}, {"kind": "activation", "activation": "silu"}]


def net(ops=None, layers=LAYERS, rows: int = 21, **settings) -> Trainer:
    scene = Scene(network=Network.model_validate({"layers": layers}), train=Train(**{"batch": 8, **settings}))
    return Trainer(scene, numbers(rows, test=9), ops or choose("cpu"))


def part(t: Trainer, name: str) -> np.ndarray:
    return t.parameters()[f"n.{name}"]


def batch_of(t: Trainer) -> np.ndarray:
    """(B, 6) what the norm has read in the last step."""
    return t.batch[1].a[1].astype(np.float64)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adamw"])
def test_running_statistics_follow_the_batches_and_no_optimiser_touches_them(optimizer):
    t = net(optimizer=optimizer, l1=0.01, l2=0.1, clip_norm=0.1, weight_decay=0.3)
    mean, variance = part(t, "running_mean"), part(t, "running_var")
    assert not mean.any() and (variance == 1).all() and (part(t, "weight") == 1).all() and not part(t, "bias").any()
    for _ in range(7):  # over an epoch's end: its last batch has 5 rows
        t.run(1)
        x = batch_of(t)
        mean, variance = 0.9 * mean + 0.1 * x.mean(0), 0.9 * variance + 0.1 * x.var(0, ddof=1)
        np.testing.assert_allclose(part(t, "running_mean"), mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(part(t, "running_var"), variance, rtol=1e-5)
        for r in t.topology.unlearned:
            assert not t.arenas.gradients[r.slice].any() and not any(slot[r.slice].any() for slot in t.arenas.slots)
    assert t.topology.n_learned == t.topology.n_parameters - 12


def test_a_step_that_diverges_leaves_them_as_they_were():
    """The squares of what tanh does not bound are beyond float32."""
    t = net(layers=[{"units": 6, "activation": "linear"}, *LAYERS[1:]])
    t.run(3)
    kept = part(t, "running_mean"), part(t, "running_var")
    t.arenas.parameters[:] = np.where(np.arange(t.topology.n_parameters) < 24, 3e37, t.arenas.parameters)
    t.run(1)
    assert t.diverged == 4
    assert np.array_equal(part(t, "running_mean"), kept[0]) and np.array_equal(part(t, "running_var"), kept[1])


def test_they_travel_with_rewind_and_state():
    t = net()
    rewind = Rewind(t, 1 << 24)
    rewind.run(4)
    rewind.snapshot("A")
    there = everything(t)
    rewind.run(5)
    assert everything(t) != there
    rewind.enter(4)
    assert everything(t) == there
    state = t.state()
    other = net()
    other.restore(state)
    for trainer in (t, other):
        trainer.run(3)
    assert everything(t) == everything(other)


def test_frozen_neurons_keep_theirs():
    t = net()
    first = t.topology.by_name["n"].neurons.start
    t.hold(Holds(frozen=(first + 2,)))
    t.run(5)
    for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
        changed = part(t, name) != value
        assert not changed[2] and changed[[0, 1, 3, 4, 5]].all()


def test_weights_files_hold_them_and_pytorch_s_count_of_steps_is_passed_over(tmp_path):
    t = net()
    t.run(5)
    weights.save(tmp_path / "w.safetensors", t.parameters(), Scene())
    held = load_file(tmp_path / "w.safetensors")
    assert {"n.weight", "n.bias", "n.running_mean", "n.running_var"} < set(held)
    save_file({**held, "n.num_batches_tracked": np.array(5, np.int64)}, tmp_path / "torch.safetensors")
    read = weights.load(tmp_path / "torch.safetensors", t.topology)
    assert all(np.array_equal(read[name], value) for name, value in t.parameters().items()) and set(read) == set(t.parameters())
    assert weights.describe(tmp_path / "torch.safetensors")["parameters"] == t.topology.n_parameters


def test_the_names_of_a_sequential_are_taken_by_order_and_shape(tmp_path):
    t = net()
    t.run(3)
    ours, said = t.parameters(), []
    stems = {"dense1": "0", "n": "1", "dense4": "3"}
    theirs = {f"{stems[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": value for name, value in ours.items()}
    save_file({**theirs, "1.num_batches_tracked": np.array(3, np.int64)}, tmp_path / "w.safetensors")
    read = weights.load(tmp_path / "w.safetensors", t.topology, say=said.append)
    assert all(np.array_equal(read[name], value) for name, value in ours.items())
    assert said == ["w.safetensors: 0, 1, 3 are the 3 layers with parameters, by order and shape"]
    save_file({**theirs, "1.running_var": np.ones(5, np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="not for this network"):
        weights.load(tmp_path / "w.safetensors", t.topology)


def test_a_negative_variance_is_refused():
    t = net()
    before, given = everything(t), t.parameters()
    given["n.running_var"][2] = -1
    with pytest.raises(InputError, match=r"n\.running_var: holds negative values"):
        t.load_parameters(given)
    assert everything(t) == before


def test_a_running_mean_is_not_set_by_hand():
    t = net()
    with pytest.raises(InputError, match=r"n\.running_var is kept up by training"):
        t.set_parameter(t.topology.unlearned[1].start, 0.5)


@pytest.mark.parametrize(
    ("rows", "batch", "reason"),
    [(21, 1, "batches of 1"), (21, 4, "last batch of 21 rows in batches of 4 has 1"), (21, 20, "Use a batch of 19, or 0")],
)
def test_a_row_alone_in_a_batch_is_refused_before_training(rows, batch, reason):
    with pytest.raises(InputError) as caught:
        net(rows=rows, batch=batch)
    (problem,) = caught.value.problems
    assert problem.key == "train.batch" and '"n" (batch_norm)' in problem.message and reason in problem.message
    t = net(rows=rows)
    with pytest.raises(InputError, match="at least 2"):
        t.rebatch(t.train.model_copy(update={"batch": batch}))
    assert t.train.batch == 8


def test_evaluation_uses_the_running_statistics():
    t = net()
    t.run(6)
    t.show(t.data.x_test[0], t.data.t_test[0])
    node = t.topology.by_name["n"]
    (source,) = t.topology.sources(node)
    x, z = (t.tensors("activation")[source.neurons.slice], t.tensors("z")[node.neurons.slice])
    normal = (x - part(t, "running_mean")) / np.sqrt(part(t, "running_var") + 1e-5)
    np.testing.assert_allclose(z, part(t, "weight") * normal + part(t, "bias"), rtol=1e-5, atol=1e-6)


def test_a_tape_shows_a_row_as_the_step_saw_it():
    t = net(NumpyOps("float64"), l2=0.0)
    t.run(2)
    tape = record(t, shown=3)
    buffers = t.batch[1]
    for node in t.topology.nodes[1:]:
        np.testing.assert_allclose(tape.old.a[node.neurons.slice], buffers.a[node.number][3], rtol=1e-12)
        np.testing.assert_allclose(tape.old.delta[node.neurons.slice], len(tape.rows) * buffers.d[node.number][3], rtol=1e-9, atol=1e-14)
    reported = tape.old.statistics["n"]
    np.testing.assert_allclose(reported["mean"], batch_of(t).mean(0), rtol=1e-12)
    np.testing.assert_allclose(reported["variance"], batch_of(t).var(0), rtol=1e-12)
    assert tape.new.statistics["n"]["mean"] != pytest.approx(reported["mean"])


def test_the_gradients_of_the_rows_add_up_to_the_batch_s():
    t = net(NumpyOps("float64"))
    t.run(2)
    tape = record(t)
    rows = len(tape.rows)
    total = sum(tape.of(k).sample_gradient for k in range(rows))
    np.testing.assert_allclose(total / rows, tape.gradient, rtol=1e-9, atol=1e-12)
    assert np.mean([tape.of(k).old.loss for k in range(rows)]) == pytest.approx(tape.loss)
    for p in (3, t.topology.by_name["n"].parameters[0][1].start + 2, t.topology.n_parameters - 1):
        check = check_gradient(tape, p)
        assert check.analytic == pytest.approx(check.numeric, rel=1e-6, abs=1e-9)


def test_an_update_of_what_is_kept_is_reported_as_one():
    t = net()
    t.run(2)
    tape = record(t)
    r = t.topology.unlearned[0]
    rule = update(tape, r.start + 1)
    assert rule.name == "n.running_mean[1]" and rule.kept == 0.1 and rule.step == 0
    assert rule.new == pytest.approx(0.9 * rule.old + 0.1 * rule.batch) and rule.batch == pytest.approx(batch_of(t).mean(0)[1], rel=1e-4)
