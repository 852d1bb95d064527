"""What the axes of a value of an ONNX model run over: channels, rows, tokens ... known by the operation that made it.

ONNX knows lengths only. A convolution makes channels; what acts on each number by itself keeps the axes of what it reads; a transposition
moves them; attention's weights are the softmax of a square. Shapes are without the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnviz3d.spec.layer_table import Axes

Shape = tuple[int, ...]
MAPS: dict[int, Axes] = {3: ("channel", "row", "column"), 2: ("channel", "column"), 1: ("neuron",)}
SPATIAL = frozenset({
    "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool",
    "BatchNormalization", "InstanceNormalization", "Resize", "Upsample", "LRN", "DepthToSpace", "SpaceToDepth", "FusedConv",
})  # fmt: skip
SQUARES = frozenset({"Softmax", "LogSoftmax", "MatMul", "Add", "Mul", "Div", "Where", "Sub"})  # that make attention's weights
SQUARE: Axes = ("head", "query", "key")
TOKENS: Axes = ("token", "feature")


def of_input(shape: Shape, integer: bool) -> Axes:
    """Of a value that nothing made: integers are the numbers of tokens; three axes, the first or last of 1, 3 or 4, are a picture."""
    if len(shape) == 1:
        return ("token",) if integer else ("neuron",)
    if len(shape) == 2:
        return ("row", "column") if min(shape) >= 16 and max(shape) <= 4 * min(shape) else TOKENS
    return MAPS[3] if len(shape) == 3 and shape[0] <= 4 else ()


def of(op: str, shape: Shape, read: Sequence[tuple[Shape, Axes]], moved: Sequence[int] = ()) -> Axes:
    """Of a value. `read`: shape and axes of each value that is not constant; `moved`: of a transposition, where each axis comes from,
    without the batch. () where nothing can be said."""
    if op in SPATIAL:
        return MAPS.get(len(shape), ())
    if op == "Transpose" and read and len(moved) == len(read[0][1]) == len(shape):
        return tuple(read[0][1][axis] for axis in moved)
    if op in SQUARES and len(shape) == 3 and shape[1] == shape[2] and not any(axes == MAPS[3] for _, axes in read):
        return SQUARE
    for before, axes in read:
        if before == shape and axes:
            return axes if op != "Gather" else ()
    if len(shape) == 1:
        return ("neuron",)
    if len(shape) == 2 and (
        op in ("MatMul", "Gather", "Gemm", "MatMulInteger", "LSTM", "GRU") or any(a[:1] == ("token",) for _, a in read)
    ):
        return TOKENS
    return MAPS[2] if len(shape) == 2 and any(axes[:1] == ("channel",) for _, axes in read) else ()
