"""A run as a thing to lose: reset, another seed, another network, other data or another scene leave one behind, and undo brings it back.

Nothing is copied: a run that is left is not trained on. Together they hold at most `MOST` bytes: the older ones lose first what they
remember of their past, then everything but their scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.session.comparison import Rival
from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.sources.protocols import KeptRun
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

MOST = 512 << 20
GONE = "That run was too large to be kept: its settings are restored, and it starts again."


@dataclass(eq=False)
class Run:
    """All of a session that belongs to its run. `held` is None where only the scene is left, and of what cannot learn."""

    scene: Scene
    held: KeptRun | None
    rival: Rival | None = None
    curves: Curves | None = None
    layers: LayerHistory | None = None
    scoring: Scoring | None = None
    stops: Stops | None = None
    unsaved: float = 0.0  # seconds of training that no file holds

    @classmethod
    def of(cls, session: Session) -> Run:
        learner = session.source.learner
        held = None if learner is None else learner.kept()
        known = session.rival, session.curves, session.layers, session.scoring, session.stops
        return cls(session.scene, held, *known, session.unsaved)

    def left(self, session: Session) -> bool:
        """Whether the session has another one by now."""
        return self.held is not None and (self.held.serial != session.source.serial or self.rival is not session.rival)

    @property
    def bytes(self) -> int:
        return sum(kept.bytes for kept in self._networks())

    def _networks(self) -> list[KeptRun]:
        if self.held is None:
            return []
        learner = None if self.rival is None else self.rival.source.learner
        return [self.held] if learner is None else [self.held, learner.kept()]

    def shrink(self) -> bool:
        """Without its past, or else without everything but the scene; whether there was anything to let go."""
        if self.held is None:
            return False
        forgotten = [kept.forget() for kept in self._networks()]
        if not any(forgotten):
            self.held = self.rival = self.curves = self.layers = self.scoring = self.stops = None
        return True


@dataclass(eq=False)
class Elsewhere:
    """Another session of the same window, with what is kept of its inputs (`app.window.log_writer`)."""

    session: Session
    inputs: Any = field(repr=False, default=None)

    @property
    def bytes(self) -> int:
        source, data = self.session.source, self.session.source.data
        arenas = 0 if source.learner is not None else 2 * source.tensors("parameter").nbytes
        return arenas + Run.of(self.session).bytes + self.session.history.bytes + sum(x.nbytes for x in (data.x_train, data.x_test))


def put_back(session: Session, run: Run) -> None:
    """The session goes on with a run that it has left. Raises InputError where only the scene is left, and it cannot be built any more."""
    from nnviz3d.app.session import scene_changes

    session.running = False
    session.leave_walk()
    learner = session.source.learner
    if run.held is None or learner is None:
        scene_changes.become(session, run.scene)
        session.banner = GONE
        return
    learner.put_back(run.held)
    session.take_run(run)


def fit(entries: list, most: int = MOST) -> None:
    """Let go of what is too much, the oldest (the first in the list) first. What lies before another session is out of reach without it."""
    heavy = [entry for entry in entries if isinstance(entry, (Run, Elsewhere))]
    while sum(entry.bytes for entry in heavy) > most:
        entry = heavy[0]
        if isinstance(entry, Run) and entry.shrink():
            continue
        heavy.pop(0)
        if isinstance(entry, Elsewhere):
            del entries[: entries.index(entry) + 1]
