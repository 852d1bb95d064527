"""Questions that wait for a person's answer, as the overlay shows them. `window` asks, `ui.dialogs` draws, the command `answer` answers.

One at a time. The answer None means "leave it as it is", for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnviz3d.spec.column_settings import TableFacts


@dataclass(frozen=True)
class SaveFirst:
    """Changes of `scene` would be lost by `doing` ("Open spiral"). Answers: "save", "discard"."""

    scene: str
    doing: str


@dataclass(frozen=True)
class SaveRun:
    """So much training (steps; seconds that no file holds) would be lost by `doing`. Answers: "save" (a checkpoint), "discard"."""

    scene: str
    doing: str
    step: int
    seconds: float


@dataclass(frozen=True)
class Which:
    """A file is to be named. The answer is its path; the command `browse` goes to another folder."""

    title: str
    action: str  # on the button: "Open", "Save"
    folder: str
    entries: tuple[tuple[str, bool], ...]  # (name, whether it is a folder) of what fits in the folder
    left_out: int = 0  # entries that are not listed
    name: str = ""  # what stands in the field at first
    problem: str = ""


@dataclass(frozen=True)
class Columns:
    """A table that is about to be read. The answer is a dict of keys of `data`; the command `columns` with such a dict asks again, with
    the table read that way. `settings`: those it was read with. `problem`: why it cannot be read as was wished; `table` is as before.
    """

    file: str
    table: TableFacts
    settings: dict[str, Any]
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Arrays:
    """An archive whose names do not tell which array is what. The answer is a dict of keys of `data`: inputs_array and target_array.

    `arrays`: (name, what it holds) of each. `inputs`, `target`: names that are proposed. `problem`: why the last answer cannot be.
    """

    file: str
    arrays: tuple[tuple[str, str], ...]
    inputs: str
    target: str
    problem: str = ""


Question = SaveFirst | SaveRun | Which | Columns | Arrays
