"""Matrix products run in one thread, unless the environment says otherwise; another program's setting comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.app.training import blas_threads


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in blas_threads.NAMES}


def trained(environment: dict[str, str]) -> dict:
    command = [sys.executable, "-m", "nnviz3d", "train", "iris", "--steps", "3", "--json", "-q", "--backend", "cpu"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def test_a_command_uses_one_and_says_so():
    if blas_threads.count() is None:
        pytest.skip("this numpy's library does not say how many threads it has")
    assert trained(clean())["blas_threads"] == 1


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
def test_the_environment_decides(name):
    if (os.cpu_count() or 1) < 2 or blas_threads.count() is None:
        pytest.skip("one core")
    assert trained(clean() | {name: "2"})["blas_threads"] == 2


def test_a_program_that_calls_us_keeps_its_threads(monkeypatch):
    from threadpoolctl import threadpool_limits

    for name in blas_threads.NAMES:
        monkeypatch.delenv(name, raising=False)
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2, user_api="blas"):
        before, inside = blas_threads.count(), []
        blas_threads.one()(lambda: inside.append(blas_threads.count()))()
        assert inside in ([1], [None]) and blas_threads.count() == before
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with threadpool_limits(2, user_api="blas"), blas_threads.one():
        assert blas_threads.count() == before


def test_the_start_of_a_process_leaves_what_is_asked(monkeypatch):
    for name in blas_threads.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    blas_threads.from_the_start()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1" and "OMP_NUM_THREADS" not in os.environ
    os.environ["OPENBLAS_NUM_THREADS"] = "4"
    blas_threads.from_the_start()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "4"
