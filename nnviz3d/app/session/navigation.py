"""Moving through a run by a unit: phase, layer, sample, step or epoch, on (+) or back (-), inside a walk and outside.

What lies behind is entered again (see `engine.run_history`); where it no longer is, a banner says so and nothing moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnviz3d.app.training.pace import Goal
from nnviz3d.spec.phases import Place

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session
    from nnviz3d.app.session.step_player import StepPlayer

UNITS = ("phase", "layer", "sample", "step", "epoch")


def move(session: Session, unit: str, count: int) -> None:
    """`count`: +1 or -1. Phases and layers are inside a walk; outside they do nothing."""
    if unit == "sample":
        session.show_next(count)
    elif unit in ("phase", "layer"):
        if session.walking is not None:
            (session.walking.by if unit == "phase" else session.walking.by_layer)(count)
    elif unit == "step":
        if session.walking is not None:
            _iteration(session, session.walking, count)
        else:
            _step(session, count)
    elif unit == "epoch":
        (_next_epoch if count > 0 else _previous_epoch)(session)


def rewind(session: Session, step: int) -> None:
    """Enter the remembered step nearest to this one again."""
    session.settle()
    source, nearest = session.source, _nearest(session, step)
    history = source.history
    if history is None or (source.step == nearest and session.walking is None and source.diverged is None):
        return
    session.running = False
    session.leave_walk()
    session.moved(history.enter(nearest))


def _nearest(session: Session, step: int) -> int:
    """The step nearest to this one that can be entered: remembered, and by a second network too."""
    source = session.source
    if source.history is None:
        return source.step
    if session.second is not None:
        step = max(step, min(session.second.oldest, source.step))
    return source.history.nearest(step)


def _step(session: Session, count: int) -> None:
    """Outside a walk: train one step, or enter the step before again."""
    session.running = False
    if count > 0:
        session.single_step()
    else:
        _enter(session, session.source.step - 1)


def _iteration(session: Session, walking: StepPlayer, count: int) -> None:
    """In a walk: the same for the step after or before, from its start; it plays on if it played."""
    step, playing = walking.walk.step + count, walking.playing
    if count > 0 or _enter(session, step - 1):
        session.start_walk(None if playing else Place(0, 0.0))


def _next_epoch(session: Session) -> None:
    """Train to the end of the epoch, frame by frame; in a walk, and then walk through the first step of the next one."""
    walking = session.walking is not None
    source = session.source if walking else session.leader
    done, whole = source.of_epoch
    left = whole - done % whole if not walking else (whole - done) % whole
    if not left:
        return session.start_walk(Place(0, 0.0))
    session.play()
    if session.running:  # not diverged
        session.pace.goal = Goal(source.step + left, walking)


def _previous_epoch(session: Session) -> None:
    """The last end of an epoch before this moment; in a walk, the first step of this epoch, or of the one before."""
    source, walking = session.source, session.walking
    if source.diverged is not None and not _enter(session, source.step):
        return
    done, whole = source.of_epoch
    taken = source.step - walking.walk.step + 1 if walking is not None else 0  # the walk's own step is done, unless it diverged
    done -= taken
    if not done and source.epoch > 1:  # at an epoch's first step: the whole one before
        done = whole
    if _enter(session, source.step - taken - max(done, 1)) and walking is not None:
        session.start_walk(Place(0, 0.0))


def _enter(session: Session, step: int) -> bool:
    """Be after that step, if it is remembered; else say what is."""
    session.settle()
    source = session.source
    nearest = _nearest(session, step)
    if step == nearest and source.history is not None:
        session.running = False
        session.moved(source.history.enter(step))
        return True
    if source.learner is None:
        session.banner = source.reasons.back
    elif step < 0:
        session.banner = "This is the first step; training starts here."
    elif source.history is None:
        session.banner = source.reasons.back
    else:
        session.banner = f"Step {step:,} is no longer stored. The nearest stored step is {nearest:,}."
    return False
