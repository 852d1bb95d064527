"""The guided tour: its events, and its language."""

from __future__ import annotations

ACTIONS = {
    "tour": lambda loop, value: loop.guide.do(str(value)) if loop.guide.on else loop.guide.start(str(value or "1")),
    "tour_language": lambda loop, value: loop.guide.speak(str(value)),
}
