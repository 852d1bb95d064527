"""What panels light up in the picture: the arcs of a head, traced paths, the pruned network. In a window it is worked out in slices while a
panel asks; in a film at once, because each frame stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnviz3d.spec.session_log import ASKED

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

LONG = 1e9  # seconds: after so many every probe looks again


def asked(session: Session) -> dict[str, list]:
    """What panels want to see in the picture, by the names of `ASKED`."""
    return {name: list(session.wants[name]) for name in ASKED if name in session.wants}


def light(session: Session, wanted: Mapping[str, Any]) -> None:
    """All of it, as the session is now."""
    session.wants = {name: tuple(value) for name, value in wanted.items()}
    for probe in (session.attention, session.tracing, session.pruning):
        probe.pass_time(LONG)
    session.pruning.reading(session.source, session.wants.get("pruning"))
    if session.pruning.wait():
        session.pruning.reading(session.source, session.wants.get("pruning"))
    seen = session.pictured_numbers
    session.attention.reading(seen, session.prompt.words(), session.prompt.known(), session.wants.get("attention"))
    while (found := session.tracing.reading(seen, session.wants.get("tracing"))) is not None and not found.over:
        pass
