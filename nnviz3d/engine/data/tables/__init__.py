"""Tables as people have them: any dialect of CSV, packed or not, Excel, Parquet; every column with a use of its own.

`source` finds how a file holds its table, `raw` reads it into columns, `look` says what they hold, `uses` what becomes of them, `build`
makes the numbers. `load` is all of it; `describe` stops before the numbers, for those who want to see and to choose.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import opened
from nnviz3d.engine.data.tables import build, raw, uses
from nnviz3d.engine.data.tables.look import EXAMPLE, Looked
from nnviz3d.engine.data.tables.packed import is_table
from nnviz3d.engine.data.tables.source import TableSource, open_source
from nnviz3d.engine.data.tables.uses import TablePlan
from nnviz3d.spec import limits, paths
from nnviz3d.spec.column_settings import ColumnFacts, TableFacts
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

__all__ = ["cannot_be_target", "describe", "guess", "is_table", "load", "names"]
PEEK_CELLS = 200_000  # that a question is asked about
TARGETS = 20  # different words from which on they may be names
USUAL = frozenset(("target", "class", "label", "labels", "species", "outcome", "diagnosis", "survived", "response"))
MAYBE = frozenset(("y", "category", "result", "price", "type", "quality"))  # names of targets where the last column is none
NAMED = 8  # columns that a line names


def load(data: Data, base: Path) -> Samples:
    """The table as samples. Raises InputError with all problems, one a column."""
    path, _ = opened(base, data.file, "file", "table")
    where = str(path)
    source, table, columns, found = _read(path, data)
    if table.ragged:
        raise InputError.of(where, "", table.ragged)
    plan = uses.plan(columns, data, where, source.dialect.target)
    made = build.samples(columns, plan, data, table.lines, where, path.name, source.dialect.classes)
    return replace(made, notes=(*found, *notes(columns, plan), *made.notes))


def describe(path: Path, data: Data, limit: int | None = None) -> TableFacts:
    """How the file is read and what becomes of each column; of its first rows only where `limit` says how many cells are enough.

    Raises InputError where there is no table, or where the scene asks for what cannot be.
    """
    paths.regular_file(path, limits.DATA_BYTES, "table")
    source, table, columns, result = _read(path, data, limit)
    plan = uses.plan(columns, data, str(path), source.dialect.target, looking=True)
    found = source.dialect
    facts = tuple(_facts(column, choice, plan, k) for k, (column, choice) in enumerate(zip(columns, plan.choices, strict=True)))
    encoding = "utf-8" if source.encoding == "utf-8-sig" else source.encoding
    return TableFacts(
        source.kind, encoding, found.delimiter, found.decimal, found.header, found.first, source.sheet, len(table.lines), table.whole,
        plan.target, facts, (*result, *([table.ragged] if table.ragged else [])),
    )  # fmt: skip


def _facts(column: Looked, choice: uses.Choice, plan: TablePlan, k: int) -> ColumnFacts:
    """In a target of words, words for nothing are values."""
    target = k == plan.target
    if target and choice.use == "words" and column.kind != "empty":
        gap = uses.target_gaps(column, "words", plan.wanted)
        different, example = len(set(column.words[~gap].tolist())), next(iter(column.words[~gap]), "")[:EXAMPLE]
    else:
        gap, different, example = column.gaps(column.kind if choice.use == "leave_out" else choice.use), column.different, column.example
    kind = "words" if target and choice.use == "words" and column.kind != "date" else column.kind
    return ColumnFacts(
        column.key, column.name, kind, different, int(gap.sum()), example, choice.use, choice.gaps, choice.why, target
    )  # fmt: skip


def guess(table: TableFacts) -> int:
    """The column that is most likely to be learned: of a usual name, else the last one that could be."""

    def suits(column: ColumnFacts) -> bool:
        names = column.kind == "words" and column.different > max(TARGETS, table.rows / 2)
        return column.kind in ("number", "words") and column.different > 1 and not names and (column.target or column.use != "leave_out")

    found = [k for k, column in enumerate(table.columns) if suits(column)]
    last_is_words = bool(found) and table.columns[found[-1]].kind == "words"
    usual = [k for k in found if (name := table.columns[k].name.casefold().strip()) in USUAL or (name in MAYBE and not last_is_words)]
    return usual[-1] if usual else found[-1] if found else table.target


def cannot_be_target(table: TableFacts) -> bool:
    """Whether the column that nobody chose holds what is not learned: dates, or nothing."""
    column = table.columns[table.target]
    return column.kind in ("date", "empty")


def names(path: Path, data: Data) -> tuple[str, ...]:
    """The columns as a scene may name them: by name, or by number from 0 where one has none. Raises InputError."""
    paths.regular_file(path, limits.DATA_BYTES, "table")
    return tuple(name or str(k) for k, name in enumerate(open_source(path, data).dialect.names))


def notes(columns: list[Looked], plan: TablePlan) -> tuple[str, ...]:
    """What people should know of how a table was read: what is left out or filled, and why."""
    reasons = defaultdict(list)
    for k, (column, choice) in enumerate(zip(columns, plan.choices, strict=True)):
        name = f'"{column.name}"' if column.name else f"column {k}"
        if choice.use == "leave_out" and not choice.given:
            reasons[f"left out: {{}} ({choice.why})"].append(name)
        elif choice.gaps in ("mean", "most_frequent"):
            reasons[f"gaps of {{}} get the {choice.gaps.replace('_', ' ')} of all rows".replace("frequent of", "frequent value of")].append(
                name
            )
    found = []
    for why, left in reasons.items():
        some = ", ".join(left[:NAMED]) + (f" and {len(left) - NAMED:,} more" if len(left) > NAMED else "")
        found.append(why.replace("{}", some, 1))
    return tuple(found)


def _read(path: Path, data: Data, limit: int | None = None) -> tuple[TableSource, raw.RawTable, list[Looked], list[str]]:
    """And what should be said of lines that are no rows."""
    source = open_source(path, data)
    table = raw.read(source, path, limit)
    if not len(table.lines):
        raise InputError.of(str(path), "", table.ragged or "has a header but no rows")
    units = ", ".join(filter(None, source.dialect.units))
    found = [*source.notes, *([f"the line below the names holds units: {units[:60]}"] if units else [])]
    if (lines := source.dialect.between - bool(units)) and source.dialect.target is None:
        are = "line below the names describes the columns and is" if lines == 1 else "lines below the names describe the columns and are"
        found.append(f"{lines} {are} no row")
    while total := raw.without_total(table):  # a mean may stand below a sum
        found.append(total)
    decimal, free = source.dialect.decimal, data.decimal == "auto"
    return source, table, [Looked(column, decimal, free and source.dialect.delimiter != ",") for column in table.columns], found
