"""A run as a thing to lose: reset, another seed, another network, other data or another scene leave one behind, and undo brings it back.

Nothing is copied: a run that is left is not trained on. Together they hold at most `MOST` bytes: the older ones lose first what they
remember of their past, then everything but their scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.session.comparison import Rival
from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.sources.own import Kept
from nnviz3d.spec.scene import Scene

MOST = 512 << 20
GONE = "That run was too large to be kept: its settings are back, and it begins again."


@dataclass(eq=False)
class Run:
    """All of a session that belongs to its run. `held` is None where only the scene is left."""

    scene: Scene
    held: Kept | None
    rival: Rival | None = None
    curves: Curves | None = None
    layers: LayerHistory | None = None
    scoring: Scoring | None = None
    stops: Stops | None = None
    unsaved: float = 0.0  # seconds of training that no file holds

    @classmethod
    def of(cls, session) -> Run:
        return cls(
            session.scene, session.source.kept(), session.rival, session.curves, session.layers, session.scoring, session.stops,
            session.unsaved,
        )  # fmt: skip

    def left(self, session) -> bool:
        """Whether the session has another one by now."""
        return self.held.trainer is not session.source.trainer or self.rival is not session.rival

    @property
    def bytes(self) -> int:
        return 0 if self.held is None else sum(map(size, self._sources()))

    def _sources(self) -> list[Kept]:
        return [self.held] + ([self.rival.source.kept()] if self.rival is not None else [])

    def shrink(self) -> bool:
        """Without its past, or else without everything but the scene; whether there was anything to let go."""
        if self.held is None:
            return False
        pasts = [kept.rewind for kept in self._sources() if kept.rewind is not None and kept.rewind.bytes]
        for rewind in pasts:
            rewind.forget()
        if not pasts:
            self.held = self.rival = self.curves = self.layers = self.scoring = self.stops = None
        return True


@dataclass(eq=False)
class Elsewhere:
    """Another session of the same window, with what is kept of its inputs (`app.window.log_writer`)."""

    session: Any
    inputs: Any = field(repr=False, default=None)

    @property
    def bytes(self) -> int:
        data = self.session.source.data
        return Run.of(self.session).bytes + self.session.history.bytes + sum(x.nbytes for x in (data.x_train, data.x_test))


def size(kept: Kept) -> int:
    """Bytes of a network, its buffers for a batch, and what it remembers; its data are shared or small beside them."""
    trainer = kept.trainer
    arenas = sum(array.nbytes for array in trainer.arenas.all().values()) + trainer.arenas.parameters.nbytes
    rows = min(trainer.train.batch or len(trainer.data.x_train), len(trainer.data.x_train))
    return arenas + 16 * rows * trainer.topology.n_neurons + (kept.rewind.bytes if kept.rewind is not None else 0)


def put_back(session, run: Run) -> None:
    """The session goes on with a run that it has left. Raises InputError where only the scene is left, and it cannot be built any more."""
    session.running = False
    session.leave_walk()
    if run.held is None:
        session.become(run.scene)
        session.banner = GONE
        return
    session.source.put_back(run.held)
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
