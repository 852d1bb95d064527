"""The inputs of an ONNX model, with a number for each length that it leaves open, and the shapes of all values that follow from them.

Shapes are inferred by the onnx library; nothing is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from nnviz3d.formats.onnx.flat import bodies, copied
from nnviz3d.formats.onnx.model_file import OnnxFile, library
from nnviz3d.spec.errors import InputError, Problem

Shape = tuple[int, ...]
SIDE, LENGTH = 64, 16  # of a picture, of all else whose length is left open
VALUE = 1 << 30  # numbers of one value, and of all together: more than any machine that this runs on keeps


@dataclass(frozen=True)
class OnnxInput:
    """`shape`: with the batch; None where the model leaves a length open, which `names` may name. `type_`: of `onnx.TensorProto`."""

    name: str
    type_: int
    shape: tuple[int | None, ...] | None
    names: tuple[str, ...] = ()

    def text(self) -> str:
        """ "1 x 3 x height x width"."""
        if self.shape is None:
            return "any shape"
        names = self.names or ("",) * len(self.shape)
        return " x ".join(str(length) if length is not None else name or "?" for length, name in zip(self.shape, names, strict=True)) or "1"


def inputs(file: OnnxFile) -> tuple[OnnxInput, ...]:
    """What must be given to the model. Raises InputError for what is no tensor, and for absurd shapes."""
    found, problems = [], []
    for value in file.model.graph.input:
        if not value.type.HasField("tensor_type"):
            kind = value.type.WhichOneof("value") or "nothing"
            problems.append(
                Problem(str(file.path), value.name, f"is an input of the type {kind.removesuffix('_type')}; only tensors can be shown")
            )
            continue
        kind = value.type.tensor_type
        dims = list(kind.shape.dim) if kind.HasField("shape") else None
        lengths = None if dims is None else tuple(d.dim_value if d.HasField("dim_value") and d.dim_value != 0 else None for d in dims)
        if lengths is not None and any(length is not None and length < 0 for length in lengths):
            lengths = tuple(length if length is None or length > 0 else None for length in lengths)  # -1: left open
        names = () if dims is None else tuple(d.dim_param[:40] for d in dims)
        if lengths is not None and prod(length or 1 for length in lengths) > VALUE:
            problems.append(Problem(str(file.path), value.name, f"claims {prod(x or 1 for x in lengths):,} numbers; at most {VALUE:,}"))
        found.append(OnnxInput(value.name, kind.elem_type, lengths, names))
    if problems:
        raise InputError(*problems)
    return tuple(found)


def bound(given: tuple[OnnxInput, ...], chosen: Mapping[str, Shape], length: int = LENGTH) -> dict[str, Shape]:
    """The shape of each input: as it is `chosen`, else with a batch of one and usual lengths for what is left open (`length` but for
    pictures). The same name of a length is the same number everywhere; of a state beside the input, what is left open is the batch."""
    lengths: dict[str, int] = {}
    for each in given:
        shape = chosen.get(each.name)
        if shape is not None and each.shape is not None and len(shape) == len(each.shape):
            lengths |= {name: length for name, length in zip(each.names, shape, strict=True) if name}
    out = {}
    for number, each in enumerate(given):
        usual = SIDE if each.shape is not None and len(each.shape) >= 4 else length
        if each.name in chosen or each.shape is None:
            out[each.name] = tuple(chosen.get(each.name, (1, length)))
            continue
        if number and each.shape[-1:] != (None,) and len(each.shape) < 4:
            usual = 1
        names = each.names or ("",) * len(each.shape)
        shape = []
        for axis, (fixed, name) in enumerate(zip(each.shape, names, strict=True)):
            open_ = 1 if (axis == 0 and len(each.shape) > 1) or "batch" in name.lower() else usual
            shape.append(fixed if fixed is not None else lengths.setdefault(name, open_) if name else open_)
        out[each.name] = tuple(shape)
    return out


def infer(file: OnnxFile, given: Mapping[str, Shape]) -> dict[str, tuple[Shape | None, int]]:
    """(shape, type) of values by name for inputs of these shapes; None where a shape does not follow. Raises InputError for values of an
    absurd size."""
    onnx = library()
    model, claims = copied(file.model), _claims(file.model.graph)
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.ClearField("shape") if value.type.HasField("tensor_type") else None
    for value in model.graph.input:
        value.type.tensor_type.shape.SetInParent()  # a single number has a shape too
        for length in given[value.name]:
            value.type.tensor_type.shape.dim.add().dim_value = length
    try:
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # noqa: BLE001  # of the C++ library: shapes that contradict one another
        file.notes.append(f"its shapes do not fit together: {str(error).strip().splitlines()[-1][:200]}")
    found: dict[str, tuple[Shape | None, int]] = {}
    _collect(model.graph, found)
    for name, known in claims.items():
        if found.get(name, (None, 0))[0] is None:
            found[name] = known
    problems = [
        Problem(str(file.path), name[:100], f"would have {prod(shape):,} numbers; at most {VALUE:,}")
        for name, (shape, _) in found.items() if shape is not None and prod(shape) > VALUE
    ]  # fmt: skip
    if problems:
        raise InputError(*problems[:20])
    return found


def _known(value: Any) -> tuple[Shape | None, int]:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None, kind.elem_type
    lengths = tuple(d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim)
    return (lengths if all(length >= 0 for length in lengths) else None), kind.elem_type


def _collect(graph: Any, found: dict[str, tuple[Shape | None, int]]) -> None:
    for value in (*graph.value_info, *graph.input, *graph.output):
        if value.type.HasField("tensor_type"):
            found[value.name] = _known(value)
    for tensor in graph.initializer:
        found[tensor.name] = tuple(tensor.dims), tensor.data_type
    for node in graph.node:
        for _, inner in bodies(node):
            _collect(inner, found)


def _claims(graph: Any) -> dict[str, tuple[Shape | None, int]]:
    """What the file says of values without an open length: for operations that the library does not know."""
    values = [value for value in (*graph.value_info, *graph.output) if value.type.HasField("tensor_type")]
    return {value.name: _known(value) for value in values}
