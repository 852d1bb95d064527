"""numpy's own files, never with pickle: .npz with arrays of inputs and targets, .npy with the target in a column or in a file of its own.

Headers are read and compared with the limits and with the stored length before an array is made. Which array is what, `arrays` decides.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from nnviz3d.engine.data.arrays import WORDS, ArrayChoice, Entry, choose, likeliest
from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import opened, overblown
from nnviz3d.engine.data.sequences import TOKENS, tokens
from nnviz3d.engine.data.targets import from_array, pixels, spoken
from nnviz3d.spec import limits, paths
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

HEADER = 10_000  # characters; numpy's own bound for files that are not trusted
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, MemoryError)
DIRECTORY = 1 << 20  # bytes for the list of arrays in the archive
ENTRIES = 1000  # arrays whose headers are looked at
COLOURS = (1, 3, 4)  # channels that a last axis can be
PIXELS = 16  # columns of bytes that are a picture, and not a table


def load(data: Data, base: Path) -> Samples:
    """Samples of any rank; one given split is kept. Raises InputError."""
    path, size = opened(base, data.file, "file", ".npz or .npy file")
    if _starts(path, b"\x93NUMPY"):
        arrays, choice = _alone(data, base, path, size)
    else:
        arrays, choice = _archive(data, path, size)
    parts = choice.parts
    _demand(arrays, choice, str(path))
    xs, ts = ([arrays[role + part] for part in parts if f"x{part}" in arrays] for role in "xt")
    n_train, t = len(xs[0]) if parts[0] else None, np.concatenate(ts)
    if data.axes == TOKENS:
        return tokens(np.concatenate(xs), t, path.name, n_train, choice.notes)
    x = pixels(np.concatenate(xs)) if len({each.dtype for each in xs}) == 1 else np.concatenate([pixels(each) for each in xs])
    x, notes = (x, ()) if data.axes else _channels_first(x)
    if data.axes and len(data.axes) != x.ndim - 1:
        raise InputError.of(
            str(path), "data.axes", f"{len(data.axes)} names for samples of shape {list(x.shape[1:])}; give one for each axis"
        )
    task, t, names = from_array(t, data.task, str(path))
    message = (*choice.notes, *notes, *spoken(np.concatenate(ts), task))
    rows = x.reshape(len(x), prod(x.shape[1:]))
    return Samples(path.name, task, x.shape[1:], rows, t, names, n_train=n_train, axes=data.axes, notes=message)


def unclear(path: Path) -> tuple[dict[str, Entry], str, str] | None:
    """The arrays of an archive whose names and shapes do not tell what is what, with the likeliest inputs and target; None for all else."""
    try:
        entries = {} if _starts(path, b"\x93NUMPY") else listed(path, path.stat().st_size)
    except UNREADABLE:
        return None
    try:
        choose(entries, Data(), str(path))
    except InputError:
        found = likeliest(entries)
        return found and (entries, *found)
    return None


def _archive(data: Data, path: Path, size: int) -> tuple[dict[str, np.ndarray], ArrayChoice]:
    try:
        entries = listed(path, size)
        if data.lags and len(entries) == 1 and len(next(iter(entries.values())).shape) == 1:
            choice = ArrayChoice({"t": next(iter(entries))})
        else:
            choice = choose(entries, data, str(path))
        found = read(path, set(choice.keys.values()))
    except UNREADABLE as error:
        raise _unreadable(path, error) from None
    arrays = {role: found[key] for role, key in choice.keys.items()}
    return _series(arrays), choice


def _alone(data: Data, base: Path, path: Path, size: int) -> tuple[dict[str, np.ndarray], ArrayChoice]:
    """A .npy: a table with its target in one column, inputs whose targets are in `labels_file`, or one series. Raises InputError."""
    table, where = _npy(path, size), str(path)
    if data.labels_file:
        labels, length = opened(base, data.labels_file, "labels_file", ".npy file")
        return {"x": table, "t": _npy(labels, length)}, ArrayChoice({"x": data.file, "t": data.labels_file})
    if table.ndim == 1 and data.lags:
        return _series({"t": table}), ArrayChoice({"t": data.file})
    wide = table.shape[1] if table.ndim == 2 else 0
    column = wide - 1 if data.target == "" else int(data.target) if re.fullmatch(r"\d{1,9}", data.target) else -1
    if wide < 2:
        message = f"shape {table.shape}, one array without targets; expected (samples, columns), of which one is the target"
        own = f"or the targets in a .npy of their own: data.labels_file{_beside(path, re.split(r'[^a-z0-9]+', path.stem.lower())[0])}"
        raise InputError.of(where, "", f"{message}, {own}, or np.savez(FILE, x=x, y=y)")
    if not 0 <= column < wide:
        raise InputError.of(where, "data.target", f'no column "{data.target}"; expected a number from 0 to {wide - 1:,}')
    first = re.split(r"[^a-z0-9]+", path.stem.lower())[0]
    if not data.target and (first in WORDS["x"][:5] or (table.dtype == np.uint8 and wide >= PIXELS)):
        why = "its name" if first in WORDS["x"] else "its bytes"
        message = f"{wide:,} columns are inputs, judging by {why}, and targets are missing; "
        message += f"give them in data.labels_file (a .npy{_beside(path, first)})"
        message += f', or say which column is the target: data.target = "{wide - 1}" is the last one'
        raise InputError.of(where, "data.target", message)
    note = f"column {column:,} of {wide:,} (from 0) is the target"
    return {"x": np.delete(table, column, 1), "t": table[:, column]}, ArrayChoice({"x": data.file, "t": data.file}, (note,))


def _beside(path: Path, first: str) -> str:
    """ ", such as y_train.npy beside it", where there is one."""
    if first not in WORDS["x"]:
        return ""
    names = (re.sub(first, word, path.name, count=1, flags=re.IGNORECASE) for word in WORDS["t"])
    return next((f", such as {name} beside it" for name in names if path.with_name(name).is_file()), "")


def _series(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A target alone, whose earlier values are to be its inputs, has none of its own."""
    return arrays if "x" in arrays or "t" not in arrays else {"x": np.zeros((len(arrays["t"]), 0), np.float32), **arrays}


def _channels_first(x: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pictures (n, H, W, channels) as (n, channels, H, W), and those of one channel without it."""
    notes: tuple[str, ...] = ()
    if x.ndim == 4 and x.shape[3] in COLOURS and x.shape[1] not in COLOURS:
        x, notes = x.transpose(0, 3, 1, 2), (f"the last axis is the {x.shape[3]} colour channel{'s' if x.shape[3] > 1 else ''}",)
    return (x[:, 0], notes) if x.ndim == 4 and x.shape[1] == 1 else (x, notes)


# ---------------------------------------------------------------- reading


def listed(path: Path, size: int) -> dict[str, Entry]:
    """Every array of an archive by its name, as its header has it. Raises ValueError, BadZipFile and the like for no honest archive."""
    _check_directory(path, size)
    found: dict[str, Entry] = {}
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > ENTRIES:
            raise ValueError(f"holds {len(infos):,} arrays; at most {ENTRIES:,} are allowed")
        for info in infos:
            try:
                with archive.open(info) as stream:
                    shape, _, dtype = _header(stream, info.filename)
                    found[_key(info)] = Entry(shape, dtype)
            except UNREADABLE:  # reported where it is asked for
                found[_key(info)] = Entry((), None)
    return found


def read(path: Path, keys: set[str]) -> dict[str, np.ndarray]:
    """These arrays of an archive. Raises ValueError, BadZipFile and the like for what cannot be read."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if _key(info) not in keys:
                continue
            if overblown(info.file_size, info.compress_size):
                raise ValueError(f"{info.filename} claims {info.file_size:,} bytes out of {info.compress_size:,}; too much to read safely")
            with archive.open(info) as stream:
                found[_key(info)] = _array(stream, info.file_size, info.filename)
    return found


def _key(info: zipfile.ZipInfo) -> str:
    return info.filename.removesuffix(".npy")


def array(path: Path) -> np.ndarray:
    """What a .npy file holds. Raises InputError."""
    return _npy(path, paths.regular_file(path, limits.DATA_BYTES, "file of one array (.npy)"))


def _npy(path: Path, size: int) -> np.ndarray:
    """Raises InputError."""
    try:
        with path.open("rb") as stream:
            return _array(stream, size, path.name)
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> InputError:
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return InputError.of(str(path), "", f"cannot be read: {reason}")


def _header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name} has the .npy version {version}; expected 1.0 or 2.0")
    return readers[version](stream, max_header_size=HEADER)


def _array(stream: IO[bytes], size: int, name: str) -> np.ndarray:
    """One .npy of `size` bytes. The header decides what would be allocated, so it is judged first."""
    shape, fortran, dtype = _header(stream, name)
    if dtype.names is not None and not dtype.hasobject:
        fields = ", ".join(dtype.names[:10])
        raise ValueError(
            f"{name} is a table of named fields ({fields}); expected numbers. Save it as CSV, or save its columns as one array"
        )
    if dtype.kind not in "biufUS":
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
    array = (flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)).astype(dtype.newbyteorder("="), copy=False)
    return np.char.decode(array, "utf-8", "replace") if dtype.kind == "S" else array


def _demand(arrays: dict[str, np.ndarray], choice: ArrayChoice, where: str) -> None:
    """Every problem with how the chosen arrays fit together."""
    problems, keys = [], choice.keys
    for part in choice.parts:
        if f"x{part}" not in arrays:
            continue
        x, t = arrays[f"x{part}"], arrays[f"t{part}"]
        if x.ndim < 2 or x.dtype.kind == "U":
            message = f"shape {x.shape} of {x.dtype}; expected numbers, samples first, then their axes"
            problems.append(Problem(where, keys[f"x{part}"], message))
        elif t.ndim < 1 or len(t) != len(x):
            message = f"shape {t.shape}; expected {len(x):,} targets, one for each sample of {keys.get(f'x{part}', 'the inputs')}"
            problems.append(Problem(where, keys[f"t{part}"], message))
    if not problems and "x_test" in arrays:
        for role in "xt":
            train, test = arrays[f"{role}_train"], arrays[f"{role}_test"]
            if train.shape[1:] != test.shape[1:] or (train.dtype.kind == "U") != (test.dtype.kind == "U"):
                given, wanted = f"{test.shape[1:]} {test.dtype}", f"{train.shape[1:]} {train.dtype}"
                problems.append(Problem(where, keys[f"{role}_test"], f"{given} per sample; expected {keys[f'{role}_train']}'s {wanted}"))
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


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
