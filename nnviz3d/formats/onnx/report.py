"""What an ONNX file says of itself, as facts and as lines for people. Nothing is run."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

from nnviz3d.formats.onnx import graph as onnx_graph
from nnviz3d.formats.onnx.flat import all_nodes
from nnviz3d.formats.onnx.parts import learned
from nnviz3d.formats.onnx.tensors import external, type_name

OPS = 12  # that are listed


def describe(path: str | Path) -> dict[str, Any]:
    """The facts, with their "kind": onnx. Raises InputError as opening does."""
    built = onnx_graph.read(path)
    model = built.file.model
    types: Counter[str] = Counter()
    for tensor in (tensor for tensor in model.graph.initializer if learned(built.constants, tensor.name)):
        types[type_name(tensor.data_type)] += prod(tensor.dims)
    places = {place["location"] for tensor in model.graph.initializer if (place := external(tensor)) is not None}
    ops = Counter(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}" for node in all_nodes(model.graph))
    return {
        "kind": "onnx",
        "file": str(path),
        "bytes": built.file.bytes,
        "producer": " ".join(filter(None, (model.producer_name, model.producer_version)))[:80],
        "ir_version": model.ir_version,
        "opsets": {each.domain or "ai.onnx": each.version for each in model.opset_import},
        "inputs": [
            {"name": e.name, "shape": None if e.shape is None else list(e.shape), "dtype": type_name(e.type_)} for e in built.inputs
        ],
        "outputs": [value.name for value in model.graph.output],
        "nodes": sum(ops.values()),
        "values": len(built.graph.nodes),
        "containers": sorted({node.name.rpartition(".")[0] for node in built.graph.nodes} - {""})[:200],
        "operations": dict(ops.most_common()),
        "parameters": sum(types.values()),
        "stored": dict(types),
        "external_files": sorted(places - {built.file.path.resolve().name}),
        "notes": built.file.notes,
    }


def lines(facts: dict[str, Any]) -> list[str]:
    """The same for people."""
    stored = ", ".join(f"{count:,} {kind}" for kind, count in sorted(facts["stored"].items(), key=lambda pair: -pair[1]))
    ops = ", ".join(f"{name} {count:,}" for name, count in list(facts["operations"].items())[:OPS])
    more = len(facts["operations"]) - OPS
    by = f", written by {facts['producer']}" if facts["producer"] else ""
    opsets = ", ".join(f"{domain} {version}" for domain, version in facts["opsets"].items())
    inputs = (f"  input {each['name']}: {_shape(each['shape'])} {each['dtype']}" for each in facts["inputs"])
    return [
        f"{facts['file']}: an ONNX model of {facts['nodes']:,} operations, {facts['parameters']:,} parameters{by}",
        *inputs,
        f"  outputs: {', '.join(facts['outputs'][:20])}",
        f"  operations: {ops}{f' and {more:,} other kinds' if more > 0 else ''}",
        f"  parameters: {stored or 'none'}; versions: {opsets}",
        *(f"  numbers also in {name}" for name in facts["external_files"]),
        *(f"  note: {note}" for note in facts["notes"]),
        f"  look at it: nnviz3d {facts['file']}",
    ]


def _shape(shape: list[int | None] | None) -> str:
    if shape is None:
        return "any shape"
    return " x ".join("?" if length is None else str(length) for length in shape) or "one number"
