"""The tensors of a model in one safetensors file, or in several with an index: which there are, and their numbers, read when asked for.

Files are mapped, never read as a whole. A file that the index names lies in the index's own folder.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.formats.tensors import header as tensor_header
from nnviz3d.formats.tensors.header import Header, Stored
from nnviz3d.spec.errors import InputError, Problem

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARDS = 1000
JSON_BYTES = 64 << 20
READABLE = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1", "I8": "i1", "BOOL": "?"}
FLOATS = ("F64", "F32", "F16", "BF16")
PIECE = 1 << 20  # numbers that are turned into float32 at once


class TensorFiles:
    """`stored`: what there is, by name, in the order of the files. Raises InputError, before a number is read."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.headers = _headers(self.path)
        self.stored: dict[str, Stored] = {}
        self._file_of: dict[str, int] = {}
        problems = []
        for k, header in enumerate(self.headers):
            for name, what in header.tensors.items():
                if name in self.stored:
                    problems.append(Problem(str(header.path), name, f"is in {self.headers[self._file_of[name]].path.name} too"))
                self.stored[name], self._file_of[name] = what, k
        if problems:
            raise InputError(*problems[: tensor_header.REPORTED])
        self._maps: dict[int, mmap.mmap] = {}

    @property
    def parameters(self) -> int:
        return sum(what.size for what in self.stored.values())

    @property
    def bytes(self) -> int:
        return sum(header.bytes for header in self.headers)

    def array(self, name: str) -> np.ndarray:
        """The numbers as they lie in the file: a view of the mapped file, never a copy; of BF16 the upper halves of float32 as uint16."""
        what = self.stored[name]
        if what.dtype not in READABLE:
            raise InputError.of(str(self.headers[self._file_of[name]].path), name, f"values of type {what.dtype} cannot be read yet")
        if not what.size:
            return np.zeros(what.shape, READABLE[what.dtype])
        return np.frombuffer(self._map(name), READABLE[what.dtype], what.size, what.start).reshape(what.shape)

    def floats(self, values: np.ndarray, name: str) -> np.ndarray:
        """A part of `array(name)` as float32."""
        if self.stored[name].dtype == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):
            return values.astype(np.float32)

    def pieces(self, name: str) -> Iterator[np.ndarray]:
        """All numbers of a tensor in order, float32, a piece at a time; what was read is let go of."""
        flat = self.array(name).reshape(-1)
        for begin in range(0, flat.size, PIECE):
            yield self.floats(flat[begin : begin + PIECE], name)
        self.release(name)

    def release(self, name: str) -> None:
        """The numbers of a tensor are not needed any more: their pages are given back. They are read again where they are asked for."""
        what = self.stored[name]
        if not hasattr(mmap, "MADV_DONTNEED") or not what.size:
            return
        begin = what.start // mmap.PAGESIZE * mmap.PAGESIZE
        self._map(name).madvise(mmap.MADV_DONTNEED, begin, what.start + what.bytes - begin)

    def _map(self, name: str) -> mmap.mmap:
        k = self._file_of[name]
        if k not in self._maps:
            header = self.headers[k]
            with header.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != header.bytes:
                    raise InputError.of(str(header.path), "", "was changed while it was being opened")
                self._maps[k] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[k]


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object from a small file inside a folder. Raises InputError."""
    try:
        if path.stat().st_size > JSON_BYTES:
            raise InputError.of(str(path), "", f"{what} has {path.stat().st_size:,} bytes; at most {JSON_BYTES:,} are read")
        text = path.read_bytes()
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be read: {error.strerror or error}") from None
    return tensor_header.parsed(text, path, what)[0]


def inside(folder: Path, name: str) -> Path:
    """A file of this very folder. Raises InputError for a name or a link that leads out of it."""
    path = folder / name
    if not name or name in (".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
        raise InputError.of(str(folder), name[: tensor_header.NAME], "is no plain name of a file in this folder")
    if path.is_symlink() and folder.resolve() not in path.resolve().parents and not _in_cache(folder, path):
        raise InputError.of(str(path), "", "is a link that leads out of its folder")
    return path


def _in_cache(folder: Path, path: Path) -> bool:
    """Whether it is as the Hugging Face cache lays models out: `models--X/snapshots/REVISION/F` is a link to `models--X/blobs/HASH`."""
    model = folder.resolve().parent.parent
    return folder.resolve().parent.name == "snapshots" and model.name.startswith("models--") and path.resolve().parent == model / "blobs"


def _headers(path: Path) -> list[Header]:
    """Of the file, or of the files that a folder has."""
    if not path.is_dir():
        return [tensor_header.read(path)]
    if (path / INDEX).exists() and not (path / SINGLE).exists():
        return _sharded(path)
    names = [SINGLE] if (path / SINGLE).exists() else sorted(file.name for file in path.glob("*.safetensors"))
    if len(names) != 1:
        found = f"{len(names):,} files *.safetensors and no {INDEX}" if names else "no file *.safetensors"
        raise InputError.of(str(path), "", f"has {found}; expected {SINGLE}, or {INDEX} with its files")
    return [tensor_header.read(inside(path, names[0]))]


def _sharded(folder: Path) -> list[Header]:
    """Raises InputError where index and files do not agree."""
    where = inside(folder, INDEX)
    said = read_json(where, "the index").get("weight_map")
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said.values()):
        raise InputError.of(str(where), "weight_map", "expected the file of each tensor")
    names = sorted(set(said.values()))
    if not 1 <= len(names) <= SHARDS:
        raise InputError.of(str(where), "weight_map", f"{len(names):,} files; expected 1 to {SHARDS:,}")
    headers = [tensor_header.read(inside(folder, name)) for name in names]
    there = {(name, header.path.name) for header in headers for name in header.tensors}
    missing = [(name, file) for name, file in said.items() if (name, file) not in there]
    if missing:
        raise InputError(*(Problem(str(where), name, f"is not in {file}") for name, file in missing[: tensor_header.REPORTED]))
    return headers
