"""The arrays of an ONNX model: judged before they are read, read one at a time, and worked out where nodes make them of constants."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from nnviz3d.formats.onnx.model_file import OnnxFile, library
from nnviz3d.formats.onnx.session import session
from nnviz3d.spec.errors import InputError, Problem

RANK = 16
REPORTED = 20  # problems
FOLDED = frozenset({
    "Identity", "Cast", "DequantizeLinear", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "ConstantOfShape", "Concat", "Slice",
    "Gather", "Shape", "Mul", "Add", "Sub", "Div", "Sqrt", "Reciprocal", "Neg", "Pow", "Expand",
})  # fmt: skip  # of constants alone they are constants
CELLS = 1 << 26  # of one that is worked out


def dtype(type_: int) -> np.dtype | None:
    """As numpy has it; None for texts and unknown types."""
    onnx = library()
    if type_ in (onnx.TensorProto.STRING, onnx.TensorProto.UNDEFINED):
        return None
    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(type_))
    except (KeyError, ValueError, TypeError):
        return None


def type_name(type_: int) -> str:
    """ "float16", "int8"; "type 99" of an unknown one."""
    try:
        return library().TensorProto.DataType.Name(type_).lower().replace("float", "float32" if type_ == 1 else "float")
    except ValueError:
        return f"type {type_}"


def external(tensor: Any) -> dict[str, str] | None:
    """The entries of a tensor whose numbers lie in a file; None where they lie in the graph."""
    return {each.key: each.value for each in tensor.external_data} if tensor.data_location == 1 else None


def check(file: OnnxFile) -> None:
    """Every stored array has a type, a shape and as many bytes as these say; files beside the model lie in its folder. Nothing is read.
    Raises InputError with all that is wrong."""
    sizes: dict[str, int] = {}
    problems = []
    for tensor in file.model.graph.initializer:
        if text := _wrong(tensor, file, sizes):
            problems.append(Problem(str(file.path), tensor.name[:100], text))
    if problems:
        more = [Problem(str(file.path), "", f"{len(problems) - REPORTED:,} more problems")] if len(problems) > REPORTED else []
        raise InputError(*problems[:REPORTED], *more)


def _wrong(tensor: Any, file: OnnxFile, sizes: dict[str, int]) -> str:
    shape, kind = tuple(tensor.dims), dtype(tensor.data_type)
    if len(shape) > RANK or any(length < 0 for length in shape):
        return f"has the shape {list(shape[:RANK])}; expected at most {RANK} axes, none below 0"
    if tensor.data_type == library().TensorProto.STRING:
        return "" if prod(shape) == len(tensor.string_data) else f"{len(tensor.string_data):,} texts; the shape says {prod(shape):,}"
    if kind is None:
        return f"is of an unknown type ({tensor.data_type})"
    four = type_name(tensor.data_type) in ("int4", "uint4", "float4e2m1")
    wanted = (prod(shape) + 1) // 2 if four else prod(shape) * kind.itemsize
    place = external(tensor)
    if place is not None:
        return _misplaced(tensor, place, wanted, file, sizes)
    if tensor.HasField("raw_data"):
        got = len(tensor.raw_data)
        return "" if got == wanted else f"{got:,} bytes; the shape {list(shape)} needs {wanted:,}"
    numbers = max(map(len, (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)))
    numbers //= 2 if kind.kind == "c" else 1
    return "" if numbers == (wanted if four else prod(shape)) else f"{numbers:,} numbers; the shape {list(shape)} needs {prod(shape):,}"


def _misplaced(tensor: Any, place: dict[str, str], wanted: int, file: OnnxFile, sizes: dict[str, int]) -> str:
    location = place.get("location", "")
    try:
        offset = int(place.get("offset", 0))
        length = int(place.get("length", wanted))
    except ValueError:
        return "says no number where in its file it lies"
    if len(tensor.external_data) > len(place):
        return "says twice where it lies"
    if location not in sizes:
        text, size = _outside(file.base, location, file.path.resolve().name)
        if text:
            return text
        sizes[location] = size
    if length != wanted:
        return f"{length:,} bytes; the shape {list(tensor.dims)} needs {wanted:,}"
    if offset < 0 or offset + length > sizes[location]:
        return f"ends at byte {offset + length:,} of {location[:80]}, which has {sizes[location]:,}"
    return ""


def _outside(base: Path, location: str, own: str) -> tuple[str, int]:
    """("", the size) of a file that lies in the model's folder, else (why its numbers are not read, 0). Nothing is opened. `own`: the
    name of the model's file, which may have other names."""
    parts = PurePosixPath(location).parts
    absolute = PurePosixPath(location).is_absolute() or PureWindowsPath(location).anchor or "\\" in location
    if not parts or absolute or ".." in parts or "\0" in location:
        return f"its numbers are said to lie in {location[:80]!r}, outside the model's folder; they are not read", 0
    path = base
    for part in parts:
        path = path / part
        try:
            status = path.lstat()
        except OSError as error:
            return f"its numbers lie in {location[:80]}, which cannot be read: {error.strerror or error}", 0
        if stat.S_ISLNK(status.st_mode):
            return f"its numbers lie in {location[:80]}, which is a link; copy the file itself into the model's folder", 0
    if not stat.S_ISREG(status.st_mode):
        return f"its numbers lie in {location[:80]}, which is no ordinary file", 0
    if status.st_nlink > 1 and location != own:
        return f"its numbers lie in {location[:80]}, which is a file of other folders too (a hard link); copy it into the model's folder", 0
    return "", status.st_size


def array(tensor: Any, base: Path) -> np.ndarray:
    """What a checked tensor holds, in its own type. Raises InputError where its file is gone."""
    onnx = library()
    place = external(tensor)
    if place is None:
        return onnx.numpy_helper.to_array(tensor)
    kind = dtype(tensor.data_type)
    offset, length = int(place.get("offset", 0)), int(place.get("length", prod(tensor.dims) * (kind.itemsize if kind else 1)))
    path = base / place["location"]
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(number, "rb") as file:
            file.seek(offset)
            raw = file.read(length)
    except OSError as error:
        raise InputError.of(str(path), tensor.name, f"cannot be read: {error.strerror or error}") from None
    if len(raw) < length:
        raise InputError.of(str(path), tensor.name, "the file has become shorter")
    return onnx.numpy_helper.to_array(onnx.TensorProto(dims=tensor.dims, data_type=tensor.data_type, raw_data=raw))


class ModelConstants:
    """What does not depend on the input, by name: stored arrays, and what nodes make of them."""

    def __init__(self, file: OnnxFile):
        self.base, self.opsets, self.version = file.base, file.model.opset_import, file.model.ir_version
        self.stored = {tensor.name: tensor for tensor in file.model.graph.initializer}
        self.made: dict[str, Any] = {}  # the node, in an order in which each comes after what it reads
        self.shapes: dict[str, tuple[int, ...]] = {}  # of those, and
        self.types: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.stored or name in self.made

    def take(self, node: Any, known: Sequence[tuple[tuple[int, ...] | None, int]]) -> bool:
        """Whether a node makes a constant of constants: then it is one from now on. `known`: shape and type of its outputs."""
        inputs = [name for name in node.input if name]
        if node.op_type not in FOLDED or node.domain not in ("", "ai.onnx") or not inputs or len(node.output) != 1:
            return False
        shape, type_ = known[0]
        if not all(name in self for name in inputs) or shape is None or prod(shape) > CELLS:
            return False
        self.made[node.output[0]], self.shapes[node.output[0]], self.types[node.output[0]] = node, shape, type_
        return True

    def floating(self, name: str) -> bool:
        """Whether a made one is an array of floating-point numbers."""
        kind = dtype(self.types[name])
        return kind is not None and kind.kind in "fV" and prod(self.shapes[name]) > 1

    def type_of(self, name: str) -> str:
        """The type in which a stored array lies; that of the array itself where a node makes floating-point numbers of it."""
        while name in self.made:
            name = self.made[name].input[0]
        return type_name(self.stored[name].data_type) if name in self.stored else ""

    def array(self, name: str) -> np.ndarray:
        """Raises InputError where it cannot be worked out."""
        needed, waiting = set(), [name]
        while waiting:
            each = waiting.pop()
            if each in self.made and each not in needed:
                needed.add(each)
                waiting += [source for source in self.made[each].input if source]
        return self._made(name, [made for each, made in self.made.items() if each in needed]) if needed else self._stored(name)

    def _stored(self, name: str) -> np.ndarray:
        return array(self.stored[name], self.base)

    def _made(self, name: str, nodes: list[Any]) -> np.ndarray:
        """By onnxruntime, from a model of these nodes alone."""
        helper = library().helper
        read = {source for node in nodes for source in node.input if source in self.stored}
        try:
            graph = helper.make_graph(
                nodes, "constant", [], [helper.make_empty_tensor_value_info(name)], [self.stored[source] for source in sorted(read)]
            )
            model = helper.make_model(graph, opset_imports=self.opsets, ir_version=self.version)
            return np.asarray(session(model, self.base).run([name], {})[0])
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001  # its errors have no common class
            raise InputError.of("", name, f"the constant cannot be worked out: {' '.join(str(error).split())[:200]}") from None
