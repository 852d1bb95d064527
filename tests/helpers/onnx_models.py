"""Small ONNX models of every make, built here: a convolutional network, branches, loops, small integers, float16, several inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL, HALF = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT16


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def numbers(*shape, seed=0, kind=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def model(nodes, inputs, outputs, arrays=None, opset=17, ir=8, name="g", **more):
    """`arrays`: by name, what is stored."""
    stored = [numpy_helper.from_array(np.asarray(array), key) for key, array in (arrays or {}).items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, stored)
    opsets = [helper.make_opsetid("", opset), *more.pop("opsets", ())]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir, **more)


def save(made, folder, name="model.onnx") -> Path:
    path = Path(folder) / name
    path.write_bytes(made.SerializeToString())
    return path


def conv_net(batch: int | str = "N"):
    """Names as PyTorch writes them; a picture of one channel, 12 x 12, to ten classes."""
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="/features/conv1/Conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="/features/relu1/Relu"),
        helper.make_node("MaxPool", ["r1"], ["p1"], name="/features/pool1/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p1"], ["f"], name="/Flatten"),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["z"], name="/head/fc/Gemm", transB=1),
        helper.make_node("Softmax", ["z"], ["y"], name="/head/Softmax", axis=1),
    ]
    arrays = {"w1": numbers(4, 1, 3, 3), "b1": numbers(4, seed=1), "w2": numbers(10, 144, seed=2) / 8, "b2": numbers(10, seed=3)}
    return model(nodes, [value("x", [batch, 1, 12, 12])], [value("y", [batch, 10])], arrays, producer_name="pytorch")


def nested_if():
    """x is doubled or halved and then, inside the first branch, made positive or not."""
    inner = [
        helper.make_graph([helper.make_node("Abs", ["d"], ["t"])], "inner_then", [], [value("t", [3])]),
        helper.make_graph([helper.make_node("Neg", ["d"], ["t"])], "inner_else", [], [value("t", [3])]),
    ]
    then = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "two"], ["d"], name="double"),
            helper.make_node("If", ["b"], ["t"], name="inner", then_branch=inner[0], else_branch=inner[1]),
            helper.make_node("Add", ["t", "one"], ["out"]),
        ],
        "then", [], [value("out", [3])], [numpy_helper.from_array(np.float32(1), "one")],
    )  # fmt: skip
    other = helper.make_graph([helper.make_node("Div", ["x", "two"], ["t"])], "else", [], [value("t", [3])])
    nodes = [
        helper.make_node("If", ["a"], ["y"], name="outer", then_branch=then, else_branch=other),
        helper.make_node("Exp", ["y"], ["z"], name="last"),
    ]
    inputs = [value("x", [3]), value("a", [], BOOL), value("b", [], BOOL)]
    return model(nodes, inputs, [value("z", [3])], {"two": np.float32(2)})


def loop(turns=3):
    body = helper.make_graph(
        [
            helper.make_node("Mul", ["s", "two"], ["d"]),
            helper.make_node("Add", ["d", "x"], ["s2"]),
            helper.make_node("Identity", ["c"], ["c2"]),
        ],
        "body", [value("i", [], INT64), value("c", [], BOOL), value("s", [2])], [value("c2", [], BOOL), value("s2", [2]), value("d", [2])],
    )  # fmt: skip
    nodes = [
        helper.make_node("Relu", ["x"], ["start"], name="start"),
        helper.make_node("Loop", ["n", "", "start"], ["y", "all"], name="repeat", body=body),
    ]
    outputs = [value("y", [2]), value("all", [turns, 2])]
    return model(nodes, [value("x", [2])], outputs, {"n": np.int64(turns), "two": np.full(2, 2, np.float32)})


def quantised():
    """Small integers for a dense layer: weights and values."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "sw", "zw"], ["wd"], axis=1),
        helper.make_node("MatMul", ["xd", "wd"], ["y"]),
    ]
    wq = np.random.default_rng(0).integers(-127, 128, (6, 4)).astype(np.int8)
    arrays = {
        "sx": np.float32(0.05),
        "zx": np.uint8(128),
        "wq": wq,
        "sw": np.linspace(0.01, 0.04, 4, dtype=np.float32),
        "zw": np.zeros(4, np.int8),
    }
    return model(nodes, [value("x", [1, 6])], [value("y", [1, 4])], arrays)


def half():
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("ReduceMean", ["r"], ["y"], axes=[2], keepdims=0),
    ]
    return model(nodes, [value("x", [1, 3, 40], HALF)], [value("y", [1, 16], HALF)], {"w": numbers(16, 3, 3, kind=np.float16)})


def two_inputs():
    """Token ids and a mask; two outputs; an embedding, and attention weights of two heads."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["e"], name="/embed/Gather"),
        helper.make_node("Cast", ["mask"], ["m"], to=FLOAT, name="/mask/Cast"),
        helper.make_node("Unsqueeze", ["m", "last"], ["m2"], name="/mask/Unsqueeze"),
        helper.make_node("Mul", ["e", "m2"], ["h"], name="/mask/Mul"),
        helper.make_node("Reshape", ["h", "shape"], ["s"], name="/attn/Reshape"),
        helper.make_node("Transpose", ["s"], ["q"], perm=[0, 2, 1, 3], name="/attn/Transpose"),
        helper.make_node("Transpose", ["s"], ["k"], perm=[0, 2, 3, 1], name="/attn/Transpose_1"),
        helper.make_node("MatMul", ["q", "k"], ["scores"], name="/attn/MatMul"),
        helper.make_node("Softmax", ["scores"], ["weights"], axis=-1, name="/attn/Softmax"),
        helper.make_node("ReduceMean", ["h"], ["pooled"], axes=[1], keepdims=0, name="/ReduceMean"),
    ]
    arrays = {"table": numbers(11, 8), "last": np.array([-1]), "shape": np.array([0, 0, 2, 4])}
    inputs = [value("ids", ["batch", "length"], INT64), value("mask", ["batch", "length"], INT64)]
    return model(nodes, inputs, [value("pooled", ["batch", 8]), value("weights", ["batch", 2, "length", "length"])], arrays)


def long_chain(nodes=10_000, width=8):
    """Blocks of four operations each, with names as PyTorch writes them."""
    made, before = [], "x"
    for k in range(nodes):
        block, place = divmod(k, 4)
        op = ("MatMul", "Add", "Relu", "Identity")[place]
        read = [before, *(["w"] if op == "MatMul" else ["b"] if op == "Add" else [])]
        made.append(helper.make_node(op, read, [f"v{k}"], name=f"/blocks.{block // 50}/layer.{block % 50}/{op}"))
        before = f"v{k}"
    arrays = {"w": numbers(width, width) / width, "b": numbers(width, seed=1)}
    return model(made, [value("x", ["N", width])], [value(before, ["N", width])], arrays)


def stored_outside(folder, location="weights.bin", offset=0, make=True):
    """The convolutional network with its largest array in another file."""
    made = conv_net()
    tensor = next(t for t in made.graph.initializer if t.name == "w2")
    raw = tensor.raw_data
    if make:
        (Path(folder) / location).write_bytes(bytes(offset) + raw)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", str(offset)), ("length", str(len(raw)))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, text
    return made


ALL = {
    "conv": conv_net, "if": nested_if, "loop": loop, "quantised": quantised, "half": half, "two inputs": two_inputs,
}  # fmt: skip
__all__ = [
    "ALL",
    "conv_net",
    "half",
    "long_chain",
    "loop",
    "model",
    "nested_if",
    "onnx",
    "quantised",
    "save",
    "stored_outside",
    "two_inputs",
]
