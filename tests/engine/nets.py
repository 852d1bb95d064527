"""Small trainers for the tests."""

from __future__ import annotations

import numpy as np

from nnviz3d.backend import choose
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.scene import Layer, Network, Output, Scene, Train


def numbers(n=7, inputs=4, outputs=3, task="classification", seed=3, test=0) -> DataSet:
    """Random rows; targets of a regression lie in [0, 1]."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n + test, inputs)).astype(np.float32)
    t = rng.integers(0, outputs, n + test).astype(np.int32) if task == "classification" else rng.random((n + test, outputs), np.float32)
    names = tuple(f"class {k}" for k in range(outputs))
    return DataSet("numbers", task, (inputs,), x[:n], t[:n], x[n:], t[n:], names, ())


def trainer(data=None, layers=((5, "tanh"),), output="auto", dtype="float32", dropout=0.0, ops=None, **train) -> Trainer:
    """`layers` are (units, activation); everything else goes to [train]."""
    hidden = tuple(Layer(units=n, activation=kind, bias=0.1, dropout=dropout) for n, kind in layers)
    scene = Scene(network=Network(layers=hidden, output=Output(activation=output, bias=0.05)), train=Train(**{"batch": 0, **train}))
    return Trainer(scene, data or numbers(), ops or choose("cpu", dtype=dtype))


def everything(t: Trainer) -> bytes:
    """All bytes that training has made."""
    return b"".join(np.asarray(array).tobytes() for array in t.arenas.copies().values()) + np.float64(t.loss).tobytes()
