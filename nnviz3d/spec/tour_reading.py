"""What a guided tour tells in one frame: made by `app.tour`, drawn by `ui.hud`. Places are in imgui's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NUMBER, END = "\x0e", "\x0f"  # around a live number in a text, so that it can be seen to be one


@dataclass(frozen=True)
class Mark:
    """Something on the stage that the text speaks of: a neuron (a ring of radius `reach`), a box (left, top, right, bottom), or lines.

    `lines`: (x, y, x, y, value) from rim to rim, the weakest first; the value is w a, as a share of the largest of them.
    """

    x: float = 0.0
    y: float = 0.0
    reach: float = 0.0
    box: tuple[float, float, float, float] | None = None
    lines: tuple[tuple[float, float, float, float, float], ...] = ()


@dataclass(frozen=True)
class TourReading:
    """`lesson`, `step`: 0-based. `words`: what the card's own buttons say. `met`: the visitor did what the step invites to.

    `section`: the panel that should be open; "": none. `other`: code and name of the language that the switch leads to.
    """

    lesson: int
    step: int
    titles: tuple[str, ...]  # of the lessons
    steps: int  # in this lesson
    heading: str  # "Lesson 2 of 6: Forward"
    text: str
    invite: str
    met: bool
    last: bool  # nothing comes after it
    strip: str
    section: str
    words: Mapping[str, str]
    other: tuple[str, str]
    marks: tuple[Mark, ...] = ()
