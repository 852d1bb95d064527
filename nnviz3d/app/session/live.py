"""The mode of a network that learns, or could: training for a frame, for a number of steps, to a step. No clock: time is passed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnviz3d.app.session import navigation, scene_changes, train_loop
from nnviz3d.app.session.mode import Mode
from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.app.training import stop_conditions
from nnviz3d.app.training.evaluator import affordable
from nnviz3d.spec.edit import Edit, Rebuild
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.phases import Place
from nnviz3d.spec.score import Scores

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session


class Live(Mode):
    """A source without a learner stands in this mode too: then everything that would change it says why not."""

    def _cannot(self, reason: str) -> bool:
        """Whether there is a reason; then it is the banner."""
        self.session.banner = reason or self.session.banner
        return bool(reason)

    def play(self) -> None:
        """Train from now on; where the numbers exploded, say so again."""
        session = self.session
        if self._cannot(session.source.reasons.play):
            return
        session.moments.watch("")
        session.running, session.pace.goal = True, None
        session.stop_if_diverged()

    def single_step(self) -> None:
        session = self.session
        if self._cannot(session.source.reasons.play):
            return
        session.moments.watch("")
        if session.alive:
            session.trained.run(1)
            session.after_steps(1)

    def move(self, unit: str, count: int) -> None:
        navigation.move(self.session, unit, count)

    def rewind(self, step: int) -> None:
        navigation.rewind(self.session, step)

    def reset(self, seed: int | None) -> None:
        session, reasons = self.session, self.session.source.reasons
        if self._cannot(reasons.reset if seed is None else reasons.seed):
            return
        if seed is not None:
            session.apply([Edit("train.seed", seed)])
        else:
            scene_changes.restart(session, session.scene)
        session.banner = ""

    def start_walk(self, place: Place | None) -> None:
        session = self.session
        if self._cannot(session.source.reasons.walk):
            return
        session.running = False
        session.moments.watch("")
        try:
            walking = StepPlayer(session, self)
        except RunError as error:
            session.banner = str(error)
            return
        session.mode = walking
        walking.begin(place)

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        session, steps = self.session, 0
        session.follow_samples(dt)
        if session.running and session.alive and session.leader.learner is not None:
            steps = train_loop.train(session, dt, more) if session.still(more) else 0
            session.unsaved += dt
        else:
            self._rest(more)
        session.go_on_scoring(more)
        return steps

    def _rest(self, more: Callable[[], bool]) -> None:
        """While training rests, what is reported becomes of this very step."""
        session = self.session
        session.pace.goal = None
        if session.source.learner is None:
            self._look(lambda: session.source.advance(more))  # a prompt to a large model takes several frames
        if session.second is not None:
            session.second.catch_up(more)  # after a walk, or after the run was dragged back

    def _look(self, go_on: Callable[[], object]) -> None:
        """Let a source without a learner go on: what it shows, and what network it is, may be worked out by a thread."""
        session, before = self.session, self.session.source.topology
        go_on()
        session.banner = session.source.message() or session.banner
        if session.source.topology is not before:
            session.begin_run()
            session.forget_shown()
            session.ask_rebuild(Rebuild.NET)

    def finish(self) -> None:
        if self.session.source.learner is None:
            self._look(self.session.source.settle)

    def run(self, steps: int) -> int:
        session = self.session
        self.finish()
        if session.scoring.step < 0:  # what it begins with
            session.scoring.look(session.source, affordable(session.source))
        done, chunk = 0, max(steps // 100, 1)
        while done < steps and session.alive:
            finished = session.trained.run(min(chunk, steps - done))
            if not finished:
                break
            done += finished
            session.curves.add_train(session.source.step, session.source.loss)
            if done % (chunk * 10) < chunk:
                session.evaluate(affordable(session.source))
        return done

    def run_to(self, step: int) -> int:
        session, leader = self.session, self.session.leader
        if session.stops.key or leader.learner is None:
            return 0
        return stop_conditions.run(session.trained, leader.learner, session.scene.train, step - leader.step, session.stops)

    def evaluate(self, limit: int | None) -> Scores:
        session = self.session
        session.scoring.look(session.source, limit)
        session.note_scores()
        if session.second is not None:
            session.second.look(limit)
        return session.scores


def opening_mode(session: Session) -> Mode:
    """The mode that a session begins in."""
    played = session.source.playback
    if played is None:
        return Live(session)
    if played.grows:
        from nnviz3d.app.session.loop_watcher import LoopWatcher

        return LoopWatcher(session, played)
    from nnviz3d.app.session.recording_player import RecordingPlayer

    return RecordingPlayer(session, played)
