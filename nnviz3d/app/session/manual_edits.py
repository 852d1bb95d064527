"""Edits of the network itself: a weight or bias gets another value, neurons are frozen, killed, released; and what the loss says to it.

Holds the effect of the last edit. An edit leaves a walk first (its step is done, once), is one entry of the undo history, and begins
a new branch of what rewind remembers. No clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.app.session.undo import Held, Value, Weights
from nnviz3d.engine.pruning import prune, weights
from nnviz3d.sources.protocols import Learner
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Hold, Holds
from nnviz3d.spec.readout import EffectReading
from nnviz3d.spec.score import Score

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

TEST_EVERY = 0.1  # seconds between two looks at the test set while something is dragged
ALL = 100  # pixels of a drag that move a value by four times the root mean square of its layer's weights
LEAST = 0.1  # that root mean square counts at least so much: a layer may be all zero


class Editing:
    """Of one session. `effect`: what the last edit did to the loss, or None."""

    def __init__(self, session: Session):
        self.session = session
        self.effect: EffectReading | None = None
        self._shown: tuple | None = None  # the sample that the effect is reported of
        self._held = False
        self._due, self._since = False, TEST_EVERY

    # values

    def set_parameter(self, p: int, value: float, now: float = 0.0, held: bool = False) -> None:
        """By hand; undoable. `held`: a drag goes on. Bad values become the banner, and nothing has changed."""
        source, learner = self.session.source, self._learner()
        if learner is None:
            return
        try:
            learner.check_parameter(p, value)
        except InputError as error:
            self.session.banner = _said(error)
            return
        old = learner.parameter(p)
        if np.float32(value) == np.float32(old):
            self._held = held
            return
        self._write(learner, p, value, held)
        self.session.history.record(Value(source.topology, p, old), (f"parameter {p}",), now, held)

    def _write(self, learner: Learner, p: int, value: float, held: bool = False) -> None:
        self.session.leave_walk()
        effect = self._begin(learner, "value", p, held)
        self.effect = replace(effect, new=learner.set_parameter(p, value))
        self._held = held
        self._answer(held)

    def rate(self, p: int) -> float:
        """How far a pixel of drag moves this parameter: in proportion to the weights of its layer."""
        source = self.session.source
        node = source.topology.parameter(p).node
        place = node.parts if node.weight is None else node.weight.slice
        stride = max(1, (place.stop - place.start) // 65_536)
        w = np.asarray(source.ops.to_host(source.tensors("parameter")[place.start : place.stop : stride]), np.float64)
        rms = float(np.sqrt(np.mean(w * w)))
        return 4 * max(rms if np.isfinite(rms) else 0.0, LEAST) / ALL

    def prune(self, node: int, share: float, now: float = 0.0) -> None:
        """Set the smallest `share` of the weights of a node (-1: of all) to 0; undoable. Training may bring them back."""
        source, learner = self.session.source, self._learner()
        if learner is None:
            return
        if not weights(source.topology, node):
            self.session.banner = f"There is no layer {node} with weights."
            return
        self.session.settle()
        old = np.array(source.ops.to_host(source.tensors("parameter")))
        found = prune(source.topology, old, share, node)
        if found.count and not np.array_equal(found.parameters, old):
            self._load(learner, found.parameters)
            self.session.history.record(Weights(source.topology, old), (f"prune {node} {share}",), now)

    def _load(self, learner: Learner, parameters: np.ndarray) -> None:
        """All parameters at once."""
        self.session.leave_walk()
        self._begin(learner, "prune", -1, False)
        learner.load({name: r.view(parameters) for name, r in self.session.source.topology.parameter_ranges.items()})
        self.session.source.show()
        self._answer(False)

    # neurons

    def hold(self, kind: Hold, neurons: Iterable[int], on: bool, now: float = 0.0) -> None:
        """Freeze or kill neurons, or release them from that; undoable. What cannot be becomes the banner."""
        self._hold(self.session.source.holds.having(kind, neurons, on), now)

    def release(self, now: float = 0.0) -> None:
        """Nothing is frozen or killed any more."""
        self._hold(type(self.session.source.holds)(), now)

    def _hold(self, holds: Holds, now: float) -> None:
        source, before = self.session.source, self.session.source.holds
        if holds == before or (learner := self._learner()) is None:
            return
        try:
            holds.check(source.topology)
        except InputError as error:
            self.session.banner = _said(error)
            return
        self._take(learner, holds)
        self.session.history.record(Held(source.topology, before), (repr(holds),), now)

    def _take(self, learner: Learner, holds: Holds) -> None:
        self.session.leave_walk()
        changed = holds.killed != self.session.source.holds.killed
        if changed:
            self._begin(learner, "kill", -1, False)
        learner.hold(holds)
        if changed:
            self._answer(False)

    def _learner(self) -> Learner | None:
        """What can be edited; where nothing can, a banner says why."""
        source = self.session.source
        if source.learner is None:
            self.session.banner = source.reasons.edit
        return source.learner

    # undo

    def now(self, entry: Value | Weights | Held) -> Value | Weights | Held:
        """What is there at present instead of the entry; of another network, the entry itself."""
        source = self.session.source
        if entry.topology != source.topology or source.learner is None:
            return entry
        if isinstance(entry, Held):
            return replace(entry, holds=source.holds)
        if isinstance(entry, Weights):
            return replace(entry, parameters=np.array(source.ops.to_host(source.tensors("parameter"))))
        return replace(entry, value=source.learner.parameter(entry.parameter))

    def restore(self, entry: Value | Weights | Held) -> None:
        """Return to an entry; one of another network (its like has not come back) changes nothing."""
        learner = self.session.source.learner
        if learner is None or entry.topology != self.session.source.topology:
            return
        try:
            if isinstance(entry, Held):
                self._take(learner, entry.holds)
            elif isinstance(entry, Weights):
                self._load(learner, entry.parameters)
            else:
                self._write(learner, entry.parameter, entry.value)
        except InputError as error:  # a value that training had driven beyond what may be typed
            self.session.banner = _said(error)

    # what the loss says

    def pass_time(self, dt: float) -> None:
        """Look at the test set again where that is due."""
        self._since += dt
        if self._due and self._since >= TEST_EVERY and self.session.source.at_boundary:
            self._look()

    def reading(self) -> EffectReading | None:
        """None once another sample is shown: its loss is another one."""
        return self.effect if self.effect is not None and self._shown == self._sample() else None

    def forget(self) -> None:
        self.effect, self._due = None, False

    def _sample(self) -> tuple:
        source = self.session.source
        return source.serial, source.sample.index, source.sample.part

    def _sample_loss(self) -> float:
        learner = self.session.source.learner
        return learner.sample_loss if learner is not None else nan

    def _begin(self, learner: Learner, kind: str, p: int, held: bool) -> EffectReading:
        """Before an edit: the losses that it is compared with. Edits of one value in a row are reported as one."""
        session, source, effect = self.session, self.session.source, self.reading()
        same = effect if effect is not None and (effect.kind, effect.parameter) == (kind, p) and p >= 0 else None
        if same is not None and (same.step == source.step or (held and self._held)):
            return same
        session.refresh()
        old = learner.parameter(p) if p >= 0 else 0.0
        sample, test = learner.sample_loss, session.test_score() or Score(None, None)
        self._shown = self._sample()
        self.effect = effect = EffectReading(
            kind, p, old, old, source.step, source.step, sample, sample, test.loss, test.loss, test.rows, test.of
        )  # fmt: skip
        return effect

    def _answer(self, held: bool) -> None:
        """After an edit."""
        self._due = True
        if not held or self._since >= TEST_EVERY:
            self._look()
        elif self.effect is not None:
            self.effect = replace(self.effect, step=self.session.source.step, sample_now=self._sample_loss())

    def _look(self) -> None:
        self._due, self._since = False, 0.0
        if self.effect is not None:
            source = self.session.source
            test = self.session.test_score()
            losses = {"step": source.step, "sample_now": self._sample_loss(), "test_now": test and test.loss}
            self.effect = replace(self.effect, **losses)


def _said(error: InputError) -> str:
    return "; ".join(dict.fromkeys(problem.message for problem in error.problems))
