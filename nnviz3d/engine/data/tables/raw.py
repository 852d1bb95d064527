"""A whole table in columns: float64 numbers, or texts where a column holds anything else. Problems of rows are reported in one line.

Numbers are converted as they come, many at once. A column that turns out to hold words late in the file is read a second time, as
texts: so long tables of numbers never stand in memory as text, and a code such as 01067 keeps its zero.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from nnviz3d.engine.data.tables.cells import UNSURE, is_code, missing, number
from nnviz3d.engine.data.tables.source import Row, TableSource
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError

CELLS = 200_000  # that are converted at once
SKIMMED = 5_000_000  # cells that are gone through at most where only some are wanted: half a second
EXAMPLES = 3
TOTALLED = 5  # rows from which on a last line may add up the others


@dataclass
class Raw:
    """One column. Either `values` (n,) float64 with NaN for gaps, or the different `texts` and `codes` (n,) into them, else empty."""

    key: str
    name: str
    values: np.ndarray | None = None
    texts: list[str] = field(default_factory=list)
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    unit: str = ""  # of its numbers, where a line below the names says it

    def __len__(self) -> int:
        return len(self.codes if self.values is None else self.values)


@dataclass(frozen=True)
class RawTable:
    """`columns` of the same n rows; `lines` (n,): where each row stands in the file. `whole`: all rows were read. `ragged`: in words."""

    columns: list[Raw]
    lines: array
    whole: bool
    ragged: str


def read(source: TableSource, path: Path, limit: int | None = None) -> RawTable:
    """All rows, or rows drawn evenly with so many cells as `limit` says. Raises InputError."""
    names, width = source.dialect.names, source.dialect.width
    most = None if limit is None else max(limit // width, 20)
    rows = _Rows(names, most)
    columns = [_Column() for _ in names]
    for chunk in rows.chunks(source.rows()):
        if width * len(rows.lines) > limits.DATA_VALUES:
            raise InputError.of(str(path), "", f"more than {limits.DATA_VALUES:,} values")
        for column, cells in zip(columns, zip(*chunk, strict=True), strict=True):
            column.take(cells, source.dialect.decimal)
    if any(column.late for column in columns):
        again = [(k, column) for k, column in enumerate(columns) if column.late]
        for _, column in again:
            column.begin_words()
        for chunk in _Rows(names, most).chunks(source.rows()):
            for k, column in again:
                column.take([row[k] for row in chunk], source.dialect.decimal)
    keys = _keys(names)
    made = [column.raw(key, name) for column, key, name in zip(columns, keys, names, strict=True)]
    for column, unit in zip(made, source.dialect.units, strict=False):
        column.unit = unit
    while len(made) > 2 and not made[-1].name and _empty(made[-1]):  # a separator at the end of each row
        made.pop()
    return RawTable(made, rows.lines, rows.whole, rows.ragged_note(width))


TOTALS = {"total", "totals", "sum", "sums", "average", "mean", "subtotal", "grand total", "summe", "gesamt", "gesamtsumme", "insgesamt"}
TOTALS |= {"mittelwert", "durchschnitt", "somme", "moyenne", "total général", "suma", "totale"}  # first in a line that adds up the others


def without_total(table: RawTable) -> str:
    """Take the last row away where it adds up the others (its first cell is "Total", as no other row's), and say so; "" where not."""
    if len(table.lines) < TOTALLED:
        return ""
    first = next((column for column in table.columns if not _ends_empty(column)), None)
    if first is None or first.values is not None or not _only_last(first):
        return ""
    said = first.texts[-1]
    if said.casefold().strip(" :.=") not in TOTALS:
        return ""
    for column in table.columns:
        if column.values is not None:
            column.values = column.values[:-1]
            continue
        if _only_last(column):
            column.texts.pop()
        column.codes = column.codes[:-1]
    return f"line {table.lines.pop()} ({said}) is left out because it is a total of the others"


def _ends_empty(column: Raw) -> bool:
    return bool(np.isnan(column.values[-1])) if column.values is not None else missing(column.texts[column.codes[-1]])


def _only_last(column: Raw) -> bool:
    """Texts are numbered as they come: the last row's own one is the last."""
    return int(column.codes[-1]) == len(column.texts) - 1 and np.count_nonzero(column.codes == column.codes[-1]) == 1


class _Rows:
    """Rows of equal width in pieces; counts those that are not."""

    def __init__(self, names: tuple[str, ...], most: int | None):
        self._width, self._most = len(names), most
        self._named = max((k + 1 for k, name in enumerate(names) if name), default=len(names))
        self.lines, self.whole = array("Q"), True
        self._ragged, self._examples = 0, []

    def chunks(self, rows: Iterator[Row]) -> Iterator[list[list[str]]]:
        size = max(CELLS // self._width, 1)
        rows = rows if self._most is None else iter(self._spread(rows, self._most))
        while part := list(islice(rows, size)):
            if chunk := [row for row in map(self._even, part) if row]:
                yield chunk

    def _spread(self, rows: Iterator[Row], most: int) -> list[Row]:
        """At most so many rows, drawn evenly: tables are often sorted. A long file is gone through in part only."""
        kept, every, looked = [], 1, SKIMMED // self._width
        for k, row in enumerate(rows):
            if k % every == 0:
                kept.append(row)
            if len(kept) > most:
                kept, every, self.whole = kept[::2], 2 * every, False
            if k >= looked:
                self.whole = False
                break
        return kept

    def _even(self, row: Row) -> list[str] | None:
        line, cells = row
        if len(cells) > self._width and not any(map(str.strip, cells[self._width :])):
            cells = cells[: self._width]
        if self._named <= len(cells) < self._width:
            cells = cells + [""] * (self._width - len(cells))
        if len(cells) == self._width:
            self.lines.append(line)
            return cells
        self._ragged += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(f"line {line}: {len(cells):,} cell{'' if len(cells) == 1 else 's'}")
        return None

    def ragged_note(self, width: int) -> str:
        more = ", ..." if self._ragged > EXAMPLES else ""
        have = "row has" if self._ragged == 1 else "rows have"
        return (
            f"{self._ragged:,} {have} not the {width:,} cells that the others have ({', '.join(self._examples)}{more})"
            if self._ragged
            else ""
        )


class _Codes(dict):
    """A number for each different text, in the order of their first appearance."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


class _Column:
    """A column that is being read: numbers as long as it can be."""

    def __init__(self):
        self.parts: list[np.ndarray] = []
        self.words: _Codes | None = None
        self.codes = array("i")
        self.late = False

    def begin_words(self) -> _Codes:
        self.parts, self.words, self.late = [], (words := _Codes()), False
        return words

    def take(self, cells: Sequence[str], decimal: str) -> None:
        if self.late:
            return
        words = self.words
        if words is None:
            values = numbers(cells, decimal)
            if values is not None:
                self.parts.append(values)
                return
            if self.parts:
                self.parts, self.late = [], True
                return
            words = self.begin_words()
        self.codes.extend(map(words.__getitem__, map(str.strip, cells)))

    def raw(self, key: str, name: str) -> Raw:
        if self.words is not None:
            return Raw(key, name, None, list(self.words), np.frombuffer(self.codes, np.int32) if self.codes else np.empty(0, np.int32))
        return Raw(key, name, np.concatenate(self.parts) if self.parts else np.empty(0))


def numbers(cells: Sequence[str], decimal: str) -> np.ndarray | None:
    """(n,) float64, NaN for gaps; None where a cell is anything else."""
    joined = "\n".join(cells)
    if not UNSURE.search(joined) and joined.count("\n") == len(cells) - 1 and (decimal == "." or "." not in joined):
        try:
            return np.array(list(map(float, (joined if decimal == "." else joined.replace(",", ".")).split("\n"))))
        except ValueError:
            pass
    values = np.empty(len(cells))
    for k, text in enumerate(map(str.strip, cells)):
        if missing(text):
            values[k] = np.nan
            continue
        value = None if is_code(text) else number(text, decimal)
        if value is None:
            return None
        values[k] = value
    return values


def _keys(names: tuple[str, ...]) -> list[str]:
    """Names that are there once name their column; others go by their number."""
    count = Counter(names)
    return [name if name and count[name] == 1 else str(k) for k, name in enumerate(names)]


def _empty(column: Raw) -> bool:
    return bool(np.isnan(column.values).all()) if column.values is not None else not any(column.texts)
