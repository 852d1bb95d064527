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
from nnviz3d.spec.scene import Data, Scene
from nnviz3d.spec.topology import Node, Topology
from nnviz3d.spec.topology_builder import build_topology

Parts = dict[str, Any]
Bad = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """What the suites need to know of a kind.

    `keys`: of the layer's table. `shape`, `flop`, `edges` (from each input; None: one from each neuron): of the layer for its inputs,
    each of shape `reads` with the axes `axes` (a vector, a picture, maps where there are none). `bad`: keys or `from` that cannot be,
    the key at which that is reported, and a word of the reason; "a" is a vector of as many neurons.

    `z`: by numpy, of the node, its parts and its inputs with their axes; in float64. `sums`: z is the sum over edges of value x
    activation and the bias. `joined`: z of the numbers in the rows of an equation. `both`: it differs while training; `unlearned` parts
    have no gradient. `ids`: the network's input, which the layer reads itself, is a sequence of `reads` ids below this number.
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
    second: tuple[int, ...] = ()  # the shape of the second input, tokens x features, where it is another than `reads`

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


def windows(x: np.ndarray, kernel: tuple, stride: tuple, padding: list, dilation: tuple, empty: float) -> np.ndarray:
    """(channels, *places, cells of a window) of maps (channels, rows, columns)."""
    maps = np.pad(x, [(0, 0), *padding], constant_values=empty)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    rows, columns = ((n - r) // s + 1 for n, r, s in zip(maps.shape[1:], reach, stride, strict=True))
    places = [(r * stride[0], c * stride[1]) for r in range(rows) for c in range(columns)]
    found = [maps[:, r : r + reach[0] : dilation[0], c : c + reach[1] : dilation[1]].reshape(len(x), -1) for r, c in places]
    return np.stack(found, 1).reshape(len(x), rows, columns, -1)


def convolution(kernel: tuple, stride: tuple, padding: list, dilation: tuple, groups: int = 1):
    def z(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
        maps = x[0].reshape(len(x[0]), -1, x[0].shape[-1])
        seen = windows(maps if len(x[0].shape) == 3 else x[0][:, None], kernel, stride, padding, dilation, 0.0)
        out, inputs = parts["weight"].shape[:2]
        w = parts["weight"].reshape(out, inputs, -1)
        first = [o // (out // groups) * inputs for o in range(out)]
        made = [np.einsum("irck,ik->rc", seen[i : i + inputs], w[o]) for o, i in enumerate(first)]
        return np.stack(made) + parts["bias"][:, None, None]

    return z


def pool(join: Callable, kernel: tuple, stride: tuple, padding: list):
    def z(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
        maps = x[0] if x[0].ndim == 3 else x[0][None] if kernel[0] > 1 else x[0][:, None]
        return join(windows(maps, kernel, stride, padding, (1, 1), np.nan), -1)

    return z


def mixed(node: Node, parts: Parts, x: list[np.ndarray]) -> np.ndarray:
    return np.einsum("hqk,khd->qhd", np.tril(x[0]), x[1].reshape(3, 2, 2))


INPUTS = (2, 2)
TOKENS = "token", "feature"
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
    "conv1d": Case(
        'channels = 4\nkernel = 3\npadding = "same"\ndilation = 2\ngroups = 2\nactivation = "tanh"\nbias = 0.2', (4, 5), 2 * 44 + 20,
        (
            ("groups = 2\nchannels = 3", "groups", "2 groups do not divide the 3 channels"),
            ("kernel = 6", "kernel", "a window of 6 cells; the input has 5, so that nothing is left"),
            ("kernel = 3\ndilation = 3", "dilation", "3 cells 3 apart reach over 7"),
            ("stride = 6", "stride", "steps of 6 cells in an input of 5; at most 5"),
            ("kernel = [1, 3]", "kernel", "one number, not 1 x 3"),
            ("kernel = 0", "kernel", "expected a whole number from 1 to 16,384, or two of them, [rows, columns]; found 0"),
            ('padding = "smae"', "padding", 'two of them, [rows, columns], or "same", or "valid"; found \'smae\''),
        ),
        convolution((1, 3), (1, 1), [(0, 0), (2, 2)], (1, 2), 2), (2, 5), ("channel", "column"), (44,),
    ),
    "conv2d": Case(
        'channels = 4\nkernel = [3, 2]\nstride = [2, 1]\npadding = 1\ngroups = 2\nactivation = "tanh"\nbias = 0.2', (4, 2, 4),
        2 * 4 * 5 * 6 + 32,
        (
            ("groups = 3\nchannels = 6", "groups", "3 groups do not divide the 2 channels that are read"),
            ("kernel = [5, 1]", "kernel", "a window of 5 rows; the input has 4"),
            ("kernel = 2\ndilation = 4", "dilation", "2 rows 4 apart reach over 5"),
            ("stride = [1, 4]", "stride", "steps of 4 columns in an input of 3; at most 3"),
            ("kernel = 2\npadding = 2", "padding", "windows of 2 rows would lie in 2 empty rows; at most 1"),
            ('from = ["a"]', "from", "conv2d reads maps (channels x rows x columns, or a picture of rows x columns); found neurons"),
        ),
        convolution((3, 2), (2, 1), [(1, 1), (1, 1)], (1, 1), 2), (2, 4, 3), edges=(4 * 5 * 6,),
    ),
    "max_pool": Case(
        "kernel = 3\nstride = 2\npadding = 1", (2, 2, 2), 40,
        (
            ("kernel = 4\nstride = 1", "kernel", "a window of 4 columns; the input has 3"), ("padding = 3", "padding", "at most 1"),
            ("stride = [0, 1]", "stride", "or two of them, [rows, columns], or 0; found"),
        ),
        pool(np.nanmax, (3, 3), (2, 2), [(1, 1), (1, 1)]), (2, 4, 3), edges=(2 * 5 * 4,), joined=max,
    ),
    "avg_pool": Case(
        "kernel = 2\nstride = 1\npadding = 1", (2, 5), 16,
        (("kernel = 6", "kernel", "a window of 6 cells; the input has 4"),),
        pool(np.nanmean, (1, 2), (1, 1), [(0, 0), (1, 1)]), (2, 4), ("channel", "column"), (16,),
    ),
    "global_avg_pool": Case(
        "", (2,), 24, (('from = ["a"]', "from", "found neurons"),), lambda node, parts, x: x[0].mean((1, 2)), (2, 4, 3),
    ),
    "embedding": Case(
        "units = 3\nvocabulary = 5\ninit_scale = 0.5", (4, 3), 0, (("units = 3\nvocabulary = 2", "vocabulary", "at least 3"),),
        lambda node, parts, x: parts["weight"][x[0].astype(int)], (4,), edges=(12,), sums=False, ids=5,
    ),
    "position": Case(
        "init_scale = 0.5", (3, 4), 12,
        (
            ("positions = 2", "positions", "at least 3"), ('form = "rotary"\nheads = 3', "heads", "even width"),
            ('from = ["a"]', "from", "12"),
        ),
        lambda node, parts, x: x[0] + parts["weight"], (3, 4), TOKENS, sums=False,
    ),
    "scores": Case(
        "heads = 2\ncausal = true", (2, 3, 3), 72,
        (("heads = 3", "heads", "3 heads do not divide 4 features"), ('from = ["a", "b"]', "from", "shape 12")),
        lambda node, parts, x: np.tril(np.einsum("qhd,khd->hqk", *(y.reshape(3, 2, 2) for y in x)) / 2**0.5),
        (3, 4), TOKENS, edges=(24, 24), joined=sum,
    ),
    "softmax": Case(
        "causal = true", (2, 3, 3), 72, (('causal = true\nfrom = ["a"]', "causal", "shape 18"),), lambda node, parts, x: np.tril(x[0]),
        (2, 3, 3), ("head", "query", "key"), edges=(12,),
    ),
    "mix": Case(
        "causal = true", (3, 4), 72, (('from = ["y", "y"]', "from", "found 3 x 4"),), mixed, (2, 3, 3), ("head", "query", "key"), (24, 24),
        second=(3, 4),
    ),
    "batch_norm": Case(
        "", (3, 2, 2), 24, (ONE,), by_channel, (3, 2, 2), sums=False, both=True, unlearned=("running_mean", "running_var"),
    ),
    "layer_norm": Case(
        "", (2, 3), 42, (ONE,), lambda node, parts, x: by_row(node, x[0], 1e-5, True) * parts["weight"] + parts["bias"], (2, 3),
        ("token", "feature"), sums=False,
    ),
    "rms_norm": Case("", (6,), 42, (ONE,), lambda node, parts, x: by_row(node, x[0], 1e-6, False) * parts["weight"], sums=False),
    "patches": Case(
        "size = 2", (2, 8), 16,
        (
            ("size = 3", "size", "patches of 3 x 3 do not fill a picture of 2 x 4"),
            ('from = ["a"]', "from", "patches are cut from pictures or maps"),
        ),
        lambda node, parts, x: np.stack([x[0][:, :, 2 * k : 2 * k + 2].ravel() for k in range(2)]), (2, 2, 4),
    ),
}  # fmt: skip

ON_TABLES = [kind for kind, case in CASES.items() if not case.ids]  # what reads ids answers at each token of a sequence

_BEFORE = """
[[network.layers]]
name = "a"
units = {units}
activation = "tanh"
bias = 0.1

[[network.layers]]
name = "b"
units = {other}
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
        shapes = [(list(case.reads), axes), (list(case.second), list(TOKENS)) if case.second else (list(case.reads), axes)]
        before = "".join(
            _VIEW.format(name=name, shape=shape, axes=named, of=of)
            for (name, of), (shape, named) in zip(views.items(), shapes, strict=False)
        )
        ends = list(views)
    keys = case.keys if keys is None else keys
    if "from" not in keys:
        keys += f"\nfrom = {ends}"
    first = _BEFORE.format(units=prod(case.reads), other=prod(case.second or case.reads), second=["input"] if case.ids else ["a"])
    text = first + before + _AFTER.format(kind=kind, keys=keys)
    return toml.validate(toml.parse(text.encode(), "text"), "text")


def scene_on_data(kind: str, **settings: Any) -> Scene:
    """The same on a table of four inputs; of a kind in `ON_TABLES`."""
    return scene_with(kind).model_copy(update={"data": Data(kind="iris", **settings)})


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
