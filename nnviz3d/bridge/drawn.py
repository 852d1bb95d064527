"""What a picture reads of a network: less than a whole `Viewable`, so that a bench can draw arrays that are no network's."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from nnviz3d.sources.viewable import Array


class Drawn(Protocol):
    """What a picture reads of a network at one moment; a `Viewable` is one."""

    @property
    def version(self) -> Hashable: ...
    @property
    def constant(self) -> float: ...
    @property
    def view(self) -> object | None: ...
    def tensors(self, kind: str) -> Array | None: ...
    def settled(self, kind: str) -> Array | None: ...
