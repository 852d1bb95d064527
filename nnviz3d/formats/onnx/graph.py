"""From an ONNX model to the graph that is shown: a node for every value that depends on the input, and who its parameters are.

Nothing is run. What a value or a parameter is called in the file stays known, so that its numbers can be filled in later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.formats.onnx import axes as onnx_axes
from nnviz3d.formats.onnx import flat as onnx_flat
from nnviz3d.formats.onnx import model_file as onnx_file
from nnviz3d.formats.onnx import names as onnx_names
from nnviz3d.formats.onnx import opsets as onnx_opsets
from nnviz3d.formats.onnx import shapes as onnx_shapes
from nnviz3d.formats.onnx import tensors as onnx_tensors
from nnviz3d.formats.onnx.parts import OperationParts, settings
from nnviz3d.formats.onnx.shapes import OnnxInput, Shape
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.foreign_graph import ForeignGraph, ForeignNode
from nnviz3d.spec.layer_table import Axes

CELLS = 1 << 25  # of all values together that are shown; of the largest ones the first slices
NAMES = 180  # characters of a name


@dataclass
class OnnxGraph:
    """`values`: by the name of a node, that of its value in the (flattened) model, and `shown` its shape there: where a value is too large,
    its first slices. `scales`: names of factor and zero of a value of small integers, which stand for other numbers."""

    file: onnx_file.OnnxFile
    graph: ForeignGraph
    inputs: tuple[OnnxInput, ...]
    given: dict[str, Shape]
    constants: onnx_tensors.ModelConstants
    values: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Shape] = field(default_factory=dict)
    scales: dict[str, tuple[str, str]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)  # by `<node>.<part>`: the constant
    whole: dict[str, Shape | None] = field(default_factory=dict)  # by value, its whole shape, with the batch
    unknown: tuple[str, ...] = ()  # nodes whose shape only a run can tell

    def read_parameters(self, notes: list[str]) -> dict[str, np.ndarray]:
        """By `<node>.<part>`, float32. What cannot be worked out, or is not finite, is listed in `notes`."""
        out, broken = {}, 0
        for name, constant in self.parameters.items():
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    out[name] = self.constants.array(constant).astype(np.float32)
                broken += int(np.count_nonzero(~np.isfinite(out[name])))
            except InputError as error:
                notes.append(str(error))
        if broken:
            notes.append(f"{broken:,} of its parameters are not finite numbers; they are drawn as 0")
        return out


@dataclass(frozen=True)
class _Made:
    """One value, before it has a name in the picture: how it comes about."""

    value: str
    op: str
    reads: tuple[str, ...]  # values
    path: tuple[str, ...]
    node: Any = None


def read(path: str | Path, chosen: Mapping[str, Shape] | None = None) -> OnnxGraph:
    """Opens a file. `chosen`: shapes of inputs; else usual ones. Raises InputError."""
    file = onnx_file.load(path)
    onnx_flat.check_texts(file)
    onnx_opsets.check(file)
    onnx_flat.flatten(file)
    onnx_tensors.check(file)
    return build(file, chosen or {})


def build(
    file: onnx_file.OnnxFile,
    chosen: Mapping[str, Shape],
    known: Mapping[str, Shape] | None = None,
    length: int = onnx_shapes.LENGTH,
) -> OnnxGraph:
    """Of a file that is read. `known`: shapes of values that a run has shown; `length`: of what is left open and not `chosen`."""
    inputs = onnx_shapes.inputs(file)
    if not inputs:
        raise InputError.of(str(file.path), "", "the model has no inputs: it always gives the same")
    given = onnx_shapes.bound(inputs, chosen, length)
    found = onnx_shapes.infer(file, given)
    found |= {name: (shape, found.get(name, (None, 0))[1]) for name, shape in (known or {}).items()}
    constants = onnx_tensors.ModelConstants(file)
    made = list(_walk(file.model.graph, (), constants, found))
    made = [_Made(each.name, "input", (), (onnx_names.plain(each.name),)) for each in inputs] + made
    made = _last(made, file.model.graph)
    built = OnnxGraph(file, ForeignGraph((), file.path.stem), inputs, given, constants)
    _fill(built, made, found)
    return built


def _last(made: list[_Made], graph: Any) -> list[_Made]:
    """The first output of the model behind all others."""
    outputs = [value.name for value in graph.output]
    index = next((k for k, each in enumerate(made) if outputs and each.value == outputs[0]), len(made) - 1)
    return [*made[:index], *made[index + 1 :], made[index]]


def _walk(graph: Any, scope: tuple[str, ...], constants: onnx_tensors.ModelConstants, found: Mapping) -> Iterator[_Made]:
    for node in graph.node:
        path = (*scope, *onnx_names.path_of(node, bool(scope)))
        inner = onnx_flat.bodies(node)
        if not inner and constants.take(node, [found.get(name, (None, 0)) for name in node.output]):
            continue
        ends: list[list[str]] = [[] for _ in node.output]
        for branch, body in inner:
            inside = (*path, onnx_names.plain(branch.removesuffix("_branch")))
            reads = tuple(name for name in node.input if name and name not in constants)
            for value in body.input:
                yield _Made(value.name, f"{node.op_type} input", reads, (*inside, onnx_names.plain(value.name.rpartition("/")[2])))
            yield from _walk(body, inside, constants, found)
            skipped = 1 if node.op_type == "Loop" else 0  # the condition that the body gives first
            for number, value in enumerate(body.output[skipped:]):
                if number < len(ends):
                    ends[number].append(value.name)
        for number, name in enumerate(node.output):
            if name:
                reads = tuple(dict.fromkeys(each for each in (*node.input, *ends[number]) if each))
                own = (*path, "output") if inner else path
                own = own if number == 0 else (*own[:-1], f"{own[-1]}_{number + 1}")
                yield _Made(name, node.op_type, reads, own, node)


def _fill(built: OnnxGraph, made: list[_Made], found: Mapping[str, tuple[Shape | None, int]]) -> None:
    names = dict(zip((each.value for each in made), onnx_names.names([each.path for each in made]), strict=True))
    shapes = {each.value: _one(found.get(each.value, (None, 0))[0]) for each in made}
    limit = _limit([prod(shape) for shape in shapes.values() if shape is not None])
    axes: dict[str, Axes] = {}
    parts = OperationParts(built.constants, limits.PARAMETERS)
    nodes, unknown = [], []
    built.whole = {each.value: found.get(each.value, (None, 0))[0] for each in made}
    for each in made:
        name, shape, type_ = names[each.value], shapes[each.value], found.get(each.value, (None, 0))[1]
        reads = tuple(value for value in each.reads if value in names)
        if shape is None:
            unknown.append(name)
        real = shape if shape is not None and 0 not in shape else ()
        axes[each.value] = _axes(each, real, [(shapes[v] or (), axes[v]) for v in reads if v in axes], type_)
        first = _drawn(_cut(real, limit), axes[each.value])
        built.values[name], built.shown[name] = each.value, _cut(real, limit)
        kept = parts.of(each.node, name) if each.node is not None else ()
        built.parameters |= {f"{name}.{part}": constant for part, constant, _ in kept}
        described = _described(each, shape, built.shown[name], type_, found.get(each.value, (None, 0))[0]) + (
            settings(each.node, built.constants) if each.node is not None else ()
        )
        shown_axes = axes[each.value] if len(axes[each.value]) == len(first) else ()
        nodes.append(ForeignNode(
            name, each.op, tuple(dict.fromkeys(names[value] for value in reads)), first, shown_axes,
            tuple((part, size) for part, _, size in kept), each.value[:NAMES], settings=described,
        ))  # fmt: skip
        built.scales |= _scale(each, name)
    built.unknown = tuple(unknown)
    built.graph = ForeignGraph(tuple(nodes), built.file.path.stem)


def _drawn(shape: Shape, axes: Axes) -> Shape:
    """Without axes of one, where nothing is known of what they are: a state (2, 1, 128) is two rows."""
    return shape if axes or len(shape) < 3 else tuple(length for length in shape if length > 1) or (1,)


def _one(shape: Shape | None) -> Shape | None:
    """Without the batch of one."""
    return shape[1:] if shape is not None and len(shape) > 1 and shape[0] == 1 else shape


def _limit(sizes: list[int]) -> int:
    """Numbers of one value that are shown at most, so that all together have at most `CELLS`."""
    limit = CELLS
    while sum(min(size, limit) for size in sizes) > CELLS and limit > 1:
        limit //= 2
    return limit


def _cut(shape: Shape, limit: int) -> Shape:
    """The first slices of a shape along its first axis (or, of very long ones, along the next)."""
    if prod(shape) <= limit:
        return shape
    rest = prod(shape[1:])
    return (max(limit // rest, 1), *(shape[1:] if rest <= limit else _cut(shape[1:], limit)))


def _axes(each: _Made, shape: Shape, read: list[tuple[Shape, Axes]], type_: int) -> Axes:
    if each.node is None:
        kind = onnx_tensors.dtype(type_)
        return onnx_axes.of_input(shape, kind is not None and kind.kind in "iu")
    moved: tuple[int, ...] = ()
    if each.op == "Transpose":
        order = next((tuple(a.ints) for a in each.node.attribute if a.name == "perm"), ())
        moved = tuple(axis - 1 for axis in order[1:]) if order[:1] == (0,) and len(order) == len(shape) + 1 else order
    return onnx_axes.of(each.op, shape, read, moved)


def _described(each: _Made, shape: Shape | None, first: Shape, type_: int, whole: Shape | None) -> tuple[tuple[str, str], ...]:
    described = [("type", onnx_tensors.type_name(type_))] if type_ not in (0, 1) else []
    if shape is None:
        described.append(("shape", "known only from a run"))
    elif 0 in shape:
        described.append(("shape", f"{' x '.join(map(str, whole or ()))}: empty"))
    elif first != shape:
        described.append(("shown", f"the first {' x '.join(map(str, first))} of {' x '.join(map(str, shape))}"))
    return tuple(described)


def _scale(each: _Made, name: str) -> dict[str, tuple[str, str]]:
    """Small integers that stand for other numbers: what QuantizeLinear and its kin make."""
    if each.op == "QuantizeLinear" and each.node is not None and len(each.node.input) > 1:
        return {name: (each.node.input[1], each.node.input[2] if len(each.node.input) > 2 else "")}
    if each.op == "DynamicQuantizeLinear" and each.node is not None and each.value == each.node.output[0]:
        return {name: (each.node.output[1], each.node.output[2])}
    if each.op in ("QLinearConv", "QLinearMatMul") and each.node is not None and len(each.node.input) > 7:
        return {name: (each.node.input[6], each.node.input[7])}
    return {}
