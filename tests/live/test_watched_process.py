"""A script of its own that is watched: how it ends is what its viewers hear, and processes that it forks are not it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nnviz3d.live import addresses
from nnviz3d.spec.paths import CHECKOUT
from tests.helpers.watched import TestViewer

SCRIPT = """
import os, sys, time
import numpy as np
import nnviz3d as nv
view = nv.watch(every=0, name="script")
for k in range(3):
    view.step(params={{"w": np.full(3, k)}}, loss=1.0)
print("ready", flush=True)
input()
{end}
"""
FORK = "if os.fork() == 0: view.step(loss=1.0); view.close(); os._exit(0)"
ENDS = {
    "": ("finished", ""),
    "raise ValueError('no more')": ("error", "ValueError: no more"),
    "os._exit(1)": (None, ""),
    "if os.fork() == 0: view.step(loss=1.0); view.close(); os._exit(0)\nos.wait(); view.step(params={{'w': np.full(3, 9)}})": (
        "finished",
        "",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_how_a_script_ends_is_heard(end, alone):
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "ignore::DeprecationWarning"}
    command = [sys.executable, "-c", SCRIPT.format(end=end.format())]
    script = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert script.stdout.readline() == "ready\n"
    (address,) = addresses.running()
    viewer = TestViewer(address)
    assert viewer.until(lambda v: v.frames() and len(v.frames(past=True)) == 2)
    script.communicate("\n", timeout=30)
    heard = [(each.reason, each.text) for each in viewer.joined().headers("end")]
    assert heard == ([ENDS[end]] if ENDS[end][0] else []) and viewer.error is None
    assert viewer.frames()[-1].header.step == (4 if "fork" in end else 3)
    assert addresses.running() == []
