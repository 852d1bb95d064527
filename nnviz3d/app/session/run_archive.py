"""A run as a thing to lose: reset, another seed, another network, other data or another scene leave one behind, and undo brings it back.

Nothing is copied: a run that is left is not trained on. Together they hold at most `MOST` bytes: the older ones lose first what they
remember of their past, then everything but their scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.session.comparison import SecondNetwork
from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.sources.protocols import KeptRun
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

MOST = 512 << 20
GONE = "That run was too large to be kept: its settings are restored, and it starts again."


@dataclass(frozen=True, eq=False)
class RunState:
    """What a session knows of its run, beside the scene."""

    held: KeptRun
    second: SecondNetwork | None
    curves: Curves
    layers: LayerHistory
    scoring: Scoring
    stops: Stops
    unsaved: float  # seconds of training that no file holds

    def networks(self) -> list[KeptRun]:
        learner = None if self.second is None else self.second.source.learner
        return [self.held] if learner is None else [self.held, learner.kept()]


@dataclass(eq=False)
class ArchivedRun:
    """All of a session that belongs to its run. `state` is None where only the scene is left, and of what cannot learn."""

    scene: Scene
    state: RunState | None

    @classmethod
    def of(cls, session: Session) -> ArchivedRun:
        learner = session.source.learner
        if learner is None:
            return cls(session.scene, None)
        known = session.second, session.curves, session.layers, session.scoring, session.stops
        return cls(session.scene, RunState(learner.kept(), *known, session.unsaved))

    def left(self, session: Session) -> bool:
        """Whether the session has another one by now."""
        state = self.state
        return state is not None and (state.held.serial != session.source.serial or state.second is not session.second)

    @property
    def bytes(self) -> int:
        return 0 if self.state is None else sum(kept.bytes for kept in self.state.networks())

    def shrink(self) -> bool:
        """Without its past, or else without everything but the scene; whether there was anything to let go."""
        if self.state is None:
            return False
        forgotten = [kept.forget() for kept in self.state.networks()]
        if not any(forgotten):
            self.state = None
        return True


@dataclass(eq=False)
class Elsewhere:
    """Another session of the same window, with what is kept of what was done in it (`app.window.log_writer`)."""

    session: Session
    log: Any = field(repr=False, default=None)

    @property
    def bytes(self) -> int:
        source, data = self.session.source, self.session.source.data
        arenas = 0 if source.learner is not None else 2 * source.tensors("parameter").nbytes
        return arenas + ArchivedRun.of(self.session).bytes + self.session.history.bytes + sum(x.nbytes for x in (data.x_train, data.x_test))


def put_back(session: Session, run: ArchivedRun) -> None:
    """The session goes on with a run that it has left. Raises InputError where only the scene is left, and it cannot be built any more."""
    from nnviz3d.app.session import scene_changes

    session.running = False
    session.leave_walk()
    learner = session.source.learner
    if run.state is None or learner is None:
        scene_changes.become(session, run.scene)
        session.banner = GONE
        return
    learner.put_back(run.state.held)
    session.take_run(run.scene, run.state)


def fit(entries: list, most: int = MOST) -> None:
    """Let go of what is too much, the oldest (the first in the list) first. What lies before another session is out of reach without it."""
    heavy = [entry for entry in entries if hasattr(entry, "bytes")]
    while sum(entry.bytes for entry in heavy) > most:
        entry = heavy[0]
        if isinstance(entry, ArchivedRun) and entry.shrink():
            continue
        heavy.pop(0)
        if not isinstance(entry, ArchivedRun):
            del entries[: entries.index(entry) + 1]
