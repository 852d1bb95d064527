"""Excel and Parquet through openpyxl, xlrd and pyarrow (`pip install nnviz3d[tables]`). Only values are read: no formula, macro or link."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from nnviz3d.engine.data.tables import dialect, packed
from nnviz3d.engine.data.tables.dialect import Dialect
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

BATCH = 4096  # rows of Parquet at once
XLS_BYTES = 256 << 20  # xlrd takes the file into memory


class Excel:
    """One sheet: the one that is named, or the first that holds a table."""

    kind, encoding = "Excel", ""

    def __init__(self, path: Path, ending: str, data: Data):
        self.path, self.ending, self.notes = path, ending, ()
        self._open = _xlsx if ending == "xlsx" else _xls
        package = _package("openpyxl" if ending == "xlsx" else "xlrd", path, "Excel")
        if ending == "xlsx":
            packed.check_workbook(path)
        elif path.stat().st_size > XLS_BYTES:
            raise InputError.of(str(path), "", f"an .xls file of more than {XLS_BYTES:,} bytes; save it as .xlsx or CSV")
        try:
            sheets = self._open(package, path)
            self.sheet, head = self._choose(sheets, data.sheet)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - a foreign reader of foreign files: whatever it raises, the file cannot be used
            raise InputError.of(
                str(path), "", f"not a readable Excel file: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            ) from None
        if len(sheets) > 1:
            self.notes = (f'the sheet "{self.sheet}" of {len(sheets)} is used; data.sheet selects another',)
        self._package = package
        self.dialect = dialect.of_rows(head, "", data)

    def _choose(self, sheets: dict[str, Any], wanted: str) -> tuple[str, list[list[str]]]:
        if wanted and wanted not in sheets:
            raise InputError.of(str(self.path), "data.sheet", f'no sheet "{wanted}"; sheets: {", ".join(list(sheets)[:20])}')
        for name in [wanted] if wanted else sheets:
            head = [row for _, row in islice(_squared(sheets[name]()), dialect.LINES)]
            if wanted or (len(head) > 1 and max(map(len, head)) > 1):
                return name, _even(head)
        raise InputError.of(str(self.path), "", "has no sheet with a table; expected rows of numbers")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        width = self.dialect.width
        try:
            for line, row in islice(_squared(self._open(self._package, self.path)[self.sheet]()), self.dialect.body, None):
                yield line, row + [""] * (width - len(row))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001
            raise InputError.of(str(self.path), "", f"not a readable Excel file: {error}") from None


class Parquet:
    """The columns of a Parquet file, by its own names."""

    kind, encoding, sheet, notes = "Parquet", "", "", ()

    def __init__(self, path: Path, data: Data):
        self.path = path
        _package("pyarrow", path, "Parquet")
        try:
            meta = self._file().metadata
            names = tuple(self._file().schema_arrow.names)
        except Exception as error:  # noqa: BLE001
            raise InputError.of(str(path), "", f"not a readable Parquet file: {str(error).splitlines()[0]}") from None
        if meta.num_rows * max(len(names), 1) > limits.DATA_VALUES:
            raise InputError.of(
                str(path), "", f"claims {meta.num_rows:,} rows of {len(names):,}; at most {limits.DATA_VALUES:,} values are read"
            )
        self.dialect = Dialect("", "." if data.decimal == "auto" else data.decimal, True, 0, names)

    def _file(self):
        from pyarrow import parquet

        return parquet.ParquetFile(self.path)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        line = 0
        try:
            for batch in self._file().iter_batches(BATCH, use_threads=False):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    line += 1
                    yield line, [_text(cell) for cell in row]
        except Exception as error:  # noqa: BLE001
            raise InputError.of(str(self.path), "", f"not a readable Parquet file: {str(error).splitlines()[0]}") from None


def _package(name: str, path: Path, kind: str):
    try:
        return importlib.import_module(name)
    except ImportError:
        text = f'{kind} files need the package {name}: pip install "nnviz3d[tables]", or save the table as CSV'
        raise InputError.of(str(path), "", text) from None


def _xlsx(openpyxl, path: Path) -> dict[str, Any]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    return {sheet.title: (lambda sheet=sheet: sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def _xls(xlrd, path: Path) -> dict[str, Any]:
    book = xlrd.open_workbook(path, on_demand=True, ragged_rows=True)

    def rows(name: str) -> Iterator[list]:
        for cells in book.sheet_by_name(name).get_rows():
            yield [_xls_value(xlrd, cell, book.datemode) for cell in cells]

    return {name: (lambda name=name: rows(name)) for name in book.sheet_names()}


def _xls_value(xlrd, cell, datemode: int):
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return None if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value


def _squared(rows) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, without the empty cells behind. What says that it has more cells than can be is refused."""
    for line, row in enumerate(rows, 1):
        if len(row) > limits.UNITS:
            raise ValueError(f"a row of {len(row):,} cells")
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield line, cells


def _even(rows: list[list[str]]) -> list[list[str]]:
    """Of one width, for a sheet has no separators that could be counted: titles are recognised by their one cell."""
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]


def _text(value) -> str:
    """A value as its cell would be written in a CSV file; numbers with all their digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time(0) else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value).strip()
