"""An ONNX file, opened by its graph alone: large arrays stay on the disk, each known by its place there.

An ONNX file is one protobuf message. It is gone through without unpacking it; what it claims is compared with the file's size, and arrays
of more than a kilobyte are replaced by a reference to their place in this same file, in the words that ONNX has for data in other files. So
a file of two gigabytes opens as fast as its graph reads, and onnxruntime maps the same places. The rest is parsed by the onnx library.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnviz3d.spec import file_kinds, paths
from nnviz3d.spec.errors import InputError

FILE_BYTES = 2 << 30  # what protobuf can hold; larger models keep their arrays in files beside them
GRAPH_BYTES = 256 << 20  # of a file without its large arrays
KEPT = 1024  # bytes of an array that stays in the graph
DEPTH = 24  # of messages inside messages, each level of If and Loop being three
MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR = "model", "graph", "node", "attribute", "tensor"
INNER: dict[str, dict[int, str]] = {
    MODEL: {7: GRAPH},
    GRAPH: {1: NODE, 5: TENSOR},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH},
}
ARRAYS = {9: None, 4: 1, 10: 11}  # fields that lie in the file as the array does, and the type that the array must have for that


@dataclass
class OnnxFile:
    """`model`: a parsed `onnx.ModelProto` whose large arrays are references; `base`: the folder of the file, links followed."""

    path: Path
    base: Path
    model: Any
    bytes: int
    notes: list[str] = field(default_factory=list)


class _Bad(ValueError):
    """What is wrong with the message, in words."""


def library() -> Any:
    """The onnx package; InputError where it is not installed."""
    try:
        import onnx
    except ImportError:
        raise InputError.of(
            "", "onnx", "is needed to open ONNX models and is not installed. Install it with: pip install 'nnviz3d[onnx]'"
        ) from None
    return onnx


def load(path: str | os.PathLike) -> OnnxFile:
    """Reads the graph. Raises InputError for all that is no sound ONNX file; what its graph says is judged by `onnx_checks`."""
    onnx, where = library(), os.fspath(path)
    size = paths.regular_file(Path(path), FILE_BYTES, "model in one ONNX file (larger ones keep their arrays in files beside it)")
    if (kind := file_kinds.of(path)) is not file_kinds.ONNX:
        raise file_kinds.refuse(path, "an ONNX model", kind)
    real = Path(path).resolve()
    try:
        with real.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            small = _Slim(whole, real.name).message(MODEL, 0, len(whole))
        model = onnx.ModelProto.FromString(small)
    except OSError as error:
        raise InputError.of(where, "", f"cannot be read: {error.strerror or error}") from None
    except _Bad as error:
        raise InputError.of(where, "", f"no sound ONNX model: {error}") from None
    except UnicodeError:
        raise InputError.of(where, "", "its name cannot be written as UTF-8; rename it") from None
    except Exception as error:  # noqa: BLE001  # google.protobuf.message.DecodeError, which has no door of its own
        raise InputError.of(where, "", f"no sound ONNX model: {error}") from None
    return OnnxFile(Path(path), real.parent, model, size)


def _varint(view: Any, at: int, stop: int) -> tuple[int, int]:
    value = shift = 0
    while at < stop and shift < 70:
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise _Bad("it is cut off or damaged")


def _fields(view: Any, start: int, stop: int) -> Iterator[tuple[int, int, int, int, int]]:
    """(number, wire type, where it begins with its key, where its content begins, where it ends) of each field."""
    at = start
    while at < stop:
        key, inner = _varint(view, at, stop)
        wire = key & 7
        if wire == 0:
            _, end = _varint(view, inner, stop)
        elif wire in (1, 5):
            end = inner + (8 if wire == 1 else 4)
        elif wire == 2:
            length, inner = _varint(view, inner, stop)
            end = inner + length
            if end > stop:
                raise _Bad(f"a part claims {length:,} bytes where {stop - inner:,} are left; it is cut off or damaged")
        else:
            raise _Bad("it is damaged, or is no ONNX model")
        if end > stop:
            raise _Bad("it is cut off")
        yield key >> 3, wire, at, inner, end
        at = end


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _packed(number: int, content: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(content)) + content


class _Slim:
    """Copies a message without its large arrays."""

    def __init__(self, view: Any, name: str):
        self.view, self.location = view, name.encode()
        self.bytes = 0

    def message(self, kind: str, start: int, stop: int, depth: int = 0) -> bytes:
        if depth > DEPTH:
            raise _Bad(f"graphs are nested more than {DEPTH // 3} deep")
        if kind == TENSOR:
            return self.tensor(start, stop)
        inner, parts, copied = INNER[kind], [], start
        for number, wire, begin, content, end in _fields(self.view, start, stop):
            if number in inner and wire == 2 and end - content > KEPT:
                parts += [
                    self.copy(copied, begin), _packed(number, self.message(inner[number], content, end, depth + 1))
                ]  # fmt: skip
                copied = end
        return b"".join([*parts, self.copy(copied, stop)])

    def copy(self, start: int, stop: int) -> bytes:
        self.bytes += stop - start
        if self.bytes > GRAPH_BYTES:
            raise _Bad(f"its graph alone has more than {GRAPH_BYTES >> 20} MB")
        return self.view[start:stop]

    def tensor(self, start: int, stop: int) -> bytes:
        parts, place, copied, type_ = [], None, start, None
        found = list(_fields(self.view, start, stop)) if stop - start < GRAPH_BYTES else list(_some(_fields(self.view, start, stop)))
        for number, wire, _, content, _ in found:
            if number == 2 and wire == 0:
                type_ = _varint(self.view, content, stop)[0]
        for number, wire, begin, content, end in found:
            if number in ARRAYS and wire == 2 and end - content > KEPT and ARRAYS[number] in (None, type_) and place is None:
                parts.append(self.copy(copied, begin))
                place, copied = (content, end - content), end
        parts.append(self.copy(copied, stop))
        if place is not None:
            offset, length = (str(number).encode() for number in place)
            for key, value in ((b"location", self.location), (b"offset", offset), (b"length", length)):
                parts.append(_packed(13, _packed(1, key) + _packed(2, value)))
            parts.append(_number(14 << 3) + _number(1))
        return b"".join(parts)


def _some(fields: Iterator, most: int = 1 << 16) -> Iterator:
    """At most so many: an array whose numbers are fields of their own is no array that we read."""
    for k, each in enumerate(fields):
        if k >= most:
            raise _Bad("an array of more than 65,536 single fields")
        yield each
