"""What is done with each column of a table: the settings of a scene, and the readings of a column that has been looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from nnviz3d.spec.model_base import Table

Use = Literal["auto", "number", "words", "date", "leave_out"]
Gaps = Literal["auto", "skip", "mean", "most_frequent", "own_class"]
Delimiter = Literal["auto", ",", ";", "|", "tab", "space"]
Decimal = Literal["auto", ".", ","]
Encoding = Literal[
    "auto", "utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "cp850", "mac-roman", "shift_jis", "gb18030", "big5", "euc-kr",
]  # fmt: skip
MOST_WORDS = 100  # values of a column that get an input each; the rest share "other"


class Column(Table):
    """One column of a table. `auto`: by what is in it, and `nnviz3d inspect TABLE` says what and why."""

    use: Use = Field(default="auto", description=f"words: an input for each of at most {MOST_WORDS} values; date: seconds and cyclic parts")
    gaps: Gaps = Field(
        default="auto", description="skip: leave those rows out; own_class: an input of its own says that the value is missing"
    )


@dataclass(frozen=True)
class ColumnFacts:
    """A column as it was found, and what becomes of it. `use` and `gaps` are settled: never "auto"; `gaps` is "" where there are none.

    `key`: how a scene names it: its name, or its number from 0 where it has none of its own.
    """

    key: str
    name: str
    kind: str  # "number", "words", "date" or "empty"
    different: int
    missing: int
    example: str
    use: Use
    gaps: str = ""
    why: str = ""  # in words; "" where there is nothing to say
    target: bool = False

    @property
    def holds(self) -> str:
        """`3 words, 11 gaps`."""
        if self.kind == "empty":
            return "nothing"
        gaps = f", {self.missing:,} gap{'' if self.missing == 1 else 's'}" if self.missing else ""
        what = {"number": "number", "date": "date", "words": "word"}[self.kind]
        return f"{self.different:,} {what}{'' if self.different == 1 else 's'}{gaps}"


@dataclass(frozen=True)
class TableFacts:
    """How a table was read. `columns` in the order of the file; `rows`: how many were looked at; `target`: the column's number."""

    kind: str  # "text", "Excel" or "Parquet"
    encoding: str
    delimiter: str
    decimal: str
    header: bool
    skip_lines: int
    sheet: str
    rows: int
    whole: bool  # whether all rows were looked at
    target: int
    columns: tuple[ColumnFacts, ...]
    notes: tuple[str, ...] = ()
