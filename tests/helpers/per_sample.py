"""A trained source, and what plain numpy says of its samples."""

from __future__ import annotations

import numpy as np

from nnviz3d import backend
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml

F = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True),
}


def source(name="iris", *edits, steps=30) -> OwnTraining:
    path = toml.find(name)
    made = OwnTraining(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, backend.choose("cpu"))
    made.run(steps)
    return made


def forward(s, x) -> list[np.ndarray]:
    """Activations of every node by plain numpy in float64, from the parameters by name."""
    out, named = [x.astype(np.float64)], s.parameters()
    for k, node in enumerate(s.topology.nodes[1:]):
        out.append(F[node.activation](out[-1] @ named[f"layers.{k}.weight"].T.astype(np.float64) + named[f"layers.{k}.bias"]))
    return out


def judged(s, part="test", rows=None, **kwargs):
    rows = np.arange(len(getattr(s.data, f"x_{part}"))) if rows is None else rows
    pieces = list(s.judging(part, rows, **kwargs))
    assert [where.start for where, _, _ in pieces] == [0, *(where.stop for where, _, _ in pieces[:-1])]
    return np.concatenate([a for _, a, _ in pieces]), np.concatenate([loss for _, _, loss in pieces])
