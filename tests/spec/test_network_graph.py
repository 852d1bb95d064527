"""The list of layers as a graph: names, `from`, shapes and numbers of the arenas; what does not fit is reported by its key."""

from __future__ import annotations

import time

import pytest

from nnviz3d.spec import compare, limits, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

RESIDUAL = """
[[network.layers]]
name = "stem"
units = 6

[[network.layers]]
name = "left"
units = 4

[[network.layers]]
name = "right"
units = 2
from = ["stem"]

[[network.layers]]
kind = "concat"
name = "both"
from = ["left", "right"]

[[network.layers]]
kind = "add"
from = ["both", "stem"]

[[network.layers]]
kind = "activation"
activation = "tanh"
"""


def scene(text: str):
    return toml.validate(toml.parse(text.encode(), "text"), "text")


def graph(text: str = RESIDUAL, shape=(3,), outputs=2) -> Topology:
    return build_topology(scene(text).network, shape, outputs, "softmax")


def problems(text: str, shape=(3,)) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        graph(text, shape)
    return {problem.key: problem.message for problem in caught.value.problems}


def test_a_residual_block_has_names_ranks_and_one_numbering():
    t = graph()
    assert [node.name for node in t.nodes] == ["input", "stem", "left", "right", "both", "add5", "activation6", "dense7"]
    assert [node.rank for node in t.nodes] == [0, 1, 2, 2, 3, 4, 5, 6]
    assert [node.number for node in t.order] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [node.shape for node in t.nodes] == [(3,), (6,), (4,), (2,), (6,), (6,), (6,), (2,)]
    assert t.n_neurons == 35 and t.n_parameters == (3 * 6 + 6) + (6 * 4 + 4) + (6 * 2 + 2) + (6 * 2 + 2)
    assert [(c.source.name, c.target.name, c.slot, c.size) for c in t.connections] == [
        ("input", "stem", 0, 18), ("stem", "left", 0, 24), ("stem", "right", 0, 12), ("left", "both", 0, 4), ("right", "both", 1, 2),
        ("both", "add5", 0, 6), ("stem", "add5", 1, 6), ("add5", "activation6", 0, 6), ("activation6", "dense7", 0, 12),
    ]  # fmt: skip
    assert [c.target.name for c in t.out_of(t.by_name["stem"])] == ["left", "right", "add5"]
    assert t.by_name["activation6"].activation == "tanh" and t.by_name["add5"].weight is None
    assert not t.is_chain and list(t.parameter_ranges)[:3] == ["stem.weight", "stem.bias", "left.weight"]


def test_every_neuron_and_parameter_is_found():
    t = graph()
    assert [t.locate(n) for n in range(t.n_neurons)] == [(node, j) for node in t.nodes for j in range(node.size)]
    for node in t.nodes:
        for part, r in node.parameters:
            for p in range(r.start, r.stop):
                j, i = divmod(p - r.start, r.shape[1]) if part == "weight" else (p - r.start, None)
                ref = t.parameter(p)
                assert (ref.node, ref.part, ref.neuron, ref.source, list(ref.places)) == (node, part, j, i, [j])
    for wrong in (-1, t.n_parameters):
        with pytest.raises(IndexError):
            t.parameter(wrong)


def test_ranks_and_not_numbers_make_the_order():
    t = graph('[[network.layers]]\nname = "a"\n[[network.layers]]\nname = "b"\n[[network.layers]]\nname = "c"\nfrom = ["a"]\n'
              '[[network.layers]]\nname = "d"\nfrom = ["b"]\n[[network.layers]]\nkind = "add"\nfrom = ["c", "d"]')  # fmt: skip
    assert [node.name for node in t.order] == ["input", "a", "b", "c", "d", "add5", "dense6"]
    assert [node.rank for node in t.nodes] == [0, 1, 2, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "change, key, words",
    [
        ('from = ["stem"]', "network.layers.2.from", 'did you mean "stem"'),
        ('from = ["left", "right"]', "network.layers.3.from", "there is no layer"),
        ('kind = "activation"', "network.layers.5.kind", "expected one of dense, activation, dropout, add, concat, reshape"),
    ],
)
def test_a_misspelt_name_is_reported_at_its_key(change, key, words):
    found = problems(RESIDUAL.replace(change, change[:-3] + "x" + change[-2:] if "[" in change else 'kind = "relu"'))
    assert list(found) == [key] and words in found[key]


def test_all_problems_of_a_graph_are_reported_at_once():
    found = problems(
        '[[network.layers]]\nname = "input"\n[[network.layers]]\nname = "a"\nfrom = ["b", "a"]\n[[network.layers]]\nname = "b"\n'
        '[[network.layers]]\nkind = "add"\n[[network.layers]]\nname = "dense6"\n[[network.layers]]\nname = "a"'
    )
    assert "is the name of the input" in found["network.layers.0.name"]
    assert found["network.layers.1.from"] and "add reads at least 2" in found["network.layers.3.from"]
    assert '"a" is the name of layer 2 of the list (network.layers.1)' in found["network.layers.5.name"]


def test_a_layer_that_nothing_reads_is_refused():
    found = problems('[[network.layers]]\nname = "a"\n[[network.layers]]\nfrom = ["input"]')
    assert found == {"network.layers.0": '"a" is not used: no layer below reads it; name it in a `from`, or remove it'}


def test_shapes_that_depend_on_the_data_are_judged_with_them():
    text = '[[network.layers]]\nkind = "reshape"\nshape = [8, 8]'
    assert graph(text, (64,)).nodes[1].shape == (8, 8)
    assert problems(text) == {"network.layers.0.shape": "8 x 8 holds 64 numbers; the input, 3, has 3"}


def test_graphs_are_edited_saved_and_loaded_like_chains():
    first = scene(RESIDUAL)
    assert scene(toml.dump(first)) == first
    wider = toml.apply(first, [Edit("network.layers.5.activation", "relu")])
    assert wider.network.layers[5].activation == "relu"
    with pytest.raises(InputError, match=r"network.layers.4.from: add needs inputs of one shape; found 5 and 6"):
        toml.apply(first, [Edit("network.layers.1.units", 3)])
    with pytest.raises(InputError, match=r'network.layers.4.from_: unknown key; did you mean "from"'):
        toml.apply(first, [Edit("network.layers.4.from_", ["stem", "stem"])])


def test_a_comparison_changes_the_layers_that_have_the_setting():
    both = scene(RESIDUAL + '\n[compare]\n"network.layers.*.activation" = "sin"')
    layers = compare.second_scene(both).network.layers
    assert [layer.activation for layer in layers if hasattr(layer, "activation")] == ["sin"] * 4


def test_doubling_by_concat_is_stopped_before_memory_is():
    text = '[[network.layers]]\nname = "n0"\nunits = 60000\n'
    text += '[[network.layers]]\nname = "n1"\nkind = "concat"\nfrom = ["n0", "n0"]'
    assert "120,000 neurons; at most 65,536" in problems(text)["network.layers.1.from"]


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint.a"])
def test_a_name_that_weights_files_keep_for_the_state_of_training_is_refused(name):
    found = problems(f'[[network.layers]]\nname = "{name}"')
    assert list(found) == ["network.layers.0.name"] and "state of training" in found["network.layers.0.name"]
    assert graph(f'[[network.layers]]\nname = "{name.replace("checkpoint", "checkpoints")}"').nodes[1].weight


def test_a_product_reads_exactly_two():
    found = problems('[[network.layers]]\nname = "a"\n[[network.layers]]\nkind = "multiply"\nfrom = ["a", "a", "a"]')
    assert found == {"network.layers.1.from": 'multiply reads exactly 2 layers: from = ["...", "..."]'}


def fan(layers: int, width: int) -> str:
    """So many sums, each of the layer above, 64 times."""
    text = f'[[network.layers]]\nname = "n0"\nunits = {width}\n'
    for k in range(1, layers + 1):
        text += f'[[network.layers]]\nname = "n{k}"\nkind = "add"\nfrom = {[f"n{k - 1}"] * 64}\n'.replace("'", '"')
    return text


def test_connections_edges_and_neurons_are_counted_before_anything_is_made_of_them():
    connections = "the layers ask for 16,321 connections between layers; at most 4,096 are allowed. Name fewer layers in `from`"
    assert problems(fan(255, 1)) == {"network.layers": connections}
    assert "251,658,240 edges; at most 250,000,000 are allowed" in problems(fan(60, 65_536))["network.layers"]
    cube = '[[network.layers]]\nkind = "reshape"\nshape = [65536, 65536, 65536]'
    assert "281,474,976,710,656 neurons; at most 120,000,000" in problems(cube)["network.layers"]
    assert graph(fan(59, 65_536), (1,)).n_edges < limits.EDGES


def test_sizes_that_the_data_decide_are_counted_with_them():
    text = '[[network.layers]]\nkind = "dropout"\n' * 200
    assert "201,000,002 neurons" in problems(text, (1_000_000,))["network.layers"]


def test_the_largest_chain_within_the_limit_of_parameters_opens():
    text = "[[network.layers]]\nunits = 65536\n" + '[[network.layers]]\nkind = "activation"\n' * (limits.LAYERS - 1)
    t = graph(text, (1,), 1500)
    assert t.n_neurons == 256 * 65_536 + 1501 and t.n_parameters == 2 * 65_536 + 65_537 * 1500
    wide = graph("[[network.layers]]\nunits = 1\n", (limits.PARAMETERS - 10_000,), 10)
    assert wide.n_parameters == limits.PARAMETERS - 10_000 + 21


def test_a_long_name_is_neither_searched_for_nor_repeated():
    text = '[[network.layers]]\nfrom = ["' + "x" * 1_000_000 + '"]'
    found = problems(text)
    assert list(found) == ["network.layers.0.from.0"] and len(found["network.layers.0.from.0"]) < 200
    assert "60 characters" in found["network.layers.0.from.0"]


def test_thousands_of_unknown_names_are_reported_in_a_second():
    names = [f"n{k}{'x' * 50}" for k in range(64)]
    text = "".join(f'[[network.layers]]\nname = "a{"x" * 50}{k}"\nkind = "add"\nfrom = {names}\n'.replace("'", '"') for k in range(200))
    begin = time.process_time()
    assert "there is no layer" in problems(text)["network.layers.0.from"]
    assert time.process_time() - begin < 3  # 0.4 s on an idle machine


def test_no_layers_are_a_chain():
    t = build_topology(Network(), (2, 2), 3, "softmax")
    assert t.is_chain and t.ranks == 1 and list(t.parameter_ranges) == ["layers.0.weight", "layers.0.bias"]
