"""The bytes of a table: what kind of file they are, by their beginning, and their text, unpacked within bounds.

Nothing is unpacked to disk. What claims or turns out to be more than it can honestly be is refused before it is kept.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TextIO

from nnviz3d.engine.data.places import overblown
from nnviz3d.spec import file_kinds
from nnviz3d.spec.errors import InputError

TEXT_BYTES = 1 << 30
XZ_MEMORY = 256 << 20  # a header may ask for 4 GiB; `xz -9` needs 65 MiB
DIRECTORY = 1 << 20  # bytes for the list of files in an archive
HEAD, PIECE = 1 << 16, 1 << 20
WIDE = 16  # bytes from which on zeros between them are letters of UTF-16
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, MemoryError)
_KINDS = {file_kinds.BZIP2: "bzip2", file_kinds.XZ: "xz", file_kinds.OLD_OFFICE: "xls", file_kinds.PARQUET: "parquet"}
PACKED = ("gzip", "bzip2", "xz", "zip")


def kind_of(path: Path) -> str:
    """gzip, bzip2, xz, zip, xlsx, xls, parquet, npz, or what it is that is no table; text where nothing else is known."""
    with path.open("rb") as file:
        head = file.read(file_kinds.BYTES)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PK\3\4"):
        names = [info.filename for info in _listed(path)]
        return "xlsx" if "xl/workbook.xml" in names else "npz" if names and all(name.endswith(".npy") for name in names) else "zip"
    kind = file_kinds.of_bytes(head, path.stat().st_size)
    return "text" if file_kinds.textual(kind) else _KINDS.get(kind, kind.text)


def is_table(path: Path) -> bool:
    """Whether the file could be a table, by its first bytes and not by its name. Raises InputError where it cannot be read."""
    try:
        kind = kind_of(path)
        if kind in PACKED:
            with unpacked(path, kind) as stream:
                return not stream.read(3).startswith(b"\0\0")  # IDX
    except UNREADABLE as error:
        raise InputError.of(str(path), "", _unreadable(error)) from None
    return kind in ("text", "xlsx", "xls", "parquet")


@contextmanager
def unpacked(path: Path, kind: str) -> Iterator[BinaryIO]:
    """The file's content as a stream that ends with InputError where it grows beyond belief."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if kind == "zip":
            with zipfile.ZipFile(file) as archive, archive.open(_only(path)) as inner:
                yield io.BufferedReader(_Bounded(inner, path, size))
        else:
            yield io.BufferedReader(_Bounded(_OPEN[kind](file) if kind in _OPEN else file, path, size))


@contextmanager
def text_of(path: Path, encoding: str) -> Iterator[TextIO]:
    """The text of a file, packed or not, with its line ends as they are. `encoding` as `encoding_of` gives it."""
    with unpacked(path, kind_of(path)) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        yield text


def encoding_of(path: Path, wanted: str = "auto") -> str:
    """By the mark at its beginning, or by the zeros that UTF-16 has between letters; else UTF-8. Raises InputError for what is no text."""
    with unpacked(path, kind_of(path)) as stream:
        head = stream.read(HEAD)
    kind = file_kinds.of_bytes(head, len(head))
    zeros = [head[k::2].count(0) / max(len(head[k::2]), 1) for k in (0, 1)]
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    zeros = zeros if len(head) >= WIDE else [0.0, 0.0]
    wide = "utf-16" if marked else "utf-16-le" if zeros[1] > 0.3 > zeros[0] else "utf-16-be" if zeros[0] > 0.3 > zeros[1] else ""
    if not file_kinds.textual(kind) or (not wide and wanted != "utf-16" and b"\0" in head):
        message = "contains zero bytes" if file_kinds.textual(kind) else f"holds {kind.text}"
        raise InputError.of(str(path), "", f"{message} and is not a text table; expected CSV (also .gz .bz2 .xz .zip), Excel or Parquet")
    if wanted in ("auto", "utf-16"):
        return wide or ("utf-16-le" if wanted == "utf-16" else "utf-8-sig")
    return "utf-8-sig" if wanted == "utf-8" else wanted


def readable(path: Path, size: int) -> None:
    """Raises InputError where a text is too large to be read."""
    if size > TEXT_BYTES:
        raise InputError.of(str(path), "", f"{size:,} bytes; a text table may have at most {TEXT_BYTES:,}. Save larger ones as .npz")


def judge(path: Path) -> None:
    """Unpack once and keep nothing, which is quick: what is no honest file is refused before its rows are looked at. Raises InputError."""
    kind = kind_of(path)
    if kind in PACKED:
        with unpacked(path, kind) as stream:
            while stream.read(PIECE):
                pass


def unreadable(path: Path, error: Exception) -> InputError:
    return InputError.of(str(path), "", _unreadable(error))


def _unreadable(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error) or ("not enough memory" if isinstance(error, MemoryError) else "it is damaged")
    return f"cannot be read: {reason.splitlines()[0]}"


class _Bounded(io.RawIOBase):
    """A stream that may not give more than TEXT_BYTES, nor more than an honest packer could have packed."""

    def __init__(self, inner, path: Path, packed: int):
        self._inner, self._path, self._packed, self._given = inner, path, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = self._inner.read(len(buffer))
        self._given += len(part)
        if self._given > TEXT_BYTES or overblown(self._given, self._packed):
            message = f"more than {self._given >> 20:,} MiB out of {self._packed:,} bytes"
            raise InputError.of(str(self._path), "", f"unpacks to {message}; too much to read safely")
        buffer[: len(part)] = part
        return len(part)


class _Xz(io.RawIOBase):
    """`lzma.LZMAFile` without its trust in the header: memory is bounded."""

    def __init__(self, file: BinaryIO):
        self._file, self._unpack = file, lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        while True:
            if self._unpack.eof:  # another stream may follow
                rest = self._unpack.unused_data.lstrip(b"\0") or self._file.read(HEAD).lstrip(b"\0")
                if not rest:
                    return b""
                self._unpack = lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)
            else:
                rest = self._file.read(HEAD) if self._unpack.needs_input else b""
                if self._unpack.needs_input and not rest:
                    raise EOFError("the file is incomplete")
            if part := self._unpack.decompress(rest, size if size >= 0 else HEAD):
                return part


_OPEN = {"gzip": lambda file: gzip.GzipFile(fileobj=file), "bzip2": bz2.BZ2File, "xz": _Xz}


def _only(path: Path) -> zipfile.ZipInfo:
    """The one file of an archive. Raises InputError for none or several, and for names that lead elsewhere."""
    found = [info for info in _listed(path) if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(found) != 1:
        names = ", ".join(info.filename[:60] for info in found[:5])
        raise InputError.of(
            str(path), "", f"holds {len(found):,} files ({names}); expected an archive of one table. Unpack it and choose one"
        )
    name = PurePosixPath(found[0].filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise InputError.of(str(path), "", f"refers to a file outside the archive: {found[0].filename[:80]!r}")
    if overblown(found[0].file_size, found[0].compress_size):
        message = f"{found[0].file_size:,} bytes out of {found[0].compress_size:,}"
        raise InputError.of(str(path), "", f"claims {message}; too much to read safely")
    return found[0]


def _listed(path: Path) -> list[zipfile.ZipInfo]:
    """What an archive holds. `zipfile` reads the list whole, so the length that it claims is looked at first."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise InputError.of(str(path), "", "cannot be read: not a complete zip archive")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    if listed > DIRECTORY:
        raise InputError.of(str(path), "", f"its list of contents takes {listed:,} bytes; at most {DIRECTORY:,} are read")
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def check_workbook(path: Path) -> None:
    """An Excel file is an archive: what its parts claim is bounded. Raises InputError."""
    listed = _listed(path)
    total, packed = sum(info.file_size for info in listed), sum(info.compress_size for info in listed)
    if total > TEXT_BYTES or overblown(total, packed):
        raise InputError.of(str(path), "", f"claims {total:,} bytes out of {packed:,}; too much to read safely")
