"""A PyTorch `nn.Sequential` as a network of ours and its weights. Reads the objects that it is given by their names; imports no torch.

Taken: Linear with a bias, the activations of the table, Dropout, Flatten at the beginning, Identity, and Sequentials of these. All
else is reported by its place and its reason, every one at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Layer, Network, Output

CLASSES = tuple(dict.fromkeys(row.module for row in ACTIVATIONS.values() if row.module))
LOGARITHM = {"LogSoftmax": "Softmax"}  # whose exponential is a function of ours
NOTHING = ("Identity", "Flatten", "Dropout")
WHY = {
    "Conv": "convolutions are not in the engine yet",
    "Norm": "normalisation is not in the engine yet",
    "Pool": "pooling is not in the engine yet",
    "RNN": "recurrent layers are not in the engine yet",
    "LSTM": "recurrent layers are not in the engine yet",
    "GRU": "recurrent layers are not in the engine yet",
    "Attention": "attention is not in the engine yet",
    "Transformer": "attention is not in the engine yet",
    "Embedding": "embeddings are not in the engine yet",
    "Lazy": "its size is not known before the first sample; run the model once",
}


@dataclass(frozen=True)
class Taken:
    """`weights`: `layers.k.weight` (out, in) and `layers.k.bias` (out,) float32, as of `formats.weights`."""

    network: Network
    weights: dict[str, np.ndarray]
    inputs: int
    outputs: int


def is_module(model: Any) -> bool:
    """Whether it is an `nn.Module`, of whatever class."""
    return any(base.__module__.startswith("torch.nn") and base.__name__ == "Module" for base in type(model).__mro__)


def take(model: Any, where: str = "model") -> Taken:
    """Raises InputError with every module that is not supported."""
    problems: list[Problem] = []
    steps = list(_flat(model, where, problems))
    layers: list[dict] = []  # of each Linear: the module, its name, activation and dropout
    for name, module in steps:
        kind = type(module).__name__
        if kind == "Linear":
            layers.append({"module": module, "name": name, "activation": "", "dropout": 0.0})
            if module.bias is None:
                problems.append(
                    Problem(name, "", "Linear without a bias: every neuron has one here; bias=True with zeros is the same function")
                )
        elif kind in NOTHING:
            _pass(kind, module, name, layers, problems)
        else:
            _activate(kind, module, name, layers, problems)
    if not layers and not problems:
        problems.append(Problem(where, "", "has no Linear layer"))
    weights = _weights(layers, problems)
    if problems:
        raise InputError(*problems)
    sizes = [weights[f"layers.{k}.weight"].shape for k in range(len(layers))]
    hidden = tuple(
        Layer(units=size[0], activation=layer["activation"] or "linear", dropout=layer["dropout"])
        for layer, size in zip(layers[:-1], sizes[:-1], strict=True)
    )
    return Taken(Network(layers=hidden, output=Output(activation=layers[-1]["activation"] or "auto")), weights, sizes[0][1], sizes[-1][0])


def _flat(model: Any, where: str, problems: list[Problem]):
    """(name, module) in the order in which a Sequential calls them."""
    kind = type(model).__name__
    if kind == "Sequential":
        for name, module in model._modules.items():
            yield from _flat(module, f"{where}[{name}]" if name.isdecimal() else f"{where}.{name}", problems)
    elif where == "model" and kind not in ("Linear",):
        text = f"{kind} calls its layers in its own way, which cannot be read; give them in order: nn.Sequential(...)"
        problems.append(Problem(where, "", text))
    else:
        yield f"{where} ({kind})", model


def _pass(kind: str, module: Any, name: str, layers: list[dict], problems: list[Problem]) -> None:
    """What is no function of its own here."""
    if kind == "Flatten" and layers:
        problems.append(Problem(name, "", "is supported only at the start, where it turns a sample into one row"))
    elif kind == "Dropout":
        if not layers or not 0 <= module.p < 1:
            problems.append(Problem(name, "", f"dropout of {module.p:g} {'of the input ' if not layers else ''}is not supported"))
        elif layers[-1]["dropout"]:
            problems.append(Problem(name, "", "two dropouts after one layer"))
        else:
            layers[-1]["dropout"] = float(module.p)


def _activate(kind: str, module: Any, name: str, layers: list[dict], problems: list[Problem]) -> None:
    known = [row for row in ACTIVATIONS.values() if row.module and row.module == LOGARITHM.get(kind, kind)]
    ours = next((row.name for row in known if not _other(module, row.settings)), "")
    if not known:
        reason = next((why for word, why in WHY.items() if word in kind), "is not supported")
        taken = ", ".join(["Linear", *CLASSES, *LOGARITHM, *NOTHING])
        problems.append(Problem(name, "", f"{reason}; supported are {taken}"))
    elif not ours:
        only = " or ".join(", ".join(f"{key}={value}" for key, value in row.settings.items()) for row in known)
        problems.append(Problem(name, "", f"{', '.join(_other(module, known[0].settings))} is not supported; only {only}"))
    elif not layers:
        problems.append(Problem(name, "", "comes before the first Linear"))
    elif layers[-1]["activation"]:
        problems.append(Problem(name, "", f"comes after another activation of {layers[-1]['name']}"))
    elif layers[-1]["dropout"]:
        problems.append(Problem(name, "", "comes after a dropout; put the dropout behind the activation"))
    else:
        layers[-1]["activation"] = ours


def _other(module: Any, settings: dict[str, Any]) -> list[str]:
    """The settings that it has otherwise."""
    return [f"{key}={getattr(module, key)}" for key, value in settings.items() if getattr(module, key) != value]


def _weights(layers: list[dict], problems: list[Problem]) -> dict[str, np.ndarray]:
    found, before = {}, None
    for k, layer in enumerate(layers):
        module, name = layer["module"], layer["name"]
        if k < len(layers) - 1 and layer["activation"] == "softmax":
            problems.append(Problem(name, "", "softmax is supported only after the last Linear"))
        if before is not None and module.in_features != before:
            problems.append(Problem(name, "", f"takes {module.in_features} numbers, but the Linear before it outputs {before}"))
        before = module.out_features
        if k == len(layers) - 1 and layer["dropout"]:
            problems.append(Problem(name, "", "a dropout of the output is not supported"))
        for key in ("weight", "bias"):
            parameter = getattr(module, key)
            if parameter is None:
                continue
            try:
                array = np.array(parameter.detach().cpu().float().numpy(), np.float32)
            except (RuntimeError, NotImplementedError, TypeError) as error:  # no numbers yet: device "meta", lazy
                problems.append(Problem(name, key, f"has no values: {str(error).splitlines()[0]}"))
                continue
            if not np.isfinite(array).all():
                problems.append(Problem(name, key, "contains values that are not finite"))
            found[f"layers.{k}.{key}"] = array
    return found
