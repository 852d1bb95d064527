"""Weights under other names: which tensor of a file is which layer, where order and shapes leave no doubt.

`0.weight 2.weight` of PyTorch's Sequential, `model.layers.0.weight`, `fc1.weight`, Keras' `dense/kernel` (in, out), files without biases.
Nothing is read here but names and shapes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from nnviz3d.formats.mapping_names import Origin, by_layer, pairs, spoken

Shape = tuple[int, ...]
Found = dict[str, tuple[Shape, str]]  # name -> (shape, dtype)
_WEIGHTS, _BIASES = ("weight", "kernel", "w"), ("bias", "b")


@dataclass(frozen=True)
class Mapping:
    """`sources`: our name -> the file's, None for a bias that is not there and is 0. `turned`: weights are (in, out) there. `text`: for
    people, in a sentence; "" where the names are ours."""

    sources: dict[str, str | None]
    turned: bool = False
    text: str = ""
    thirds: dict[str, int] = field(default_factory=dict)  # our name -> which third of its source it is


def find(found: Found, wanted: dict[str, Shape], others: dict[str, str], line: bool) -> Mapping | None:
    """None where there is doubt. `others`: the other name that we have for each tensor; `line`: the layers follow each other, so that
    their order says which is which."""
    for names in ({name: name for name in wanted}, others):
        if found.keys() == set(names.values()) and all(found[names[name]][0] == shape for name, shape in wanted.items()):
            return Mapping(dict(names))
    if line and (plan := _in_order(found, wanted)) is not None:
        return plan
    return (_dense_line(found, wanted) if line else None) or _named(found, wanted, line)


def _named(found: Found, wanted: dict[str, Shape], line: bool) -> Mapping | None:
    """Names of PyTorch's modules: ours for the most part, or found by the shapes of each layer's parts. Not for matrices alone, which may
    be transposed."""
    theirs = spoken({name: shape for name, (shape, _) in found.items()})
    note = "by name"
    sources: dict[str, str | None] | None = _same_names(theirs, wanted)
    if sources is None and any(len(shape) != 2 and not name.endswith(".bias") for name, shape in wanted.items()):
        parts = by_layer({name: shape for name, (shape, _) in theirs.items()})
        stems, note = pairs(parts, by_layer(wanted), line, _counted, _numbers), "by the shapes of their parts, names and order"
        if stems is not None:
            sources = {name: f"{stems[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}" for name in wanted}
    if sources is None:
        return None
    origins = {name: theirs[source][1] if source is not None else None for name, source in sources.items()}
    thirds = {name: origin.third for name, origin in origins.items() if origin is not None and origin.third is not None}
    text = f"{len(found):,} arrays with names of another program are the {len(wanted):,} of the network, {note}{_zeros(sources)}"
    return Mapping({name: origin and origin.name for name, origin in origins.items()}, text=text, thirds=thirds)


def _same_names(theirs: dict[str, tuple[Shape, Origin]], wanted: dict[str, Shape]) -> dict[str, str | None] | None:
    """Our name -> theirs, the same behind one prefix ("model."); a bias that is not there is None."""
    prefixes = {"", *(name.partition(".")[0] + "." for name in theirs)}
    for prefix in prefixes if len(prefixes) == 2 else ("",):
        sources: dict[str, str | None] = {name: prefix + name if prefix + name in theirs else None for name in wanted}
        _join_last(sources, theirs, wanted)
        lacking = [name for name, source in sources.items() if source is None]
        fits = all(source is None or theirs[source][0] == wanted[name] for name, source in sources.items())
        if fits and len(sources) - len(lacking) == len(theirs) and all(name.endswith(".bias") for name in lacking):
            return sources
    return None


def _join_last(sources: dict[str, str | None], theirs: dict[str, tuple[Shape, Origin]], wanted: dict[str, Shape]) -> None:
    """One layer that is left over on both sides is the same one: the output goes by its place here."""
    stems = {name.rpartition(".")[0] for name, source in sources.items() if source is None and not name.endswith(".bias")}
    rest = {name.rpartition(".")[0] for name in theirs if name not in sources.values()}
    if len(stems) == len(rest) == 1:
        (here,), (there,) = stems, rest
        for name in wanted:
            stem, _, part = name.rpartition(".")
            if stem == here and f"{there}.{part}" in theirs:
                sources[name] = f"{there}.{part}"


def _dense_line(found: Found, wanted: dict[str, Shape]) -> Mapping | None:
    """Dense layers one after another, by order and shape."""
    layers, weights = dense(found), [name for name in wanted if name.endswith(".weight")]
    if layers is None or len(layers) != len(weights):
        return None
    shapes = [wanted[name] for name in weights]
    there = [found[layer.weight][0] for layer in layers]
    ways = [turned for turned in (False, True) if there == [_way(shape, turned) for shape in shapes]]
    if not ways or (not ordered(layers) and not _apart(shapes)):
        return None
    kernels = all(layer.weight.rpartition(".")[2].rpartition("/")[2] == "kernel" for layer in layers)
    turned = ways[0] if len(ways) == 1 else kernels  # square: Keras has (in, out), all others (out, in)
    sources: dict[str, str | None] = {}
    for weight, layer in zip(weights, layers, strict=True):
        sources[weight] = layer.weight
        bias = f"{weight.removesuffix('weight')}bias"
        if layer.bias is not None and (bias not in wanted or found[layer.bias][0] != wanted[bias]):
            return None
        if bias in wanted:
            sources[bias] = layer.bias
    if sources.keys() != wanted.keys():
        return None  # parts that only our own names tell apart
    return Mapping(sources, turned, _words(layers, sources, turned))


def _in_order(found: Found, wanted: dict[str, Shape]) -> Mapping | None:
    """Layers of any kinds whose names count them, each with the parts and shapes of ours: `0.weight`, `1.running_mean` of a Sequential. Not
    for networks of matrices alone, whose files may lack biases or be transposed."""
    theirs, ours = by_layer({name: shape for name, (shape, _) in found.items()}), by_layer(wanted)
    stems = sorted(theirs, key=_numbers)
    if len(theirs) != len(ours) or all(len(parts.get("weight", ())) == 2 for parts in ours.values()):
        return None
    both = list(zip(stems, ours, strict=True))
    if not _counted(stems) or any(theirs[there] != ours[here] for there, here in both):
        return None
    sources: dict[str, str | None] = {f"{here}.{part}": f"{there}.{part}" for there, here in both for part in ours[here]}
    shown = ", ".join(stems[:4]) + (", ..." if len(stems) > 4 else "")
    return Mapping(sources, text=f"{shown} are the {len(stems):,} layers with parameters, by order and shape")


def _counted(names: list[str]) -> bool:
    """Whether numbers tell them apart, and nothing else does."""
    return len({re.sub(r"\d+", "#", name) for name in names}) == 1 and len(set(map(_numbers, names))) == len(names)


@dataclass(frozen=True)
class Dense:
    """A layer of a file."""

    weight: str
    bias: str | None


def dense(found: Found) -> list[Dense] | None:
    """The file's dense layers in the order of their names; None where it holds anything else."""
    by_stem: dict[str, dict[str, str]] = {}
    for name, (shape, _) in found.items():
        at = max(name.rfind("."), name.rfind("/"))
        stem, last = name[: max(at, 0)], name[at + 1 :]
        kind = "weight" if last.lower() in _WEIGHTS and len(shape) == 2 else "bias" if last.lower() in _BIASES and len(shape) == 1 else ""
        if not kind or kind in by_stem.setdefault(stem, {}):
            return None
        by_stem[stem][kind] = name
    if not by_stem or any("weight" not in parts for parts in by_stem.values()):
        return None
    return [Dense(by_stem[stem]["weight"], by_stem[stem].get("bias")) for stem in sorted(by_stem, key=_numbers)]


def sizes(found: Found) -> list[int] | None:
    """Inputs, units of each layer: [64, 48, 32, 10]; None where the layers do not follow each other."""
    layers = dense(found)
    if layers is None:
        return None
    for turned in (False, True):
        ways = [_way(found[layer.weight][0], turned) for layer in layers]  # (out, in)
        if all(before[0] == after[1] for before, after in pairwise(ways)):
            return [ways[0][1], *(out for out, _ in ways)]
    return None


def table(found: Found, wanted: dict[str, Shape]) -> str:
    """Found beside expected, a line a tensor."""
    there = [f"{name} {list(shape)}" for name, (shape, _) in found.items()]
    needed = [f"{name} {list(shape)}" for name, shape in wanted.items()]
    wide = max(map(len, ["in the file", *there[:20]]))
    rows = [("in the file", "the network needs"), *zip(_padded(there, len(needed)), _padded(needed, len(there)), strict=True)]
    more = f"\n  and {len(rows) - 21:,} more lines" if len(rows) > 21 else ""
    return "\n".join(f"  {left:<{wide}}  {right}".rstrip() for left, right in rows[:21]) + more


def ordered(layers: list[Dense]) -> bool:
    """Whether their names count them: numbers that differ, and nothing else does."""
    names = [layer.weight for layer in layers]
    return len(names) == 1 or _counted(names)


def _apart(shapes: list[Shape]) -> bool:
    """Whether a layer can be reported by its shape alone."""
    return len({frozenset(shape) for shape in shapes}) == len(shapes)


def _way(shape: Shape, turned: bool) -> Shape:
    return shape[::-1] if turned else shape


def _padded(rows: list[str], count: int) -> list[str]:
    return rows + [""] * (count - len(rows))


def _numbers(name: str) -> tuple:
    """Sorts fc2 before fc10."""
    return tuple((0, int(part), "") if part.isdecimal() and len(part) < 10 else (1, 0, part) for part in re.split(r"(\d+)", name))


def _words(layers: list[Dense], sources: dict[str, str | None], turned: bool) -> str:
    names = ", ".join(layer.weight for layer in layers[:4]) + (", ..." if len(layers) > 4 else "")
    text = f"{names} {'is layer 0' if len(layers) == 1 else f'are layers 0 to {len(layers) - 1}'}, by order and shape"
    if turned:
        text += "; weights were (in, out) and are transposed"
    return text + _zeros(sources)


def _zeros(sources: dict[str, str | None]) -> str:
    missing = [name for name, source in sources.items() if source is None]
    return f"; biases that are not there are 0 ({', '.join(missing[:4])}{', ...' if len(missing) > 4 else ''})" if missing else ""
