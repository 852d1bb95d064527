"""A PyTorch model of any class, as `torch.fx` traces it: calls of modules and of functions, one after another.

torch is found where the model comes from, among the modules that are loaded; it is never imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from nnviz3d.formats.torch import attention as module_attention
from nnviz3d.formats.torch import layers as module_layers
from nnviz3d.formats.torch.values import Building, ModuleOutput, ModulePlace
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.errors import Problem

NAMES = {row.module.lower(): row.name for row in ACTIVATIONS.values() if row.module and not row.rowwise} | {
    "leaky_relu": "leaky_relu", "relu_": "relu", "gelu": "gelu", "sin": "sin",
}  # fmt: skip
BATCH = "the number of samples"
SAME = ("contiguous", "clone", "detach", "float", "to")


@dataclass(frozen=True)
class Sizes:
    """The shape of a value as code asks for it: the number of samples first."""

    of: ModuleOutput

    def __getitem__(self, k: int) -> Any:
        if k == 0 or self.of.shape is None:
            return BATCH
        return self.of.shape[k - 1 if k > 0 else k]


def trace(model: Any, where: str, b: Building) -> Any:
    """The graph; None with a problem in `b` where there is none."""
    fx = sys.modules.get("torch.fx")
    if fx is None:
        b.problems.append(
            Problem(where, "", f"{type(model).__name__} calls its layers in its own way; torch.fx, which reads that, is not loaded")
        )
        return None
    try:
        return fx.Tracer().trace(model)
    except (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError, NotImplementedError, AssertionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        text = f"{type(model).__name__} calls its layers in a way that torch.fx cannot trace: {reason}"
        b.problems.append(Problem(where, "", f"{text}. Without conditions on values, or as nn.Sequential(...), it can be read"))
        return None


def called(graph: Any, model: Any) -> list[Any]:
    """The modules in the order of their calls."""
    return [model.get_submodule(node.target) for node in graph.nodes if node.op == "call_module"]


def follow(graph: Any, model: Any, where: str, b: Building, x: ModuleOutput) -> ModuleOutput:
    """What the model returns for its input. `where`: how it is called in messages."""
    known: dict[Any, Any] = {}
    reader, inputs = _TraceReader(b, model, where, known), 0
    for node in graph.nodes:
        if node.op == "placeholder":
            inputs += 1
            if inputs > 1 and node.users:
                b.problems.append(Problem(f"{where}, {node.target}", "", "is a second input; a network has one here"))
            known[node] = ModuleOutput(x.name, x.shape, x.axes, len(node.users)) if inputs == 1 else (node.args[0] if node.args else None)
        elif node.op == "output":
            found = reader.value(node.args[0])
            return found if isinstance(found, ModuleOutput) else b.wrong(ModulePlace(where, "output"), "returns more than one tensor")
        else:
            known[node] = reader.call(node)
    return x


class _TraceReader:
    """Calls as layers. What a call returns is a value, numbers of a shape, or a constant."""

    def __init__(self, b: Building, model: Any, where: str, known: dict[Any, Any]):
        self.b, self.model, self.where, self.known = b, model, where, known
        self.seen: set[int] = set()

    def value(self, argument: Any) -> Any:
        """An argument with the results of earlier calls in the place of their nodes."""
        if isinstance(argument, (tuple, list)):
            return [self.value(each) for each in argument]
        if isinstance(argument, slice):
            return argument
        return self.known.get(argument, argument) if type(argument).__name__ == "Node" else argument

    def call(self, node: Any) -> Any:
        arguments, settings = self.value(node.args), {key: self.value(value) for key, value in node.kwargs.items()}
        if node.op == "get_attr":
            return _attribute(self.model, node.target)
        if node.op == "call_module":
            return self._module(node, arguments, settings)
        name = node.target if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))
        path = _container(node)
        held = [each.target for each in node.args if getattr(each, "op", "") == "get_attr"]
        called = held[0] if held else ".".join(filter(None, (path, name.strip("_"))))  # what adds a table of positions is that table
        place = ModulePlace(f"{_titled(self.where, path)}, {name}()", called, len(node.users))
        made = _function(self.b, place, name, arguments, settings)
        return made

    def _module(self, node: Any, arguments: list, settings: dict) -> Any:
        module = self.model.get_submodule(node.target)
        kind = type(module).__name__
        place = ModulePlace(f"{_titled(self.where, node.target)} ({kind})", _named(node.target), len(node.users))
        if id(module) in self.seen and next(iter(module.parameters()), None) is not None:
            return self.b.wrong(place, "is called twice; layers that share weights are not supported")
        self.seen.add(id(module))
        reads = [
            each
            for each in [*arguments, *(settings[key] for key in ("query", "key", "value", "src") if key in settings)]
            if isinstance(each, ModuleOutput)
        ]
        masks = [each for each in [*arguments, *settings.values()] if hasattr(each, "detach")]
        causal = settings.get("is_causal") is True or any(_causal(mask) for mask in masks)
        others = {key for key, value in settings.items() if value is not None} - {
            "query", "key", "value", "src", "input", "is_causal", "need_weights", "attn_mask", "src_mask", "mask", "average_attn_weights",
        }  # fmt: skip
        if others or (masks and not causal):
            return self.b.wrong(place, f"{', '.join(sorted(others)) or 'a mask that is not causal'} is not supported")
        if not reads:
            return self.b.wrong(place, "reads nothing that is known")
        if kind == "MultiheadAttention":
            outer = ModulePlace(place.title, place.name, _readers_of_first(node))
            return [module_attention.attention(self.b, outer, module, reads if len(reads) == 3 else reads * 3, causal), None]
        if kind in ("TransformerEncoderLayer", "TransformerEncoder"):
            return module_attention.READERS[kind](self.b, place, module, reads, causal)
        return module_layers.take(self.b, place, module, reads)


def _function(b: Building, place: ModulePlace, name: str, arguments: list, settings: dict) -> Any:
    """What a function or a method of a tensor returns."""
    x = arguments[0] if arguments else settings.get("input")
    if name == "getattr" and isinstance(x, ModuleOutput) and arguments[1] == "shape":
        return Sizes(x)
    if name == "size" and isinstance(x, ModuleOutput):
        return Sizes(x)[arguments[1]] if len(arguments) > 1 else Sizes(x)
    if name == "getitem" and isinstance(x, (Sizes, list)) and isinstance(arguments[1], int):
        return x[arguments[1]]
    if name in ("cat", "concat", "concatenate") and isinstance(x, list) and all(isinstance(each, ModuleOutput) for each in x):
        return _joined(b, place, x, arguments[1] if len(arguments) > 1 else settings.get("dim", 0))
    if not isinstance(x, ModuleOutput):
        return b.wrong(place, "is not supported")
    if name in NAMES:
        return _activated(b, place, NAMES[name], x, dict(enumerate(arguments[1:], 1)) | settings)
    if name in SAME:
        return x
    known = FUNCTIONS.get(name)
    return (
        known(b, place, x, arguments[1:], settings) if known else b.wrong(place, f"is not supported; supported are {', '.join(SUPPORTED)}")
    )


def _activated(b: Building, place: ModulePlace, name: str, x: ModuleOutput, settings: dict) -> ModuleOutput:
    if settings.get("approximate") == "tanh":
        name = "gelu_tanh"
    usual = {"negative_slope": 0.01, "alpha": 1.0, "beta": 1.0, "threshold": 20.0}
    wrong = [
        f"{key}={value}" if isinstance(key, str) else str(value)
        for key, value in settings.items()
        if key not in ("inplace", "input", "approximate") and not isinstance(value, bool) and usual.get(key) != value
    ]
    return b.wrong(place, f"{', '.join(wrong)} is not supported") if wrong else module_layers.activate(b, place, name, x)


def _joined(b: Building, place: ModulePlace, values: list[ModuleOutput], dim: int) -> ModuleOutput:
    axes = len(values[0].shape or ()) or 1
    if dim == 0 or not -axes <= dim <= axes:
        return b.wrong(place, f"dim={dim} is not supported; samples stay apart")
    return b.add(place, "concat", values, axis=dim - 1 if dim > 0 else dim + axes)


def _two(kind: str) -> Callable:
    def made(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
        other = others[0] if others else settings.get("other")
        if isinstance(other, ModuleOutput) and settings.get("alpha", 1) == 1:
            return b.add(place, kind, [x, other])
        if kind == "add" and hasattr(other, "detach") and x.axes == ("token", "feature"):
            return _places(b, place, x, other)
        return b.wrong(place, f"{kind} of {type(other).__name__} is not supported; only of two results of layers")

    return made


def _places(b: Building, place: ModulePlace, x: ModuleOutput, parameter: Any) -> ModuleOutput:
    """A table of positions (tokens, features), which is added to every sample."""
    array = b.array(place, "parameter", parameter)
    if array is None:
        return ModuleOutput(x.name, None, ())
    rows = array.reshape(array.shape[-2:]) if array.ndim > 1 and prod(array.shape[:-2]) == 1 else array
    if rows.shape != x.shape or type(parameter).__name__ != "Parameter":
        return b.wrong(
            place,
            f"adds a {type(parameter).__name__.lower()} of shape {list(array.shape)}; supported is a learned one of {list(x.shape or ())}",
        )
    return b.add(place, "position", [x], {"weight": rows}, form="learned")


def _view(b: Building, place: ModulePlace, x: ModuleOutput, sizes: list, settings: dict) -> ModuleOutput:
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], list) else sizes
    if len(sizes) < 2 or sizes[0] not in (BATCH, -1) or x.shape is None or not all(isinstance(size, int) for size in sizes[1:]):
        return b.wrong(place, f"to {sizes} is not supported; samples stay apart: (x.size(0), ...)")
    wanted, size = list(sizes[1:]), prod(x.shape)
    if wanted.count(-1) == 1:
        wanted[wanted.index(-1)] = size // (-prod(wanted) or 1)
    if prod(wanted) != size or min(wanted) < 1:
        return b.wrong(place, f"{wanted} is not the size of {list(x.shape)}")
    return b.flattened(x) if len(wanted) == 1 else b.reshaped(place, x, tuple(wanted))


def _flattened(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
    start = others[0] if others else settings.get("start_dim", 0)
    end = others[1] if len(others) > 1 else settings.get("end_dim", -1)
    return (
        b.flattened(x)
        if start == 1 and end in (-1, len(x.shape or ()))
        else b.wrong(place, f"start_dim={start}, end_dim={end}; only 1 and -1")
    )


def _mean(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
    dims = others[0] if others else settings.get("dim")
    dims = sorted(dims) if isinstance(dims, list) else [dims]
    axes = len(x.shape or ())
    maps = {3: ([2, 3], [-2, -1]), 2: ([2], [-1])}.get(axes, ()) if x.axes[:1] == ("channel",) else ()
    return b.add(place, "global_avg_pool", [x]) if dims in maps else b.wrong(place, f"over {dims} is not supported; only over whole maps")


def _softmax(logarithm: bool) -> Callable:
    def made(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
        return module_layers.normed_exponential(b, place, others[0] if others else settings.get("dim"), x, logarithm)

    return made


def _pooled(kind: str, spatial: int) -> Callable:
    def made(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
        given = dict(zip(("kernel_size", "stride", "padding"), others, strict=False)) | settings
        wrong = {
            key: value for key, value in given.items() if key not in ("kernel_size", "stride", "padding") and value not in (False, None, 1)
        }
        if wrong or (kind == "avg_pool" and given.get("padding") and given.get("count_include_pad", True)):
            return b.wrong(place, f"{wrong or 'padding with count_include_pad=True'} is not supported")
        return module_layers.pool(b, place, (kind, spatial), x, given["kernel_size"], given.get("stride"), given.get("padding", 0))

    return made


def _global(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
    size = others[0] if others else settings.get("output_size")
    return (
        b.add(place, "global_avg_pool", [x]) if size in (1, [1], [1, 1]) else b.wrong(place, f"output_size={size} is not supported; only 1")
    )


def _dropped(b: Building, place: ModulePlace, x: ModuleOutput, others: list, settings: dict) -> ModuleOutput:
    training = others[1] if len(others) > 1 else settings.get("training", True)
    return x if not training else module_layers.dropped(b, place, float(others[0] if others else settings.get("p", 0.5)), x)


FUNCTIONS: dict[str, Callable] = {
    "add": _two("add"), "iadd": _two("add"), "add_": _two("add"), "mul": _two("multiply"), "imul": _two("multiply"),
    "view": _view, "reshape": _view, "flatten": _flattened, "mean": _mean, "dropout": _dropped,
    "softmax": _softmax(False), "log_softmax": _softmax(True),
    "adaptive_avg_pool1d": _global, "adaptive_avg_pool2d": _global,
    **{f"{kind}{spatial}d": _pooled(kind, spatial) for kind in ("max_pool", "avg_pool") for spatial in (1, 2)},
}  # fmt: skip
SUPPORTED = (
    "add",
    "mul",
    "cat",
    "view",
    "reshape",
    "flatten",
    "mean",
    "max_pool",
    "avg_pool",
    "dropout",
    "softmax",
    *dict.fromkeys(NAMES.values()),
)


def _attribute(model: Any, target: str) -> Any:
    for name in target.split("."):
        model = getattr(model, name)
    return model


def _causal(mask: Any) -> bool:
    """Whether a mask hides from each token exactly what comes after it."""
    array = mask.detach().cpu().numpy()
    hidden = array if array.dtype == bool else array < -1e30
    size = array.shape[-1]
    after = [[key > query for key in range(size)] for query in range(size)]
    return array.shape == (size, size) and bool((hidden == after).all()) and (array.dtype == bool or not array[~hidden].any())


def _readers_of_first(node: Any) -> int:
    """Of the first of two results: whoever reads what getitem takes out."""
    return sum(len(user.users) for user in node.users if user.args[1:] == (0,)) or 1


def _container(node: Any) -> str:
    """The module inside which a function is called, where torch says so."""
    stack = (node.meta or {}).get("nn_module_stack") or {}
    paths = [entry[0] for entry in stack.values()]
    return _named(str(paths[-1])) if paths and paths[-1] else ""


def _named(target: str) -> str:
    return f"block{target}" if target[:1].isdecimal() and "." in target else target


def _titled(where: str, target: str) -> str:
    """`model.layer1[0].conv`."""
    return where + "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in target.split(".") if part)
