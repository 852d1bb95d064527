"""Which array of an archive is what: inputs and targets, to train or to test with, by the usual names, by shape, or as the scene says.

Nothing is guessed where two readings are possible: then all arrays are reported, with what to set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

WORDS = {  # the usual names; of several in one file the first counts
    "x": ("x", "inputs", "input", "images", "image", "data", "features", "samples", "arr_0"),
    "t": ("t", "y", "targets", "target", "labels", "label", "outputs", "output", "arr_1"),
}
PARTS = {"train": ("train", "training"), "test": ("test", "testing"), "val": ("val", "valid", "validation", "dev")}
SHOWN = 20  # arrays in a message
_SPOKEN = {word: part for part, words in PARTS.items() for word in words}
_NAME = re.compile(
    rf"(?:({'|'.join(_SPOKEN)})_?)?({'|'.join(word for words in WORDS.values() for word in words)})(?:_?({'|'.join(_SPOKEN)}))?"
)


class Entry(NamedTuple):
    """What the header of an array says; `dtype` None where it cannot be read."""

    shape: tuple[int, ...]
    dtype: np.dtype | None

    @property
    def numbers(self) -> bool:
        return self.dtype is not None and self.dtype.kind in "biuf"

    @property
    def is_inputs(self) -> bool:
        return self.numbers and len(self.shape) >= 2 and self.shape[1:] != (1,)

    @property
    def is_column(self) -> bool:
        """One number or word a sample."""
        return (
            (self.numbers or (self.dtype is not None and self.dtype.kind in "US")) and self.shape[1:] in ((), (1,)) and len(self.shape) > 0
        )


@dataclass(frozen=True)
class ArrayChoice:
    """`keys`: the array of each role, "x" and "t", or "x_train", "t_train", "x_test", "t_test". `notes`: what should be said of it."""

    keys: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        return ("_train", "_test") if any(role.endswith("_train") for role in self.keys) else ("",)


def choose(entries: dict[str, Entry], data: Data, where: str) -> ArrayChoice:
    """Raises InputError that lists the arrays, where it is not clear which ones are meant."""
    if data.inputs_array or data.target_array:
        return _asked(entries, data, where)
    named = _named(entries)
    if any(role in named for role in ("x_train", "t_train")):
        keys, notes = {role: key for role, key in named.items() if role.endswith(("_train", "_test"))}, []
        if not any(role.endswith("_test") for role in keys) and {"x_val", "t_val"} <= named.keys():
            keys |= {"x_test": named["x_val"], "t_test": named["t_val"]}
            notes.append(f"{named['x_val']} and {named['t_val']} are used as the test set")
        missing = [f"{letter}_train" for letter in "xt" if f"{letter}_train" not in keys]
        missing += [f"{letter}_test" for letter in "xt" if any(r.endswith("_test") for r in keys) and f"{letter}_test" not in keys]
        if missing:
            raise _unclear(entries, f"no array {' and '.join(missing)}", where)
        return ArrayChoice(keys, (*notes, *_unused(entries, keys)))
    return _whole(entries, {role: key for role, key in named.items() if role in ("x", "t")}, where)


def likeliest(entries: dict[str, Entry]) -> tuple[str, str] | None:
    """(inputs, target) of one length that may be meant, to be asked about: the most numbers a sample as inputs. None where no two fit."""
    pairs = [
        (x, t)
        for x, inputs in entries.items()
        for t, target in entries.items()
        if x != t and inputs.is_inputs and (target.is_column or (target.numbers and len(target.shape) == 2))
        if inputs.shape[0] == target.shape[0]
    ]
    return max(pairs, key=lambda pair: (prod(entries[pair[0]].shape[1:]), -prod(entries[pair[1]].shape[1:])), default=None)


def _asked(entries: dict[str, Entry], data: Data, where: str) -> ArrayChoice:
    given = {"x": data.inputs_array, "t": data.target_array}
    unknown = [f'no array "{key}"' for key in given.values() if key and key not in entries]
    if unknown:
        raise _unclear(
            entries, " and ".join(unknown), where, "data.inputs_array" if data.inputs_array not in entries else "data.target_array"
        )
    found = {role: key for role, key in given.items() if key}
    rest = {key: entry for key, entry in entries.items() if key not in found.values()}
    named = {role: key for role, key in _named(rest).items() if role in ("x", "t")}
    return _whole(entries, named | found, where)


def _whole(entries: dict[str, Entry], named: dict[str, str], where: str) -> ArrayChoice:
    """One array of inputs and one of targets; what no name tells, the shapes tell, where they leave one reading only."""
    if len(named) == 2:
        return ArrayChoice(named, _unused(entries, named))
    pairs = [
        (x, t)
        for x in ([named["x"]] if "x" in named else entries)
        for t in ([named["t"]] if "t" in named else entries)
        if x != t and entries[x].is_inputs and (entries[t].is_column or "t" in named) and entries[x].shape[:1] == entries[t].shape[:1]
    ]
    if len(pairs) != 1:
        missing = " and ".join(role for role in "xt" if role not in named)
        raise _unclear(entries, f"no array {missing}" + (", and several arrays are possible" if pairs else ""), where)
    x, t = pairs[0]
    return ArrayChoice(
        {"x": x, "t": t}, (f"judging by their shapes, {x} holds the inputs and {t} the targets", *_unused(entries, {"x": x, "t": t}))
    )


def _named(entries: dict[str, Entry]) -> dict[str, str]:
    """Role -> array, by the usual names in the order of `WORDS`; numpy's arr_0 and arr_1 only where they are the whole file."""
    found: dict[str, tuple[int, str]] = {}
    for key in entries:
        spoken = _NAME.fullmatch(re.sub(r"[\s.\-]+", "_", key.strip()).lower())
        if spoken is None or (spoken[1] and spoken[3]) or (spoken[2].startswith("arr_") and set(entries) != {"arr_0", "arr_1"}):
            continue
        letter = next(letter for letter, words in WORDS.items() if spoken[2] in words)
        part = _SPOKEN.get(spoken[1] or spoken[3] or "", "")
        role, rank = letter + (f"_{part}" if part else ""), WORDS[letter].index(spoken[2])
        if role not in found or rank < found[role][0]:
            found[role] = rank, key
    return {role: key for role, (_, key) in found.items()}


def _unused(entries: dict[str, Entry], keys: dict[str, str]) -> tuple[str, ...]:
    left = [key for key in entries if key not in keys.values()]
    more = f" and {len(left) - SHOWN:,} more" if len(left) > SHOWN else ""
    return (f"not used: {', '.join(left[:SHOWN])}{more}",) if left else ()


def _unclear(entries: dict[str, Entry], what: str, where: str, key: str = "") -> InputError:
    listed = [f"{key} {entry.shape} {'unreadable' if entry.dtype is None else entry.dtype}" for key, entry in entries.items()]
    more = f", and {len(listed) - SHOWN:,} more" if len(listed) > SHOWN else ""
    text = f"{what}; expected x and t (or y), or x_train and t_train (and x_test, t_test). The file holds "
    text += f"{', '.join(listed[:SHOWN]) or 'no arrays'}{more}: choose two with data.inputs_array and data.target_array"
    return InputError(Problem(where, key, text))
