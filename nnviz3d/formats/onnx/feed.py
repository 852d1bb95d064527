"""What an ONNX model is given: random numbers that it accepts, or what a person chose, brought to the shapes and types of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from nnviz3d.formats.onnx.flat import all_nodes
from nnviz3d.formats.onnx.graph import OnnxGraph
from nnviz3d.formats.onnx.shapes import OnnxInput, Shape
from nnviz3d.formats.onnx.tensors import dtype, type_name
from nnviz3d.spec.errors import InputError

SMALL = 10  # random integers are below, where nothing says how many there are
RATE = 16_000  # samples a second, where a model of sounds asks for it


def random(built: OnnxGraph, seed: int = 0) -> dict[str, np.ndarray]:
    """By the name of an input. Pictures are in [0, 1], other numbers normal; integers fit the table that they choose from; masks let all
    through. Raises InputError for inputs that are texts."""
    rng = np.random.default_rng(seed)
    return {each.name: _random(built, each, built.given[each.name], rng) for each in built.inputs}


def _random(built: OnnxGraph, each: OnnxInput, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    kind, name = _kind(built, each), each.name.lower()
    if kind.kind in "iu":
        if not shape and name in ("sr", "sample_rate", "sampling_rate"):
            return np.array(RATE, kind)
        if "mask" in name:
            return np.ones(shape, kind)
        if "position" in name:
            return np.broadcast_to(np.arange(shape[-1] if shape else 1), shape).astype(kind)
        if "type" in name:
            return np.zeros(shape, kind)
        return rng.integers(0, _rows(built, each.name), shape).astype(kind)
    if kind.kind == "b":
        return np.ones(shape, kind)
    picture = len(shape) == 4 and (shape[1] in (1, 3) or shape[3] in (1, 3))
    return np.asarray(rng.random(shape) if picture else rng.standard_normal(shape)).astype(kind)


def _rows(built: OnnxGraph, name: str) -> int:
    """How many rows the table has that an input chooses from, straight or behind operations that keep its numbers."""
    reached, same = {name}, ("Cast", "Reshape", "Unsqueeze", "Squeeze", "Identity", "Transpose")
    rows = []
    for node in all_nodes(built.file.model.graph):
        if node.op_type in same and node.input[0] in reached:
            reached.add(node.output[0])
        if node.op_type == "Gather" and len(node.input) > 1 and node.input[1] in reached and node.input[0] in built.constants.stored:
            dims = built.constants.stored[node.input[0]].dims
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            if -len(dims) <= axis < len(dims):
                rows.append(dims[axis])
    return max(min(rows, default=SMALL), 1)


def _kind(built: OnnxGraph, each: OnnxInput) -> np.dtype:
    kind = dtype(each.type_)
    if kind is None or kind.kind == "c":
        raise InputError.of(
            str(built.file.path), each.name, f"is an input of the type {type_name(each.type_)}; only numbers can be given to it"
        )
    return kind


def chosen(inputs: tuple[OnnxInput, ...], x: Any, where: str) -> dict[str, np.ndarray]:
    """`x`: a dictionary by name of an input, a list in their order, or an array for the first; without the batch or with it. Raises
    InputError with every array that does not fit."""
    given = _named(inputs, x, where)
    by_name = {each.name: each for each in inputs}
    out = {}
    for name, value in given.items():
        if name not in by_name:
            raise InputError.of(where, name, f"the model has no such input; it has {', '.join(by_name)}")
        try:
            array = np.asarray(value)
        except ValueError:
            raise InputError.of(where, name, "is no array of numbers") from None
        if array.dtype.kind not in "fiub":
            raise InputError.of(where, name, f"is an array of {array.dtype}; expected numbers")
        out[name] = _fit(by_name[name], array, where)
    return out


def _named(inputs: tuple[OnnxInput, ...], x: Any, where: str) -> Mapping[str, Any]:
    if isinstance(x, Mapping):
        return x
    if isinstance(x, (list, tuple)) and x and all(hasattr(each, "shape") for each in x):
        if len(x) > len(inputs):
            raise InputError.of(where, "x", f"{len(x)} arrays; the model has {len(inputs)} inputs")
        return {each.name: array for each, array in zip(inputs, x, strict=False)}
    return {inputs[0].name: x}


def _fit(each: OnnxInput, array: np.ndarray, where: str) -> np.ndarray:
    """In the shape and type of an input: an axis for the batch is added, channels are moved to where the model has them."""
    kind = dtype(each.type_)
    array = array.astype(kind) if kind is not None else array
    if each.shape is None:
        return array
    ones = array.reshape((1,) * max(len(each.shape) - array.ndim, 0) + array.shape)  # a picture of one channel
    for candidate in (array, array[None], ones, *((np.moveaxis(array, -1, 0)[None],) if array.ndim == 3 else ()), _reshaped(each, array)):
        if candidate is not None and _agrees(each.shape, candidate.shape):
            return np.ascontiguousarray(candidate)
    raise InputError.of(where, each.name, f"has the shape {' x '.join(map(str, array.shape)) or '1'}; the model expects {each.text()}")


def _agrees(wanted: tuple[int | None, ...], shape: Shape) -> bool:
    return len(wanted) == len(shape) and all(w is None or w == length for w, length in zip(wanted, shape, strict=True))


def _reshaped(each: OnnxInput, array: np.ndarray) -> np.ndarray | None:
    """A vector of as many numbers as the input has, where it leaves nothing open but the batch."""
    shape = each.shape or ()
    rest = [length for length in shape[1:] if length is not None]
    if array.ndim == 1 and len(rest) == len(shape) - 1 and prod(rest) == array.size and shape[:1] in ((None,), (1,)):
        return array.reshape(1, *rest)
    return None


def picture_shape(given: Shape) -> tuple[int, int, int, bool] | None:
    """(rows, columns, channels, whether channels come first) of an input that is a picture; None of all else."""
    if len(given) == 4 and given[1] in (1, 3):
        return given[2], given[3], given[1], True
    return (given[1], given[2], given[3], False) if len(given) == 4 and given[3] in (1, 3) else None
