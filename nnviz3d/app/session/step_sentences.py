"""What happens at a moment of a walk through one step, in one plain sentence."""

from __future__ import annotations

from nnviz3d.layers import face
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.parts import NetworkPart

SENTENCES = {
    "input": "Input: the values of one sample enter the network.",
    "forward": "Forward: {what}",
    "loss": "Loss: the output is compared with the target. The difference is the error that is sent back.",
    "backward": "Backward: {what}",
    "update": "Update: every weight moves slightly against {mean}.",
    "after": "After: the same sample again, with the new weights.",
}


FOLDED = {
    "forward": "Forward: the signals go through the {count:,} layers of {part}. Open it to see them one by one.",
    "backward": "Backward: the error goes back through the {count:,} layers of {part}. Open it to see them one by one.",
    "update": "Update: every weight in {part} moves slightly against {mean}.",
}  # of a part that is one slab


def sentence(walk: Walk, part: NetworkPart | None, mean: str) -> str:
    """`part`: the folded part that the phase belongs to. `mean`: whose gradient an update follows, in words."""
    phase = walk.view.phase
    if part is not None:
        return FOLDED[phase.kind].format(part=part.label, count=len(part.nodes), mean=mean)
    what = ""
    if phase.kind in ("forward", "backward"):
        node = walk.topology.nodes[phase.layer]
        words = face(node.kind, "words")
        activation = "the identity" if node.activation == "linear" else node.activation  # it changes nothing
        what = (words.FORWARD if phase.kind == "forward" else words.BACKWARD).format(activation=activation)
    return SENTENCES[phase.kind].format(what=what, mean=mean)
