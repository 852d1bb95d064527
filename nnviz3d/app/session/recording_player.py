"""Playing a recording in a session: forward at the scene's pace, and to any of its kept steps at once. No clock: time is passed in.

Nothing is trained: what a person would train by goes on in the recording, and what needs training says why it cannot be.
"""

from __future__ import annotations

from math import ceil, floor

from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import CAPACITY
from nnviz3d.sources.recorded import FIXED, RecordedTraining
from nnviz3d.spec.edit import changed_paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.number_text import weights_and_biases
from nnviz3d.spec.readout import RecordingReading
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import Score, Scores

WHOLE = 10.0  # seconds that the whole takes at full speed, where a kept step a frame is not faster
FREE = ("title", "about", "failure", "test", "view", "look", "record", "train.steps_per_second")
ENDS = {
    "steps": "all its steps were done",
    "interrupted": "it was interrupted",
    "train.steps": "its last step was reached",
    "train.stop_epoch": "its last epoch was done",
    "train.stop_train_loss": "the training loss was small enough",
    "train.stop_test_loss": "the test loss was small enough",
    "train.stop_accuracy": "enough of the test part was right",
}


class Player:
    """Of one session. `head`: where the play head stands, in steps; the last kept step that is not after it is shown."""

    def __init__(self, source: RecordedTraining):
        self.source, self.recording = source, source.recording
        self.head = float(source.step)

    # ---------------------------------------------------------------- time

    @property
    def over(self) -> bool:
        return self.source.step >= self.source.rewind.newest

    def play(self, session) -> None:
        """From here; from the start where it is over."""
        if self.over:
            self.go(session, self.source.rewind.oldest)
        session.moments.watch("")
        session.running, session.banner = True, ""

    def advance(self, session, dt: float) -> int:
        """Play for `dt` seconds where it plays. Returns the steps passed."""
        before = self.source.step
        if session.running:
            if self.recording.at(self.head) != before:  # somebody went elsewhere
                self.head = float(before)
            rate = session.scene.train.steps_per_second
            span = self.source.rewind.newest - self.source.rewind.oldest
            ahead = self.head + dt * (rate or span / WHOLE)
            self.head = ahead if rate else max(ahead, float(self.recording.beside(before, 1)))
            self._put(session, self.head)
            session.running = session.running and not self.over
        return self.source.step - before

    def go(self, session, step: float) -> int:
        """To the last kept step that is not after this one; returns the steps between."""
        before, self.head = self.source.step, float(min(max(step, self.source.rewind.oldest), self.source.rewind.newest))
        self._put(session, self.head)
        return self.source.step - before

    def seek(self, session, step: float) -> None:
        """Somebody goes there, perhaps step after step: hold. The scores follow when they are due."""
        session.running = False
        session.moments.watch("")
        self.go(session, step)

    def _put(self, session, step: float) -> None:
        if self.recording.at(step) == self.source.step:
            return
        try:
            self.source.go(step)
        except RunError as error:
            session.running, session.banner = False, str(error)
            return
        if self.source.unsound:
            session.banner = f"Step {self.source.step:,} of this recording holds weights that are no numbers; they are shown as 0."

    def move(self, session, unit: str, count: int) -> None:
        """By a kept step, or to the end of an epoch, on or back; what a recording has no phases of does nothing."""
        if unit == "sample":
            return session.show_next(count)
        if unit not in ("step", "epoch"):
            return None
        if unit == "step":
            self.seek(session, self.recording.beside(self.source.step, count))
        else:
            whole = self.source.of_epoch[1]
            epochs = self.source.epoch
            self.seek(session, whole * (floor(epochs + 1e-6) + 1 if count > 0 else ceil(epochs - 1e-6) - 1))
        return None

    # ---------------------------------------------------------------- what it cannot

    def check(self, before: Scene, after: Scene) -> None:
        """Raises InputError where more is changed than what is looked at and how fast."""
        paths = changed_paths(before, after)
        free = all(any(path == key or path.startswith(f"{key}.") for key in FREE) for path in paths)
        if not free:
            raise InputError.of("", "", FIXED)
        if self.source.gone and any(path.startswith("view.plate_") for path in paths):
            raise InputError.of("", "", "The data of this recording are gone, so there is nothing to span a plane with.")

    # ---------------------------------------------------------------- what is told

    def fill(self, curves) -> None:
        """The curves of the whole recording."""
        for step, loss in zip(*self.recording.curve(CAPACITY), strict=True):
            curves.add_train(int(step), float(loss))
        for step, test_loss, train, test in self.recording.scores:
            if test_loss is not None:
                curves.add_test(step, test_loss, train, test)

    def evaluate(self, scoring: Scoring, limit: int | None) -> Scores:
        """Of the present step; without its data, as they were measured last. The curves stay the recording's."""
        if not self.source.gone:
            return scoring.look(self.source, limit)
        rows = [row for row in self.recording.scores if row[0] <= self.source.step]
        step, loss, train, test = rows[-1] if rows else (-1, None, None, None)
        told = {"train": None if train is None else Score(None, train), "test": None if loss is None else Score(loss, test)}
        return scoring.note(Scores(**told, step=step))

    def sentence(self, session) -> str:
        source, head = self.source, self.recording.head
        if session.running:
            rows, weights = min(session.scene.train.batch or head.data.train, head.data.train), source.topology.n_weights
            count = weights_and_biases(weights, source.topology.n_parameters - weights)
            return f"Learning: each step shows {rows:,} samples and nudges {count} to make the loss smaller."  # as it was then
        if not self.over:
            first = source.step == source.rewind.oldest
            return (
                "The start of a recording. Press Play, or drag the line."
                if first
                else "Paused. Drag the line to any moment of the recording."
            )
        return f"The end of the recording: {self.ended}."

    @property
    def ended(self) -> str:
        end = self.recording.end
        if end is None:
            return "it was cut off here, or still goes on"
        if end.diverged is not None:
            return f"training diverged at step {end.diverged:,}"
        return ENDS.get(end.end, "training ended")

    def reading(self) -> RecordingReading:
        recording, source = self.recording, self.source
        return RecordingReading(
            recording.path.name, source.rewind.oldest, source.rewind.newest, recording.head.every, len(recording.steps),
            recording.head.dtype == "F16", source.gone, source.batch_size,
        )  # fmt: skip
