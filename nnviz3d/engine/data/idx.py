"""IDX, the format of MNIST's files: a four-byte magic, the sides as big-endian 32-bit numbers, then the values; also gzipped.

Every size is compared with the limits and with the length of the file before memory is asked for. Unsigned bytes are pixels: / 255.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import opened, overblown
from nnviz3d.engine.data.targets import from_array, pixels
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
RANK = 4


def load(data: Data, base: Path) -> Samples:
    """Pictures from `data.file`, class ids from `data.labels_file`. Raises InputError with the problems of both."""
    problems, arrays = [], []
    for key in ("file", "labels_file"):
        try:
            arrays.append(read(*opened(base, getattr(data, key), key, "IDX file")))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    x, labels = arrays
    if x.ndim < 2:
        raise InputError.of(data.file, "data.file", f"has {x.ndim} axis; expected samples with at least 2. Is it the labels' file?")
    if labels.ndim != 1 or len(labels) != len(x):
        raise InputError.of(data.labels_file, "data.labels_file", f"shape {labels.shape}; expected {len(x):,} labels, one for each sample")
    task, t, names = from_array(labels, data.task, data.labels_file)
    return Samples(Path(data.file).name, task, x.shape[1:], pixels(x).reshape(len(x), -1), t, names)


def read(path: Path, size: int) -> np.ndarray:
    """One IDX file of `size` bytes, gzipped or not, in its own shape and the machine's byte order. Raises InputError."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as stream:
                    return _parse(stream, path, size, packed)
            return _parse(file, path, size, packed)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError.of(str(path), "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _parse(stream: BinaryIO | gzip.GzipFile, path: Path, size: int, packed: bool) -> np.ndarray:
    where = str(path)
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= RANK:
        raise InputError.of(
            where, "", f"not an IDX file: starts with {magic.hex(' ') or 'nothing'}; expected 00 00, a type, 1 to {RANK} axes"
        )
    dtype, rank = np.dtype(DTYPES[magic[2]]), magic[3]
    sides = stream.read(4 * rank)
    if len(sides) < 4 * rank:
        raise InputError.of(where, "", "ends inside its header")
    shape = struct.unpack(f">{rank}I", sides)
    count = prod(shape)
    if count > limits.DATA_VALUES:
        raise InputError.of(where, "", f"claims {count:,} values {list(shape)}; at most {limits.DATA_VALUES:,} are allowed")
    expected = count * dtype.itemsize
    if (packed and overblown(expected, size)) or (not packed and expected != size - 4 - 4 * rank):
        raise InputError.of(where, "", f"claims {list(shape)} = {expected:,} bytes of values, but the file has {size:,} bytes")
    raw = stream.read(expected + 1)
    if len(raw) != expected:
        more = "more than" if len(raw) > expected else f"{len(raw):,} of"
        raise InputError.of(where, "", f"holds {more} the {expected:,} bytes that its header {list(shape)} claims")
    return np.frombuffer(raw, dtype).reshape(shape).astype(dtype.newbyteorder("="))
