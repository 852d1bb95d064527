"""The header of a safetensors file, read and judged before anything else of the file is: which tensors there are and where each lies.

The format: 8 bytes with the length of the header, the header as JSON, then all numbers. Nothing here takes memory that grows with a tensor.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from nnviz3d.spec.errors import InputError, Problem

HEADER_BYTES = 100 << 20
TENSORS = 100_000
AXES = 8
NAME = 400  # characters
REPORTED = 20  # problems that are listed
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
METADATA = "__metadata__"


@dataclass(frozen=True)
class Stored:
    """One tensor: its type, and the bytes of the file, from `start` on, that hold it in the order of its axes, little-endian."""

    dtype: str
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * BYTES[self.dtype]


@dataclass(frozen=True)
class Header:
    """`tensors` by name, in the order of the file; `bytes`: of the whole file."""

    path: Path
    tensors: dict[str, Stored]
    metadata: dict[str, str]
    bytes: int


def read(path: str | os.PathLike) -> Header:
    """Raises InputError with everything that is wrong: no such file, a header that is no JSON, tensors that lie outside the file, on one
    another or with gaps between them, unknown types, two of one name."""
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError.of(str(path), "", "is no regular file")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if status.st_size < 8 or not 2 <= length <= min(HEADER_BYTES, status.st_size - 8):
                text = f"not a safetensors file: claims a header of {length:,} bytes in a file of {status.st_size:,}"
                raise InputError.of(str(path), "", text)
            text = file.read(length)
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be read: {error.strerror or error}") from None
    said, twice = parsed(text, path, "the header")
    found, metadata, problems = _judged(said, status.st_size - 8 - length, 8 + length)
    problems = [(name, "is there twice") for name in twice] + problems
    if problems:
        more = [Problem(str(path), "", f"{len(problems) - REPORTED:,} more problems")] if len(problems) > REPORTED else []
        raise InputError(*(Problem(str(path), name[:NAME], message) for name, message in problems[:REPORTED]), *more)
    return Header(path, found, metadata, status.st_size)


def parsed(text: bytes, path: Path, what: str) -> tuple[dict[str, Any], list[str]]:
    """(a JSON object, keys of it that are there more than once). Raises InputError where it is none."""
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = dict(found)
        if len(kept) < len(found):
            seen: set[str] = set()
            twice.extend(key for key, _ in found if key in seen or seen.add(key))
        return kept

    try:
        said = json.loads(text.decode("utf-8"), object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        raise InputError.of(str(path), "", f"{what} is not valid JSON") from None
    if not isinstance(said, dict):
        raise InputError.of(str(path), "", f"{what} is not a JSON object")
    return said, twice


def _judged(said: dict[str, Any], room: int, first: int) -> tuple[dict[str, Stored], dict[str, str], list[tuple[str, str]]]:
    """Tensors by name, the metadata, and problems; `room` bytes of numbers begin at byte `first` of the file."""
    metadata, problems = said.pop(METADATA, {}), []
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        problems.append((METADATA, "expected texts by name"))
        metadata = {}
    if len(said) > TENSORS:
        return {}, {}, [*problems, ("", f"{len(said):,} tensors; at most {TENSORS:,} are allowed")]
    placed: list[tuple[int, int, str]] = []
    found, outside, last = {}, 0, room
    for name, what in said.items():
        wrong = _wrong(name, what)
        if wrong:
            problems.append((name, wrong))
            continue
        begin, end = what["data_offsets"]
        outside, last = outside + (end > room), max(last, end)
        found[name] = Stored(what["dtype"], tuple(what["shape"]), first + begin)
        placed.append((begin, end, name))
    if outside and not problems:
        problems = [("", f"is cut off: has {room:,} of {last:,} bytes of numbers; {outside:,} of {len(found):,} tensors end outside")]
    return found, metadata, problems or _overlaps(sorted(placed), room)


def _wrong(name: str, what: Any) -> str:
    """What is wrong with one entry by itself, or ""."""
    if not isinstance(what, dict) or set(what) != {"dtype", "shape", "data_offsets"}:
        return "expected dtype, shape and data_offsets"
    dtype, shape, offsets = what["dtype"], what["shape"], what["data_offsets"]
    if not 0 < len(name) <= NAME or not name.isprintable():
        return f"a name has 1 to {NAME} printable characters"
    if not isinstance(dtype, str) or dtype not in BYTES:
        return f"values of type {str(dtype)[:40]}; known are {', '.join(BYTES)}"
    if not _naturals(shape) or len(shape) > AXES:
        return f"shape {str(shape)[:80]}; expected at most {AXES} whole numbers"
    if not _naturals(offsets) or len(offsets) != 2:
        return f"data_offsets {str(offsets)[:80]}; expected two whole numbers"
    size = prod(shape) * BYTES[dtype]
    wrong = f"{offsets[1] - offsets[0]:,} bytes; a tensor {list(shape)} of {dtype} has {size:,}"
    return wrong if offsets[1] - offsets[0] != size else ""


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(k, int) and not isinstance(k, bool) and 0 <= k < 1 << 48 for k in values)


def _overlaps(placed: list[tuple[int, int, str]], room: int) -> list[tuple[str, str]]:
    """Bytes that two tensors share, and bytes that none has. `placed`: (begin, end, name), rising."""
    problems, at, before = [], 0, ""
    for begin, end, name in placed:
        if begin < at:
            problems.append((name, f"lies on the bytes of {before[:NAME]}"))
        elif begin > at:
            problems.append((name, f"begins at byte {begin:,}; the tensor before it ends at {at:,}"))
        if end >= at:
            at, before = end, name
    if at != room and not problems:
        problems.append(("", f"holds {room:,} bytes of numbers; its tensors have {at:,}"))
    return problems
