"""What kind of example a shipped scene is: the heading that it stands under in the list of scenes."""

from __future__ import annotations

from nnviz3d.spec.scene import Scene

DENSE, PICTURES, SEQUENCES, FILMS, FAILURES = GROUPS = (
    "Dense networks", "Convolutions and residual paths", "Attention", "Films", "Instructive failures",
)  # fmt: skip
_WINDOWS = frozenset({"conv1d", "conv2d", "conv_block", "residual_block", "add"})
_ATTENTION = frozenset({"transformer_block", "scores"})


def group_of(scene: Scene) -> str:
    """One of GROUPS."""
    if scene.failure:
        return FAILURES
    if scene.about.startswith("A film:"):
        return FILMS
    kinds = {layer.kind for layer in scene.network.layers}
    if kinds & _ATTENTION:
        return SEQUENCES
    return PICTURES if kinds & _WINDOWS else DENSE
