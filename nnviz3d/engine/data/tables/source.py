"""A table as rows of text cells, whatever file it is in: CSV and its kin, Excel, Parquet. Rows can be gone through more than once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

from nnviz3d.engine.data.tables import dialect, packed
from nnviz3d.engine.data.tables.dialect import Dialect
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

LINE = 16 << 20  # characters of one line
PEEK = 4 << 20  # characters that are looked at for the dialect
Row = tuple[int, list[str]]


class TableSource(Protocol):
    """`kind`: "text", "Excel" or "Parquet". `rows()`: (line, cells) below the names; each row has its own number of cells."""

    kind: str
    encoding: str
    sheet: str
    dialect: Dialect
    notes: tuple[str, ...]

    def rows(self) -> Iterator[Row]: ...


def open_source(path: Path, data: Data) -> TableSource:
    """The table in a file. Raises InputError where there is none, and names the package that is missing."""
    where = str(path)
    try:
        kind = packed.kind_of(path)
        if kind in ("xlsx", "xls", "parquet"):
            from nnviz3d.engine.data.tables import workbook

            found = workbook.Parquet(path, data) if kind == "parquet" else workbook.Excel(path, kind, data)
        elif kind == "npz":
            raise InputError.of(where, "", 'holds numpy arrays; it is data of kind "npz"')
        else:
            found = Text(path, data)
    except packed.UNREADABLE as error:
        raise packed.unreadable(path, error) from None
    width = found.dialect.width
    if width < 2:
        text = "has one column; expected at least one input and the target"
        hint = (
            ""
            if kind in ("xlsx", "xls", "parquet")
            else f", separated by one of , ; | tab or spaces (read with {found.dialect.delimiter!r}; give data.delimiter)"
        )
        raise InputError.of(where, "", text + hint)
    check_width(width, where)
    return found


def check_width(columns: int, where: str) -> None:
    if columns > limits.UNITS:
        raise InputError.of(where, "", f"{columns:,} columns; at most {limits.UNITS:,} are read")


class Text:
    """CSV in any of its dialects, packed or not."""

    kind, sheet = "text", ""

    def __init__(self, path: Path, data: Data):
        packed.readable(path, path.stat().st_size)
        packed.judge(path)
        self.path, self.notes = path, ()
        self.encoding = packed.encoding_of(path, data.encoding)
        with self._input_errors(), packed.text_of(path, self.encoding) as file:
            head, taken = [], 0
            for line in lines(file, str(path)):
                check_width(max(map(line.count, ",;|\t")) + 1, str(path))
                head.append(line)
                taken += len(line)
                if taken > PEEK or len(head) > 2 * dialect.LINES:
                    break
        try:
            with self._input_errors():
                self.dialect, self._said = dialect.find(head, data)
        except ValueError as error:
            raise InputError.of(str(path), "", str(error)) from None

    def rows(self) -> Iterator[Row]:
        with self._input_errors(), packed.text_of(self.path, self.encoding) as file:
            below = islice(lines(file, str(self.path)), self._said, None)
            found = dialect.rows_of(below, self.dialect.delimiter, self.dialect.quote)
            yield from ((line + self._said, row) for line, row in islice(found, self.dialect.body, None))

    @contextmanager
    def _input_errors(self):
        """What a file can do wrong while it is read."""
        where = str(self.path)
        try:
            yield
        except UnicodeDecodeError as error:
            if self.encoding != "utf-8-sig":
                raise InputError.of(where, "data.encoding", f"not {self.encoding} text: {error.reason}") from None
            byte = f"the byte {error.object[error.start]:#04x}"
            text = f'not UTF-8 text ({byte}). If it comes from Windows or an older Excel, give data.encoding = "cp1252"'
            raise InputError.of(where, "data.encoding", text) from None
        except csv.Error as error:
            raise InputError.of(where, "", f"not a readable CSV file: {error}") from None
        except packed.UNREADABLE as error:
            raise packed.unreadable(self.path, error) from None


def lines(file: TextIO, where: str) -> Iterator[str]:
    """Each line, of bounded length: a file without line ends is not taken into memory whole."""
    while line := file.readline(LINE):
        if len(line) >= LINE:
            raise InputError.of(where, "", f"has a line of more than {LINE:,} characters; it is not a table")
        if "\0" in line:
            raise InputError.of(where, "", "contains zero bytes and is not a text table")
        yield line
