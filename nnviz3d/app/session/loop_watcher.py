"""Watching a training loop that runs elsewhere: following its newest state, or holding one that is kept. No clock: time is passed in.

Play follows, pause holds the picture (and the loop too, where it lends control); going back is going to a kept state. What the link says is
told; a new network takes the place of the old one, with curves of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnviz3d.app.session import navigation
from nnviz3d.app.session.gradual_show import LARGE
from nnviz3d.app.session.recording_player import RecordingPlayer
from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.sources.playback import LoopPlayback
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import WatchedReading
from nnviz3d.spec.score import Score, Scores

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

SENTENCES = {
    "waiting": "Waiting for a training loop.",
    "lost": "The connection to {run} is lost ({text}); trying again. The last state that came is shown.",
    "finished": "{run} has finished. Drag the timeline to any moment that was kept.",
    "failed": "{run} stopped with an error. The last state that came is shown.",
    "restarted": "{run} watches another loop now; waiting for it.",
    "refused": "Not connected: {text}.",
}


class LoopWatcher(RecordingPlayer):
    """Of one session. `session.running`: follow the newest state."""

    def __init__(self, session: Session, watched: Any):
        """`watched`: a `LoopPlayback`."""
        super().__init__(session, watched)
        self.loop: LoopPlayback = watched
        self._goal: float | None = None  # a step that is being gone to
        self._ran, self._state = True, "waiting"
        self._scored: tuple | None = None

    @property
    def judged(self) -> bool:
        return True

    @property
    def empty(self) -> bool:
        run = self.loop.run_shown
        return run is None or run.network is None

    # ---------------------------------------------------------------- time

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        """Take over what has come. Returns the steps passed."""
        session = self.session
        session.follow_samples(dt)
        self._take_arrived()
        before = session.source.step
        if session.still(more):
            self._move(more)
        return max(session.source.step - before, 0)

    def _move(self, more: Callable[[], bool]) -> None:
        session = self.session
        if session.running != self._ran:
            self._ran = session.running
            self.loop.control("run" if session.running else "pause")
        if session.running:
            self._goal = None
        if session.running or self._goal is not None:
            there = self.loop.follow(more, float("inf") if self._goal is None else self._goal)
            self._goal = None if there else self._goal
            self._judge()

    def renew(self) -> None:
        """Another network, where one has come: the picture is built again at once."""
        session, watched = self.session, self.loop
        again = watched.run_shown is not None
        if not watched.renew():
            return
        session.scene = session.saved = watched.scene
        session.begin_run()
        session.forget_shown()
        session.ask_rebuild(Rebuild.NET)
        session.running, self._ran, self._goal = True, True, None
        session.banner = "The loop began again: the curves and steps of the run before are gone." if again else ""

    def _take_arrived(self) -> None:
        """What the thread has received of the run that is shown."""
        session, watched = self.session, self.loop
        for step, loss in watched.arrived():
            session.curves.add_train(step, loss)
        if watched.scores and watched.scores[-1] is not self._scored:
            self._scored = watched.scores[-1]
            for row in watched.scores:
                session.curves.add_test(row[0], float("nan") if row[1] is None else row[1], *row[2:])
            self.evaluate(None)
        self._tell()

    def _tell(self) -> None:
        """An end that somebody has to know of."""
        link = self.loop.feed.link
        if link.state != self._state:
            self._state = link.state
            if link.state == "failed":
                self.session.banner = f"{link.run} stopped with an error: {link.text}"
            elif link.state == "refused":
                self.session.banner = f"{link.address}: {link.text}. The picture stays as it is."

    def _judge(self) -> None:
        if self.loop.unsound and self.loop.at_boundary:
            self.session.banner = f"Step {self.loop.step:,} contains weights that are not finite numbers; they are shown as 0."

    def play(self) -> None:
        """Follow the newest state."""
        session = self.session
        session.moments.watch("")
        session.running, session.banner = True, ""

    def single_step(self) -> None:
        """The next kept state; at the newest one the loop is asked for a step, where it lends control."""
        if self.over:
            self.session.running = self._ran = False
            self.loop.control("step")
            self._goal = float("inf")
        else:
            self.move("step", 1)

    def move(self, unit: str, count: int) -> None:
        if self.session.walking is not None and unit in ("phase", "layer"):
            navigation.move(self.session, unit, count)
        else:
            super().move(unit, count)

    def reset(self, seed: int | None) -> None:
        """To the oldest state that is kept."""
        if seed is None:
            self.rewind(self.oldest)
        else:
            super().reset(seed)

    def rewind(self, step: float) -> None:
        self.session.leave_walk()
        super().rewind(step)

    def _put(self, step: float) -> None:
        """A large state is copied over several frames."""
        self._goal = step if self.loop.topology.n_parameters > LARGE else None
        if self._goal is None:
            super()._put(step)
            self._judge()

    def start_walk(self, place: Place | None) -> None:
        session = self.session
        if reason := session.source.reasons.walk:
            session.banner = reason
            return
        session.running = False
        session.moments.watch("")
        self.loop.settle()
        try:
            walking = StepPlayer(session, self)
        except RunError as error:
            session.banner = str(error)
            return
        session.mode = walking
        walking.begin(place)

    # ---------------------------------------------------------------- what is reported

    def evaluate(self, limit: int | None) -> Scores:
        """As the loop measured them last, by the step that is shown."""
        rows = [row for row in self.loop.scores if row[0] <= self.session.source.step]
        step, loss, train, test = rows[-1] if rows else (-1, None, None, None)
        found = {"train": None if train is None else Score(None, train), "test": None if loss is test is None else Score(loss, test)}
        return self.session.scoring.note(Scores(**found, step=step))

    def sentence(self) -> str:
        session, link, run = self.session, self.loop.feed.link, self.loop.run_shown
        if link.state != "connected":
            return SENTENCES[link.state].format(run=link.run or "The loop", text=link.text)
        if run is not None and run.why:
            return f"{link.run} trains a model that cannot be drawn; its curves are shown."
        if link.paused:
            return f"{link.run} waits. Press Play to let it go on, or take one step."
        if session.running:
            return f"Following {link.run}: the newest weights that it has sent, and what they make of this sample."
        return "Held, while the loop trains further. Press Play to follow it again, or drag the timeline."

    @property
    def watched(self) -> WatchedReading:
        return self.loop.watched(self.session.running)

    def reading(self) -> None:
        """It is no recording."""
