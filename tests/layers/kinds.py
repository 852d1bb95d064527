"""One case for each kind of layer: what the suites over all kinds are parametrised over. A new kind adds one entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nnviz3d.spec import toml
from nnviz3d.spec.layer_table import Axes, plain_axes, tables
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Node, Topology
from nnviz3d.spec.topology_builder import build_topology

Parts = dict[str, Any]
Bad = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """What the suites need to know of a kind.

    `keys`: of the layer's table. `shape`, `flop`, `edges` (from each input; None: one from each neuron): of the layer for its inputs, each of
    shape `reads` with the axes `axes` (a vector, a picture, maps where there are none). `bad`: keys or `from` that cannot be, the key at
    which that is told, and a word of the reason; "a" is a vector of as many neurons.

    `z`: by numpy, of the node, its parts and its inputs with their axes; in float64. `sums`: z is the sum over edges of value x activation
    and the bias. `joined`: z of the numbers in the rows of an equation. `both`: it differs while training; `unlearned` parts have no
    gradient. `ids`: the network's input, which the layer reads itself, is a sequence of `reads` ids below this number, of the data set `data`.
    """

    keys: str
    shape: tuple[int, ...]
    flop: int
    bad: tuple[Bad, ...]
    z: Callable[[Node, Parts, list[np.ndarray]], Any]
    reads: tuple[int, ...] = (6,)
    axes: Axes = ()
    edges: tuple[int, ...] | None = None
    sums: bool = True
    joined: Callable[[list[float]], float] = sum
    both: bool = False
    unlearned: tuple[str, ...] = ()
    ids: int = 0
    data: str = "iris"

    @property
    def inputs(self) -> tuple[int, ...]:
        """Shape of the network's input."""
        return self.reads if self.ids else INPUTS

    def rows(self, n: int, seed: int = 0) -> np.ndarray:
        """(n, I) samples."""
        rng = np.random.default_rng(seed)
        width = prod(self.inputs)
        return rng.integers(self.ids, size=(n, width)).astype(float) if self.ids else rng.standard_normal((n, width))


def by_row(node: Node, x: np.ndarray, eps: float, centre: bool) -> np.ndarray:
    """Of norms over rows: the last axis where it has features, else all."""
    over = (-1,) if node.axes[-1] == "feature" else None
    x = x - x.mean(over, keepdims=True) if centre else x
    return x / np.sqrt((x * x).mean(over, keepdims=True) + eps)


def by_channel(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
    """Batch norm outside training."""
    scale, shift, mean, variance = (parts[name].reshape(-1, 1, 1) for name in ("weight", "bias", "running_mean", "running_var"))
    return (x[0] - mean) / np.sqrt(variance + 1e-5) * scale + shift


def same(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
    return x[0]


def affine(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
    return parts["weight"] @ x[0].ravel() + parts["bias"]


INPUTS = (2, 2)
ONE = ('from = ["a", "b"]', "from", "reads one layer")
PAIR = ('from = ["a", "input"]', "from", "inputs of one shape; found 6 and 2 x 2")
CASES = {
    "dense": Case('units = 5\nactivation = "tanh"', (5,), 2 * 6 * 5 + 5, (ONE,), affine, edges=(30,)),
    "activation": Case('activation = "gelu"', (6,), 6, (ONE,), same),
    "dropout": Case("dropout = 0.4", (6,), 6, (ONE,), same),
    "add": Case("", (6,), 12, (PAIR,), lambda node, parts, x: sum(x)),
    "concat": Case(
        "axis = 1", (2, 6), 12, (('axis = 2\nfrom = ["x", "y"]', "axis", "no axis 2 in an input of shape 2 x 3"),),
        lambda node, parts, x: np.concatenate(x, 1), (2, 3),
    ),
    "reshape": Case("shape = [2, 3]", (2, 3), 6, (("shape = [2, 4]", "shape", "2 x 4 holds 8 numbers; the input, 6, has 6"),), same),
    "multiply": Case("", (6,), 12, (PAIR,), lambda node, parts, x: math.prod(x), joined=math.prod),
    "batch_norm": Case(
        "", (3, 2, 2), 24, (ONE,), by_channel, (3, 2, 2), sums=False, both=True, unlearned=("running_mean", "running_var"),
    ),
    "layer_norm": Case(
        "", (2, 3), 42, (ONE,), lambda node, parts, x: by_row(node, x[0], 1e-5, True) * parts["weight"] + parts["bias"], (2, 3),
        ("token", "feature"), sums=False,
    ),
    "rms_norm": Case("", (6,), 42, (ONE,), lambda node, parts, x: by_row(node, x[0], 1e-6, False) * parts["weight"], sums=False),
}  # fmt: skip

_BEFORE = """
[[network.layers]]
name = "a"
units = {units}
activation = "tanh"
bias = 0.1

[[network.layers]]
name = "b"
units = {units}
activation = "sin"
from = {second}
"""
_VIEW = """
[[network.layers]]
name = "{name}"
kind = "reshape"
shape = {shape}
axes = {axes}
from = ["{of}"]
"""
_AFTER = """
[[network.layers]]
name = "k"
kind = "{kind}"
{keys}

[[network.layers]]
name = "r"
units = 4
activation = "tanh"
from = ["k"]

[[network.layers]]
name = "s"
units = 4
activation = "sigmoid"
from = ["k"]

[[network.layers]]
name = "t"
units = 4
from = ["a"]
activation = "softplus"

[[network.layers]]
name = "u"
units = 4
from = ["b"]
activation = "silu"

[[network.layers]]
name = "end"
kind = "add"
from = ["r", "s", "t", "u"]
"""


def scene_with(kind: str, keys: str | None = None) -> Scene:
    """A layer "k" of this kind. It reads "a", and "b" where it takes two (both are read by others too), with the axes that it needs as "x"
    and "y"; two layers read "k"."""
    case, before = CASES[kind], ""
    ends = ["a", "b"][: tables()[kind].fewest]
    if case.ids:
        ends = ["input"]
    elif len(case.reads) > 1:
        views = dict(zip("xy", ends, strict=False))
        axes = list(case.axes or plain_axes(case.reads))
        before = "".join(_VIEW.format(name=name, shape=list(case.reads), axes=axes, of=of) for name, of in views.items())
        ends = list(views)
    keys = case.keys if keys is None else keys
    if "from" not in keys:
        keys += f"\nfrom = {ends}"
    first = _BEFORE.format(units=prod(case.reads), second=["input"] if case.ids else ["a"])
    text = first + before + _AFTER.format(kind=kind, keys=keys)
    return toml.validate(toml.parse(text.encode(), "text"), "text")


def graph_with(kind: str, keys: str | None = None) -> Topology:
    case = CASES[kind]
    axes = ("token",) if case.ids else ()
    return build_topology(scene_with(kind, keys).network, case.inputs, 3, "softmax", input_axes=axes)


def learned(topology: Topology) -> np.ndarray:
    """(P,) whether each parameter has a gradient: kept numbers, as running means, have none."""
    learned_p = np.ones(topology.n_parameters, bool)
    for node in topology.nodes[1:]:
        for part, r in node.parameters:
            learned_p[r.slice] = node.kind not in CASES or part not in CASES[node.kind].unlearned
    return learned_p


def definition(node: Node, parameters: np.ndarray, x: list[np.ndarray]) -> np.ndarray:
    """(O,) z of a layer by its case."""
    parts = {part: r.view(parameters) for part, r in node.parameters}
    return np.asarray(CASES[node.kind].z(node, parts, x)).ravel()
