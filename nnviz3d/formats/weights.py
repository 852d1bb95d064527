"""Weights files: safetensors, a plain table of arrays that cannot hold code.

A layer's arrays go by its name, `stem.weight` (out, in) and `stem.bias` (out,), float32. A plain chain of dense layers without names
keeps `layers.k.weight`, k from 0, as all files of such networks have had it; so older programs read them, and equal runs leave equal
files. Either name is read for either network (k counts the layers that have parameters).
The metadata key `nnviz3d` holds the scene as TOML; `nnviz3d.targets` how numeric targets were standardised, as JSON [[mean, deviation]].
Parsing is the safetensors library's; the limits, the shapes and the check that every number is finite are ours, and come before the values
are read where they can.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from math import isfinite, prod
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from nnviz3d.formats import mapping
from nnviz3d.spec import file_kinds, limits, paths, toml
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.network_graph import RESERVED
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import Unit

SCENE_KEY, TARGETS_KEY = "nnviz3d", "nnviz3d.targets"
CHECKPOINT = f"{RESERVED}."  # how names begin that are no weights but the state of training (`formats.checkpoint`)
HEADER_BYTES = 16 << 20  # 100,000 tensors fit; the library itself would take 100 MB of JSON
TENSORS = 100_000
RANK = 8
UNREAD = "num_batches_tracked"  # PyTorch's batch norm counts its steps; a momentum that is a number does not need it
READABLE = ("BF16", "F16", "F32", "F64")


def names(topology: Topology) -> dict[str, tuple[int, ...]]:
    """The tensors that this network consists of, with their shapes, in the order of the layers."""
    return {name: r.shape for name, r in topology.parameter_ranges.items()}


def save(path: str | os.PathLike, parameters: dict[str, np.ndarray], scene: Scene, units: tuple[Unit, ...] = ()) -> None:
    """Write beside the target and rename, so that a full disk leaves the old file whole. Raises InputError where it cannot be written.

    `units`: of the objective; where targets are standardised, an answer is mean + deviation * output, and the file says so.
    """
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in parameters.items()}
    paths.write(Path(path), packed(arrays, scene, units))


def packed(arrays: dict[str, np.ndarray], scene: Scene, units: tuple[Unit, ...]) -> bytes:
    """A whole file. The library leaves the order of two entries of the metadata to chance, and equal runs are to leave equal files: it is
    asked until they are in order."""
    metadata = {SCENE_KEY: toml.dump(scene)}
    if any(unit.scaled for unit in units):
        metadata[TARGETS_KEY] = json.dumps([[unit.mean, unit.deviation] for unit in units])
    while True:
        raw = to_bytes(arrays, metadata)
        head = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
        if list(head["__metadata__"]) == list(metadata):
            return raw


def load(
    path: str | os.PathLike, topology: Topology, units: tuple[Unit, ...] = (), say: Callable[[str], None] = lambda text: None
) -> dict[str, np.ndarray]:
    """All tensors of the network, float32 and finite. Names and orders of other programs are taken where `mapping` has no doubt, and `say`
    is reported. Raises InputError with every tensor that is missing, unknown or does not fit.

    `units`: of the objective that they are for. Where the file's targets were scaled otherwise (or not at all), a linear output layer is
    rewritten so that the network's answers stay what they were.
    """
    where, wanted = str(path), names(topology)
    with OpenedWeights(path) as file:
        found = _parts(shapes(file, where))
        plan = mapping.find(found, wanted, topology.other_names, topology.is_line)
        problems = _unfit(found, wanted, where) if plan is None else []
        problems += [
            Problem(where, name, f"values of type {dtype}; expected F32")
            for name, (_, dtype) in found.items()
            if dtype not in READABLE and (plan is not None or name in wanted)
        ]
        if problems or plan is None:
            raise InputError(*problems)
        with np.errstate(over="ignore"):
            parameters = {name: _read(file, path, found, plan, name, shape) for name, shape in wanted.items()}
            if units and topology.output.activation == "linear":
                _rescale(parameters, _scales(file.metadata() or {}, len(units), where), units)
    bad = {name: int(np.count_nonzero(~np.isfinite(array))) for name, array in parameters.items()}
    problems = [Problem(where, name, f"{count:,} values are not finite in float32") for name, count in bad.items() if count]
    if problems:
        raise InputError(*problems)
    if plan.text:
        say(f"{Path(path).name}: {plan.text}")
    return parameters


def _scales(metadata: dict[str, str], count: int, where: str) -> list[tuple[float, float]]:
    """(mean, deviation) of each target that the file's network was trained on; (0, 1) where it does not say. Raises InputError."""
    if TARGETS_KEY not in metadata:
        return [(0.0, 1.0)] * count
    try:
        scales = [(float(mean), float(deviation)) for mean, deviation in json.loads(metadata[TARGETS_KEY])]
        sound = len(scales) == count and all(isfinite(mean) and isfinite(deviation) and deviation > 0 for mean, deviation in scales)
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise InputError.of(where, TARGETS_KEY, f"expected a list of {count:,} pairs of a finite mean and a deviation above 0")
    return scales


def _rescale(parameters: dict[str, np.ndarray], scales: list[tuple[float, float]], units: tuple[Unit, ...]) -> None:
    """The last layer, in place: mean + deviation * output stays what it was."""
    if scales == [(unit.mean, unit.deviation) for unit in units]:
        return
    weight, bias = list(parameters)[-2:]
    mean_o, deviation_o = np.array(scales).T
    new_mean_o, new_deviation_o = np.array([(unit.mean, unit.deviation) for unit in units]).T
    parameters[weight] = (parameters[weight] * (deviation_o / new_deviation_o)[:, None]).astype(np.float32)
    parameters[bias] = ((parameters[bias] * deviation_o + mean_o - new_mean_o) / new_deviation_o).astype(np.float32)


def _unfit(found: dict[str, tuple[tuple[int, ...], str]], wanted: dict[str, tuple[int, ...]], where: str) -> list[Problem]:
    """What is wrong, tensor by tensor; where no name is known, as a table."""
    if not found.keys() & wanted.keys():
        return [Problem(where, "", f"is not for this network:\n{mapping.table(found, wanted)}")]
    problems = [Problem(where, name, f"missing; the network needs {list(shape)}") for name, shape in wanted.items() if name not in found]
    for name, (shape, _) in found.items():
        if name not in wanted:
            problems.append(Problem(where, name, f"is not part of this network, which has {len(wanted)} tensors"))
        elif shape != wanted[name]:
            problems.append(Problem(where, name, f"shape {list(shape)}; the network needs {list(wanted[name])}"))
    return problems


def _read(file, path, found, plan: mapping.Mapping, name: str, shape: tuple[int, ...]) -> np.ndarray:
    source = plan.sources[name]
    if source is None:
        return np.zeros(shape, np.float32)
    values = _bfloat16(file, path, source) if found[source][1] == "BF16" else file.get_tensor(source)
    if name in plan.thirds:
        values = np.split(values, 3)[plan.thirds[name]]
    return np.ascontiguousarray(values.T if plan.turned and values.ndim == 2 else values, np.float32).reshape(shape)


def _bfloat16(file, path, name: str) -> np.ndarray:
    """numpy has no such type: the upper half of a float32. The library's header has been judged; it does not tell where a tensor lies."""
    with Path(path).open("rb") as raw:
        length = int.from_bytes(raw.read(8), "little")
        begin, end = json.loads(raw.read(length))[name]["data_offsets"]
        raw.seek(8 + length + begin)
        values = np.frombuffer(raw.read(end - begin), "<u2")
    return (values.astype("<u4") << 16).view("<f4").reshape(file.get_slice(name).get_shape())


def describe(path: str | os.PathLike) -> dict:
    """What the file holds, without reading values: tensors, sizes, and the scene it was trained with if there. Raises InputError."""
    where = str(path)
    with OpenedWeights(path) as file:
        found = shapes(file, where)
        metadata = file.metadata() or {}
    return {
        "kind": "weights",
        "file": where,
        "bytes": Path(path).stat().st_size,
        "parameters": sum(prod(shape) for shape, _ in _parts(found).values()),
        "tensors": [{"name": name, "shape": list(shape), "dtype": dtype} for name, (shape, dtype) in found.items()],
        "sizes": mapping.sizes(_parts(found)),
        "scene": metadata.get(SCENE_KEY),
        "targets": metadata.get(TARGETS_KEY),
    }


class OpenedWeights:
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
            if (kind := file_kinds.of(self.path)) not in (
                file_kinds.WEIGHTS,
                file_kinds.UNKNOWN,
                file_kinds.EMPTY,
                file_kinds.IDX,
                file_kinds.TEXT,
            ):
                raise file_kinds.refuse(where, f"a {self.kind}", kind)
            if size < 8 or header > min(HEADER_BYTES, size - 8):
                raise InputError.of(where, "", f"not a safetensors file: claims a header of {header:,} bytes in a file of {size:,}")
            return safe_open(self.path, framework="numpy")
        except OSError as error:
            raise InputError.of(where, "", f"cannot be read: {error.strerror or error}") from None
        except SafetensorError as error:
            raise InputError.of(where, "", f"not a valid safetensors file: {error}") from None

    def __enter__(self):
        self.file = self.open()
        return self.file.__enter__()

    def __exit__(self, kind, error, trace):
        self.file.__exit__(kind, error, trace)
        if isinstance(error, SafetensorError):
            raise InputError.of(str(self.path), "", f"not a valid safetensors file: {error}") from None
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


def _parts(found: dict[str, tuple[tuple[int, ...], str]]) -> dict[str, tuple[tuple[int, ...], str]]:
    """The network's own tensors of a file."""
    return {name: what for name, what in found.items() if not name.startswith(CHECKPOINT) and name.rpartition(".")[2] != UNREAD}


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts layers.2 before layers.10."""
    counts = [part.isdecimal() and len(part) < 10 for part in name.split(".")]
    return [(counted, int(part) if counted else 0, part) for counted, part in zip(counts, name.split("."), strict=True)]
