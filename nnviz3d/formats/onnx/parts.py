"""The parameters and settings of the nodes of an ONNX model: which constants are numbers that were learned, and which only say how."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

from nnviz3d.formats.onnx.model_file import library
from nnviz3d.formats.onnx.tensors import ModelConstants, dtype, type_name
from nnviz3d.spec.errors import InputError

FEW = 8  # integers of a constant that are shown as a setting
TEXT = 120  # characters of one
COUNT = 24  # settings of one node
WORDS = {"W": "weight", "w": "weight", "R": "recurrent", "input_mean": "mean", "input_var": "variance"}


@cache
def slots(domain: str, op: str) -> tuple[str, ...]:
    """What ONNX calls the inputs of an operation; () of an unknown one."""
    onnx = library()
    try:
        return tuple(each.name for each in onnx.defs.get_schema(op, domain).inputs)
    except onnx.defs.SchemaError:
        return ()


class OperationParts:
    """Which constants are whose parameters: each belongs to the first node that reads it, and at most `most` numbers are taken."""

    def __init__(self, constants: ModelConstants, most: int):
        self.constants, self.left = constants, most
        self.owner: dict[str, str] = {}

    def of(self, node: Any, name: str) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
        """(part, constant, shape) of each parameter of a node called `name`."""
        found, called = [], slots(node.domain, node.op_type)
        for slot, value in enumerate(node.input):
            if value not in self.constants or value in self.owner or not learned(self.constants, value):
                continue
            shape = self.shape(value)
            if shape is None or 0 in shape or prod(shape) > self.left:
                continue
            self.left -= prod(shape)
            self.owner[value] = name
            part = _part(node, called, slot)
            while part in (each for each, _, _ in found):
                part += "_"
            found.append((part, value, shape))
        return tuple(found)

    def shape(self, value: str) -> tuple[int, ...] | None:
        if value in self.constants.stored:
            return tuple(self.constants.stored[value].dims)
        return self.constants.shapes.get(value)


def _part(node: Any, called: tuple[str, ...], slot: int) -> str:
    own = called[min(slot, len(called) - 1)] if called else f"input{slot}"
    if node.op_type in ("MatMul", "Gemm", "MatMulInteger", "Gather") and own in ("A", "B", "data", "b"):
        return "weight"
    if own in ("B", "C", "b", "bias"):
        return {"Mul": "scale", "Div": "scale", "MatMul": "weight"}.get(node.op_type, "bias")
    return WORDS.get(own, own.lower())


def learned(constants: ModelConstants, value: str) -> bool:
    """Whether a constant is of floating-point numbers, or of small integers that stand for such. Scalars are settings."""
    if value in constants.made:
        return constants.floating(value)
    tensor = constants.stored[value]
    kind = dtype(tensor.data_type)
    if kind is None or prod(tensor.dims) < 2:
        return False
    return kind.kind in "fV" or (kind.itemsize == 1 and kind.kind != "b")


def settings(node: Any, constants: ModelConstants) -> tuple[tuple[str, str], ...]:
    """Attributes, small constants and the types in which its parameters lie, in words."""
    described = [(each.name, text) for each in node.attribute if (text := _attribute(each))]
    if node.domain not in ("", "ai.onnx"):
        described.insert(0, ("domain", node.domain[:TEXT]))
    called = slots(node.domain, node.op_type)
    for slot, value in enumerate(node.input):
        if value in constants and (text := _constant(constants, value)):
            described.append((_part(node, called, slot), text))
    return tuple(described[:COUNT])


def _attribute(each: Any) -> str:
    """ "" of graphs and arrays."""
    kind = each.type
    if kind == 1:
        return f"{each.f:g}"
    if kind == 2:
        return type_name(each.i) if each.name == "to" else str(each.i)
    if kind == 3:
        return each.s[:TEXT].decode("utf-8", "replace")
    if kind in (6, 7):
        numbers = each.floats if kind == 6 else each.ints
        few = [f"{number:g}" for number in numbers[:FEW]]
        return " x ".join(few) if each.name == "kernel_shape" else ", ".join(few) + (" ..." if len(numbers) > FEW else "")
    return ""


def _constant(constants: ModelConstants, value: str) -> str:
    """The numbers of a short constant that is no parameter; of a parameter how it is stored, where that is not float32."""
    if learned(constants, value):
        stored = constants.type_of(value)
        return "" if stored in ("float32", "") else f"stored as {stored}"
    tensor = constants.stored.get(value)
    if tensor is None or prod(tensor.dims) > FEW or tensor.data_type == library().TensorProto.STRING:
        return ""
    try:
        numbers = constants.array(value).reshape(-1)
    except InputError:
        return ""
    return ", ".join(f"{float(number):g}" for number in numbers)
