"""Tables made to hurt: bombs, archives of several files, endless lines, a million columns, sheets with a cell at the far corner.

Each is refused in words, in bounded memory and time, and nothing is written.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import time
import tracemalloc
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnviz3d.engine.data import load, tables
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

SOUND = b"a,b,k\n" + b"".join(b"%d,%d,%s\n" % (k * 7 % 11, k * 3 % 5, b"xy"[k % 2 : k % 2 + 1]) for k in range(20))
ZEROS = b"0,0,0\n" * 4_000_000  # 24 MB, which every packer makes tiny


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def many_times(pack) -> bytes:
    """A bomb of several streams: 192 MB out of few kB."""
    return pack(ZEROS) * 8


def xlsx(change=lambda name, content: content) -> bytes:
    """A small workbook whose parts went through `change`."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["a", "b", "k"], [1, 2, "x"], [3, 5, "y"], [4, 1, "x"]):
        book.active.append(row)
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return zipped(*[(info.filename, change(info.filename, archive.read(info))) for info in archive.infolist()])


def sheet(replace: tuple[bytes, bytes]):
    return xlsx(lambda name, content: content.replace(*replace) if name.startswith("xl/worksheets/") else content)


def encrypted() -> bytes:
    raw = bytearray(zipped(("a.csv", SOUND)))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.find(mark) + at] |= 1
    return bytes(raw)


ENTITIES = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FAR = (b'<c r="C4"', b'<c r="XFD1048576"')
HOSTILE = {
    "gzip bomb": (lambda: many_times(gzip.compress), "too much to read safely"),
    "bzip2 bomb": (lambda: many_times(bz2.compress), "too much to read safely"),
    "xz bomb": (lambda: many_times(lzma.compress), "too much to read safely"),
    "zip bomb": (lambda: zipped(("a.csv", ZEROS * 4)), "too much to read safely"),
    "xz that wants 1 GiB": (
        lambda: lzma.compress(SOUND, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]), "cannot be read: Memory usage limit"),
    "gzip that ends early": (lambda: gzip.compress(SOUND)[:-12], "cannot be read"),
    "gzip of nothing": (lambda: gzip.compress(b""), "is empty"),
    "gzip of gzip": (lambda: gzip.compress(gzip.compress(SOUND)), "is not a text table"),
    "gzip of a picture": (lambda: gzip.compress(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), "holds a PNG picture and is not a text table"),
    "damaged xz": (lambda: lzma.compress(SOUND)[:40] + b"garbage" * 9, "cannot be read"),
    "damaged bzip2": (lambda: bz2.compress(SOUND)[:40] + b"garbage" * 9, "cannot be read"),
    "zip of two": (lambda: zipped(("a.csv", SOUND), ("b.csv", SOUND)), "holds 2 files (a.csv, b.csv); expected an archive of one table"),
    "zip of none": (lambda: zipped(("folder/", b"")), "holds 0 files"),
    "zip with a way up": (lambda: zipped(("../../a.csv", SOUND)), "refers to a file outside the archive"),
    "zip with a root": (lambda: zipped(("/etc/a.csv", SOUND)), "refers to a file outside the archive"),
    "zip with a drive": (lambda: zipped((r"C:\a.csv", SOUND)), "refers to a file outside the archive"),
    "zip with a password": (encrypted, "cannot be read"),
    "half a zip": (lambda: zipped(("a.csv", SOUND))[:60], "not a complete zip archive"),
    "a million columns": (lambda: b",".join(b"c%d" % k for k in range(1_000_000)) + b"\n", "1,000,000 columns; at most 65,536"),
    "a million columns of numbers": (lambda: (b"1," * 999_999 + b"1\n") * 3, "1,000,000 columns; at most 65,536"),
    "a cell of 1 MB": (lambda: b"a,b\n1," + b"x" * (1 << 20) + b"\n", "field larger than field limit"),
    "a quote that never ends": (lambda: b'a,b\n1,"' + b"x\n" * 500_000, "not a readable CSV file"),
    "a line that never ends": (lambda: b"a,b\n1," + b" " * (17 << 20), "has a line of more than"),
    "zeros": (lambda: b"a,b\n1,2\n" * 9 + b"\0" * 99, "contains zero bytes and is not a text table"),
    "odd UTF-16": (lambda: b"\xff\xfea\0,\0b\0\n\0\xd8", "not utf-16 text"),
    "words by the thousand": (
        lambda: b"a,b,k\n" + b"".join(b"w%d,%d,%s\n" % (k % 9, k, b"xy"[k % 2 : k % 2 + 1]) for k in range(3)), None),
    "a cell in the far corner": (lambda: sheet(FAR), None),
    "xlsx bomb": (
        lambda: xlsx(lambda name, content: content + b" " * (200 << 20) if name.startswith("xl/worksheets/") else content),
        "too much to read safely"),
    "xlsx that is none": (lambda: zipped(("xl/workbook.xml", b"<x/>"), ("[Content_Types].xml", b"<x/>")), "not a readable Excel file"),
    "xlsx of entities": (lambda: sheet((b"<worksheet", ENTITIES + b"<worksheet")), None),
    "xls that is none": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "not a readable Excel file"),
    "parquet that is none": (lambda: b"PAR1" + b"\xff" * 500 + b"PAR1", "not a readable Parquet file"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "holds a PNG picture and is not a text table"),
    "an ONNX file": (lambda: b"\x08\x07\x12\x07pytorch" + b"\0" * 99, "is not a text table"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables_are_refused_in_bounded_memory_and_time(tmp_path, name):
    make, message = HOSTILE[name]
    (tmp_path / "x.csv").write_bytes(make())
    begun = time.perf_counter()
    tracemalloc.start()
    try:
        load(Data(kind="csv", file="x.csv"), tmp_path)
        reported = None
    except InputError as error:
        reported = str(error)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (reported is None) == (message is None) or message is None, reported
    assert message is None or message in reported
    assert most < 200 << 20 and time.perf_counter() - begun < 60
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("encoding", ["hex", "rot13", "base64", "unicode_escape", "idna", "utf-7", "../x", ""])
def test_only_known_encodings_can_be_named(encoding):
    with pytest.raises(ValueError, match="encoding"):
        Data(kind="csv", file="a.csv", encoding=encoding)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
    kind=st.sampled_from(["text", "gzip", "bzip2", "xz", "zip", "xlsx", "utf-16"]),
)
def test_flipped_bytes_give_a_table_or_an_input_error(flips, kind, tmp_path):
    sound = {
        "text": lambda: SOUND, "gzip": lambda: gzip.compress(SOUND), "bzip2": lambda: bz2.compress(SOUND),
        "xz": lambda: lzma.compress(SOUND), "zip": lambda: zipped(("a.csv", SOUND)), "xlsx": xlsx,
        "utf-16": lambda: SOUND.decode().encode("utf-16"),
    }[kind]()  # fmt: skip
    raw = bytearray(sound)
    for place, mask in flips:
        raw[place % len(raw)] ^= mask
    (tmp_path / "x").write_bytes(raw)
    for work in (
        lambda: tables.describe(tmp_path / "x", Data(kind="csv", file="x"), 1000),
        lambda: load(Data(kind="csv", file="x"), tmp_path),
    ):
        try:
            work()
        except InputError as error:
            assert error.problems


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from(list("ab1 09.,;|\t\"'\n\r-_=?eENAséa€\ufeff")), max_size=200), target=st.sampled_from(["", "0", "a"]))
def test_any_text_is_a_table_or_an_input_error(text, target, tmp_path):
    (tmp_path / "x").write_bytes(text.encode())
    for work in (tables.describe, lambda path, data: load(data, tmp_path)):
        try:
            work(tmp_path / "x", Data(kind="csv", file="x", target=target))
        except InputError as error:
            assert error.problems


def test_reading_a_table_loads_neither_pandas_nor_the_readers_of_other_kinds(tmp_path):
    (tmp_path / "a.csv").write_bytes(SOUND)
    program = (
        "import sys; from pathlib import Path; from nnviz3d.engine.data import load; from nnviz3d.spec.scene import Data\n"
        "load(Data(kind='csv', file='a.csv'), Path('.'))\n"
        "print(sorted({'pandas', 'pyarrow', 'openpyxl', 'xlrd', 'duckdb', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "[]\n", done.stderr
