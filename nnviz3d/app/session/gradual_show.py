"""The shown sample of a large network, passed through over several frames while training rests: what is shown stays as it was until all of
it is of the new moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnviz3d.sources.protocols import Source

LARGE = 4_000_000  # parameters from which a pass of one sample is a good part of a frame


class GradualShow:
    """One pass at a time. `pending`: one is not finished."""

    def __init__(self):
        self._pieces: Iterator[None] | None = None
        self._moment: tuple = ()

    @property
    def pending(self) -> bool:
        return self._pieces is not None

    def begin(self, source: Source, moment: tuple) -> None:
        """Of this very moment."""
        self._pieces, self._moment = source.showing(), (*moment, source.version)

    def drop(self) -> None:
        self._pieces = None

    def go_on(self, source: Source, moment: tuple, more: Callable[[], bool]) -> bool:
        """At least one piece, and others while `more()`. Whether it is of now still; where it is not, it is dropped."""
        if self._pieces is None or self._moment != (*moment, source.version):
            self._pieces = None
            return False
        for _ in self._pieces:
            if not more():
                return True
        self._pieces = None
        return True
