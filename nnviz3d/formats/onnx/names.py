"""Dotted names for the nodes of an ONNX model, from what the program that wrote it kept of the modules.

PyTorch writes the path of the module into the name of a node (/model/layers.0/attn/MatMul), its newer exporter into the node's metadata;
TensorFlow and JAX write scopes, some of which say nothing. Paddle and Caffe2 name the values only.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import lru_cache
from typing import Any

SCOPES = "pkg.torch.onnx.name_scopes"
EMPTY = re.compile(r"^(StatefulPartitionedCall|PartitionedCall|jax2tf_.*_|model_\d+|F\d+::.*|If_\d+(_(then|else)_branch.*)?|body_graph|)$")
NUMBERED = re.compile(r"^(p2o\.\w+\.\d+|\w+@\d+)$")  # Paddle
COUNTED = re.compile(r"^(n|node_?)?\d+$")  # names that say nothing
LONG = 60  # characters of one part of a name


def path_of(node: Any, inside: bool = False) -> tuple[str, ...]:
    """The parts of the container of a node and, last, its own name. `inside`: it lies in the body of another node, whose name stands before
    those of its values."""
    output = next((name for name in node.output if name), "")
    output = output.rpartition("/")[2] if inside else output
    scopes = next((each.value for each in node.metadata_props if each.key == SCOPES), "")
    if scopes:
        return (*_scope(scopes), plain(node.op_type))
    if NUMBERED.match(node.name) or not node.name:
        own = re.sub(r"(\.tmp_\d+|:\d+)$", "", output.rpartition("//")[2] or output)
        parts = _split(own)
        return tuple(parts) if len(parts) > 1 else (plain(own.replace("/", "_") or node.op_type),)
    parts = _split(node.name.rpartition("//")[2] or node.name)
    if parts and COUNTED.match(parts[-1]):
        parts[-1] = f"{plain(node.op_type)}_{re.sub(r'[^0-9]+', '', parts[-1])}"
    return tuple(parts) or (plain(node.op_type),)


def _scope(text: str) -> list[str]:
    """The innermost module of "['', 'layers.0', 'layers.0.attn', 'matmul']"."""
    try:
        scopes = ast.literal_eval(text[:4000])
        inner = [each for each in scopes[:-1] if isinstance(each, str)]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    return [plain(each) for each in (inner[-1].split(".") if inner else []) if each]


def _split(path: str) -> list[str]:
    """At slashes, and at dots: layers.0 lies in layers."""
    kept = [part for part in path.strip("/").split("/") if not EMPTY.match(part)] or path.strip("/").split("/")[-1:]
    return [plain(part) for outer in kept for part in outer.split(".") if part]


@lru_cache(1 << 16)
def plain(text: str) -> str:
    """As a part of a name."""
    clean = re.sub(r"[^A-Za-z0-9_\-]+", "_", text).strip("_")[:LONG]
    return clean or "node"


def names(paths: list[tuple[str, ...]]) -> list[str]:
    """One dotted name for each path, none twice. What lies alone in its container has the container's name; a first part that all have in
    common is left out."""
    longer = [path for path in paths if len(path) > 1]
    if len(longer) == len(paths) and len({path[0] for path in paths}) == 1 and min(map(len, paths)) > 2:
        paths = [path[1:] for path in paths]
    inside = Counter(path[:k] for path in paths for k in range(1, len(path)))
    out, taken, next_ = [], {".".join(prefix) for prefix, count in inside.items() if count > 1}, Counter()
    for path in paths:
        short = path[:-1] if len(path) > 1 and inside[path[:-1]] == 1 else path
        name = ".".join(short)[:180]
        while name in taken:
            next_[short] += 1
            name = f"{'.'.join(short)[:180]}_{next_[short] + 1}"
        taken.add(name)
        out.append(name)
    return out
