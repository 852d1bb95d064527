"""A list of a session's events that takes little memory: what is older than a moment lies in compressed blocks.

An event takes about 250 bytes as an object and 10 to 40 in a block. Blocks live in this process only, so their form is of no concern.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple

from nnviz3d.spec.session_log import Event

BLOCK = 100  # events: a block is made in a fifth of a millisecond, and what is not packed yet never takes more than 25 kB


class Packed:
    """`append`, `len` and a walk from the first to the last. Of events that a timeline can hold: their values are what JSON knows."""

    def __init__(self, events: Iterable[Event] = ()):
        self._blocks: list[bytes] = []
        self._open: list[Event] = []
        for event in events:
            self.append(event)

    def append(self, event: Event) -> None:
        self._open.append(event)
        if len(self._open) == BLOCK:
            self._blocks.append(zlib.compress(marshal.dumps([astuple(each) for each in self._open]), 1))
            self._open = []

    def __len__(self) -> int:
        return BLOCK * len(self._blocks) + len(self._open)

    def __iter__(self) -> Iterator[Event]:
        for block in self._blocks:
            for row in marshal.loads(zlib.decompress(block)):
                yield Event(*row)
        yield from self._open
