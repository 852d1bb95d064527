"""Hostile data files: they claim more than they hold, they carry code, they never end. All are refused before memory is asked for."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnviz3d.engine import data
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data


class Evil:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code in a data file was executed",))


def npy(shape, dtype="<f8", body=b"", fortran=False) -> bytes:
    """An .npy with any header."""
    header = f"{{'descr': {dtype!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


def npz(**entries: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, body in entries.items():
            archive.writestr(f"{name}.npy", body)
    return raw.getvalue()


def objects() -> bytes:
    raw = io.BytesIO()
    np.save(raw, np.array([Evil(), Evil()], object), allow_pickle=True)
    return raw.getvalue()


def wrong_size(body: bytes) -> bytes:
    """An archive whose list of contents claims that an entry is 1 GiB."""
    raw = bytearray(npz(x=body, t=npy((1,), body=bytes(8))))
    at = raw.find(b"PK\1\2")
    raw[at + 24 : at + 28] = struct.pack("<I", 1 << 30)
    return bytes(raw)


GOOD_T = npy((2,), body=np.array([0.5, 1.5]).tobytes())
NPZ = {
    "huge shape": (npz(x=npy((10**12, 10**3)), t=GOOD_T), "claims the shape"),
    "shape beyond 64 bits": (npz(x=npy((2**40, 2**40)), t=GOOD_T), "claims the shape"),
    "negative shape": (npz(x=npy((-5, 2)), t=GOOD_T), "cannot be read|claims"),
    "more than is stored": (npz(x=npy((1000, 1000), body=bytes(16)), t=GOOD_T), "but 16 are stored"),
    "less than is stored": (npz(x=npy((1, 1), body=bytes(800)), t=GOOD_T), "but 800 are stored"),
    "objects": (npz(x=objects(), t=GOOD_T), "Objects need pickle"),
    "structured": (npz(x=npy((2,), dtype=[("a", "<f8"), ("b", "|O")], body=bytes(32)), t=GOOD_T), "expected numbers|cannot be read"),
    "a bare pickle": (pickle.dumps(Evil()), "neither a .npz archive nor a .npy file"),
    "a pickle in the archive": (npz(x=pickle.dumps(Evil()), t=GOOD_T), "cannot be read"),
    "a zip bomb": (npz(x=npy((10_000, 1_000), body=bytes(80_000_000)), t=GOOD_T), "too much to read safely"),
    "a lie about a size": (wrong_size(npy((1, 1), body=bytes(8))), "cannot be read"),
    "code in the header": (npz(x=npy("__import__('os')"), t=GOOD_T), "cannot be read"),
    "five axes": (npz(x=npy((1, 1, 1, 1, 1), body=bytes(8)), t=GOOD_T), "at most 4 axes"),
    "cut off": (npz(x=npy((2, 2), body=bytes(32)), t=GOOD_T)[:-40], "neither|cannot be read"),
    "npy of a huge shape": (npy((10**9, 10**9)), "claims the shape"),
    "npy of objects": (objects(), "Objects need pickle"),
    "npy of an unknown version": (b"\x93NUMPY\x09\x00" + bytes(80), "version"),
    "npy that ends": (b"\x93NUMPY\x01\x00\xff\xff", "cannot be read"),
    "empty": (b"", "neither"),
}
SMALL = struct.pack(">BBBBII", 0, 0, 8, 2, 2, 2)
HUGE = struct.pack(">BBBBII", 0, 0, 8, 2, 2**31, 2**31)
IDX = {
    "huge sides": (HUGE, "claims 4,611,686,018,427,387,904 values"),
    "huge sides, gz": (gzip.compress(HUGE), "claims 4,611,686,018,427,387,904 values"),
    "a gz bomb": (gzip.compress(struct.pack(">BBBBII", 0, 0, 8, 2, 30_000, 10_000) + bytes(300_000_000), 1), "claims"),
    "a bomb behind a small header": (gzip.compress(SMALL + bytes(50_000_000), 1), "holds more than the 4 bytes"),
    "more than is there": (struct.pack(">BBBBII", 0, 0, 8, 2, 100, 100) + bytes(10), "= 10,000 bytes of values, but the file has 22"),
    "more than is there, gz": (gzip.compress(struct.pack(">BBBBII", 0, 0, 8, 2, 100, 100) + bytes(10)), "holds 10 of the 10,000 bytes"),
    "half a header": (b"\0\0\x08\x03\0\0", "ends inside its header"),
    "255 axes": (b"\0\0\x08\xff" + bytes(2000), "not an IDX file"),
    "no axes": (b"\0\0\x08\0\x01", "not an IDX file"),
    "unknown type": (b"\0\0\x07\x01\0\0\0\1a", "not an IDX file"),
    "broken gz": (gzip.compress(HUGE)[:-9] + b"xxxxxxxxx", "cannot be read|claims"),
    "gz of nothing": (gzip.compress(b""), "starts with nothing"),
    "empty": (b"", "starts with nothing"),
}  # fmt: skip


def refused(tmp_path, kind: str, raw: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(raw)
    (tmp_path / "t").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"\0\1")
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message):
            data.load(Data(kind=kind, file="x", labels_file="t"), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20, "memory was asked for before the sizes were judged"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", NPZ)
def test_hostile_archives_are_refused(name, tmp_path):
    refused(tmp_path, "npz", *NPZ[name])


@pytest.mark.parametrize("name", IDX)
def test_hostile_idx_files_are_refused(name, tmp_path):
    refused(tmp_path, "idx", *IDX[name])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
    kind=st.sampled_from(["npz", "idx", "csv"]),
)
def test_flipped_bytes_give_data_or_an_input_error(flips, kind, tmp_path):
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    sound = {
        "npz": npz(x=npy((4, 3), "<f4", x.tobytes()), t=npy((4,), "<i4", np.array([0, 1, 0, 1], "<i4").tobytes())),
        "idx": struct.pack(">BBBBII", 0, 0, 8, 2, 4, 3) + bytes(range(12)),
        "csv": b"a,b,c\n1,2,x\n3,4,y\n5,6,x\n",
    }[kind]
    raw = bytearray(sound)
    for place, mask in flips:
        raw[place % len(raw)] ^= mask
    (tmp_path / "x").write_bytes(raw)
    (tmp_path / "t").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 4) + b"\0\1\0\1")
    try:
        found = data.load(Data(kind=kind, file="x", labels_file="t", test_fraction=0.5), tmp_path)
    except InputError as error:
        assert error.problems
    else:
        assert np.isfinite(found.x_train).all() and len(found.x_train) >= 1
