"""Where a visitor is in a tour, as a pure state machine: events in, the next state out. No network, no picture, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnviz3d.spec.errors import InputError


@dataclass(frozen=True)
class TourState:
    """`counts`: steps of each lesson. `lesson`, `step`: 0-based. `met`: the visitor did what this step invites to."""

    counts: tuple[int, ...]
    lesson: int = 0
    step: int = 0
    met: bool = False

    @property
    def last(self) -> bool:
        return self.lesson == len(self.counts) - 1 and self.step == self.counts[-1] - 1

    def after(self, event: str) -> TourState | None:
        """The state that an event leads to; None: the tour is over.

        "next", "back", "skip" (the rest of the lesson), "restart" (from the first step of all), "close", "met", or a place: "3" or "3.2",
        1-based. "back" at the very start changes nothing. Raises InputError for a place that is not there.
        """
        match event:
            case "next":
                return self._at(self.lesson, self.step + 1) if self.step + 1 < self.counts[self.lesson] else self.after("skip")
            case "skip":
                return self._at(self.lesson + 1, 0) if self.lesson + 1 < len(self.counts) else None
            case "back":
                if self.step:
                    return self._at(self.lesson, self.step - 1)
                return self._at(self.lesson - 1, self.counts[self.lesson - 1] - 1) if self.lesson else self
            case "restart":
                return self._at(0, 0)
            case "close":
                return None
            case "met":
                return replace(self, met=True)
        return self._at(*place(event, self.counts))

    def _at(self, lesson: int, step: int) -> TourState:
        return TourState(self.counts, lesson, step)


def place(text: str, counts: tuple[int, ...]) -> tuple[int, int]:
    """0-based lesson and step of "3" or "3.2". Raises InputError."""
    lesson, _, step = text.strip().partition(".")
    try:
        k, s = int(lesson) - 1, int(step or 1) - 1
        if 0 <= k < len(counts) and 0 <= s < counts[k]:
            return k, s
    except ValueError:
        pass
    have = ", ".join(f"{k}.1 to {k}.{count}" for k, count in enumerate(counts, 1))
    raise InputError.of("", "tour", f'there is no step "{text[:40]}"; available lessons and steps: {have}')
