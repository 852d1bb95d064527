"""The phases of one training iteration, and places in it: what the timeline, the address `forward:2@0.5` and the picture agree on.

Holds names and order only; what happens at a place is read from `sources.step_view`. A place is one float to drag (index + fraction). Where
two phases meet the earlier one is reported: it is what has just happened.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from nnviz3d.spec.errors import InputError
from nnviz3d.spec.topology import Topology

LAYERED = ("forward", "backward", "update")
_NAMES = {"input": "Input", "forward": "Forward", "loss": "Loss", "backward": "Backward", "update": "Update", "after": "After the update"}


@dataclass(frozen=True)
class Phase:
    """`kind`: input, forward, loss, backward, update or after. `layer`: the node's number where the kind goes layer by layer, else 0."""

    kind: str
    layer: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.layer}" if self.layer else self.kind

    def title(self, topology: Topology) -> str:
        """For people: "Forward, layer 2 of 3"; with the layer's name where it has one of its own."""
        if not self.layer:
            return _NAMES[self.kind]
        name = "" if topology.is_chain else f" ({topology.nodes[self.layer].name})"
        return f"{_NAMES[self.kind]}, layer {self.layer} of {len(topology.nodes) - 1}{name}"


def phases(topology: Topology) -> tuple[Phase, ...]:
    """input, forward, loss, backward, update, after: forward by rank, then number, and back the other way.

    Only nodes with parameters are updated. A chain of L layers has 3 L + 3 phases.
    """
    return _phases(*_numbers(topology))


def index_of(topology: Topology, kind: str, layer: int = 0) -> int | None:
    """Where a phase stands in `phases(topology)`; None where this network has no such phase."""
    return _places(*_numbers(topology)).get(Phase(kind, layer))


def _numbers(topology: Topology) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of all nodes but the input in the order of computation; and of those that learn, backwards."""
    return topology.numbers[1:], topology.learning


@lru_cache(maxsize=16)
def _phases(forward: tuple[int, ...], update: tuple[int, ...]) -> tuple[Phase, ...]:
    return (
        Phase("input"), *(Phase("forward", k) for k in forward), Phase("loss"), *(Phase("backward", k) for k in reversed(forward)),
        *(Phase("update", k) for k in update), Phase("after"),
    )  # fmt: skip


@lru_cache(maxsize=16)
def _places(forward: tuple[int, ...], update: tuple[int, ...]) -> dict[Phase, int]:
    return {phase: k for k, phase in enumerate(_phases(forward, update))}


@dataclass(frozen=True)
class Place:
    """A moment: `index` of the phase in `phases(topology)`, and how much of it has passed, in [0, 1]."""

    index: int
    fraction: float = 1.0

    @property
    def number(self) -> float:
        """index + fraction: one float along the whole iteration, from 0 to the number of phases."""
        return self.index + self.fraction

    @classmethod
    def at(cls, number: float, topology: Topology) -> Place:
        """The reverse of `number`; what lies outside the iteration (or is nan) becomes its nearest end.

        The border of two phases is the end of the earlier one.
        """
        count = len(phases(topology))
        number = min(max(number, 0.0), float(count)) if number == number else 0.0
        index = max(math.ceil(number) - 1, 0)
        return cls(index, number - index)

    @classmethod
    def parse(cls, text: str, topology: Topology, key: str = "phase") -> Place:
        """`KIND[:LAYER][@FRACTION]`, for example `forward:2@0.5`; LAYER is a number or a name; without a fraction the phase is finished.

        Raises InputError with everything that is wrong: which phases this network has, and that a fraction lies in [0, 1].
        """
        name, at, share = text.strip().partition("@")
        kind, colon, layer = name.strip().partition(":")
        number = topology.by_name[layer].number if layer in topology.by_name else int(layer) if re.fullmatch("[0-9]{1,3}", layer) else 0
        index = index_of(topology, kind, number) if bool(colon) == (kind in LAYERED) else None
        wrong = "" if index is not None and bool(number) == (kind in LAYERED) else _expected(kind, topology)
        fraction = _fraction(share) if at else 1.0
        if fraction is None:
            wrong += f"{'; ' if wrong else ''}the fraction after @ must be a number from 0 to 1"
        if wrong or index is None or fraction is None:
            raise InputError.of("", key, f'{wrong}; found "{text}"')
        return cls(index, fraction)

    def phase(self, topology: Topology) -> Phase:
        return phases(topology)[self.index]

    def text(self, topology: Topology) -> str:
        """What `parse` reads, exactly."""
        share = "" if self.fraction == 1 else f"@{self.fraction!r}"
        return f"{self.phase(topology)}{share}"

    def title(self, topology: Topology) -> str:
        return self.phase(topology).title(topology)


def _expected(kind: str, topology: Topology) -> str:
    """Which phases this network has."""
    layers = len(topology.nodes) - 1
    if kind == "update" and not topology.is_chain:
        known = ", ".join(topology.nodes[k].name for k in topology.learning[::-1])
        return f'"update" needs a layer that has weights: {known}'
    if kind in LAYERED:
        return f'"{kind}" needs a layer from 1 to {layers}, for example {kind}:{layers}'
    each = ", ".join(f"{name}:1{f' to {name}:{layers}' if layers > 1 else ''}" for name in LAYERED)
    return f"expected one of input, {each}, loss, after"


def _fraction(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
