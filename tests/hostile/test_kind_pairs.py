"""Every kind after every other, on every kind of input: it builds, or says in one clear message, at a key of the second layer, why not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import INPUT, plain_axes, tables
from nnviz3d.spec.topology_builder import build_topology

SHAPES = {"vector": (12,), "picture": (4, 6), "maps": (2, 4, 6), "one cell": (1, 1), "one number": (1,)}
AXES = {"tokens": ((5,), ("token",)), "rows of tokens": ((5, 6), ("token", "feature")), "scores": ((2, 5, 5), ("head", "query", "key"))}
AXES |= {"series": ((2, 9), ("channel", "column"))}
INPUTS = {name: (shape, plain_axes(shape)) for name, shape in SHAPES.items()} | AXES
UNLIKE = {"mix"}  # reads two tensors of different shapes, which no one layer is
NEEDS: dict[str, dict[str, Any]] = {"reshape": {"shape": [12]}}  # what has no default
JARGON = re.compile(r"Traceback|\bNone\b|pydantic|tuple|<class|Error\b|\{\w*\}")
KEY = re.compile(r"network\.layers\.\d+(\.[a-z_]+(\.\d+)?)?$")


def layer(kind: str, name: str, above: str) -> dict[str, Any]:
    table = tables()[kind]
    return {"kind": kind, "name": name, "from": [above] * table.fewest, **NEEDS.get(kind, {})}


def judged(layers: list[dict[str, Any]], name: str) -> str:
    """Empty where the network is built; else the problem."""
    shape, axes = INPUTS[name]
    try:
        network = toml.validate({"network": {"layers": layers}}).network
        topology = build_topology(network, shape, 3, "softmax", input_axes=axes)
    except InputError as error:
        assert len(error.problems) <= len(layers), error
        for problem in error.problems:
            assert KEY.match(problem.key), problem
            assert 10 < len(problem.message) < 400 and not JARGON.search(problem.message), problem
        return error.problems[0].message
    assert topology.n_neurons > 0 and all(c.size >= 0 for c in topology.connections)
    assert [node.layer for node in topology.nodes[1:-1]] == sorted(node.layer for node in topology.nodes[1:-1] if node.layer is not None)
    return ""


@pytest.mark.parametrize("first", tables())
def test_every_pair_builds_or_says_why_not(first):
    built = 0
    for second in tables():
        for name in INPUTS:
            built += not judged([layer(first, "one", INPUT), layer(second, "two", "one")], name)
    assert built or first in UNLIKE, f"{first} can be followed by something"


@pytest.mark.parametrize("kind", [kind for kind in tables() if kind not in UNLIKE])
def test_every_kind_fits_some_input(kind):
    assert any(not judged([layer(kind, "one", INPUT)], name) for name in INPUTS)


@pytest.mark.parametrize("kind", tables())
def test_a_layer_reads_neither_itself_nor_what_is_below(kind):
    table = tables()[kind]
    for wrong in ("one", "two"):
        layers = [layer(kind, "one", wrong), layer("dense", "two", "one")]
        with pytest.raises(InputError) as error:
            toml.validate({"network": {"layers": layers}})
        assert {problem.key for problem in error.value.problems} == {"network.layers.0.from"}, table
        assert all("is not above this layer" in problem.message for problem in error.value.problems)


@pytest.mark.parametrize("kind", tables())
def test_a_name_is_given_once(kind):
    with pytest.raises(InputError) as error:
        toml.validate({"network": {"layers": [layer("dense", "one", INPUT), layer(kind, "one", "one")]}})
    assert any("is the name of layer 1" in problem.message for problem in error.value.problems)
