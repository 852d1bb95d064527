"""Keeping moments A and B, looking at them, and going back to them."""

from __future__ import annotations

from nnviz3d.app.session.session import Session
from nnviz3d.app.session.snapshots import ALONE


def _keep(session: Session, value: str) -> str | None:
    session.moments.keep(session, str(value))
    return None if session.banner else f"kept as moment {value}: step {session.source.step:,}"


def _show(session: Session, value: str | None) -> None:
    if session.rival is not None and value:
        session.banner = ALONE
        return
    session.leave_walk()
    session.running = False
    session.moments.watch(str(value or ""))


def _enter(session: Session, value: str) -> None:
    session.moments.enter(session, str(value))


ACTIONS = {"keep_moment": _keep, "show_moment": _show, "enter_moment": _enter}
