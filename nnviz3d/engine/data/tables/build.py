"""The inputs and the target of a table whose columns have their uses. Values stay float64: they are standardised before they are cut."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.tables.look import Looked
from nnviz3d.engine.data.tables.uses import Choice, TablePlan, target_gaps
from nnviz3d.engine.data.targets import from_array
from nnviz3d.spec import limits
from nnviz3d.spec.column_settings import MOST_WORDS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

OTHER, GAP = "other", "missing"
NOTABLE = 0.999  # share of different values that stay different without a word being said
LOOKED = 5_000_000  # values that are compared in float32
NAMED = 5  # inputs that are reported by name
FLOAT32_MAX = float(np.finfo(np.float32).max)
Inputs = list[tuple[str, np.ndarray]]  # (name, (n,) float64)


def samples(columns: list[Looked], plan: TablePlan, data: Data, lines, where: str, name: str, classes: tuple[str, ...] = ()) -> Samples:
    """Raises InputError with all problems, one a column. `lines`: where each row stands in the file. `classes`: of the target's ids."""
    keep, pairs = _kept(columns, plan, where), list(zip(columns, plan.choices, strict=True))
    inputs: Inputs = []
    many = sum(_width(column, choice) for k, (column, choice) in enumerate(pairs) if k != plan.target)
    if many > limits.UNITS or many * int(keep.sum()) > limits.DATA_VALUES:
        message = f'{many:,} inputs of {int(keep.sum()):,} rows are too many; leave columns out (use = "leave_out")'
        raise InputError.of(where, "data.columns", message)
    for k, (column, choice) in enumerate(pairs):
        if k != plan.target and choice.use != "leave_out":
            inputs += _inputs(column, choice, keep, column.label or f"x{k + 1 - (k > plan.target)}")
    if not inputs:
        idle = ((column, choice) for k, (column, choice) in enumerate(pairs) if k != plan.target)
        left = "; ".join(f'"{column.name or column.key}": {choice.why or "left out by the scene"}' for column, choice in idle)
        raise InputError.of(where, "data.columns", f"no input is left ({left[:600]}); expected at least one besides the target")
    problems = [problem for label, values in inputs if (problem := _too_large(label, values, np.frombuffer(lines, np.uint64)[keep], where))]
    if problems:
        raise InputError(*problems)
    x = np.empty((int(keep.sum()), len(inputs)))
    for k in range(len(inputs)):
        x[:, k] = inputs[k][1]
        inputs[k] = inputs[k][0], x[:0, k]  # the column is not needed twice
    target = columns[plan.target]
    task, t, names = from_array(_target(target, plan.choices[plan.target], classes)[keep], data.task, where)
    if task == "regression" and target.name:
        names = (target.label,)
    labels = tuple(label for label, _ in inputs)
    message = [
        *_gone(keep),
        *_nothing(target, t, task),
        *_spelled(names if task == "classification" else ()),
        *_collisions(x, labels, data.standardize),
    ]
    return Samples(name, task, (len(inputs),), x, t, names, labels, notes=tuple(message))


def _kept(columns: list[Looked], plan: TablePlan, where: str) -> np.ndarray:
    """(n,) rows that are used. Raises InputError where none is left, and says whose gaps it was."""
    target, choice = columns[plan.target], plan.choices[plan.target]
    keep = ~target_gaps(target, choice.use, plan.wanted)
    gone = {f'the target "{target.name or target.key}"': int((~keep).sum())}
    for k, (column, choice) in enumerate(zip(columns, plan.choices, strict=True)):
        if k != plan.target and choice.gaps == "skip":
            hole = column.gaps(choice.use)
            gone[f'"{column.name or column.key}"'] = int(hole.sum())
            keep &= ~hole
    if not keep.any():
        worst = ", ".join(f"{name} in {count:,}" for name, count in sorted(gone.items(), key=lambda item: -item[1])[:5] if count)
        message = f"no row is left: values are missing ({worst} of {len(keep):,} rows). Fill the gaps: data.columns.NAME.gaps"
        raise InputError.of(where, "data.columns", message if len(keep) else "has a header but no rows")
    return keep


def _gone(keep: np.ndarray) -> list[str]:
    gone = len(keep) - int(keep.sum())
    if not gone:
        return []
    return [f"{gone:,} of {len(keep):,} rows {'is left out because it has' if gone == 1 else 'are left out because they have'} gaps"]


def _nothing(target: Looked, t: np.ndarray, task: str) -> list[str]:
    """A number that never changes can be learned, and teaches nothing."""
    if task != "regression" or np.ptp(t) > 0:
        return []
    return [f'the target "{target.name or target.key}" is the same in every row ({target.example}): there is nothing to learn']


def _spelled(classes: tuple[str, ...]) -> list[str]:
    """Classes that differ only in capitals, which are hardly ever meant to differ."""
    alike = defaultdict(list)
    for each in classes:
        alike[each.casefold()].append(each)
    return [
        f"{len(found)} classes differ only in upper and lower case: {', '.join(map(quoted, found))}"
        for found in alike.values()
        if len(found) > 1
    ]


def quoted(name: str) -> str:
    """A name of a list: in quotes where it holds what parts the list, or looks like nothing."""
    return json.dumps(name, ensure_ascii=False) if not name or name != name.strip() or set(name) & set(',;"') else name


def _collisions(x: np.ndarray, labels: tuple[str, ...], standardize: bool) -> list[str]:
    """Inputs of which different values become the same float32; looked for in rows drawn evenly."""
    message = []
    rows = np.linspace(0, len(x) - 1, min(len(x), max(LOOKED // x.shape[1], 2))).astype(int)
    for k, label in enumerate(labels):
        values = x[rows, k]
        if np.all(values == np.floor(values)) and np.ptp(values) < 2**22 and (standardize or np.abs(values).max() < 2**24):
            continue
        scale = values.std() if standardize else 0.0
        kept = (values - values.mean()) / scale if scale > 0 else values
        before, after = len(np.unique(values)), len(np.unique(kept.astype(np.float32)))
        if after < NOTABLE * before:
            way = "" if standardize else "; data.standardize = true keeps them distinct" * (_apart(values) > after)
            message.append(f'{before:,} different values of "{label}" become {after:,} in float32{way}')
    return message if len(message) <= NAMED else [*message[:NAMED], f"and the same for {len(message) - NAMED:,} more inputs"]


def _apart(values: np.ndarray) -> int:
    """How many different values there are once they are standardised."""
    scale = values.std()
    return len(np.unique(((values - values.mean()) / scale).astype(np.float32))) if scale > 0 else 1


def _width(column: Looked, choice: Choice) -> int:
    """Inputs that a column becomes, at most."""
    if choice.use == "words":
        return min(column.different, MOST_WORDS) + 2
    return {"number": 2, "date": 8}.get(choice.use, 0)


def _inputs(column: Looked, choice: Choice, keep: np.ndarray, label: str) -> Inputs:
    if choice.use == "words":
        return _one_hot(column, choice.gaps, keep, label)
    hole = column.gaps(choice.use)[keep]
    parts = [("", column.values)] if choice.use == "number" else column.parts()[0]
    found = [(f"{label}: {what}" if what else label, _filled(values[keep], hole, choice.gaps)) for what, values in parts]
    if choice.gaps == "own_class":
        found.append((f"{label} = {GAP}", hole.astype(np.float64)))
    return found


def _filled(values: np.ndarray, hole: np.ndarray, gaps: str) -> np.ndarray:
    """Gaps get the mean, or the most frequent value (of equally many the smallest), of the rows that are used."""
    if not hole.any():
        return values
    known = values[~hole]
    if not len(known):
        return np.where(hole, 0.0, values)
    if gaps == "most_frequent":
        different, counts = np.unique(known, return_counts=True)
        return np.where(hole, different[counts.argmax()], values)
    return np.where(hole, known.mean(), values)


def _one_hot(column: Looked, gaps: str, keep: np.ndarray, label: str) -> Inputs:
    """An input of 0 and 1 for each value, in the order of their letters; then "other" and "missing" where there are such cells."""
    words, hole = column.words[keep], column.gaps("words")[keep]
    names = column.common(MOST_WORDS)
    place = {name: k for k, name in enumerate(names)}
    codes = np.array([place.get(word, len(names)) for word in words.tolist()])
    codes[hole] = len(names) + 1
    if gaps == "most_frequent" and hole.any():
        counts = np.bincount(codes[~hole], minlength=len(names))[: len(names)]
        codes[hole] = counts.argmax() if len(names) else 0
    ends = [*names, OTHER, GAP]
    return [(f"{label} = {ends[k]}", (codes == k).astype(np.float64)) for k in range(len(ends)) if k < len(names) or (codes == k).any()]


def _too_large(label: str, values: np.ndarray, lines: np.ndarray, where: str) -> Problem | None:
    bad = np.flatnonzero(~(np.abs(values) <= FLOAT32_MAX))
    if not len(bad):
        return None
    first = f"{values[bad[0]]} in line {lines[bad[0]]}"
    return Problem(where, f"column {label!r}", f"{len(bad):,} values are not finite in float32, for example {first}")


def _target(column: Looked, choice: Choice, classes: tuple[str, ...]) -> np.ndarray:
    """Numbers (n,) float64 or words (n,); ids become the names that the file lists for them."""
    if choice.use == "words":
        return column.words.astype(str)
    values = column.values
    if classes and np.isin(values[~np.isnan(values)], np.arange(len(classes))).all():
        return np.array(classes)[np.nan_to_num(values).astype(int)]
    return values
