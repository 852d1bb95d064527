"""Keeping moments A and B, looking at them, and going back to them."""

from __future__ import annotations

from nnviz3d.app.session.snapshots import ALONE


def _keep(loop, value) -> None:
    loop.session.moments.keep(loop.session, str(value))
    if not loop.session.banner:
        loop.say(f"kept as moment {value}: step {loop.session.source.step:,}")


def _show(loop, value) -> None:
    if loop.session.rival is not None and value:
        loop.session.banner = ALONE
        return
    loop.session.leave_walk()
    loop.session.running = False
    loop.session.moments.watch(str(value or ""))


def _enter(loop, value) -> None:
    loop.session.moments.enter(loop.session, str(value))


ACTIONS = {"keep_moment": _keep, "show_moment": _show, "enter_moment": _enter}
