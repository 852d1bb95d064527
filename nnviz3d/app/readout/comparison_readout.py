"""Two networks that are compared, as numbers and words: what the overlay says of them."""

from __future__ import annotations

import math

import numpy as np

from nnviz3d.app.session.comparison import NAMES, SecondNetwork
from nnviz3d.app.session.session import Session
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.view.comparison_view import ComparisonView, counterpart
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec import compare
from nnviz3d.spec.readout import Charts, CompareReading, NetworkReading
from nnviz3d.spec.score import Scores

SHARES = (0.9, 0.95)


def reading(session: Session, view: ComparisonView | None, hovered: int = -1) -> CompareReading | None:
    """None without a second network. Between two even moments the last one is reported: numbers of different steps are not compared."""
    second = session.second
    if second is None:
        return None
    key = (
        session.source.version, session.seen.version, session.walking is None, second.source.version, second.source.step,
        session.source.holds, hovered, view and view.hovered,
        session.curves.charts, second.curves.charts, session.scoring.version, second.scoring.version,
        second.differences, second.leader.diverged, view and view.layer_by_layer,
    )  # fmt: skip
    if key == second.reading_key or (second.reading is not None and not session.even and session.walking is None):
        return second.reading
    marks = (hovered, view.hovered if view else counterpart(session.source.topology, second.source.topology, hovered))
    sides = (
        (session.source, session.seen, session.scores, session.curves),
        (second.source, second.source, second.scoring.scores, second.curves),
    )
    a, b = (_network(k, *side, second.differences, mark) for k, (side, mark) in enumerate(zip(sides, marks, strict=True)))
    waits = "B" if session.walking is not None else next((n.name for n in (a, b) if n.diverged is not None), "")
    second.reading_key = key
    second.reading = CompareReading((a, b), second.differences, second.same_batches, view is None or view.layer_by_layer, SHARES, waits)
    return second.reading


def _network(
    k: int, source: Source, seen: Viewable, scores: Scores, curves: Curves, differences: tuple[compare.Difference, ...], mark: int
) -> NetworkReading:
    """`seen`: the source, or the walk through one of its steps."""
    said, right = seen.answer()
    charts = curves.charts
    return NetworkReading(
        name=NAMES[k],
        title=compare.title(differences, bool(k)),
        topology=source.topology,
        step=source.step,
        epoch=source.epoch,
        epoch_steps=-(-len(source.data.x_train) // source.batch_size),
        loss=float(source.loss) if math.isfinite(source.loss) else None,
        test_loss=scores.test_loss,
        train_accuracy=scores.train_accuracy,
        test_accuracy=scores.test_accuracy,
        scores=scores,
        answer=said,
        right=right,
        reached=tuple(_reached(charts, share) for share in SHARES) if source.data.task == "classification" else (),
        diverged=source.diverged,
        held=len(source.holds.frozen) + len(source.holds.killed),
        charts=charts,
        error=source.objective.error,
        hovered=float(source.ops.to_host(seen.tensors("activation")[mark : mark + 1])[0]) if mark >= 0 else None,
    )


def _reached(charts: Charts, share: float) -> int | None:
    """The first look at the test set that showed at least this share right."""
    there = np.flatnonzero(charts.test_accuracy >= share)
    return int(charts.test_step[there[0]]) if len(there) else None


def sentence(session: Session, second: SecondNetwork) -> str:
    """What happens now, in one line. `second`: the session's."""
    what = " and ".join(f"{d.name} ({compare.words(d.path, d.a)} / {compare.words(d.path, d.b)})" for d in second.differences[:2])
    what = f"They differ in {what}." if what else "At the moment no setting differs."
    if session.walking is not None:
        return f"{session.walking.sentence} This is network A; B is paused."
    if not second.alive:
        return "Both networks have stopped because they diverged: values overflowed. Reset to start again."
    waiting = "A" if session.source.diverged is not None else "B" if second.source.diverged is not None else ""
    if waiting:
        return f"Network {waiting} has stopped because it diverged; the other continues. {what}"
    if session.running:
        pace = "take the same steps on the same samples" if second.same_batches else "see equally many samples"
        return f"Learning: both networks {pace}. {what}"
    if session.source.step == 0:
        return f"Two untrained networks, same data and seed. {what} Press Play to train them."
    return f"Paused. Both networks show the same sample. {what}"
