"""What the legend says of the edges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ShownEdges:
    """How many edges of how many, what share of the summed |quantity| the picture shows, and the largest |quantity| with the layer that its
    edge leads into (its number). None of it but `shown`, `ribbons` and `share` depends on how many are drawn."""

    shown: int = 0
    total: int = 0
    share: float = 1.0
    peak: float = 0.0
    layer: int = 0
    whole: float = 0.0  # summed |quantity| of all edges
    folded: int = 0  # neurons in stacks: of those only the strongest edges can be shown
    ribbons: int = 0  # drawn between groups
    bundled: int = 0  # edges that the ribbons of their connections stand for
    inside: int = 0  # of the total, in slabs
    waiting: int = 0  # edges of connections that have not been looked through yet: a large one takes many frames

    def with_those(self, other: ShownEdges) -> ShownEdges:
        """Of two networks together; the brightest is that of both."""
        whole = self.whole + other.whole
        share = (self.share * self.whole + other.share * other.whole) / whole if whole > 0 else 1.0
        most = self if self.peak >= other.peak else other
        return ShownEdges(
            self.shown + other.shown,
            self.total + other.total,
            share,
            most.peak,
            most.layer,
            whole,
            self.folded + other.folded,
            self.ribbons + other.ribbons,
            self.bundled + other.bundled,
            self.inside + other.inside,
            self.waiting + other.waiting,
        )
