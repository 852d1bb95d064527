"""Saving and opening."""

from __future__ import annotations


def _screenshot(loop, _value) -> None:
    loop.wants_picture = True


ACTIONS = {
    "save": lambda loop, _value: loop.say(f"saved {loop.session.save()}"),
    "open": lambda loop, value: loop.open(str(value)),
    "screenshot": _screenshot,
}
