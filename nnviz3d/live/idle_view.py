"""What `nv.watch` returns where nothing is to be watched: the same calls, which do nothing and cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")


class IdleView:
    """Of `enabled=False`, of `NNVIZ3D=off`, and of all processes but the first where several train one model."""

    closed, steps = True, 0

    def step(self, loss: Any = None, **metrics: Any) -> None:
        pass

    def batches(self, loader: Iterable[Item]) -> Iterable[Item]:
        return loader

    def epochs(self, count: int) -> Iterator[int]:
        return iter(range(count))

    def close(self, reason: str = "finished", text: str = "") -> None:
        pass

    def __enter__(self) -> IdleView:
        return self

    def __exit__(self, *_: Any) -> None:
        pass
