"""Names that PyTorch gives to the arrays of its own modules, in the words of this program: `self_attn.in_proj_weight` holds three layers.

Then, which layer of a file is which of the network: by name, or where the shapes of their parts leave no doubt. Nothing but names and
shapes is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Shape = tuple[int, ...]
Parts = dict[str, dict[str, Shape]]  # stem of a layer's name -> part -> shape
PROJECTED = ("query", "key", "value")  # the thirds of in_proj
WORDS = {"linear1": "mlp1", "linear2": "mlp2", "out_proj": "project"}  # of a TransformerEncoderLayer: of a transformer block
_IN_PROJ = re.compile(r"(?:(.*)\.)?in_proj_(weight|bias)$")


class Origin(NamedTuple):
    """The array of the file that a layer's part is, or that it is a third of."""

    name: str
    third: int | None = None


def spoken(shapes: dict[str, Shape]) -> dict[str, tuple[Shape, Origin]]:
    """The arrays of a file under the names that they would have here."""
    found: dict[str, tuple[Shape, Origin]] = {}
    blocks = {name.rpartition(".self_attn.in_proj_")[0] for name in shapes if ".self_attn.in_proj_" in name}
    for name, shape in shapes.items():
        if (cut := _IN_PROJ.match(name)) and shape[0] % 3 == 0:
            stem = (cut[1] or "").removesuffix("self_attn").rstrip(".")
            for third, part in enumerate(PROJECTED):
                whole = ".".join(filter(None, (stem, part, cut[2])))
                found[whole] = (shape[0] // 3, *shape[1:]), Origin(name, third)
        elif len(shape) == 3 and shape[0] == 1 and name.rpartition(".")[2] not in ("weight", "bias"):
            found[f"{name}.weight"] = shape[1:], Origin(name)  # a table of positions (1, tokens, features)
        else:
            found[_word(name, blocks)] = shape, Origin(name)
    return found


def _word(name: str, blocks: set[str]) -> str:
    """Only what stands in a block of attention, or is the projection of one, is called otherwise here."""
    *stem, part = name.split(".")
    block = ".".join(stem[:-1]).removesuffix(".self_attn")
    if stem and stem[-1] in WORDS and (block in blocks or stem[-1] == "out_proj"):
        return ".".join(filter(None, (block, WORDS[stem[-1]], part)))
    return name


def by_layer(names: dict[str, Shape]) -> Parts:
    found: Parts = {}
    for name, shape in names.items():
        stem, _, part = name.rpartition(".")
        found.setdefault(stem, {})[part] = shape
    return found


def pairs(
    theirs: Parts, ours: Parts, line: bool, counted: Callable[[list[str]], bool], order: Callable[[str], tuple]
) -> dict[str, str] | None:
    """Our stem -> theirs; None where there is doubt. Layers whose parts have the same shapes are told apart by the last words of their
    names, then by numbers, if nothing else tells them apart; numbers alone will do only where the layers follow each other (`line`)."""
    groups: dict[frozenset, tuple[list[str], list[str]]] = {}
    for side, parts in enumerate((ours, theirs)):
        for stem, shapes in parts.items():
            groups.setdefault(frozenset(shapes.items()), ([], []))[side].append(stem)
    found: dict[str, str] = {}
    for mine, other in groups.values():
        if len(mine) != len(other):
            return None
        if len(mine) > 1 and {_last(stem) for stem in mine} == {_last(stem) for stem in other}:
            words = [
                [[stem for stem in stems if _last(stem) == word] for stems in (mine, other)] for word in {_last(stem) for stem in mine}
            ]
            if any(not _last(stem) for stem in mine) and not line:
                return None
        else:
            words = [[mine, other]]
            if len(mine) > 1 and not line:
                return None
        for here, there in words:
            if len(here) != len(there) or (len(there) > 1 and not counted(there)):
                return None
            found |= dict(zip(here, sorted(there, key=order), strict=True))
    return found


def _last(stem: str) -> str:
    word = stem.rpartition(".")[2]
    return "" if word.isdecimal() else word
