"""Folders as Hugging Face writes them, small and with random numbers, and what their models answer by numpy alone, in float64."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Tensors = dict[str, np.ndarray]
GPT2 = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_layer": 2, "n_embd": 24, "n_head": 3, "n_positions": 40,
    "vocab_size": 61, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "bos_token_id": 60, "eos_token_id": 60,
    "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
}  # fmt: skip
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 24, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 40, "max_position_embeddings": 64, "vocab_size": 53, "hidden_act": "silu",
    "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": False,
}  # fmt: skip


def _draw(shapes: dict[str, tuple[int, ...]], seed: int) -> Tensors:
    """Matrices around 0, scales around 1."""
    random = np.random.default_rng(seed)
    return {
        name: (random.normal(0, 0.3, shape) + (1.0 if "ln_" in name or "norm" in name else 0.0)).astype(np.float32)
        for name, shape in shapes.items()
    }


def gpt2_tensors(config: dict = GPT2, seed: int = 3) -> Tensors:
    d, inner = config["n_embd"], 4 * config["n_embd"]
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (config["vocab_size"], d), "wpe.weight": (config["n_positions"], d)}
    for k in range(config["n_layer"]):
        dense = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, inner), "mlp.c_proj": (inner, d)}
        for name, shape in dense.items():
            shapes |= {f"h.{k}.{name}.weight": shape, f"h.{k}.{name}.bias": shape[1:]}
        shapes |= {f"h.{k}.ln_{n}.{part}": (d,) for n in (1, 2) for part in ("weight", "bias")}
    return _draw(shapes | {"ln_f.weight": (d,), "ln_f.bias": (d,)}, seed)


def llama_tensors(config: dict = LLAMA, seed: int = 4, biases: bool = False) -> Tensors:
    """`biases`: of query, key and value, as Qwen2 has them."""
    d, inner, head = config["hidden_size"], config["intermediate_size"], config["hidden_size"] // config["num_attention_heads"]
    wide = {"q": d, "k": head * config["num_key_value_heads"], "v": head * config["num_key_value_heads"]}
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (config["vocab_size"], d)}
    for k in range(config["num_hidden_layers"]):
        at = f"model.layers.{k}"
        shapes |= {f"{at}.self_attn.{part}_proj.weight": (size, d) for part, size in wide.items()}
        shapes |= {f"{at}.self_attn.{part}_proj.bias": (size,) for part, size in wide.items() if biases}
        shapes |= {f"{at}.self_attn.o_proj.weight": (d, d), f"{at}.mlp.down_proj.weight": (d, inner)}
        shapes |= {f"{at}.mlp.{part}_proj.weight": (inner, d) for part in ("gate", "up")}
        shapes |= {f"{at}.{name}.weight": (d,) for name in ("input_layernorm", "post_attention_layernorm")}
    shapes["model.norm.weight"] = (d,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (config["vocab_size"], d)
    return _draw(shapes, seed)


def write(folder: Path, config: dict, tensors: Tensors, shards: int = 1) -> Path:
    """One file, or several with an index."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        return folder
    names, place = list(tensors), {}
    for k in range(shards):
        file = f"model-{k + 1:05}-of-{shards:05}.safetensors"
        save_file({name: tensors[name] for name in names[k::shards]}, folder / file, {"format": "pt"})
        place |= dict.fromkeys(names[k::shards], file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": place}))
    return folder


def bfloat16_file(path: Path, tensors: Tensors) -> Tensors:
    """Written by hand, as numpy has no such type; returns the numbers that are left."""
    header, body, kept = {}, b"", {}
    for name, values in tensors.items():
        upper = (values.view(np.uint32) >> 16).astype("<u2")
        kept[name] = (upper.astype(np.uint32) << 16).view(np.float32)
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [len(body), len(body) + upper.nbytes]}
        body += upper.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return kept


def gpt2_logits(tensors: Tensors, config: dict, ids: np.ndarray) -> np.ndarray:
    """(T, V) by the formulas of the paper."""
    w = {name: values.astype(np.float64) for name, values in tensors.items()}
    heads, eps = config["n_head"], config["layer_norm_epsilon"]
    x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]
    for k in range(config["n_layer"]):
        at = f"h.{k}."
        q, k_, v = np.split(_linear(w, at + "attn.c_attn", _layer_norm(w, at + "ln_1", x, eps)), 3, axis=1)
        x = x + _linear(w, at + "attn.c_proj", _attention(q, k_, v, heads))
        inner = _linear(w, at + "mlp.c_fc", _layer_norm(w, at + "ln_2", x, eps))
        inner = 0.5 * inner * (1 + np.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
        x = x + _linear(w, at + "mlp.c_proj", inner)
    return _layer_norm(w, "ln_f", x, eps) @ w["wte.weight"].T


def llama_logits(tensors: Tensors, config: dict, ids: np.ndarray) -> np.ndarray:
    """(T, V); pairs of a head are its halves."""
    w = {name.removeprefix("model."): values.astype(np.float64) for name, values in tensors.items()}
    heads, shared, eps = config["num_attention_heads"], config["num_key_value_heads"], config["rms_norm_eps"]
    x, base = w["embed_tokens.weight"][ids], config["rope_theta"]
    for n in range(config["num_hidden_layers"]):
        at = f"layers.{n}."
        h = _rms(w[at + "input_layernorm.weight"], x, eps)
        q, k, v = (h @ w[f"{at}self_attn.{p}_proj.weight"].T + w.get(f"{at}self_attn.{p}_proj.bias", 0.0) for p in "qkv")
        k, v = (np.repeat(each.reshape(len(ids), shared, -1), heads // shared, axis=1).reshape(len(ids), -1) for each in (k, v))
        mixed = _attention(_turned(q, heads, base), _turned(k, heads, base), v, heads)
        x = x + mixed @ w[at + "self_attn.o_proj.weight"].T
        h = _rms(w[at + "post_attention_layernorm.weight"], x, eps)
        gate, up = h @ w[at + "mlp.gate_proj.weight"].T, h @ w[at + "mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[at + "mlp.down_proj.weight"].T
    return _rms(w["norm.weight"], x, eps) @ w.get("lm_head.weight", w["embed_tokens.weight"]).T


def _linear(w: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    return x @ w[name + ".weight"] + w[name + ".bias"]


def _layer_norm(w: Tensors, name: str, x: np.ndarray, eps: float) -> np.ndarray:
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + eps) * w[name + ".weight"] + w[name + ".bias"]


def _rms(weight: np.ndarray, x: np.ndarray, eps: float) -> np.ndarray:
    return x / np.sqrt((x**2).mean(1, keepdims=True) + eps) * weight


def _turned(x: np.ndarray, heads: int, base: float) -> np.ndarray:
    t, width = x.shape
    d = width // heads
    angle = np.arange(t)[:, None] / base ** (np.arange(0, d, 2) / d)
    a, b = np.split(x.reshape(t, heads, d).transpose(1, 0, 2), 2, axis=2)
    made = np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], axis=2)
    return made.transpose(1, 0, 2).reshape(t, width)


def _attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, heads: int) -> np.ndarray:
    t = len(q)
    q, k, v = (each.reshape(t, heads, -1).transpose(1, 0, 2) for each in (q, k, v))
    scores = np.where(np.tri(t, dtype=bool), q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2]), -np.inf)
    shares = np.exp(scores - scores.max(2, keepdims=True))
    return (shares / shares.sum(2, keepdims=True) @ v).transpose(1, 0, 2).reshape(t, -1)
