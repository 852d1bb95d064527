"""One room for each kind of operation, with the same small faces; no `if kind ==` anywhere else.

`spec`: the table of a scene, shapes, parameters, cost, bad shapes as errors. `engine`: forward and backward as lists of calls on bound
buffers. `edges`: ends, parameter and value of each edge. `equations`: rows of symbols and numbers. `words`: what it is, for people.
`script`: the layer as a line of numpy or PyTorch, for exports.
A face is imported when it is first asked for: a window without equations never pays for them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

KINDS = (
    "dense", "activation", "dropout", "add", "concat", "reshape", "multiply", "embedding", "position", "scores", "softmax", "mix",
    "conv1d", "conv2d", "max_pool", "avg_pool", "global_avg_pool", "batch_norm", "layer_norm", "rms_norm",
    "patches",
)  # fmt: skip
COMPOSITES = ("conv_block", "residual_block", "transformer_block")  # `spec` and `words` only: they expand into layers of these kinds
FOREIGN = ("opaque",)  # in no scene: tensors of networks that were built elsewhere; nothing here runs or writes them
FACES = ("spec", "engine", "edges", "equations", "words", "script")
SHOWN = ("spec", "edges", "equations", "words")  # faces of what is only looked at


@cache
def face(kind: str, name: str) -> ModuleType:
    """The face `name` of this kind. Raises KeyError where there is no such kind or face."""
    known = FACES if kind in KINDS else ("spec", "words") if kind in COMPOSITES else SHOWN if kind in FOREIGN else ()
    if name not in known:
        raise KeyError(f"{kind}.{name}")
    return import_module(f"nnviz3d.layers.{kind}.{name}")
