"""A PyTorch model as a network of ours and its weights. Reads the objects that it is given by their names; imports no torch.

A Sequential is read module by module, any other model as `torch.fx` traces it. What cannot be taken is reported by its place and its
reason, every one at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from nnviz3d.formats.torch import layers as module_layers
from nnviz3d.formats.torch import trace as module_trace
from nnviz3d.formats.torch.values import Building, Made, ModuleOutput, ModulePlace, Read, first
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import INPUT, Axes, Shape
from nnviz3d.spec.network_graph import output_name
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology_builder import build_topology

LEAVES = ("Linear", "TransformerEncoderLayer", "TransformerEncoder")  # models by themselves
READS = {  # what the axes of a sample run over, by the class that reads it
    "Embedding": ("token",),
    **dict.fromkeys(("Conv1d", "MaxPool1d", "AvgPool1d", "AdaptiveAvgPool1d", "BatchNorm1d"), ("channel", "column")),
    **dict.fromkeys(("MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"), ("token", "feature")),
}


@dataclass(frozen=True)
class Taken:
    """`weights`: by the names of `formats.weights`, float32. `axes`: what those of a sample run over; () where their number says it."""

    network: Network
    weights: dict[str, np.ndarray]
    shape: Shape
    outputs: int
    axes: Axes = ()


def is_module(model: Any) -> bool:
    """Whether it is an `nn.Module`, of whatever class."""
    return any(base.__module__.startswith("torch.nn") and base.__name__ == "Module" for base in type(model).__mro__)


def take(model: Any, shape: Shape | None = None, where: str = "model", read: Read | None = None) -> Taken:
    """`shape`: of a sample; a model that begins with a Linear does without. `read`: what is taken of a tensor, its values in float32 or
    other numbers in its place, which are only cut and ordered then. Raises InputError with every module that is not supported."""
    b, graph = Building(read), None
    chain = list(_flat(model, where, ""))
    if not all(_is_leaf(module) for _, module in chain):
        graph = module_trace.trace(model, where, b)
        if graph is None:
            raise InputError(*b.problems)
    modules = module_trace.called(graph, model) if graph is not None else [module for _, module in chain]
    axes = _axes(modules, shape)
    x = first(shape, axes)
    if graph is not None:
        x = module_trace.follow(graph, model, where, b, x)
    else:
        for place, module in chain:
            x = module_layers.take(b, place, module, [x])
    output = _output(b, where, x)
    if b.problems or output is None:
        raise InputError(*b.problems)
    return _taken(b, output, shape or _width(next(iter([*b.layers.values(), output]))), axes)


def _is_leaf(module: Any) -> bool:
    """Of torch itself: its class says what it does. Lists of modules do nothing by themselves."""
    return type(module).__module__.startswith("torch.nn") and not type(module).__name__.endswith(("List", "Dict"))


def _flat(model: Any, where: str, name: str) -> Iterator[tuple[ModulePlace, Any]]:
    """Modules in the order in which a Sequential calls them."""
    if type(model).__name__ != "Sequential":
        yield ModulePlace(f"{where} ({type(model).__name__})", name or "layer"), model
        return
    for key, module in model._modules.items():
        yield from _flat(module, f"{where}[{key}]" if key.isdecimal() else f"{where}.{key}", f"{name}.{key}".strip("."))


def _axes(modules: list[Any], shape: Shape | None) -> Axes:
    """Of a sample, where the class that reads it says more than its shape."""
    for module in modules:
        kind = type(module).__name__
        if kind in READS:
            axes = READS[kind]
            return axes if shape is not None and len(shape) == len(axes) else ()
        if kind in ("Linear", "LayerNorm", "RMSNorm"):
            width = module.in_features if kind == "Linear" else module.normalized_shape[-1]
            whole = kind != "Linear" and len(module.normalized_shape) > 1
            return ("token", "feature") if shape is not None and len(shape) == 2 and width == shape[-1] and not whole else ()
        if kind in ("Flatten", "Conv2d", "MaxPool2d", "AvgPool2d", "BatchNorm2d"):
            return ()
    return ()


def _output(b: Building, where: str, x: ModuleOutput) -> Made | None:
    """The Linear at the end with its function, which is the network's output and no longer among the layers."""
    last = b.layers.get(x.name)
    activation, function = "", None
    if last is not None and last.keys["kind"] == "softmax":
        activation, function, last = "softmax", last, b.layers.get(last.keys["from"][0])
    if not b.layers:
        if not b.problems:
            b.problems.append(Problem(where, "", "has no Linear layer"))
        return None
    if last is None or last.keys["kind"] != "dense" or (activation and last.keys["activation"] != "linear"):
        if x.shape is not None or not b.problems:
            title = last.place.title if last is not None else where
            b.problems.append(Problem(title, "", "is the last; the output of a network is a Linear here, with one activation after it"))
        return None
    if last.keys.get("dropout"):
        b.problems.append(Problem(last.place.title, "", "a dropout of the output is not supported"))
    readers = [made for made in b.layers.values() if last.place.name in made.keys["from"] and made is not function]
    if readers:
        b.problems.append(Problem(last.place.title, "", f"is the output, but {readers[0].place.title} reads it too"))
    del b.layers[last.place.name]
    if function is not None:
        del b.layers[function.place.name]
    for made in [*b.layers.values(), last]:
        if made.open:
            b.problems.append(Problem(made.place.title, "", made.open))
    last.keys["activation"] = activation or (last.keys["activation"] if last.keys["activation"] != "linear" else "auto")
    return last


def _width(made: Made) -> Shape:
    """The shape of a sample, by the first layer. Raises InputError where that does not say it."""
    if made.keys["kind"] != "dense" or "weight" not in made.arrays:
        raise InputError.of(made.place.title, "", "reads samples whose shape is not known; give data")
    return (made.arrays["weight"].shape[1],)


def _taken(b: Building, output: Made, shape: Shape, axes: Axes) -> Taken:
    layers, before = [], INPUT
    named = not all(made.keys["kind"] == "dense" and made.place.name[:5] == "layer" for made in b.layers.values()) or not _line(b)
    names = {name: name for name in b.layers} | {INPUT: INPUT}
    if output_name(len(b.layers)) in names:
        names[output_name(len(b.layers))] += "_"
    for name, made in b.layers.items():
        reads = made.keys["from"]
        keys = {key: value for key, value in made.keys.items() if key != "from"}
        if named:
            keys["name"] = names[name]
        if reads != [before]:
            keys["from"] = [names[each] for each in reads]
        layers.append(keys)
        before = name
    tail = [name for name in output.keys["from"] if name != before]
    if tail:
        text = f"is not the last that is called: nothing reads {b.layers[before].place.title}"
        raise InputError.of(output.place.title, "", text)
    try:
        network = Network.model_validate({"layers": layers, "output": {"activation": output.keys["activation"]}})
    except ValidationError as error:
        places = [*b.layers.values()]
        raise InputError(*(Problem(places[int(each["loc"][1])].place.title, "", each["msg"]) for each in error.errors())) from None
    arrays = [made.arrays for made in [*b.layers.values(), output]]
    outputs = output.keys["units"]
    topology = build_topology(network, shape, outputs, "linear", input_axes=axes)
    if output.keys.get("per_token") and axes != ("token",):
        raise InputError.of(output.place.title, "", "answers at each token, which is supported for token ids (an Embedding) only")
    if dict(topology.output.parameters)["weight"].shape != output.arrays["weight"].shape:
        wanted, found = dict(topology.output.parameters)["weight"].shape, output.arrays["weight"].shape
        raise InputError.of(output.place.title, "", f"its weight is {list(found)}; as the output it would be {list(wanted)}")
    weights = {
        topology.parameter_name(node, part): np.ascontiguousarray(held[part])
        for node, held in zip(topology.nodes[1:], arrays, strict=True)
        for part, _ in node.parameters
    }
    return Taken(network, weights, shape, outputs, axes)


def _line(b: Building) -> bool:
    """Whether each layer reads the one before it."""
    before = INPUT
    for name, made in b.layers.items():
        if made.keys["from"] != [before]:
            return False
        before = name
    return True
