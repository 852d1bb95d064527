"""numpy's own files, never with pickle: .npz with x and t (or x_train, t_train, x_test, t_test), .npy with the target in the last column.

Headers are read and compared with the limits and with the stored length before an array is made. `y` is another name for `t`.
"""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import opened, overblown
from nnviz3d.engine.data.targets import from_array, pixels
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

HEADER = 10_000  # characters; numpy's own bound for files that are not trusted
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, MemoryError)
DIRECTORY = 1 << 20  # bytes for the list of arrays in the archive


def load(data: Data, base: Path) -> Samples:
    """Samples of any rank; one given split is kept. Raises InputError."""
    path, size = opened(base, data.file, "file", ".npz or .npy file")
    try:
        arrays = read_npy(path, size) if _starts(path, b"\x93NUMPY") else read_npz(path, size)
    except UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError.of(str(path), "", f"cannot be read: {reason}") from None
    arrays = {_role(key): array for key, array in arrays.items()}
    parts = ("_train", "_test") if "x_train" in arrays else ("",)
    _demand(arrays, parts, str(path))
    xs = [arrays[f"x{part}"] for part in parts if f"x{part}" in arrays]
    ts = [arrays[f"t{part}"] for part in parts if f"x{part}" in arrays]
    x = pixels(np.concatenate(xs)) if len({each.dtype for each in xs}) == 1 else np.concatenate([pixels(each) for each in xs])
    task, t, names = from_array(np.concatenate(ts), data.task, str(path))
    n_train = len(xs[0]) if parts[0] else None
    return Samples(path.name, task, x.shape[1:], x.reshape(len(x), -1), t, names, n_train=n_train)


def read_npz(path: Path, size: int) -> dict[str, np.ndarray]:
    """The arrays that a data set can use, by name. Raises ValueError, BadZipFile and the like for what is not an honest archive."""
    _check_directory(path, size)
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if _role(Path(info.filename).stem) not in ("x", "t", "x_train", "t_train", "x_test", "t_test"):
                continue
            if overblown(info.file_size, info.compress_size):
                raise ValueError(f"{info.filename} claims {info.file_size:,} bytes out of {info.compress_size:,}; too much to be honest")
            with archive.open(info) as stream:
                found[Path(info.filename).stem] = _array(stream, info.file_size, info.filename)
    return found


def read_npy(path: Path, size: int) -> dict[str, np.ndarray]:
    """A table (n, columns): the last column is the target. Raises ValueError for other shapes."""
    with path.open("rb") as stream:
        table = _array(stream, size, path.name)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"shape {table.shape}; expected (samples, columns) with at least one input and, last, the target")
    return {"x": table[:, :-1], "t": table[:, -1]}


def _array(stream: BinaryIO, size: int, name: str) -> np.ndarray:
    """One .npy of `size` bytes. The header decides what would be allocated, so it is judged first."""
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name} has the .npy version {version}; expected 1.0 or 2.0")
    shape, fortran, dtype = readers[version](stream, max_header_size=HEADER)
    if dtype.kind not in "biufU":
        raise ValueError(f"{name} holds {dtype}; expected numbers (or text targets). Objects need pickle, which can run code")
    count, expected = prod(shape), prod(shape) * dtype.itemsize
    if len(shape) > 4 or count > limits.DATA_VALUES or expected > limits.DATA_BYTES:
        raise ValueError(f"{name} claims the shape {shape}; at most 4 axes and {limits.DATA_VALUES:,} values are allowed")
    if expected != size - stream.tell():
        raise ValueError(f"{name} claims {shape} {dtype} = {expected:,} bytes, but {size - stream.tell():,} are stored")
    raw = stream.read(expected)
    if len(raw) != expected:
        raise ValueError(f"{name} ends after {len(raw):,} of {expected:,} bytes")
    flat = np.frombuffer(raw, dtype)
    return (flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)).astype(dtype.newbyteorder("="), copy=False)


def _demand(arrays: dict[str, np.ndarray], parts: tuple[str, ...], where: str) -> None:
    """Every problem with what is there and how it fits together."""
    problems = []
    for part in parts:
        x, t = arrays.get(f"x{part}"), arrays.get(f"t{part}")
        if part == "_test" and x is None and t is None:
            continue
        missing = [key for key, array in ((f"x{part}", x), (f"t{part}", t)) if array is None]
        if missing:
            expected = "expected x and t, or x_train and t_train (and x_test, t_test)"
            problems.append(Problem(where, "", f"no array {' and '.join(missing)}; {expected}"))
        elif x.ndim < 2 or x.dtype.kind == "U":
            problems.append(Problem(where, f"x{part}", f"shape {x.shape} of {x.dtype}; expected numbers, samples first, then their axes"))
        elif t.ndim < 1 or len(t) != len(x):
            problems.append(Problem(where, f"t{part}", f"shape {t.shape}; expected {len(x):,} targets, one for each sample of x{part}"))
    if not problems and len(parts) == 2 and "x_test" in arrays:
        for key in ("x", "t"):
            train, test = arrays[f"{key}_train"], arrays[f"{key}_test"]
            if train.shape[1:] != test.shape[1:] or (train.dtype.kind == "U") != (test.dtype.kind == "U"):
                given, wanted = f"{test.shape[1:]} {test.dtype}", f"{train.shape[1:]} {train.dtype}"
                problems.append(Problem(where, f"{key}_test", f"{given} a sample; expected {key}_train's {wanted}"))
    if problems:
        raise InputError(*problems)


def _check_directory(path: Path, size: int) -> None:
    """The archive's own list of contents is read whole by `zipfile`, so its claimed length is looked at first."""
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise ValueError("neither a .npz archive nor a .npy file")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    if listed > DIRECTORY and listed != 0xFFFFFFFF:
        raise ValueError(f"its list of contents takes {listed:,} bytes; at most {DIRECTORY:,} are allowed")


def _role(key: str) -> str:
    """`y`, `Y_train`, `X` and so on are other spellings of `t`, `t_train`, `x`."""
    low = key.lower()
    return "t" + low[1:] if low == "y" or low.startswith("y_") else low


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
