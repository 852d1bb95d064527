"""One protocol for "something that has a network", and the first of its kind: our own training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from nnviz3d.spec.score import Score
from nnviz3d.spec.topology import Topology


@runtime_checkable
class Source(Protocol):
    """What the frame loop talks to. Own training, a replayed file, a remote run and an imported model all look like this."""

    topology: Topology
    data: Any  # engine.data.DataSet
    step: int
    epoch: float
    loss: float
    diverged: int | None
    at_boundary: bool
    phase: str

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        """Run pieces of steps while `more()`; returns the steps finished."""

    def show_sample(self, index: int) -> None:
        """Choose the shown sample."""

    def show(self) -> None:
        """Refresh z, activation and delta of the shown sample from the parameters of now."""

    def tensors(self, kind: str) -> Any:
        """ "parameter", "gradient", "change" (P,); "z", "activation", "delta" (N,)."""

    def evaluate(self, part: str, limit: int | None = None) -> tuple[float, float | None]:
        """(loss, accuracy or None) of a part of the data, or of `limit` of its rows, drawn evenly."""

    def scoring(self, part: str, limit: int | None = None, parameters: Any = None) -> Iterator[Score]:
        """The same in pieces: an iterator over the score so far."""
