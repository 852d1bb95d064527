"""CSV files: a header or none, one target column, all other columns inputs. Problems are told with the line and the column.

Text is a class when it is the target and an error when it is an input: turning words into numbers is a decision for whoever knows the data.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import opened
from nnviz3d.engine.data.targets import from_array
from nnviz3d.spec import limits, paths
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
SHOWN = 20  # problems that are told one by one
DELIMITERS = ",;\t"
CSV_BYTES = 1 << 30
PEEK, PEEKED = 1 << 20, 5  # characters and lines
FLOAT32_MAX = 3.4028234e38


def load(data: Data, base: Path) -> Samples:
    """The table as samples. Raises InputError with up to 20 problems, each with its line and column, and how many more there are."""
    path, size = opened(base, data.file, "file", "CSV file")
    if size > CSV_BYTES:
        raise InputError.of(str(path), "", f"{size:,} bytes; a CSV file holds at most {CSV_BYTES:,}. Save larger tables as .npz")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse(_lines(file), data, path)
    except UnicodeDecodeError as error:
        raise InputError.of(str(path), "", f"not UTF-8 text: {error.reason}; save the file as UTF-8") from None
    except csv.Error as error:
        raise InputError.of(str(path), "", f"not a readable CSV file: {error}") from None
    except (OSError, MemoryError) as error:
        raise InputError.of(str(path), "", f"cannot be read: {getattr(error, 'strerror', None) or 'not enough memory'}") from None


def peek(path: Path) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """The first lines of a table, cell by cell, and whether the first looks like names; at most PEEK characters are read.

    Raises InputError where there is nothing that could be a table.
    """
    where = str(path)
    paths.regular_file(path, limits.DATA_BYTES, "CSV file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(islice(_lines(io.StringIO(file.read(PEEK), newline="")), PEEKED))
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError.of(where, "", f"not a readable CSV file: {getattr(error, 'strerror', None) or error}") from None
    if not lines:
        raise InputError.of(where, "", "is empty; expected rows of numbers")
    return tuple(tuple(cell.strip() for cell in row) for _, row in lines), _has_header(lines[:2], Data())


def _lines(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """(number, cells) of each line that is not empty, separated by what the first line has most of."""
    head = file.readline(1 << 16)
    file.seek(0)
    reader = csv.reader(file, delimiter=max(DELIMITERS, key=head.count), strict=True)
    return ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))


def _parse(lines: Iterator[tuple[int, list[str]]], data: Data, path: Path) -> Samples:
    where = str(path)
    first = list(islice(lines, 2))
    if not first:
        raise InputError.of(where, "", "is empty; expected rows of numbers")
    named = _has_header(first, data)
    width = len(first[0][1])
    columns = [cell.strip() for cell in first[0][1]] if named else [str(k) for k in range(width)]
    if width < 2:
        raise InputError.of(where, "", "has one column; expected at least one input and the target, separated by commas")
    target = _target(data.target, columns, where)
    values, words = array("f"), []
    problems: list[str] = []
    told = 0
    for line, row in chain(first[named:], lines):
        if len(row) != width:
            found = [f"line {line}: {len(row)} cells; expected {width}"]
        else:
            found = _take(row, target, values, words, columns, line)
        told += len(found)
        problems += found[: SHOWN - len(problems)]
        if len(values) > limits.DATA_VALUES:
            raise InputError.of(where, "", f"more than {limits.DATA_VALUES:,} values")
    if told:
        more = [f"and {told - len(problems):,} more problems"] if told > len(problems) else []
        raise InputError(*(Problem(where, "", text) for text in problems + more))
    if not words:
        raise InputError.of(where, "", "has a header and no rows")
    x = np.frombuffer(values, np.float32).reshape(len(words), width - 1)
    task, t, names = from_array(_numbers_or_words(words), data.task, where)
    inputs = tuple(columns[:target] + columns[target + 1 :]) if named else tuple(f"x{k + 1}" for k in range(width - 1))
    return Samples(path.name, task, (width - 1,), x, t, (columns[target],) if named and task == "regression" else names, inputs)


def _take(row: list[str], target: int, values: array, words: list[str], columns: list[str], line: int) -> list[str]:
    """Append a row's inputs and its target; what is wrong with it."""
    found = []
    for k, cell in enumerate(row):
        text = cell.strip()
        place = f'line {line}, column "{columns[k]}": '
        if text.lower() in MISSING:
            found.append(place + "missing value; fill it in or leave the line out")
        elif k == target:
            words.append(text)
        elif (number := _number(text)) is None:
            found.append(f"{place}{text[:40]!r} is text; inputs are numbers (give each category a column of 0 and 1)")
        elif not abs(number) <= FLOAT32_MAX:
            found.append(f"{place}{text[:40]} is not a finite float32 number")
        else:
            values.append(number)
    return found


def _has_header(first: list[tuple[int, list[str]]], data: Data) -> bool:
    """`auto`: the target's name is in the first line, or some cell there is no number while the one below it is."""
    if data.header != "auto":
        return data.header == "yes"
    top = [cell.strip() for cell in first[0][1]]
    if data.target and not data.target.isdigit() and data.target in top:
        return True
    if len(first) == 1:
        return all(_number(cell) is None for cell in top)
    return any(_number(a) is None and _number(b) is not None for a, b in zip(top, first[1][1], strict=False))


def _target(name: str, columns: list[str], where: str) -> int:
    if not name:
        return len(columns) - 1
    if columns.count(name) > 1:
        raise InputError.of(where, "data.target", f'"{name}" names {columns.count(name)} columns; give the 0-based number instead')
    if name in columns:
        return columns.index(name)
    if name.isdigit() and int(name) < len(columns):
        return int(name)
    known = ", ".join(columns[:30])
    raise InputError.of(where, "data.target", f'no column "{name}"; columns: {known}, or a number from 0 to {len(columns) - 1}')


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # float() reads 1_000 as Python does, which no data file means
    except ValueError:
        return None


def _numbers_or_words(words: list[str]) -> np.ndarray:
    numbers = [_number(word) for word in words]
    if any(number is None for number in numbers):
        return np.array(words)
    return np.array(numbers, np.float64)
