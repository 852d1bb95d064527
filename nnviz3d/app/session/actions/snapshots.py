"""Keeping moments A and B, looking at them, and going back to them."""

from __future__ import annotations

from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.session.snapshots import ALONE


def _keep(at: Occasion, value) -> None:
    at.session.moments.keep(at.session, str(value))
    if not at.session.banner:
        at.say(f"kept as moment {value}: step {at.session.source.step:,}")


def _show(at: Occasion, value) -> None:
    if at.session.second is not None and value:
        at.session.banner = ALONE
        return
    at.session.leave_walk()
    at.session.running = False
    at.session.moments.watch(str(value or ""))


def _enter(at: Occasion, value) -> None:
    at.session.moments.enter(at.session, str(value))


ACTIONS = {"keep_moment": _keep, "show_moment": _show, "enter_moment": _enter}
