"""Composites expand into nodes with dotted names; problems are told at the composite's keys; containers and equal neighbours are found."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from nnviz3d.spec.composite_table import INPUT, CompositeTable, part
from nnviz3d.spec.containers import containers, repeats
from nnviz3d.spec.layer_table import BadShape, tables
from nnviz3d.spec.limits import NODES
from nnviz3d.spec.network_graph import trace


class Pair(CompositeTable):
    """A stand-in of dense layers and a sum: as wide as what it reads, so that the input can be added."""

    kind: Literal["pair"] = "pair"
    spread: float = Field(default=2.0, gt=0)
    units: int = Field(default=0, ge=0)

    def block(self, shape):
        width = self.units or (shape[-1] if shape else 1)
        if self.spread > 100:
            raise BadShape("spread", "too wide")
        return [
            part(self, "dense", "up", units=max(round(width * self.spread), 1), keys={"units": "spread"}),
            part(self, "dense", "down", units=width, activation="linear"),
            part(self, "add", "add", ("down", INPUT)),
        ]


def dense(**keys):
    return tables()["dense"].model_validate(keys)


def names(traced):
    return [(node.name, node.inputs, node.shape, node.layer, node.inner) for node in traced]


def test_a_composite_becomes_its_parts_and_is_read_by_its_name():
    traced, wrong = trace([dense(units=4), Pair(name="p", repeat=2), dense(units=3, **{"from": ("p",)})], (6,))
    assert wrong == []
    assert names(traced) == [
        ("dense1", ("input",), (4,), 0, ""),
        ("p.0.up", ("dense1",), (8,), 1, "0.up"),
        ("p.0.down", ("p.0.up",), (4,), 1, "0.down"),
        ("p.0.add", ("p.0.down", "dense1"), (4,), 1, "0.add"),
        ("p.1.up", ("p.0.add",), (8,), 1, "1.up"),
        ("p.1.down", ("p.1.up",), (4,), 1, "1.down"),
        ("p.1.add", ("p.1.down", "p.0.add"), (4,), 1, "1.add"),
        ("dense3", ("p.1.add",), (3,), 2, ""),
    ]
    assert traced[1].table.name == "p.0.up" and traced[1].table.from_ == ("dense1",)


def test_one_block_has_no_number_and_parts_can_be_read():
    traced, wrong = trace([Pair(), dense(units=4, **{"from": ("pair1.up",)}), tables()["add"].model_validate(
        {"kind": "add", "from": ("pair1", "dense2")})], (4,))  # fmt: skip
    assert wrong == [] and traced[-1].inputs == ("pair1.add", "dense2") and traced[3].inputs == ("pair1.up",)
    assert [node.inner for node in traced[:3]] == ["0.up", "0.down", "0.add"]


@pytest.mark.parametrize(
    ("layers", "key", "said"),
    [
        ([Pair(units=3)], "", "pair1.add: add needs inputs of one shape; found 3 and 6"),
        ([Pair(spread=90000.0)], "spread", "too wide"),
        ([Pair(spread=99.0), dense(units=60_000), Pair(spread=99.0)], "spread", "up: "),
        ([Pair(repeat=256)] * 4, "repeat", f"at most {NODES:,} layers"),
        ([dense(name="p.up"), Pair(name="p")], "name", 'there is a layer "p.up"'),
        ([Pair(name="p"), dense(name="p.up")], "name", 'there is a layer "p.up"'),
        ([dense(), dense(), Pair(**{"from": ("dense1", "dense2")})], "from", "reads one layer"),
        ([Pair(**{"from": ("pair1.up",)})], "from", 'there is no layer "pair1.up"'),
        ([dense(), Pair(), dense(**{"from": ("dense1",)})], "", '"pair2" is not used'),
    ],
)
def test_problems_are_told_at_the_composite(layers, key, said):
    wrong = trace(layers, (6,))[1]
    assert any(w.key == key and said in w.message and layers[w.layer] is not None for w in wrong), wrong
    assert len({(w.layer, w.message) for w in wrong}) == len(wrong)


def test_before_the_data_are_known_the_names_are_there_and_no_shape():
    traced, wrong = trace([Pair(repeat=2)])
    assert wrong == [] and len(traced) == 6 and {node.shape for node in traced} == {None}


def topology_of(layers, shape=(6,)):
    from nnviz3d.spec.scene import Network
    from nnviz3d.spec.topology_builder import build_topology

    return build_topology(Network.model_construct(layers=tuple(layers), output=Network().output), shape, 2, "softmax")


def test_nodes_by_layer_and_containers():
    topology = topology_of([dense(units=4), Pair(name="p", repeat=3), dense(units=4), dense(units=4), Pair(name="q")])
    assert [len(nodes) for nodes in topology.by_layer] == [1, 9, 1, 1, 3]
    assert topology.nodes[0].layer is None and topology.output.layer is None and topology.output.name == "dense6"
    found = {container.name: container for container in containers(topology)}
    assert list(found) == ["p", "p.0", "p.1", "p.2", "q"]
    assert found["p"].members == ("p.0", "p.1", "p.2") and found["p"].parent == "" and found["p"].nodes == tuple(range(2, 11))
    assert found["p.1"].members == ("p.1.up", "p.1.down", "p.1.add") and found["p.1"].parent == "p" and found["p.1"].label == "1"
    levels = {}
    for run in repeats(topology):
        levels.setdefault(run.parent, []).append(run.members)
    assert levels[""] == [("dense1",), ("p",), ("dense3", "dense4"), ("q",)]
    assert levels["p"] == [("p.0", "p.1", "p.2")], "equal neighbours"
    assert levels["p.0"] == [("p.0.up",), ("p.0.down",), ("p.0.add",)]


def test_a_chain_of_equal_layers_is_one_run_and_another_width_ends_it():
    topology = topology_of([dense(units=6)] * 5 + [dense(units=4)] * 2)
    assert containers(topology) == ()
    assert [len(run.members) for run in repeats(topology)] == [5, 1, 1], "the first of width 4 reads 6"
