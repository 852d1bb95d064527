"""Messages between a training loop and a viewer (docs/wire.md): a prefix of 16 bytes, a header in JSON, then raw little-endian arrays.

Data, never code. Every size is checked before memory is taken for it: the prefix says how long header and arrays are, the header says where
each array lies, and only when all of it fits together the arrays are read. Nothing here knows sockets or frameworks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from pydantic import ValidationError
from pydantic_core import from_json

from nnviz3d.live.wire_headers import HEADERS, ArrayPlace, Control, End, Frame, Header, Hello, Structure

__all__ = ["Control", "End", "Frame", "Header", "Hello", "Message", "Reader", "Structure", "WireError", "packed", "pieces", "receive"]

VERSION = 1
MAGIC = b"NNVZ"
PREFIX = struct.Struct("<4sIQ")  # MAGIC, bytes of the header, bytes of the arrays
HEADER_BYTES = 4 << 20  # 20,000 arrays fit
BODY_BYTES = 1 << 30  # parameters and gradients of the largest network that is drawn
ALIGNED = 8  # every array begins at a multiple of so many bytes behind the header
TYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8", "int32": "<i4", "int64": "<i8", "uint8": "<u1"}


class WireError(ValueError):
    """What was received is no message of ours, and why. Nothing that follows it on the same connection can be read."""


@dataclass(frozen=True, eq=False)
class Message:
    """`header`: a `Hello`, `Structure`, `Frame`, `End` or `Control`; `arrays`: by name, read-only."""

    header: Header
    arrays: dict[str, np.ndarray]


def pieces(header: Header, arrays: Mapping[str, np.ndarray] | None = None) -> list[memoryview]:
    """The bytes of a message in order, arrays not copied. Raises ValueError for an array whose type or order cannot be sent."""
    places, body, at = [], [], 0
    for name, array in (arrays or {}).items():
        if array.dtype.name not in TYPES or not array.flags.c_contiguous:
            raise ValueError(f"{name}: expected a C-contiguous array of {', '.join(TYPES)}; found {array.dtype}")
        little = np.ascontiguousarray(array, TYPES[array.dtype.name])
        places.append(ArrayPlace.model_validate({"name": name, "dtype": array.dtype.name, "shape": array.shape, "offset": at}))
        gap = -array.nbytes % ALIGNED
        body += [little.reshape(-1).view(np.uint8).data] if array.nbytes else []
        body += [memoryview(bytes(gap))] if gap else []
        at += array.nbytes + gap
    raw = header.model_copy(update={"version": VERSION, "arrays": tuple(places)}).model_dump_json(exclude_none=True).encode()
    raw += b" " * (-(PREFIX.size + len(raw)) % ALIGNED)
    if len(raw) > HEADER_BYTES or at > BODY_BYTES:
        raise ValueError(f"a message has at most {HEADER_BYTES:,} bytes of header and {BODY_BYTES:,} of arrays; found {len(raw):,}, {at:,}")
    return [memoryview(PREFIX.pack(MAGIC, len(raw), at) + raw), *body]


def packed(header: Header, arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """A whole message as bytes."""
    return b"".join(pieces(header, arrays))


class Reader:
    """Takes bytes as they come. Memory: what one message needs, at most `header` and `body` bytes; raises WireError before taking more."""

    def __init__(self, body: int = BODY_BYTES, header: int = HEADER_BYTES):
        self._most = min(header, HEADER_BYTES), min(body, BODY_BYTES)
        self._begin()

    def room(self) -> memoryview:
        """Where the next bytes belong; never empty."""
        return self._part.data[self._at :]

    def filled(self, count: int) -> Message | None:
        """So many bytes of `room()` have been written; the message, once it is whole."""
        self._at += count
        if self._at < len(self._part):
            return None
        if self._header is not None:
            return self._done(self._part)
        if self._expected is None:
            self._expected = self._sizes()
            self._part, self._at = np.empty(self._expected[0], np.uint8), 0
            return None
        self._header = _header(self._part.tobytes(), self._expected[1])
        if not self._expected[1]:
            return self._done(np.empty(0, np.uint8))
        self._part, self._at = np.empty(self._expected[1], np.uint8), 0
        return None

    def feed(self, raw: bytes) -> list[Message]:
        """The messages that are whole with these bytes."""
        left, found = memoryview(raw), []
        while left:
            room = self.room()
            count = min(len(room), len(left))
            room[:count] = left[:count]
            left = left[count:]
            message = self.filled(count)
            found += [message] if message is not None else []
        return found

    @property
    def between(self) -> bool:
        """Whether no message is begun: a connection may end here."""
        return self._expected is None and not self._at

    def _begin(self) -> None:
        self._part, self._at = np.empty(PREFIX.size, np.uint8), 0
        self._expected: tuple[int, int] | None = None
        self._header: Header | None = None

    def _sizes(self) -> tuple[int, int]:
        magic, header, body = PREFIX.unpack(self._part.tobytes())
        if magic != MAGIC:
            raise WireError(f"does not begin as a message of nnviz3d does: {bytes(magic)!r}")
        if not 2 <= header <= self._most[0]:
            raise WireError(f"claims a header of {header:,} bytes; expected 2 to {self._most[0]:,}")
        if body > self._most[1]:
            raise WireError(f"claims {body:,} bytes of arrays; at most {self._most[1]:,} are read")
        return header, body

    def _done(self, body: np.ndarray) -> Message:
        header = self._header
        assert header is not None
        body.flags.writeable = False
        self._begin()
        arrays = {}
        for place in header.arrays:
            raw = body[place.offset : place.offset + _bytes(place)]
            arrays[place.name] = raw.view(TYPES[place.dtype]).reshape(place.shape)
        return Message(header, arrays)


def receive(read_into: Callable[[memoryview], int], reader: Reader) -> Message | None:
    """The next message of a socket that waits (`socket.recv_into`); None at its end. Raises WireError, and for an end within a message."""
    while True:
        count = read_into(reader.room())
        if not count:
            if reader.between:
                return None
            raise WireError("ends within a message")
        message = reader.filled(count)
        if message is not None:
            return message


def _header(raw: bytes, body: int) -> Header:
    """Checked, its arrays too: they lie within the body, one after another."""
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise WireError(f"its header is not JSON: {error}") from None
    version = document.get("version") if isinstance(document, dict) else None
    if version != VERSION or isinstance(version, bool):
        raise WireError(f"is of version {str(version)[:20]} of the format; this program reads version {VERSION}")
    try:
        header = HEADERS.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WireError(f"its header: {'.'.join(map(str, first['loc']))[:200]}: {first['msg'][:200]}") from None
    at, names = 0, set()
    for place in header.arrays:
        if place.name in names:
            raise WireError(f"has two arrays named {place.name!r}")
        if place.offset % ALIGNED or not at <= place.offset:
            raise WireError(f"{place.name!r} begins at byte {place.offset:,}, within another array or off a multiple of {ALIGNED}")
        at = place.offset + _bytes(place)
        if at > body or prod(max(side, 1) for side in place.shape) > BODY_BYTES:
            raise WireError(f"{place.name!r} ends at byte {at:,} of {body:,}")
        names.add(place.name)
    return header


def _bytes(place: ArrayPlace) -> int:
    return prod(place.shape) * np.dtype(TYPES[place.dtype]).itemsize
