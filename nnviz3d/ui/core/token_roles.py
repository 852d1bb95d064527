"""What a layer does in a transformer, in one sentence: found by what it reads and what reads it, not by its name."""

from __future__ import annotations

from nnviz3d.spec.topology import Node, Topology

QUERY = "Query: what each token looks for."
KEY = "Key: what each token can be found by."
VALUE = "Value: what each token hands on to those that look at it."
PROJECTION = "Output projection: what the heads have gathered for a token is joined and brought into its own features."
WIDER = "MLP, first half: each token is worked on separately, in more features."
BACK = "MLP, second half: back to the features of the token."
RESIDUAL = "Residual path: what was found is added to what the token already has."
LOGITS = "Logits: how strongly each token of the vocabulary is expected next. A softmax makes probabilities of them."


def role(topology: Topology, number: int) -> str:
    """ "" where the layer has no part in it."""
    node = topology.nodes[number]
    if "token" not in node.axes or not node.inputs:
        return ""
    if node is topology.output:
        return LOGITS if node.axes == ("token", "feature") else ""
    if node.kind == "add":
        return RESIDUAL
    return _dense(topology, node) if node.kind == "dense" else ""


def _dense(topology: Topology, node: Node) -> str:
    for reader in topology.nodes:
        slots = topology.sources(reader)
        if reader.kind == "scores" and node in slots:
            return QUERY if slots[0] is node else KEY
        if reader.kind == "mix" and slots[1:] and slots[1] is node:
            return VALUE
        if reader.kind == "dense" and reader is not topology.output and slots[0] is node:
            return WIDER
    source = topology.sources(node)[0]
    return PROJECTION if source.kind == "mix" else BACK if source.kind == "dense" else ""
