"""Where things stand on the screen: what a stage draws on, and a layout as it is seen from a pose. Positions are in imgui's units."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nnviz3d.draw.camera import LENS, Pose
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.gfx.context import Context
from nnviz3d.layout.grid import Layout

OUTSIDE = (-1e5, -1e5, 0.0)  # where a point behind the eye is said to be


class Surface(Protocol):
    """What a stage stands on: a host, or a canvas. `frames`: how many it has shown."""

    frames: int

    @property
    def context(self) -> Context: ...
    @property
    def framebuffer(self) -> int: ...
    @property
    def pixel_ratio(self) -> float: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def display_size(self) -> tuple[int, int]: ...


class Viewport:
    """The surface that a stage draws on. `text`: the overlay's scale there."""

    def __init__(self, host: Surface):
        self.host, self.text = host, host.pixel_ratio

    @property
    def aspect(self) -> float:
        width, height = self.host.size
        return max(width, 1) / max(height, 1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in imgui's units."""
        return self.host.display_size

    @contextmanager
    def moved_to(self, host: Surface, text: float) -> Iterator[None]:
        """Another host of the same context for a while, with an overlay of this scale."""
        before = self.host, self.text
        self.host, self.text = host, text
        try:
            yield
        finally:
            self.host, self.text = before


@dataclass(frozen=True)
class Projection:
    """`layout` seen from `pose`. `size`: width and height in imgui's units; `reach`: radius on screen of a lit sphere or a tile at distance
    1."""

    layout: Layout
    pose: Pose
    aspect: float
    size: tuple[float, float]
    reach: float

    @classmethod
    def of(cls, subject: Subject, pose: Pose, aspect: float, size: tuple[float, float]) -> Projection:
        radius = max(subject.radius * 1.5, subject.tile * 1.15)
        return cls(subject.layout, pose, aspect, size, radius * LENS * size[1] / 2)

    def points(self, points_n3: np.ndarray) -> tuple[list[float], list[float], list[float]]:
        """Where points are seen, and how far away they are; not positive: behind the eye."""
        width, height = self.size
        seen = self.pose.project(points_n3, self.aspect)
        return ((seen[:, 0] * 0.5 + 0.5) * width).tolist(), ((0.5 - seen[:, 1] * 0.5) * height).tolist(), seen[:, 2].tolist()

    def neurons(self, neurons: np.ndarray) -> tuple[list[float], list[float], list[float]]:
        """Where neurons are seen, and their radius there. Behind the eye: far outside."""
        x, y, depth = self.points(self.layout.place_n4[neurons, :3].astype(np.float64))
        seen = [(a, b, self.reach / d) if d > 0 else OUTSIDE for a, b, d in zip(x, y, depth, strict=True)]
        return [a for a, _, _ in seen], [b for _, b, _ in seen], [r for _, _, r in seen]

    def outline(self, box: np.ndarray) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom of a (2, 3) box as it is seen; None where a part of it is behind the eye."""
        layout = self.layout.framing(box[:1], box[1:])
        x, y, depth = self.points(layout.corners().astype(np.float64))
        return (min(x), min(y), max(x), max(y)) if min(depth) > 0 else None

    def boxes(self) -> np.ndarray:
        """(L or L + 1, 4) left, top, right, bottom of each layer, and of the plate, as they are seen."""
        corners = self.layout.corners().astype(np.float64)
        x, y, depth = (np.array(v).reshape(-1, 8) for v in self.points(corners))
        seen = (depth > 0).all(1)
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], 1)[seen]
