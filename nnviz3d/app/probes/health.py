"""Looks at a network that learns every two seconds, at the cost of a frame's fraction, and names what is unusual.

Causes come before consequences: data, first weights, learning rate, neurons, gradient, curve; a later group is looked at only where the
earlier ones found nothing (dead ReLUs also make the gradient vanish). Overfitting and answering one class only stand for themselves. What
is reported is of now: of the learning rate, by what has come since the settings changed last, and never by what lies beyond the present
step. Reads, never writes: activations are computed in buffers of its own. No OpenGL and no clock. The signs themselves are in `symptoms`.
Measured: 0.3 ms a look (64-48-32-10), 2.4 ms (784-1024-1024-10); above 3 million weights too few samples are affordable, and neurons are
not looked at.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.app.probes import health_groups, health_rules, norm_rules
from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import between
from nnviz3d.backend import Ops
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.node_names import inside, layer_name
from nnviz3d.spec.readout import Charts, Finding
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.scene import Train

EVERY = 2.0  # seconds between two looks: slower than the numbers change, faster than one loses interest
ROWS, FEWEST = 256, 16  # samples of a look; "silent for all" says nothing of fewer than 16
WORK = 5e7  # multiply-adds of a look
VALUES = 65_536  # numbers of one gradient that an rms is taken over
RECENT = 40  # points of the curve that count as now
SAMPLES = 1000  # that a learning rate is judged by at least (or an epoch): the first steps with single samples always jump
_NONE = Charts(*[np.zeros(0, np.float32)] * 6)


class Diagnosis:
    """Remembers its last findings; `findings` looks again after `EVERY` seconds of `pass_time`, or at once for another network."""

    def __init__(self):
        self._findings: tuple[Finding, ...] = ()
        self._serial = 0  # of the network that was looked at
        self._objective: Objective | None = None
        self._response: ForwardPass | None = None
        self._killed: tuple[int, ...] = ()
        self._train: Train | None = None
        self._scoring: Scoring | None = None
        self._since = 0  # the step at which the settings of training last changed
        self._moment, self._seconds, self._first_norm, self._overfits = None, 0.0, 0.0, False

    def pass_time(self, dt: float) -> None:
        self._seconds += dt

    def findings(self, source: Source, charts: Charts, scoring: Scoring | None = None) -> tuple[Finding, ...]:
        """`scoring`: the looks at loss and accuracy so far (`app.training.evaluator.Scoring`), where there are any."""
        if source.learner is None and source.playback is None:
            return ()  # nothing was learned here that could be judged
        self._scoring = scoring
        if source.train is not self._train:
            self._train, self._seconds = source.train, EVERY
        self._since = min(source.since, source.step)
        scored = None if scoring is None or source.diverged is not None else scoring.scores
        # the step that diverges does not count, but is news
        moment = source.step, source.written, source.diverged, source.train, scored
        killed = source.holds.killed
        new = source.serial != self._serial or source.objective is not self._objective or killed != self._killed
        if source.at_boundary and (new or (self._seconds >= EVERY and moment != self._moment)):
            if new:
                self._serial, self._objective, self._killed = source.serial, source.objective, killed
                self._first_norm, self._overfits = 0.0, False
                self._response = respond(source)
            self._moment, self._seconds = moment, 0.0
            self._findings = self._look(source, charts)
        return self._findings

    def _look(self, source: Source, charts: Charts) -> tuple[Finding, ...]:
        charts, gone = between(charts, 0, source.step), bool(source.playback and source.playback.gone)  # single samples say little
        guess = health_rules.guessing(source, charts)
        since = between(charts, self._since, source.step)
        history = [] if self._scoring is None else [look for look in self._scoring.history if look[0] <= source.step]
        before = [loss * health_rules.LEEWAY for step, loss in history if step < self._since][
            -1:
        ]  # roughly what the settings of now began with
        looks = before + [loss for step, loss in history if step >= self._since]
        seen = (source.step - self._since) * source.batch_size
        early = looks and seen < min(SAMPLES, len(source.data.x_train))
        recent = float(charts.train_loss[-RECENT:].mean(dtype=np.float64)) if len(charts.train_loss) else guess
        fast = health_rules.too_fast(
            _NONE if early else since, guess, source.diverged, RECENT, health_rules.scatter(source), () if early else looks
        )
        groups = (
            lambda: [] if gone else [health_rules.unscaled(source.data, spread(source.data.x_train, ROWS))],
            lambda: health_rules.symmetric(source),
            lambda: self._norms(source),
            lambda: norm_rules.norms(source),
            lambda: [fast],
            lambda: self._neurons(source, recent, guess),
            lambda: [self._gradient(source)],
            lambda: [health_rules.unmoved(since, guess)],
        )
        found = next((named for group in groups if (named := [finding for finding in group() if finding])), [])
        over = (
            None if fast else health_rules.overfitting(charts, guess, self._overfits)
        )  # a test loss thrown about says nothing of the data
        self._overfits = over is not None
        return (*found, *filter(None, (None if fast else self._one_class(source), over)))

    def _one_class(self, source: Source) -> Finding | None:
        scores = self._scoring and self._scoring.scores
        if not scores or scores.step < health_rules.PATIENCE:
            return None
        return health_rules.one_class(scores.test or scores.train, source.data.class_names, bool(source.objective.weights))

    def _neurons(self, source: Source, loss: float, guess: float) -> list[Finding | None]:
        if self._response is None:
            return []
        a_ni, topology, found = self._response.activations(), source.topology, []
        for node in health_rules.hidden(topology):
            here, name = node.neurons, inside(layer_name(topology, node.number))
            if node.groups > 1:
                possible = [health_groups.silent(node, name, a_ni[node.number]) if node.axes[0] in health_groups.UNITS else None]
                possible.append(health_groups.attention(node, name, a_ni[node.number], loss, guess))
            else:
                on_purpose = [n - here.start for n in self._killed if here.start <= n < here.stop]
                alive_ni = np.delete(a_ni[node.number], on_purpose, 1)
                possible = [health_rules.neurons(name, node.activation, alive_ni, loss, guess) if alive_ni.size else None]
            found += [each and replace(each, layer=node.number, sign=each.title.removesuffix(f" in {name}")) for each in possible]
        return found

    @staticmethod
    def _norms(source: Source) -> list[Finding | None]:
        """Of the first that has too few numbers: they all have the same batch."""
        found = (
            health_groups.few_for_a_norm(node, inside(layer_name(source.topology, node.number)), source.batch_size)
            for node in health_rules.hidden(source.topology)
        )
        return [next((finding for finding in found if finding), None)]

    def _gradient(self, source: Source) -> Finding | None:
        weights, g_p = [node.weight for node in source.topology.order if node.weight is not None], source.tensors("gradient")
        if g_p is None:
            return None
        rms = [thinned_rms(source.ops, g_p[weight.slice]) for weight in weights]
        norm = float(np.sqrt(sum(r * r * weight.size for r, weight in zip(rms, weights, strict=True))))
        self._first_norm = self._first_norm or norm
        held = 0 < source.scene.train.clip_norm < norm  # a gradient that grows is no trouble where the update does not follow it
        return health_rules.gradient(rms[0], rms[-1], 0.0 if held else norm, self._first_norm)


def respond(source: Source) -> ForwardPass | None:
    """Activations over a few test rows (train rows where there is no test set); None where too few are affordable."""
    rows = min(ROWS, int(WORK / row_work(source.topology)))
    x_ni = spread(source.data.held_out[1], rows)
    if len(x_ni) < FEWEST:
        return None
    return ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), x_ni, source.holds.killed)


def spread(x_ni: np.ndarray, rows: int) -> np.ndarray:
    """At most so many rows, evenly from the first to the last."""
    return x_ni[np.linspace(0, len(x_ni) - 1, min(rows, len(x_ni))).astype(np.intp)]


def thinned_rms(ops: Ops, g: Array) -> float:
    """Root mean square of at most `VALUES` evenly spread numbers."""
    host = np.asarray(ops.to_host(g[:: max(1, g.size // VALUES)]), np.float64)
    return float(np.sqrt(np.mean(host * host)))
