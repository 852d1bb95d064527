"""Attention of `torch.nn` as layers: queries, keys and values, scores, softmax, mixture, projection, called as in a transformer block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nnviz3d.formats.torch.values import Building, ModuleOutput, ModulePlace

PARTS = ("query", "key", "value")


def attention(b: Building, place: ModulePlace, module: Any, reads: list[ModuleOutput], causal: bool = False) -> ModuleOutput:
    """A MultiheadAttention of three values, its in_proj cut into three."""
    wrong = [] if module.batch_first else ["batch_first=False (use True: samples come first)"]
    wrong += ["kdim or vdim"] if module.in_proj_weight is None else []
    wrong += ["add_bias_kv"] if module.bias_k is not None else []
    wrong += ["add_zero_attn"] if module.add_zero_attn else []
    wrong += ["bias=False"] if module.in_proj_bias is None else []
    if wrong:
        return b.wrong(place, f"{', '.join(wrong)} is not supported")
    arrays = b.arrays(place, module, "in_proj_weight", "in_proj_bias")
    if len(arrays) < 2:
        return ModuleOutput("input", None, ())
    weights, biases = (np.split(arrays[f"in_proj_{part}"], 3) for part in ("weight", "bias"))
    values = [
        _dense(b, place.part(part), value, {"weight": np.ascontiguousarray(weights[k]), "bias": biases[k].copy()})
        for k, (part, value) in enumerate(zip(PARTS, reads, strict=True))
    ]
    scores = b.add(place.part("scores"), "scores", values[:2], heads=module.num_heads, causal=causal)
    shares = b.add(place.part("softmax"), "softmax", [scores], causal=causal)
    if module.dropout:
        shares = b.add(place.part("dropout"), "dropout", [shares], dropout=float(module.dropout))
    mixed = b.add(place.part("mix"), "mix", [shares, values[2]], causal=causal)
    return replace(_dense(b, place.part("project"), mixed, b.arrays(place, module.out_proj, "weight", "bias")), readers=place.readers)


def _dense(b: Building, place: ModulePlace, x: ModuleOutput, arrays: dict[str, np.ndarray], activation: str = "linear") -> ModuleOutput:
    return b.add(place, "dense", [x], arrays, units=len(arrays.get("weight", [0])), activation=activation, per_token=True)


def _attention(b: Building, place: ModulePlace, module: Any, reads: list[ModuleOutput]) -> ModuleOutput:
    return attention(b, place, module, (reads * 3)[:3] if len(reads) == 1 else reads)


def block(b: Building, place: ModulePlace, module: Any, reads: list[ModuleOutput], causal: bool = False) -> ModuleOutput:
    """A TransformerEncoderLayer: attention, then two dense layers for each token, both added to what they read, normed before or after."""
    activation, x = _function(b, place, module), reads[0]
    if not activation:
        return ModuleOutput("input", None, ())

    def normed(name: str, value: ModuleOutput) -> ModuleOutput:
        return _normed(b, replace(place.part(name), readers=place.readers), getattr(module, name), value)

    def dropped(name: str, value: ModuleOutput) -> ModuleOutput:
        share = float(getattr(module, name).p)
        return b.add(place.part(name), "dropout", [value], dropout=share) if share else value

    def attended(value: ModuleOutput) -> ModuleOutput:
        return dropped("dropout1", attention(b, place, module.self_attn, [value] * 3, causal))

    def mlp(value: ModuleOutput) -> ModuleOutput:
        hidden = _dense(b, place.part("mlp1"), value, b.arrays(place, module.linear1, "weight", "bias"), activation)
        hidden = dropped("dropout", hidden)
        return dropped("dropout2", _dense(b, place.part("mlp2"), hidden, b.arrays(place, module.linear2, "weight", "bias")))

    if module.linear1.bias is None:
        return b.wrong(place, "bias=False is not supported")
    if module.norm_first:
        x = b.add(place.part("add1"), "add", [attended(normed("norm1", x)), x])
        return b.add(ModulePlace(place.title, f"{place.name}.add2", place.readers), "add", [mlp(normed("norm2", x)), x])
    x = normed("norm1", b.add(place.part("add1"), "add", [attended(x), x]))
    return normed("norm2", b.add(place.part("add2"), "add", [mlp(x), x]))


def _function(b: Building, place: ModulePlace, module: Any) -> str:
    """The name here of the function between its two dense layers; "" where it is none that is supported."""
    function = module.activation
    name = getattr(function, "__name__", type(function).__name__).lower()
    if name == "gelu" and getattr(function, "approximate", "none") == "tanh":
        return "gelu_tanh"
    if name in ("relu", "gelu", "silu", "tanh"):
        return name
    b.wrong(place, f"activation {name} is not supported; supported are relu, gelu, silu, tanh")
    return ""


def blocks(b: Building, place: ModulePlace, module: Any, reads: list[ModuleOutput], causal: bool = False) -> ModuleOutput:
    """A TransformerEncoder: its layers one after another, and its norm."""
    x = reads[0]
    for k, layer in enumerate(module.layers):
        x = block(b, ModulePlace(f"{place.title}.layers[{k}]", f"{place.name}.layers.{k}"), layer, [x], causal)
    return x if module.norm is None else _normed(b, ModulePlace(place.title, f"{place.name}.norm", place.readers), module.norm, x)


def _normed(b: Building, place: ModulePlace, norm: Any, x: ModuleOutput) -> ModuleOutput:
    kind = {"LayerNorm": "layer_norm", "RMSNorm": "rms_norm"}.get(type(norm).__name__)
    if kind is None or norm.weight is None or (kind == "layer_norm" and norm.bias is None):
        return b.wrong(place, f"its norm is {type(norm).__name__}; supported are LayerNorm with weight and bias, and RMSNorm with weight")
    eps = float(np.finfo(np.float32).eps if norm.eps is None else norm.eps)
    return b.add(place, kind, [x], b.arrays(place, norm, "weight", "bias"), eps=eps)


READERS = {"MultiheadAttention": _attention, "TransformerEncoderLayer": block, "TransformerEncoder": blocks}
