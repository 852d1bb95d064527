"""What becomes of each column: what the scene says, and a suggestion with its reason for all that it leaves open."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from nnviz3d.engine.data.tables import dates
from nnviz3d.engine.data.tables.look import Looked
from nnviz3d.engine.data.targets import AUTO_CLASSES
from nnviz3d.spec.column_settings import MOST_WORDS, Use
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

SIDE = 8  # pixels of the smallest picture
REPEATED = 3  # rows from which on one value is a constant
COUNTED = 5  # rows from which on 1, 2, 3, ... are row numbers
SAME = 20  # rows from which on one value for each of the target's is a copy
FEW_ROWS = 0.05  # share of rows that may be left out for their gaps
MOSTLY_GAPS = 0.5
KNOWN = 30  # names that are reported
_ID = re.compile(r"(?i)(?:.*[\s_.\-])?(?:id|ids|index|idx|nr|no|row|rowid|uuid|guid|key)[.#]?|#")


@dataclass(frozen=True)
class Choice:
    """`use` and `gaps` are settled; `gaps` is "" where the column has none. `given`: the scene says the use itself."""

    use: Use
    gaps: str = ""
    why: str = ""
    given: bool = False


@dataclass(frozen=True)
class TablePlan:
    """`choices`: one a column; the target's says whether it holds numbers or words, and its gaps are always left out. `wanted`: what the
    scene says of them."""

    target: int
    choices: tuple[Choice, ...]
    wanted: str = ""


def plan(columns: list[Looked], data: Data, where: str, marked: int | None = None, looking: bool = False) -> TablePlan:
    """`marked`: the target that the file itself names. `looking`: nothing is learned yet, so a target that nobody chose may be a bad one.

    Raises InputError with every name that is not there and every use that cannot be.
    """
    names = [column.name for column in columns]
    problems: list[Problem] = []
    target = len(columns) - 1 if marked is None else min(marked, len(columns) - 1)
    if data.target:
        try:
            target = position(data.target, names, "data.target")
        except InputError as error:
            problems += [Problem(where, problem.key, problem.message) for problem in error.problems]
    given, places = {}, _places(names)
    for key, column in data.columns.items():
        try:
            given[position(key, names, f"data.columns.{key}", places)] = column
        except InputError as error:
            problems += [Problem(where, problem.key, problem.message) for problem in error.problems]
    if problems:
        raise InputError(*problems)
    choices = [_choice(column, columns[target], given.get(k)) for k, column in enumerate(columns)]
    choices[target] = _target(columns[target], given.get(target))
    if _pixels(columns, target):
        choices = [Choice("number") if k != target and not choice.given else choice for k, choice in enumerate(choices)]
    choices = _not_nothing(columns, choices, target)
    choices = _gaps(columns, choices, target, given)
    tolerated = target if looking and not data.target else -1
    problems = [
        problem for k, choice in enumerate(choices) if k != tolerated for problem in _impossible(columns[k], choice, k == target, where)
    ]
    if problems:
        raise InputError(*problems)
    return TablePlan(target, tuple(choices), given[target].gaps if target in given else "")


def position(key: str, names: list[str], setting: str, places: dict[str, list[int]] | None = None) -> int:
    """The column of this name or 0-based number. `places` of all names saves time where there are many keys. Raises InputError."""
    found = (_places(names) if places is None else places).get(key, []) if key else []
    if len(found) > 1:
        raise InputError.of("", setting, f'"{key}" names {len(found)} columns; give the 0-based number instead')
    if found:
        return found[0]
    if key.isascii() and key.isdecimal() and len(key) < 9 and int(key) < len(names):
        return int(key)
    known = ", ".join(name or str(k) for k, name in enumerate(names[:KNOWN])) + (", ..." if len(names) > KNOWN else "")
    raise InputError.of("", setting, f'no column "{key}"; columns: {known}, or a number from 0 to {len(names) - 1}')


def _places(names: list[str]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for k, name in enumerate(names):
        found[name].append(k)
    return found


def _choice(column: Looked, target: Looked, given) -> Choice:
    if given is not None and given.use != "auto":
        return Choice(given.use, "", _odd(column) if given.use == "number" else "", True)
    if why := _useless(column, target):
        return Choice("leave_out", "", why)
    if column.kind == "date":
        name = column.parts()[1]
        either = "; day and month could be the other way round" if column.ambiguous else ""
        odd = f"; {_odd_text(column, column.odd_dates, 'date')}" if column.odd_dates else ""
        return Choice("date", "", f"dates, read as {dates.spoken(name)}{either}{odd}")
    if column.kind == "words":
        many = column.different > MOST_WORDS
        return Choice("words", "", f'the {MOST_WORDS} most frequent words get one input each, all others share "other"' if many else "")
    beside = f'numbers with the unit "{column.beside}"' if column.beside else ""
    return Choice("number", "", "; ".join(filter(None, (beside, _odd(column)))))


def _odd(column: Looked) -> str:
    """Words that stand among the numbers."""
    if column.raw.values is not None or not column.odd:
        return ""
    return _odd_text(column, column.odd, "number")


def _odd_text(column: Looked, odd: list[str], what: str) -> str:
    count = int(column.counts[[column.raw.texts.index(text) for text in odd]].sum())
    are = f"cell is not a {what}" if count == 1 else f"cells are not {what}s"
    return f"{count:,} {are} ({odd[0][:40]!r}): treated as {'a gap' if count == 1 else 'gaps'}"


def _useless(column: Looked, target: Looked) -> str:
    """Why a column is left out by default; "" where it is of use."""
    rows = len(column)
    if column.kind == "empty":
        return "holds no values"
    if rows >= REPEATED and column.constant:
        return f"the same in every row: {column.example}" + (" (or nothing)" if column.gaps(column.kind).any() else "")
    if reason := _copies(column, target):
        return reason
    if column.kind == "number":
        return _numbered(column)
    if column.kind == "words":
        different, live = column.different, int((~column.gaps("words")).sum())
        if live >= COUNTED and different == live:
            return f"all {live:,} words are different: such names do not generalise to other rows"
        if different > live / 2 and different > AUTO_CLASSES:
            return f"{different:,} different words in {live:,} rows: such names hardly generalise to other rows"
    return ""


def _numbered(column: Looked) -> str:
    """Row numbers and IDs: whole numbers that are all different and count on, or whose name says so."""
    values = column.values
    n = len(values)
    if n < COUNTED or np.isnan(values).any() or not np.all(values == np.floor(values)):
        return ""
    low, high = values.min(), values.max()
    unnamed, id_name = not column.name, bool(_ID.fullmatch(column.name)) or column.name.endswith(("Id", "ID"))
    dense = high - low == n - 1
    if not (dense and low in (0, 1)) and not id_name and not (dense and unnamed):
        return ""
    if column.different != n:
        return ""
    return f"row numbers: {int(low)} to {int(high)}, each once" if dense else f"an ID: {n:,} whole numbers, all different"


def _copies(column: Looked, target: Looked) -> str:
    """Whether the target can be read off this column."""
    n = len(column)
    if n < COUNTED:
        return ""
    if column.kind == target.kind == "number" and np.array_equal(column.values, target.values, equal_nan=True):
        return "a copy of the target"
    if column.kind != "number" and target.kind != "number" and np.array_equal(column.words, target.words):
        return "a copy of the target"
    if n < SAME or not 2 <= _few(column, n // 4) == _few(target, n // 4):
        return ""
    _, ours = np.unique(column.words.astype(str), return_inverse=True)
    _, theirs = np.unique(target.words.astype(str), return_inverse=True)
    pairs = len(np.unique(ours.astype(np.int64) * (theirs.max() + 1) + theirs))
    return "determines the target: one value for each value of the target" if pairs == ours.max() + 1 == theirs.max() + 1 else ""


def _few(column: Looked, most: int) -> int:
    """Different values where they are at most so many, by the first rows first; else -1 and no time spent."""
    if column.kind == "number" and len(np.unique(column.values[:1000])) > most:
        return -1
    return column.different if column.different <= most else -1


def _pixels(columns: list[Looked], target: int) -> bool:
    """A square of bytes: what is the same everywhere (an empty corner) has its place in the picture."""
    side = math.isqrt(len(columns) - 1)
    if side < SIDE or side * side != len(columns) - 1:
        return False
    inputs = [column.raw.values for k, column in enumerate(columns) if k != target]
    return all(values is not None and len(values) and values.min() >= 0 and values.max() <= 255 for values in inputs)


def _target(column: Looked, given) -> Choice:
    """A target with words in it is classes; a few words among many numbers are gaps."""
    wanted = "auto" if given is None else given.use
    use = wanted if wanted != "auto" else "number" if column.kind == "number" else "words"
    if wanted == "auto" and use == "number" and column.raw.values is None and column.odd and column.different <= AUTO_CLASSES:
        values = column.values[~np.isnan(column.values)]
        use = "words" if np.all(values == np.floor(values)) else use
    gaps = "skip" if target_gaps(column, use, "" if given is None else given.gaps).any() else ""
    return Choice(use, gaps, _odd(column) if use == "number" else "", wanted != "auto")


def target_gaps(column: Looked, use: str, wanted: str) -> np.ndarray:
    """(n,) rows without a target. In a target of words "None" and "NA" are classes, unless the scene says `gaps = "skip"` of it."""
    if use == "words" and wanted != "skip" and column.raw.values is None:
        return np.array([not text for text in column.raw.texts], bool)[column.raw.codes]
    return column.gaps(use)


def _not_nothing(columns: list[Looked], choices: list[Choice], target: int) -> list[Choice]:
    """Where every column is suspicious, those that hold different values are used all the same; else those that hold any."""
    if any(choice.use != "leave_out" for k, choice in enumerate(choices) if k != target):
        return choices
    free: dict[int, Use] = {
        k: kind for k, choice in enumerate(choices) if k != target and not choice.given and (kind := columns[k].kind) != "empty"
    }
    used: dict[int, Use] = {k: kind for k, kind in free.items() if not columns[k].constant} or free
    return [
        Choice(used[k], "", f"{choice.why}; used because there is no other input") if k in used else choice
        for k, choice in enumerate(choices)
    ]


def _gaps(columns: list[Looked], choices: list[Choice], target: int, given: dict) -> list[Choice]:
    """Few rows with gaps are left out; where that would be many, numbers get the mean. Words have a class for it."""
    n = max(len(columns[0]), 1)
    holes = {k: columns[k].gaps(choice.use) for k, choice in enumerate(choices) if k != target and choice.use not in ("leave_out",)}
    holes = {k: hole for k, hole in holes.items() if hole.any()}
    wanted = {k: given[k].gaps if k in given else "auto" for k in holes}
    lost = np.zeros(n, bool)
    for k, hole in holes.items():
        if wanted[k] == "skip" or (wanted[k] == "auto" and choices[k].use != "words" and hole.mean() <= FEW_ROWS):
            lost |= hole
    found = list(choices)
    for k, hole in holes.items():
        gaps, share = wanted[k], float(hole.mean())
        if gaps == "auto":
            few = share <= FEW_ROWS and lost.mean() <= FEW_ROWS
            gaps = "own_class" if choices[k].use == "words" or share > MOSTLY_GAPS else "skip" if few else "mean"
        reason = f"{counted(int(hole.sum()), 'gap')}: {_GAP_TEXT[gaps]}"
        why = f"{choices[k].why}; {reason}" if choices[k].why else reason
        found[k] = replace(choices[k], gaps=gaps, why=why)
    return found


def counted(n: int, what: str) -> str:
    """`1 gap`, `2 gaps`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


_GAP_TEXT = {
    "skip": "rows with gaps are left out",
    "mean": "gaps get the mean of all rows",
    "most_frequent": "gaps get the most frequent value of all rows",
    "own_class": "gaps are marked by an extra input",
}


def _impossible(column: Looked, choice: Choice, is_target: bool, where: str) -> list[Problem]:
    """What the scene asks of a column that cannot be done, in one line."""
    key, holds = f"data.columns.{column.key}", f"{column.different:,} different values, for example {column.example!r}"
    if is_target:
        if choice.use in ("leave_out", "date"):
            return [Problem(where, f"{key}.use", f'"{choice.use}" is not allowed for the target; expected number or words')]
        if column.kind == "empty":
            return [Problem(where, "data.target", f'the target "{column.name or column.key}" holds no values')]
        if choice.use == "words" and not choice.given and column.kind == "date":
            reason = f'the target "{column.name or column.key}" holds dates ({holds}); choose another, or set {key}.use = "words"'
            return [Problem(where, "data.target", reason)]
    if choice.use == "number" and np.isnan(column.values).all():
        return [Problem(where, f"{key}.use", f"no cell is a number: {holds}. Use words, date or leave_out")]
    if choice.use == "date" and not column.dated:
        return [Problem(where, f"{key}.use", f"not all cells are dates in the same format: {holds}. Use words, number or leave_out")]
    if choice.gaps == "mean" and choice.use == "words":
        return [Problem(where, f"{key}.gaps", "words have no mean; expected skip, most_frequent or own_class")]
    return []
