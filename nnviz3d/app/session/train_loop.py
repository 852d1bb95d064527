"""Training a session for one frame: the pace and the goal say how many steps, the stop conditions say where it ends. No clock.

Functions of a session; what they hold between frames is in its `pace` and `stops`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnviz3d.spec.phases import Place

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session


def train(session: Session, dt: float, more: Callable[[], bool]) -> int:
    """As many steps as are owed for `dt` seconds, fit while `more()`, and do not pass a stop or the goal. Returns steps finished."""
    leader, pace = session.leader, session.pace
    if stopped(session, more):
        return 0
    if leader.learner is None:
        return 0
    left = session.stops.left(leader.learner, session.scene.train)
    limit = pace.limit(session.scene.train.steps_per_second, dt, leader.step, left)
    steps = 0
    if limit is None or limit > 0 or not session.even:
        steps = session.trained.advance(more, limit)
        pace.took(steps)
        session.after_steps(steps)
    if session.running and not stopped(session, more):
        reach(session)
    return steps


def stopped(session: Session, more: Callable[[], bool]) -> bool:
    """Whether training ends here, or must wait for a look at loss or accuracy that is not finished."""
    learner = session.leader.learner
    if learner is None or not learner.at_boundary:
        return False
    if session.stops.met(learner, session.scene.train, more):
        session.running = False
        if session.walking is not None:
            session.walking.playing = False
        return True
    return session.stops.pending


def reach(session: Session) -> None:
    """Hold at the goal, where there is one and it is reached."""
    goal, leader = session.pace.goal, session.leader
    if goal is not None and leader.at_boundary and leader.step >= goal.step:
        session.running = False
        if goal.walk:
            session.start_walk(Place(0, 0.0))
