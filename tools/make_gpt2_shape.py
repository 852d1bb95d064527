"""Writes a Hugging Face folder of GPT-2's shape with random numbers, for measurements; or a file of zeros that takes no room on the disk.

    python tools/make_gpt2_shape.py FOLDER [--layers 12 --width 768 --heads 12 --vocabulary 50257 --places 1024]
    python tools/make_gpt2_shape.py FILE.safetensors --sparse 1000000000

The first has 124 million parameters as it is. Numbers are written as they are drawn, a tensor at a time.
"""

from __future__ import annotations

import argparse
import json
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

Shapes = dict[str, tuple[int, ...]]
WIDE = 4096  # numbers of a row of the file of zeros


def shapes(layers: int, width: int, vocabulary: int, places: int) -> Shapes:
    """Of all tensors, by the names that transformers gives them."""
    found: Shapes = {"wte.weight": (vocabulary, width), "wpe.weight": (places, width)}
    dense = {
        "attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width), "mlp.c_fc": (width, 4 * width), "mlp.c_proj": (4 * width, width),
    }  # fmt: skip
    for k in range(layers):
        for name, shape in dense.items():
            found |= {f"h.{k}.{name}.weight": shape, f"h.{k}.{name}.bias": shape[1:]}
        found |= {f"h.{k}.ln_{n}.{part}": (width,) for n in (1, 2) for part in ("weight", "bias")}
    return found | {"ln_f.weight": (width,), "ln_f.bias": (width,)}


def write_header(file: BinaryIO, tensors: Shapes) -> int:
    """Of float32; returns the bytes of all numbers."""
    header, at = {}, 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at := at + 4 * prod(shape)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    return at


def write_folder(folder: Path, layers: int = 12, width: int = 768, heads: int = 12, vocabulary: int = 50257, places: int = 1024) -> int:
    """Returns how many parameters it has."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors, random = shapes(layers, width, vocabulary, places), np.random.default_rng(0)
    with (folder / "model.safetensors").open("wb") as file:
        write_header(file, tensors)
        for name, shape in tensors.items():
            values = random.standard_normal(shape, np.float32) * np.float32(0.02)
            file.write((values + np.float32(".ln_" in name or name.startswith("ln_f.w"))).tobytes())
    config = {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_layer": layers, "n_embd": width, "n_head": heads,
        "n_positions": places, "vocab_size": vocabulary, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    return sum(map(prod, tensors.values()))


def write_zeros(path: Path, count: int) -> int:
    """A sparse file of 50 matrices, about as many numbers as asked for."""
    tensors = {f"layers.{k}.weight": (max(count // 50 // WIDE, 1), WIDE) for k in range(50)}
    with path.open("wb") as file:
        size = write_header(file, tensors)
        file.truncate(file.tell() + size)
    return sum(map(prod, tensors.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--sparse", type=int, default=0, metavar="N", help="a file of N zeros instead")
    for name, value in {"layers": 12, "width": 768, "heads": 12, "vocabulary": 50257, "places": 1024}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    args = vars(parser.parse_args())
    path, sparse = args.pop("path"), args.pop("sparse")
    count = write_zeros(path, sparse) if sparse else write_folder(path, **args)
    print(f"{path}: {count:,} parameters")


if __name__ == "__main__":
    main()
