"""The phases of one training iteration, and places in it: what the time line, the address `forward:2@0.5` and the picture agree on.

Holds names and order only; what happens at a place is told by `sources.step_view`. A place is one float to drag (index + fraction). Where
two phases meet the earlier one is told: it is what has just happened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from nnviz3d.spec.errors import InputError
from nnviz3d.spec.topology import Topology

LAYERED = ("forward", "backward", "update")
_NAMES = {"input": "Input", "forward": "Forward", "loss": "Loss", "backward": "Backward", "update": "Update", "after": "After the update"}


@dataclass(frozen=True)
class Phase:
    """`kind`: input, forward, loss, backward, update or after. `layer`: 1-based where the kind goes layer by layer, else 0."""

    kind: str
    layer: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.layer}" if self.layer else self.kind

    def title(self, layers: int) -> str:
        """For people: "Forward, layer 2 of 3"."""
        return f"{_NAMES[self.kind]}, layer {self.layer} of {layers}" if self.layer else _NAMES[self.kind]


def phases(topology: Topology) -> tuple[Phase, ...]:
    """input, forward 1..L, loss, backward L..1, update L..1, after: 3 L + 3 of them."""
    return _phases(len(topology.nodes))


@lru_cache(maxsize=16)
def _phases(nodes: int) -> tuple[Phase, ...]:
    up = range(1, nodes)
    down = up[::-1]
    return (
        Phase("input"), *(Phase("forward", k) for k in up), Phase("loss"), *(Phase("backward", k) for k in down),
        *(Phase("update", k) for k in down), Phase("after"),
    )  # fmt: skip


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
        count = 3 * len(topology.nodes)
        number = min(max(number, 0.0), float(count)) if number == number else 0.0
        index = max(math.ceil(number) - 1, 0)
        return cls(index, number - index)

    @classmethod
    def parse(cls, text: str, topology: Topology, key: str = "phase") -> Place:
        """`KIND[:LAYER][@FRACTION]`, for example `forward:2@0.5`; without a fraction the phase is finished.

        Raises InputError with everything that is wrong: which phases this network has, and that a fraction lies in [0, 1].
        """
        name, at, share = text.strip().partition("@")
        kind, colon, layer = name.strip().partition(":")
        layers, wrong = len(topology.nodes) - 1, ""
        if kind in LAYERED and layer not in map(str, range(1, layers + 1)):
            wrong = f'"{kind}" needs a layer from 1 to {layers}, for example {kind}:{layers}'
        elif kind not in _NAMES or (colon and kind not in LAYERED):
            each = ", ".join(f"{name}:1{f' to {name}:{layers}' if layers > 1 else ''}" for name in LAYERED)
            wrong = f"expected one of input, {each}, loss, after"
        fraction = _fraction(share) if at else 1.0
        if fraction is None:
            wrong += f"{'; ' if wrong else ''}the fraction after @ must be a number from 0 to 1"
        if wrong or fraction is None:
            raise InputError.of("", key, f'{wrong}; found "{text}"')
        return cls(phases(topology).index(Phase(kind, int(layer or 0))), fraction)

    def phase(self, topology: Topology) -> Phase:
        return phases(topology)[self.index]

    def text(self, topology: Topology) -> str:
        """What `parse` reads, exactly."""
        share = "" if self.fraction == 1 else f"@{self.fraction!r}"
        return f"{self.phase(topology)}{share}"

    def title(self, topology: Topology) -> str:
        return self.phase(topology).title(len(topology.nodes) - 1)


def _fraction(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
