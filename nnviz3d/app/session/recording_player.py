"""Playing a recording in a session: forward at the scene's pace, and to any of its kept steps at once. No clock: time is passed in.

Nothing is trained: what a person would train by goes on in the recording, and what needs training says why it cannot be.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING

from nnviz3d.app.session.mode import Mode
from nnviz3d.app.training.metric_log import CAPACITY, Curves
from nnviz3d.sources.playback import Playback
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.number_text import weights_and_biases
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import RecordingReading, WatchedReading
from nnviz3d.spec.score import Score, Scores

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

WHOLE = 10.0  # seconds that the whole takes at full speed, where a kept step a frame is not faster


class RecordingPlayer(Mode):
    """Of one session. `head`: where the play head stands, in steps; the last kept step that is not after it is shown."""

    def __init__(self, session: Session, recorded: Playback):
        super().__init__(session)
        self.recorded, self.head = recorded, float(session.source.step)
        self._fill(session.curves)

    @property
    def recording_player(self) -> RecordingPlayer:
        return self

    @property
    def gone(self) -> str:
        """Why the recording's data are not there, or ""."""
        return self.recorded.gone

    @property
    def judged(self) -> bool:
        """Whether health is looked at where the data are not there."""
        return False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw yet."""
        return False

    @property
    def watched(self) -> WatchedReading | None:
        """How a loop stands that is watched; None of a recording."""
        return None

    # ---------------------------------------------------------------- time

    @property
    def oldest(self) -> int:
        """The first kept step."""
        return self.recorded.at(float("-inf"))

    @property
    def newest(self) -> int:
        """The last kept step."""
        return self.recorded.at(float("inf"))

    @property
    def over(self) -> bool:
        return self.session.source.step >= self.newest

    def play(self) -> None:
        """From here; from the start where it is over."""
        session = self.session
        if self.over:
            self.run_to(self.oldest)
        session.moments.watch("")
        session.running, session.banner = True, ""

    def single_step(self) -> None:
        self.move("step", 1)

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        """Play for `dt` seconds where it plays. Returns the steps passed."""
        session = self.session
        session.follow_samples(dt)
        before = session.source.step
        if session.running:
            self._play(dt)
        steps = session.source.step - before
        if not self.gone:
            session.go_on_scoring(more)
        elif session.scoring.due and session.source.step != session.scoring.step:
            self.evaluate(None)
        return steps

    def _play(self, dt: float) -> None:
        session, before = self.session, self.session.source.step
        if self.recorded.at(self.head) != before:  # somebody went elsewhere
            self.head = float(before)
        rate = session.scene.train.steps_per_second
        ahead = self.head + dt * (rate or (self.newest - self.oldest) / WHOLE)
        self.head = ahead if rate else max(ahead, float(self.recorded.beside(before, 1)))
        self._put(self.head)
        session.running = session.running and not self.over

    def run(self, steps: int) -> int:
        return self.run_to(self.head + steps)

    def run_to(self, step: float) -> int:
        """To the last kept step that is not after this one; returns the steps between."""
        before = self.session.source.step
        self.head = float(min(max(step, self.oldest), self.newest))
        self._put(self.head)
        return self.session.source.step - before

    def rewind(self, step: float) -> None:
        """Somebody goes there, perhaps step after step: hold. The scores follow when they are due."""
        self.session.running = False
        self.session.moments.watch("")
        self.run_to(step)

    def _put(self, step: float) -> None:
        session, source = self.session, self.session.source
        if self.recorded.at(step) == source.step:
            return
        try:
            self.recorded.go(step)
        except RunError as error:
            session.running, session.banner = False, str(error)
            return
        if self.recorded.unsound:
            session.banner = f"Step {source.step:,} of this recording contains weights that are not finite numbers; they are shown as 0."

    def move(self, unit: str, count: int) -> None:
        """By a kept step, or to the end of an epoch, on or back; what a recording has no phases of does nothing."""
        source = self.session.source
        if unit == "sample":
            self.session.show_next(count)
        elif unit == "step":
            self.rewind(self.recorded.beside(source.step, count))
        elif unit == "epoch":
            whole, epochs = source.of_epoch[1], source.epoch
            self.rewind(whole * (floor(epochs + 1e-6) + 1 if count > 0 else ceil(epochs - 1e-6) - 1))

    def reset(self, seed: int | None) -> None:
        """To its start; there are no other first weights."""
        if seed is None:
            self.run_to(self.oldest)
        else:
            self.session.banner = self.session.source.reasons.edit

    def start_walk(self, place: Place | None) -> None:
        self.session.banner = self.session.source.reasons.walk

    # ---------------------------------------------------------------- what is reported

    def _fill(self, curves: Curves) -> None:
        """The curves of the whole recording."""
        for step, loss in zip(*self.recorded.curve(CAPACITY), strict=True):
            curves.add_train(int(step), float(loss))
        for step, test_loss, train, test in self.recorded.scores:
            if test_loss is not None:
                curves.add_test(step, test_loss, train, test)

    def evaluate(self, limit: int | None) -> Scores:
        """Of the present step; without its data, as they were measured last. The curves stay the recording's."""
        scoring, source = self.session.scoring, self.session.source
        if not self.gone:
            return scoring.look(source, limit)
        rows = [row for row in self.recorded.scores if row[0] <= source.step]
        step, loss, train, test = rows[-1] if rows else (-1, None, None, None)
        found = {"train": None if train is None else Score(None, train), "test": None if loss is None else Score(loss, test)}
        return scoring.note(Scores(**found, step=step))

    def sentence(self) -> str:
        session, topology = self.session, self.session.source.topology
        if session.running:
            count = weights_and_biases(topology.n_weights, topology.n_learned - topology.n_weights)
            rows = self.recorded.rows  # as it was then
            return f"Learning: each step shows {rows:,} samples and adjusts {count} slightly to reduce the loss."
        if self.over:
            return f"End of the recording: {self.recorded.end}."
        if session.source.step == self.oldest:
            return "Start of a recording. Press Play, or drag the timeline."
        return "Paused. Drag the timeline to any moment of the recording."

    def reading(self) -> RecordingReading | None:
        return self.recorded.reading()
