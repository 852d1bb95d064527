"""Tapes and rewinding on a device that runs ahead: the kernels on the processor or on a GPU."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import record
from nnviz3d.engine.update_explained import check_gradient, update
from nnviz3d.spec.errors import InputError
from tests.backend.host_kernels import HostKernelOps
from tests.engine.nets import everything, numbers, trainer


@pytest.fixture(params=["kernels", "cupy"])
def device(request):
    try:
        return HostKernelOps() if request.param == "kernels" else choose("cuda")
    except (InputError, FileNotFoundError) as error:
        pytest.skip(str(error))


def net(device, **train):
    return trainer(numbers(30), ((6, "relu"), (5, "gelu")), ops=device, **{"batch": 8, "dropout": 0.3, "clip_norm": 0.3, **train})


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_a_recorded_step_is_a_plain_step(device, name):
    plain, taped = (net(device, optimizer=name, l2=0.01) for _ in range(2))
    for k in range(5):
        plain.run(1)
        tape = record(taped, k)
        assert all(np.array_equal(a, b) for a, b in zip(plain.arenas.copies().values(), taped.arenas.copies().values(), strict=True))
        assert tape.loss == pytest.approx(plain.loss, rel=1e-6)
        for p in range(0, len(tape.before), 7):
            rule = update(tape, p)
            assert rule.new == pytest.approx(rule.recorded, rel=1e-5, abs=1e-6 * (abs(rule.old) + abs(rule.step)))
            check = check_gradient(tape, p, batch=True)
            assert check.kink or check.analytic == pytest.approx(check.numeric, rel=1e-3, abs=1e-5)


def test_divergence(device):
    t = trainer(numbers(40), ops=device, loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    while not (tape := record(t)).diverged:
        pass
    assert t.diverged == tape.step == t.step + 1
    assert np.array_equal(tape.before, tape.after)


def test_rewind(device):
    t = net(device)
    rewind = Rewind(t)
    rewind.spacing, moments = 6, {}
    for _ in range(30):
        rewind.run(1)
        moments[t.step] = everything(t)
    for step in (3, 29, 12, 13, 30):
        rewind.enter(step)
        assert everything(t) == moments[step]
