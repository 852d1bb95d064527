"""Weights files: safetensors, a plain table of arrays that cannot hold code.

Dense layer k (0-based, counting layers with parameters) is `layers.k.weight` (out, in) and `layers.k.bias` (out,), float32.
The metadata key `nnviz3d` holds the scene as TOML. Parsing is the safetensors library's; the limits, the shapes and the check
that every number is finite are ours, and come before the values are read where they can.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from nnviz3d.spec import limits, paths, toml
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology

SCENE_KEY = "nnviz3d"
CHECKPOINT = "checkpoint."  # how names begin that are no weights but the state of training (`importers.checkpoint`)
HEADER_BYTES = 16 << 20  # 100,000 tensors fit; the library itself would take 100 MB of JSON
TENSORS = 100_000
RANK = 8
READABLE = ("F16", "F32", "F64")


def names(topology: Topology) -> dict[str, tuple[int, ...]]:
    """The tensors that this network consists of, with their shapes, in the order of the layers."""
    wanted = {}
    for k, node in enumerate(node for node in topology.nodes if node.weight is not None):
        wanted[f"layers.{k}.weight"] = node.weight.shape
        if node.bias is not None:
            wanted[f"layers.{k}.bias"] = node.bias.shape
    return wanted


def save(path: str | os.PathLike, parameters: dict[str, np.ndarray], scene: Scene) -> None:
    """Write beside the target and rename, so that a full disk leaves the old file whole. Raises InputError where it cannot be written."""
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in parameters.items()}
    paths.write(Path(path), to_bytes(arrays, {SCENE_KEY: toml.dump(scene)}))


def load(path: str | os.PathLike, topology: Topology) -> dict[str, np.ndarray]:
    """All tensors of the network, float32 and finite. Raises InputError with every tensor that is missing, unknown or does not fit."""
    where, wanted = str(path), names(topology)
    with Opened(path) as file:
        found = {name: what for name, what in shapes(file, where).items() if not name.startswith(CHECKPOINT)}
        problems = [
            Problem(where, name, f"missing; the network needs {list(shape)}") for name, shape in wanted.items() if name not in found
        ]
        for name, (shape, dtype) in found.items():
            if name not in wanted:
                problems.append(Problem(where, name, f"is not part of this network, which has {len(wanted)} tensors"))
            elif shape != wanted[name]:
                problems.append(Problem(where, name, f"shape {list(shape)}; the network needs {list(wanted[name])}"))
            elif dtype not in READABLE:
                problems.append(Problem(where, name, f"values of type {dtype}; expected F32"))
        if problems:
            raise InputError(*problems)
        with np.errstate(over="ignore"):
            parameters = {name: np.ascontiguousarray(file.get_tensor(name), np.float32) for name in wanted}
    bad = {name: int(np.count_nonzero(~np.isfinite(array))) for name, array in parameters.items()}
    problems = [Problem(where, name, f"{count:,} values are not finite in float32") for name, count in bad.items() if count]
    if problems:
        raise InputError(*problems)
    return parameters


def describe(path: str | os.PathLike) -> dict:
    """What the file holds, without reading values: tensors, sizes, and the scene it was trained with if there. Raises InputError."""
    where = str(path)
    with Opened(path) as file:
        found = shapes(file, where)
        scene = (file.metadata() or {}).get(SCENE_KEY)
    return {
        "kind": "weights",
        "file": where,
        "bytes": Path(path).stat().st_size,
        "parameters": sum(prod(shape) for name, (shape, _) in found.items() if not name.startswith(CHECKPOINT)),
        "tensors": [{"name": name, "shape": list(shape), "dtype": dtype} for name, (shape, dtype) in found.items()],
        "scene": scene,
    }


class Opened:
    """A file whose size and header length were judged before the library parses it; its errors become InputError."""

    def __init__(self, path: str | os.PathLike, kind: str = "weights file (.safetensors)"):
        self.path, self.kind = Path(path), kind

    def open(self):
        """The mapped file; who drops it, unmaps it."""
        where = str(self.path)
        size = paths.regular_file(self.path, limits.DATA_BYTES, self.kind)
        try:
            with self.path.open("rb") as file:
                header = int.from_bytes(file.read(8), "little")
            if size < 8 or header > min(HEADER_BYTES, size - 8):
                raise InputError.of(where, "", f"not a safetensors file: claims a header of {header:,} bytes in a file of {size:,}")
            return safe_open(self.path, framework="numpy")
        except OSError as error:
            raise InputError.of(where, "", f"cannot be read: {error.strerror or error}") from None
        except SafetensorError as error:
            raise InputError.of(where, "", f"not a sound safetensors file: {error}") from None

    def __enter__(self):
        self.file = self.open()
        return self.file.__enter__()

    def __exit__(self, kind, error, trace):
        self.file.__exit__(kind, error, trace)
        if isinstance(error, SafetensorError):
            raise InputError.of(str(self.path), "", f"not a sound safetensors file: {error}") from None
        return False


def shapes(file, where: str) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name -> (shape, dtype), in natural order: layers.2 before layers.10."""
    keys = list(file.keys())
    if len(keys) > TENSORS:
        raise InputError.of(where, "", f"{len(keys):,} tensors; at most {TENSORS:,} are allowed")
    found = {}
    for key in sorted(keys, key=_natural):
        part = file.get_slice(key)
        shape = tuple(part.get_shape())
        if len(shape) > RANK:
            raise InputError.of(where, key, f"{len(shape)} axes; at most {RANK} are allowed")
        found[key] = (shape, part.get_dtype())
    return found


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts layers.2 before layers.10."""
    counts = [part.isdecimal() and len(part) < 10 for part in name.split(".")]
    return [(counted, int(part) if counted else 0, part) for counted, part in zip(counts, name.split("."), strict=True)]
