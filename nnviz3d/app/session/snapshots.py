"""Moments A and B of a run: kept at any time, looked at instead of now or as their difference, and entered again exactly.

A moment holds the scene and the whole state (parameters, optimiser, random numbers, place in the data), so it outlives the history, a
reset, and another network. Knows which one is looked at; draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.app.session import scene_changes
from nnviz3d.app.session.run_archive import ArchivedRun
from nnviz3d.app.training.evaluator import affordable
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.draw.frame import Wave
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.snapshot_source import KeptMoment, SnapshotDifference
from nnviz3d.spec.edit import Rebuild, changed_paths, diff
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import ChangeReading, MomentReading, MomentsReading
from nnviz3d.spec.scene import PACE, Scene
from nnviz3d.spec.score import Scores
from nnviz3d.spec.topology import Topology

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

NAMES = ("A", "B")
DIFFERENCE = "B - A"
ALONE = "Moments can be kept for a single network only: stop comparing to keep one, view one or return to one."
LARGEST = 6  # changes of weights that are reported


@dataclass(frozen=True, eq=False)
class KeptSnapshot:
    """One moment. `scores`: evaluated when it was kept."""

    scene: Scene
    snapshot: Snapshot
    topology: Topology
    objective: Objective
    scores: Scores
    curves: Curves  # that lead to it


class Moments:
    """`shown`: "A", "B", "B - A", or "" for now."""

    def __init__(self):
        self.kept: dict[str, KeptSnapshot] = {}
        self.shown = ""
        self._seen: dict[str, tuple] = {}  # name -> (kept, source, KeptMoment)
        self._changes: tuple = (None, ())

    # ---------------------------------------------------------------- keeping and going back

    def keep(self, session: Session, name: str) -> None:
        """This moment under a name; a walk keeps the step that it is in, done."""
        source = session.source
        if session.second is not None:
            session.banner = ALONE
            return
        if source.history is None:
            session.banner = source.reasons.keep
            return
        source.settle()
        self.kept[name] = KeptSnapshot(
            session.scene, source.history.snapshot(name), source.topology, source.objective,
            session.scores if session.scoring.settled(source) else session.evaluate(affordable(source)),
            session.curves.until(source.step),
        )  # fmt: skip

    def enter(self, session: Session, name: str) -> None:
        """Be at that moment again, to the byte; settings, network and data go back with it, the look and the pace stay.

        Raises InputError where its data cannot be read again, and then nothing has changed; or where they are others by now, and then
        the run has begun again.
        """
        kept, before = self.kept.get(name), session.scene
        if kept is None:
            return
        if session.second is not None:
            session.banner = ALONE
            return
        session.running = False
        session.leave_walk()
        run = ArchivedRun.of(session)
        pace = {key: getattr(before.train, key) for key in PACE}
        train = kept.scene.train.model_copy(update=pace)
        scene = before.model_copy(update={"network": kept.scene.network, "data": kept.scene.data, "train": train})
        if diff(before, scene) == Rebuild.NET or scene.data != before.data:
            scene_changes.become(session, scene)
        rows = len(session.source.data.x_train)
        if len(kept.snapshot.state["batches"]["order"]) != rows or session.source.topology != kept.topology:
            scene_changes.become(session, before)
            raise InputError.of("", f"moment {name}", "its data file has changed since then, so it cannot be restored")
        history = session.source.history
        assert history is not None  # a moment was kept of it
        history.snapshots[name] = kept.snapshot
        session.go_to(lambda: history.enter_snapshot(name), kept.curves)
        session.stops.forget()
        if session.scene != before:
            keys = (f"moment {name}", *changed_paths(before, session.scene))
            session.history.record(run if run.left(session) else before, keys, 0.0)

    # ---------------------------------------------------------------- looking

    def watch(self, which: str) -> None:
        """Look at "A", "B", "B - A" or "" (now); what is not kept cannot be looked at."""
        self.shown = which if all(name in self.kept for name in which.split(" - ") if which) else ""

    def sentence(self, source: Source) -> str:
        """What is looked at, in words; "" for now."""
        if not self.shown:
            return ""
        if self.seen(source) is None:
            return f"Moment {self.shown} belongs to another network: return to it to see it."
        moments = [f"{name} is step {self.kept[name].snapshot.step:,}" for name in self.shown.split(" - ")[::-1]]
        if len(moments) == 1:
            return f"Kept moment: {moments[0]}. The picture and the Neuron panel show it; the current step is {source.step:,}."
        return (
            f"The change from A to B: {', '.join(moments)}. Blue edges increased, orange edges decreased; neurons show the change of their "
            f"activation."
        )

    def quantity(self) -> tuple[str, int] | None:
        """Kind and flow of the edges, where it is not the look's choice."""
        return ("parameter", 0) if self.shown == DIFFERENCE else None

    def wave(self) -> Wave | None:
        """No wave runs; but the difference is drawn by its value alone."""
        return Wave(flow=0) if self.shown == DIFFERENCE else None

    def seen(self, source: Source) -> KeptMoment | SnapshotDifference | None:
        """What is looked at instead of `source`; None: now, also where that moment was of another network."""
        names = self.shown.split(" - ")
        if not self.shown or any(self.kept[name].topology != source.topology for name in names):
            return None
        found = [self._moment(name, source) for name in names]
        return found[0] if len(found) == 1 else SnapshotDifference(found[1], found[0])

    def _moment(self, name: str, source: Source) -> KeptMoment:
        kept = self.kept[name]
        if self._seen.get(name, (None, None))[:2] != (kept, source):
            self._seen[name] = kept, source, KeptMoment(source, kept.snapshot, kept.objective)
        return self._seen[name][2]

    def reading(self, source: Source) -> MomentsReading:
        """For the overlay."""
        return MomentsReading(self.shown, tuple(self._reading(name, source) for name in NAMES if name in self.kept), self._largest())

    def _reading(self, name: str, source: Source) -> MomentReading:
        kept = self.kept[name]
        snapshot, fits = kept.snapshot, kept.topology == source.topology
        loss = snapshot.loss if np.isfinite(snapshot.loss) else None
        answer, right = self._moment(name, source).answer() if fits else ("", None)
        scores = kept.scores
        return MomentReading(
            name, snapshot.step, snapshot.epoch, loss, scores.train_loss, scores.test_loss, scores.train_accuracy, scores.test_accuracy,
            answer, right, fits, scores.words(self._seen[name][1].data.class_names if fits else ()), kept.objective.error,
        )  # fmt: skip

    def _largest(self) -> tuple[ChangeReading, ...]:
        """The parameters that differ most between A and B."""
        first, second = (self.kept.get(name) for name in NAMES)
        if first is None or second is None or first.topology != second.topology:
            return ()
        if self._changes[0] != (first, second):
            a, b = first.snapshot.parameters, second.snapshot.parameters
            size = np.abs(b - a)
            for r in first.topology.unlearned:  # a running mean is no finding
                size[r.slice] = 0
            top = np.argpartition(size, max(size.size - LARGEST, 0))[-LARGEST:]
            top = top[np.argsort(-size[top], kind="stable")]
            self._changes = (first, second), tuple(_change(first.topology, int(p), float(a[p]), float(b[p])) for p in top if size[p] > 0)
        return self._changes[1]


def _change(topology: Topology, p: int, before: float, after: float) -> ChangeReading:
    ref = topology.parameter(p)
    node, feeding = ref.node, topology.by_name[ref.node.inputs[0]].number
    return ChangeReading(p, node.number, node.neurons.start + ref.neuron, ref.neuron, ref.source, before, after, feeding)
