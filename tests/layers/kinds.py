"""One case for each kind of layer: what the suites over all kinds are parametrised over. A new kind adds one entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nnviz3d.spec import toml
from nnviz3d.spec.layer_table import tables
from nnviz3d.spec.scene import Scene


@dataclass(frozen=True)
class Case:
    """`keys`: of the layer's table. `shape`, `flop`: of the layer for its inputs, of shape (6,) each. `bad`: keys or `from` that cannot be,
    the key at which that is told, and a word of the reason. `joins`: what z is of the numbers that come in."""

    keys: str
    shape: tuple[int, ...]
    flop: int
    bad: tuple[str, str, str]
    joins: Callable[[Iterable[Any]], Any] = sum


ONE = ('from = ["a", "b"]', "from", "reads one layer")
CASES = {
    "dense": Case('units = 5\nactivation = "tanh"', (5,), 2 * 6 * 5 + 5, ONE),
    "activation": Case('activation = "gelu"', (6,), 6, ONE),
    "dropout": Case("dropout = 0.4", (6,), 6, ONE),
    "add": Case("", (6,), 12, ('from = ["a", "input"]', "from", "inputs of one shape; found 6 and 2 x 2")),
    "concat": Case("", (12,), 12, ('axis = 1\nfrom = ["a", "b"]', "axis", "no axis 1 in an input of shape 6")),
    "reshape": Case("shape = [2, 3]", (2, 3), 6, ("shape = [2, 4]", "shape", "2 x 4 holds 8 numbers; the input, 6, has 6")),
    "multiply": Case("", (6,), 12, ('from = ["a", "input"]', "from", "inputs of one shape; found 6 and 2 x 2"), math.prod),
}
INPUTS = (2, 2)

_NETWORK = """
[[network.layers]]
name = "a"
units = 6
activation = "tanh"
bias = 0.1

[[network.layers]]
name = "b"
units = 6
activation = "sin"

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
kind = "add"
from = ["r", "s", "t", "u"]
"""


def scene_with(kind: str, keys: str | None = None) -> Scene:
    """A layer "k" of this kind. It reads "a", and "b" where it takes two: both are read by others too, and two layers read "k"."""
    keys = CASES[kind].keys if keys is None else keys
    if "from" not in keys:
        keys += f"\nfrom = {['a', 'b'][: tables()[kind].fewest]}"
    return toml.validate(toml.parse(_NETWORK.format(kind=kind, keys=keys).encode(), "text"), "text")
