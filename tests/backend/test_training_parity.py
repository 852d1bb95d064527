"""A whole training run by the CUDA kernels, compiled for the processor or on a GPU, next to numpy: same seed, same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.frozen_ranges import frozen_stretches
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Layer, Network, Output, Scene, Train
from tests.backend.host_kernels import HostKernelOps


@pytest.fixture(params=["kernels", "cupy"])
def device(request):
    try:
        return HostKernelOps() if request.param == "kernels" else choose("cuda")
    except (InputError, FileNotFoundError) as error:
        pytest.skip(str(error))


def data(task="classification"):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((90, 6), np.float32)
    t = np.argmax(x[:, :3], 1).astype(np.int32) if task == "classification" else np.abs(x[:, :3])
    return DataSet("numbers", task, (6,), x[:70], t[:70], x[70:], t[70:], ("a", "b", "c"), ())


def scene(output="auto", **train) -> Scene:
    hidden = (Layer(units=12, activation="gelu", dropout=0.2), Layer(units=9, activation="silu"), Layer(units=7, activation="softplus"))
    return Scene(network=Network(layers=hidden, output=Output(activation=output)), train=Train(**{"batch": 16, **train}))


CASES = [
    {"optimizer": "adam", "loss": "cross_entropy"}, {"optimizer": "adamw", "loss": "bce", "l2": 0.01},
    {"optimizer": "momentum", "loss": "mse", "output": "softmax", "clip_norm": 0.1},
    {"optimizer": "nesterov", "loss": "half_mse", "output": "tanh", "learning_rate": 0.01, "l1": 0.01, "l1_dead_at_zero": True},
    {"optimizer": "rmsprop", "loss": "huber", "output": "linear", "epsilon": 0.01, "warmup": 5, "schedule": "cosine", "schedule_steps": 20},
    {"optimizer": "sgd", "loss": "mse", "task": "regression", "batch": 0, "l1": 0.01},
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["optimizer"])
def test_thirty_steps(device, case):
    case = dict(case)
    numbers = data(case.pop("task", "classification"))
    host, other = (Trainer(scene(**case), numbers, ops) for ops in (choose("cpu"), device))
    assert host.run(30) == other.run(30) == 30
    assert other.loss == pytest.approx(host.loss, rel=1e-4)
    for t in (host, other):
        t.show(numbers.x_test[0], numbers.t_test[0])
    for kind in ("parameter", "gradient", "change", "z", "activation", "delta"):
        np.testing.assert_allclose(device.to_host(other.tensors(kind)), host.tensors(kind), rtol=2e-3, atol=2e-5, err_msg=kind)
    for part in ("train", "test"):
        assert other.evaluate(part)[0] == pytest.approx(host.evaluate(part)[0], rel=1e-4)
        assert other.evaluate(part)[1] == host.evaluate(part)[1]
    assert other.epoch == host.epoch


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["optimizer"])
def test_frozen_killed_and_edited_by_hand(device, case):
    """Neurons: 6 inputs, 6..17, 18..26, 27..33, 3 outputs."""
    case = dict(case)
    numbers = data(case.pop("task", "classification"))
    host, other = (Trainer(scene(**case), numbers, ops) for ops in (choose("cpu"), device))
    holds = Holds(frozen=(6, 7, 20, 36), killed=(8, 19, 20))
    before = []
    for t in (host, other):
        t.run(5)
        t.hold(holds)
        t.set_parameter(100, 0.5)
        before.append(np.array(t.ops.to_host(t.arenas.parameters)))
        assert t.run(25) == 25
        t.show(numbers.x_test[0], numbers.t_test[0])
    for kind in ("parameter", "gradient", "activation", "delta"):
        np.testing.assert_allclose(device.to_host(other.tensors(kind)), host.tensors(kind), rtol=2e-3, atol=2e-5, err_msg=kind)
    assert other.evaluate("test")[0] == pytest.approx(host.evaluate("test")[0], rel=1e-4)
    for t, old in zip((host, other), before, strict=True):
        now = t.ops.to_host(t.arenas.parameters)
        for r in frozen_stretches(t.topology, holds.frozen):
            assert np.array_equal(now[r], old[r])
        assert not t.ops.to_host(t.tensors("activation"))[list(holds.killed)].any()


@pytest.mark.parametrize(("bad", "step"), [("weights", 1), ("rate", None)])
def test_the_device_skips_what_is_not_finite(device, bad, step):
    """It runs ahead, yet parameters and slots stay those of the last finite step, and the host learns which step it was."""
    rate = 1e9 if bad == "rate" else 0.1
    t = Trainer(scene(optimizer="momentum", learning_rate=rate, loss="mse", output="linear"), data(), device)
    if bad == "weights":
        named = t.parameters()
        named["layers.0.weight"][:] = 3e38
        t.load_parameters(named)
    done = t.run(40)
    assert t.diverged is not None
    assert t.step == done == t.diverged - 1
    assert step is None or t.diverged == step
    assert all(np.isfinite(array).all() for array in t.arenas.copies().values())
    kept = t.arenas.copies()
    assert t.run(5) == 0
    assert all(np.array_equal(array, kept[name]) for name, array in t.arenas.copies().items())
