"""Words of a transformer's parts: every layer of a block has its own."""

from __future__ import annotations

from nnviz3d.ui.core import token_roles as roles
from nnviz3d.ui.core.names import token_words
from tests.app.session.test_own_prompt import SMALL, session


def test_every_part_of_a_block_has_its_sentence():
    topology = session("sort-gpt", *SMALL).source.topology
    expected = {
        "query": roles.QUERY, "key": roles.KEY, "value": roles.VALUE, "project": roles.PROJECTION, "mlp1": roles.WIDER, "mlp2": roles.BACK,
        "add1": roles.RESIDUAL, "add2": roles.RESIDUAL, topology.output.name: roles.LOGITS,
    }  # fmt: skip
    found = {node.name.rpartition(".")[2]: roles.role(topology, node.number) for node in topology.nodes}
    assert {name: reported for name, reported in found.items() if reported} == expected


def test_networks_of_other_things_have_none():
    for name in ("xor", "convnet"):
        topology = session(name).source.topology
        assert not any(roles.role(topology, node.number) for node in topology.nodes)


def test_neurons_in_the_words_of_their_tokens():
    topology = session("sort-gpt", *SMALL).source.topology
    words = ("C", "A", "B")
    shares = next(node for node in topology.nodes if node.kind == "softmax")
    assert token_words(shares, 11 * 11 + 2 * 11 + 1, words) == "How much B (token 3) looks at A (token 2)"
    assert token_words(shares, 3 * 11, words) == "", "a place that only fills the row"
    assert token_words(topology.nodes[1], 16, words) == "Of the token A (token 2)"
    assert token_words(topology.input, 2, words) == "Of the token B (token 3)"
    assert token_words(session("xor").source.topology.nodes[1], 0, words) == ""
