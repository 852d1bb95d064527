"""Composites expand into nodes with dotted names; problems are reported at the composite's keys; containers and equal neighbours are
found."""

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
def test_problems_are_reported_at_the_composite(layers, key, said):
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


def kinds_of(text: str, shape):
    """(inner name, kind, shape) of the nodes of a scene's layers, without the output."""
    from nnviz3d.spec import toml
    from nnviz3d.spec.topology_builder import build_topology

    network = toml.validate(toml.parse(text.encode(), "text")).network
    return [(node.name, node.kind, node.shape) for node in build_topology(network, shape, 2, "softmax").nodes[1:-1]]


def test_a_conv_block_holds_what_it_is_asked_to():
    text = '[[network.layers]]\nkind = "conv_block"\nname = "c"\nchannels = 4\npadding = 1\npool = 2\npooling = "avg"\ndropout = 0.1'
    assert kinds_of(text, (8, 8)) == [
        ("c.conv", "conv2d", (4, 8, 8)), ("c.norm", "batch_norm", (4, 8, 8)), ("c.act", "activation", (4, 8, 8)),
        ("c.pool", "avg_pool", (4, 4, 4)), ("c.dropout", "dropout", (4, 4, 4)),
    ]  # fmt: skip
    assert [name for name, _, _ in kinds_of('[[network.layers]]\nkind = "conv_block"\nname = "c"\nnorm = "none"', (8, 8))] == ["c.conv"]


@pytest.mark.parametrize(
    ("shape", "keys", "skips"),
    [
        ((4, 8, 8), "", False), ((4, 8, 8), "channels = 4", False), ((4, 8, 8), "channels = 5", True), ((4, 8, 8), "stride = 2", True),
        ((8, 8), "", True),
    ],
)  # fmt: skip
def test_a_residual_block_fits_its_input_to_the_sum_where_it_must(shape, keys, skips):
    nodes = kinds_of(f'[[network.layers]]\nkind = "residual_block"\nname = "r"\n{keys}', shape)
    assert ("r.skip" in [name for name, _, _ in nodes]) == skips
    assert nodes[-2][:2] == ("r.add", "add") and nodes[-1][1] == "activation"


def test_a_transformer_block_is_attention_and_an_mlp():
    text = ('[[network.layers]]\nkind = "patches"\nsize = 2\n[[network.layers]]\nkind = "transformer_block"\nname = "t"\nheads = 2\n'
            'mlp = 1.5\nrotary = true\nnorm = "rms"\ndropout = 0.1\ncausal = true')  # fmt: skip
    nodes = {name: (kind, shape) for name, kind, shape in kinds_of(text, (4, 4))}
    assert list(nodes)[1:] == [f"t.{name}" for name in (
        "norm1", "query", "key", "value", "rotary_query", "rotary_key", "scores", "softmax", "mix", "project", "dropout1", "add1",
        "norm2", "mlp1", "mlp2", "dropout2", "add2",
    )]  # fmt: skip
    assert nodes["t.scores"] == ("scores", (2, 4, 4)) and nodes["t.mlp1"] == ("dense", (4, 6)) and nodes["t.add2"] == ("add", (4, 4))


@pytest.mark.parametrize(
    ("text", "shape", "key", "said"),
    [
        ('kind = "conv_block"\nkernel = 9', (8, 8), "kernel", "conv_block1.conv: "),
        ('kind = "conv_block"\npool = 9', (8, 8), "pool", "conv_block1.pool: "),
        ('kind = "conv_block"', (8,), "from", "conv2d reads maps"),
        ('kind = "residual_block"\nkernel = 2', (1, 8, 8), "kernel", "odd"),
        ('kind = "transformer_block"\nheads = 5', (4, 6), "heads", "5 heads do not divide 6 features"),
        ('kind = "transformer_block"\nheads = 2\nrotary = true', (4, 6), "heads", "even width"),
        ('kind = "transformer_block"\nheads = 2000', (4, 6), "heads", "scores: expected"),
        ('kind = "transformer_block"', (12,), "from", "reads tokens x features"),
    ],
)
def test_problems_inside_real_blocks_are_reported_at_their_settings(text, shape, key, said):
    from nnviz3d.spec.errors import InputError

    with pytest.raises(InputError) as error:
        kinds_of(f"[[network.layers]]\n{text}", shape)
    (problem,) = error.value.problems
    assert problem.key == f"network.layers.0.{key}" and said in problem.message, problem
