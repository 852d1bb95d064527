"""Modules of `torch.nn` as layers: one function for each class, which says what of its settings cannot be taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from nnviz3d.formats.torch import attention as module_attention
from nnviz3d.formats.torch.values import Building, ModuleOutput, ModulePlace
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.layer_table import text

LOGARITHM = {"LogSoftmax": "Softmax"}  # whose exponential is a function of ours
FUNCTIONS = tuple(dict.fromkeys(row.module for row in ACTIVATIONS.values() if row.module and not row.rowwise))
WHY = {
    "RNN": "recurrent layers are not in the engine yet",
    "LSTM": "recurrent layers are not in the engine yet",
    "GRU": "recurrent layers are not in the engine yet",
    "ConvTranspose": "transposed convolutions are not in the engine yet",
    "Lazy": "its size is not known before the first sample; run the model once",
}
NO_BIAS = "without a bias: every neuron has one here; bias=True with zeros is the same function"


def take(b: Building, place: ModulePlace, module: Any, reads: list[ModuleOutput]) -> ModuleOutput:
    """What the module returns for these values. Problems are noted in `b`."""
    kind = type(module).__name__
    if kind in READERS:
        return READERS[kind](b, place, module, reads[0])
    if kind in module_attention.READERS:
        return module_attention.READERS[kind](b, place, module, reads)
    known = [row for row in ACTIVATIONS.values() if row.module and row.module == kind]
    if not known:
        reason = next((why for word, why in WHY.items() if word in kind), "is not supported")
        return b.wrong(place, f"{reason}; supported are {', '.join(SUPPORTED)}")
    name = next((row.name for row in known if not _other(module, row.settings)), "")
    if not name:
        only = " or ".join(", ".join(f"{key}={value}" for key, value in row.settings.items()) for row in known)
        return b.wrong(place, f"{', '.join(_other(module, known[0].settings))} is not supported; only {only}")
    return activate(b, place, name, reads[0])


def activate(b: Building, place: ModulePlace, name: str, x: ModuleOutput) -> ModuleOutput:
    """A function by its name here, in the layer that it follows where that has none yet."""
    made = b.maker(x, "dense", "conv1d", "conv2d")
    if made is None or made.keys["activation"] != "linear" or made.keys.get("dropout") or made.open:
        return b.add(place, "activation", [x], activation=name)
    made.keys["activation"] = name
    return ModuleOutput(x.name, x.shape, x.axes, place.readers)


def dropped(b: Building, place: ModulePlace, share: float, x: ModuleOutput) -> ModuleOutput:
    if not 0 <= share < 1:
        return b.wrong(place, f"dropout of {share:g} is not supported; only from 0 to below 1")
    made = b.maker(x, "dense")
    if not share or x.shape is None:
        return x
    if made is None or made.keys.get("dropout"):
        return b.add(place, "dropout", [x], dropout=share)
    made.keys["dropout"] = share
    return ModuleOutput(x.name, x.shape, x.axes, place.readers)


def normed_exponential(b: Building, place: ModulePlace, dim: int | None, x: ModuleOutput, logarithm: bool = False) -> ModuleOutput:
    """A softmax; only as the model's last call it may be its logarithm."""
    axes = len(x.shape) if x.shape is not None else 1
    if dim not in (-1, axes, None):
        return b.wrong(place, f"dim={dim} is not supported; only the last axis, dim=-1")
    value = b.add(place, "softmax", [x])
    if logarithm:
        b.layers[value.name].open = "a logarithm of a softmax is supported only as the output"
    return value


def _linear(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    """On the features of each token, or on all numbers as one vector."""
    arrays, shape = b.arrays(place, module, "weight", "bias"), x.shape
    if shape is None and x.name == "input":
        x = ModuleOutput(x.name, (module.in_features,), ("neuron",), x.readers)
    tokens = x.axes == ("token", "feature") and not x.flat
    if shape is not None and module.in_features != (shape[-1] if tokens else prod(shape)):
        hint = "" if tokens or len(shape) < 2 or module.in_features != shape[-1] else "; put a Flatten before it, or give tokens x features"
        b.wrong(place, f"takes {module.in_features:,} numbers, but reads {text(shape)}{hint}")
        x = ModuleOutput(x.name, None, ())
    keys: dict[str, Any] = {"units": module.out_features, "activation": "linear"} | ({"per_token": True} if tokens else {})
    value = b.add(place, "dense", [replace(x, flat=False)], arrays, **keys)
    _bias(b, value, arrays, "Linear")
    return value if value.shape is not None or tokens else ModuleOutput(value.name, (module.out_features,), ("neuron",), place.readers)


def _bias(b: Building, value: ModuleOutput, arrays: dict[str, np.ndarray], kind: str) -> None:
    """Without one: right where a batch norm takes every constant away again, which a bias of 0 then is."""
    if "bias" not in arrays and "weight" in arrays:
        arrays["bias"] = np.zeros(len(arrays["weight"]), np.float32)
        b.layers[value.name].arrays, b.layers[value.name].open = arrays, f"{kind} {NO_BIAS}"


def _convolution(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    kind = type(module).__name__.lower()
    if module.padding_mode != "zeros":
        return b.wrong(place, f"padding_mode={module.padding_mode!r} is not supported; only 'zeros'")
    arrays = b.arrays(place, module, "weight", "bias")
    padding = module.padding if isinstance(module.padding, str) else _sides(module.padding)
    keys = {"kernel": _sides(module.kernel_size), "stride": _sides(module.stride), "dilation": _sides(module.dilation)}
    value = b.add(
        place, kind, [x], arrays, channels=module.out_channels, padding=padding, groups=module.groups, activation="linear", **keys
    )
    _bias(b, value, arrays, type(module).__name__)
    return value


def _sides(given: Any) -> Any:
    """One number, or [rows, columns]."""
    if isinstance(given, int):
        return given
    return given[0] if len(set(given)) == 1 else list(given)


def _pool(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    name, spatial = type(module).__name__, int(type(module).__name__[-2])
    wanted = {"ceil_mode": False, "return_indices": False, "divisor_override": None}
    wrong = [f"{key}={getattr(module, key)}" for key, value in wanted.items() if getattr(module, key, value) != value]
    wrong += [f"dilation={module.dilation}"] if _sides(getattr(module, "dilation", 1)) != 1 else []
    if _sides(module.padding) and getattr(module, "count_include_pad", False):
        wrong.append("padding with count_include_pad=True")
    if wrong:
        return b.wrong(place, f"{', '.join(wrong)} is not supported")
    return pool(
        b, place, ("max_pool" if name.startswith("Max") else "avg_pool", spatial), x, module.kernel_size, module.stride, module.padding
    )


def pool(b: Building, place: ModulePlace, kind: tuple[str, int], x: ModuleOutput, kernel: Any, stride: Any, padding: Any) -> ModuleOutput:
    """`kind`: of the layer, and along how many axes."""
    name, spatial = kind
    if x.shape is not None and (2 if "row" in x.axes else 1) != spatial:
        return b.wrong(place, f"reads maps with {spatial} of the axes row and column; found {' x '.join(x.axes)}")
    return b.add(place, name, [x], kernel=_sides(kernel), stride=_sides(stride or kernel), padding=_sides(padding))


def _mean_of_maps(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    size = module.output_size
    if size not in (1, (1,), (1, 1)):
        return b.wrong(place, f"output_size={size} is not supported; only 1")
    return b.add(place, "global_avg_pool", [x])


def _batch_norm(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    if not module.affine or not module.track_running_stats or module.momentum is None:
        return b.wrong(place, "only with affine=True, track_running_stats=True and a momentum that is a number")
    if x.axes[-1:] == ("feature",):
        return b.wrong(place, f"takes the mean of each token's place; here it is that of each feature (reads {' x '.join(x.axes)})")
    if x.name in b.layers and not x.flat and x.readers == 1:
        b.layers[x.name].open = ""  # what it adds to a channel is taken off again
    arrays = b.arrays(place, module, "weight", "bias", "running_mean", "running_var")
    return b.add(place, "batch_norm", [x], arrays, momentum=float(module.momentum), eps=float(module.eps))


def _layer_norm(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    if getattr(module, "weight", None) is None or module.bias is None:
        return b.wrong(place, "only with elementwise_affine=True and bias=True")
    return b.add(place, "layer_norm", [x], b.arrays(place, module, "weight", "bias"), eps=float(module.eps))


def _rms_norm(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    if getattr(module, "weight", None) is None:
        return b.wrong(place, "only with elementwise_affine=True")
    eps = float(np.finfo(np.float32).eps) if module.eps is None else float(module.eps)
    return b.add(place, "rms_norm", [x], b.arrays(place, module, "weight"), eps=eps)


def _embedding(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    wrong = [f"{key}={getattr(module, key)}" for key in ("padding_idx", "max_norm") if getattr(module, key) is not None]
    if wrong:
        return b.wrong(place, f"{', '.join(wrong)} is not supported")
    arrays = b.arrays(place, module, "weight")
    return b.add(place, "embedding", [x], arrays, units=module.embedding_dim, vocabulary=module.num_embeddings)


def _flatten(b: Building, place: ModulePlace, module: Any, x: ModuleOutput) -> ModuleOutput:
    if module.start_dim != 1 or module.end_dim not in (-1, len(x.shape or ())):
        return b.wrong(place, f"start_dim={module.start_dim}, end_dim={module.end_dim} is not supported; only 1 and -1")
    return b.flattened(x)


def _other(module: Any, settings: dict[str, Any]) -> list[str]:
    """The settings that it has otherwise."""
    return [f"{key}={getattr(module, key)}" for key, value in settings.items() if getattr(module, key) != value]


READERS: dict[str, Callable[[Building, ModulePlace, Any, ModuleOutput], ModuleOutput]] = {
    "Linear": _linear, "Conv1d": _convolution, "Conv2d": _convolution,
    "MaxPool1d": _pool, "MaxPool2d": _pool, "AvgPool1d": _pool, "AvgPool2d": _pool,
    "AdaptiveAvgPool1d": _mean_of_maps, "AdaptiveAvgPool2d": _mean_of_maps,
    "BatchNorm1d": _batch_norm, "BatchNorm2d": _batch_norm, "LayerNorm": _layer_norm, "RMSNorm": _rms_norm,
    "Embedding": _embedding, "Flatten": _flatten,
    "Dropout": lambda b, place, module, x: dropped(b, place, float(module.p), x),
    "Identity": lambda b, place, module, x: x,
    "Softmax": lambda b, place, module, x: normed_exponential(b, place, module.dim, x),
    "LogSoftmax": lambda b, place, module, x: normed_exponential(b, place, module.dim, x, True),
}  # fmt: skip
SUPPORTED = (*READERS, *module_attention.READERS, *FUNCTIONS, "Sequential")
