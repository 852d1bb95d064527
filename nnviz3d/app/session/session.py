"""What a run holds: the scene, the source of the network, the shown sample, the curves, undo. No OpenGL, no clock: time is passed in.

What is done with the network is its `mode`'s (`app.session.mode`); a scene changes only by `app.session.scene_changes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.probes.sample_browser import find_wrong
from nnviz3d.app.session import scene_changes, scene_files
from nnviz3d.app.session.gradual_show import LARGE
from nnviz3d.app.session.live import opening_mode
from nnviz3d.app.session.manual_edits import Editing
from nnviz3d.app.session.own_prompt import OwnPrompt
from nnviz3d.app.session.own_sample import OwnSample
from nnviz3d.app.session.run_archive import RunState
from nnviz3d.app.session.state import SessionState
from nnviz3d.app.training.evaluator import Scoring, quick
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.engine.step_runner import always
from nnviz3d.sources.protocols import History, Source
from nnviz3d.spec.edit import Edit, Rebuild
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import PACE, Scene, Train
from nnviz3d.spec.score import Score, Scores

REMEMBER = 64 << 20  # bytes of history in a window: all steps of a small network, hours of a larger one in part
FOLLOW_EVERY = 4.0  # seconds a sample is shown when `view.follow` is on


class Session(SessionState):
    """`take_rebuild` says what of the picture has to be built again since it was last asked."""

    def __init__(self, scene: Scene, source: Source, path: Path | None = None, backend: str = "auto"):
        """As of `SessionState`."""
        super().__init__(scene, source, path, backend)
        self.editing = Editing(self)
        self.own, self.prompt = OwnSample(self), OwnPrompt(self)
        self.mode = opening_mode(self)

    # ---------------------------------------------------------------- changes

    def apply(self, edits: Iterable[Edit], now: float = 0.0, held: bool = False) -> Rebuild:
        """Change the scene, rebuild what must be, remember it for undo. Bad values become the banner; the scene stays as it was.

        `now` in seconds and `held` (a widget is being dragged) decide which edits are one undo step.
        """
        return scene_changes.apply(self, edits, now, held)

    def change(self, edits: Iterable[Edit], now: float = 0.0, held: bool = False) -> Rebuild:
        """`apply` that raises InputError with every problem; the scene is as it was then."""
        return scene_changes.change(self, edits, now, held)

    def undo(self) -> None:
        scene_changes.undo(self)

    def redo(self) -> None:
        scene_changes.redo(self)

    def reset(self, seed: int | None = None) -> None:
        """Start again from the initial weights: of the same seed, or of a new one. A recording goes to its start."""
        self.mode.reset(seed)

    def save(self, path: Path | None = None) -> Path:
        """Write the scene, to its own file or to another, which is its own from then on. Raises InputError."""
        path = path or scene_files.target(self)
        scene_files.write(self, path)
        self.path, self.saved = path, self.scene
        return path

    def ask_rebuild(self, level: Rebuild) -> None:
        self._rebuild = max(self._rebuild, level)

    def take_rebuild(self) -> Rebuild:
        self.mode.renew()
        level, self._rebuild = self._rebuild, Rebuild.NOTHING
        return level

    # ---------------------------------------------------------------- what is known of the run

    def begin_run(self) -> None:
        """Another network: nothing is known of it yet."""
        self._curves, self.layers, self.unsaved = Curves(self.source.data.task == "classification"), LayerHistory(), 0.0
        self.forget_measured()

    def take_run(self, scene: Scene, run: RunState) -> None:
        """The source has this run of this scene again."""
        self.second, self._curves, self.layers, self.unsaved = run.second, run.curves, run.layers, run.unsaved
        self.scoring, self.stops, self.scene = run.scoring, run.stops, scene
        self.editing.forget()
        self.moments.watch("")
        self.point_at(scene.view.sample)
        self.look_again()
        self._rebuild = Rebuild.NET

    def take_curves(self, curves: Curves, layers: LayerHistory) -> None:
        """Copies that go on from here."""
        self._curves, self.layers = curves, layers

    def curves_until_now(self) -> Curves:
        return self._curves.until(self.source.step)

    def forget_measured(self) -> None:
        """What was measured before is of another run, or of other data."""
        self.editing.forget()
        self.scoring, self.stops = Scoring(), Stops()
        self.moments.watch("")

    def forget_shown(self) -> None:
        """The shown sample's tensors are of another moment."""
        self._shown = None
        self.gradual.drop()

    def look_again(self) -> None:
        """After parameters were written from outside: the picture and the scores are of others."""
        self.forget_shown()
        for scoring in self._scorings:
            scoring.ask()
        self.banner = ""

    def go_to(self, enter: Callable[[], Train], curves: Curves) -> None:
        """To a moment that `enter()` brings the source to; where it is of another branch, `curves` are those that led to it."""
        here = self.curves
        self.moved(enter())
        history: History | None = self.source.history
        self._curves = curves.until(self.source.step) if history is None or history.take_lost("curves") is not None else here

    def moved(self, train: Train) -> None:
        """The source stands at another moment of the run, at which `train` held; when it goes and where it ends stays as it is."""
        train = train.model_copy(update={name: getattr(self.scene.train, name) for name in PACE})
        self.scene = self.source.scene = self.scene.model_copy(update={"train": train})
        self.source.show()
        self.editing.forget()
        self.moments.watch("")
        if self.second is not None:
            self.second.rewind(self.scene)
        self.look_again()

    @property
    def _moment(self) -> tuple:
        return self.source.serial, self.source.step, self.source.written

    def still(self, more: Callable[[], bool]) -> bool:
        """Go on with what needs the parameters of this very moment, while `more()`. Whether nothing does any more: training rests until
        then."""
        if self.gradual.pending:
            if not self.gradual.go_on(self.source, self._moment, more):
                self.forget_shown()
            return False  # the next frame shows it
        copied = self.scoring.copy(self.source, more)
        return copied if self.second is None else self.second.scoring.copy(self.second.source, more) and copied

    def refresh(self, gradually: bool = False) -> None:
        """Bring the shown sample's tensors up to the newest step, where that is a whole moment: before a frame is drawn. `gradually`: of a
        large network that learns, over several frames."""
        if self.gradual.pending and not (self.running and self.walking is None):
            self.forget_shown()
        if not self.whole:
            return
        moment = self._moment
        if self.walking is None and moment != self._shown and self.source.at_boundary:
            first, self._shown = self._shown is None, moment
            if gradually and self.running and not first and self.second is None and self.source.topology.n_parameters > LARGE:
                self.gradual.begin(self.source, moment)
            elif not (gradually and self.source.prompt):  # a prompt is worked out while the network rests
                self.source.show()
        if self.second is not None:
            self.second.refresh()

    # ---------------------------------------------------------------- samples

    def show_next(self, by: int) -> None:
        """A sample so many numbers further."""
        self.show_sample(self.mode.shown_number + by)

    def show_wrong(self, by: int) -> str:
        """The next (1) or previous (-1) sample that the network gets wrong now; why there is none to show, or ""."""
        if self.source.evaluator is None:
            return self.source.reasons.data
        if self.source.data.task != "classification":
            return "regression has no wrong answers; open Samples and sort by worst first"
        found = find_wrong(self.source, self.seen, by)
        if found is None:
            return "no misclassified sample found"
        self.show_sample(found)
        return ""

    def show_sample(self, index: int) -> None:
        """Another sample, of the batch during a walk; wraps around. Not a change of the document worth an undo step."""
        self.mode.show_sample(index)

    def point_out(self, neuron: int) -> None:
        """The neuron under the pointer, or -1: there a window stands in a walk."""
        if self.walking is not None:
            self.walking.pointed = neuron

    def point_at(self, sample: int) -> None:
        """Show this sample to every network that there is, or a person's own instead of it; the scene stays as it is."""
        self.source.show_sample(sample)
        if self.second is not None:
            self.second.show_sample(sample)
        self.own.again()
        self.prompt.again()

    def leave_own(self) -> None:
        """Another sample is about to be shown than a person's own."""
        self.own.end()
        self.prompt.end()

    def follow_samples(self, dt: float) -> None:
        """`dt` seconds have passed outside a walk: the next sample where that is due."""
        self.follow_seconds += dt
        own = self.own.ink_hw is not None or self.prompt.ids is not None
        if self.scene.view.follow and not own and self.follow_seconds > FOLLOW_EVERY:
            self.show_next(1)
        for scoring in self._scorings:
            scoring.pass_time(dt)

    # ---------------------------------------------------------------- time

    def start_walk(self, place: Place | None = None) -> None:
        """Record the next iteration and walk through it, or stand still at a place in it. Where that cannot be, a banner says why."""
        self.mode.start_walk(place)

    def leave_walk(self) -> None:
        self.mode.leave_walk()

    def rewind(self, step: int) -> None:
        """Enter the remembered step nearest to this one again; settings that have changed since go back with it."""
        self.mode.rewind(step)

    def move(self, unit: str, count: int) -> None:
        """By a phase, layer, sample, step or epoch, on (+1) or back (-1)."""
        self.mode.move(unit, count)

    def single_step(self) -> None:
        self.mode.single_step()

    def play(self) -> None:
        self.mode.play()

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        """One frame of `dt` seconds: as many steps as the scene's pace owes and as fit while `more()`. Returns steps finished."""
        lookers = (self.strongest, self.pruning, self.tracing, self.representation, self.attention)
        for looker in (self.diagnosis, self.confusion, self.layers, *lookers):
            looker.pass_time(dt)
        self.browser.work(self.source, self.seen, dt)
        self.editing.pass_time(dt)
        steps = self.mode.advance(dt, more)
        self.pace.measure(dt, steps)
        return steps

    def run(self, steps: int) -> int:
        """Whole steps at once, as stills and films need them, with curves of about a hundred points. Returns steps finished."""
        return self.mode.run(steps)

    def run_to(self, step: int) -> int:
        """Train both networks, or the one, up to this step or to where a stop condition holds, without curves. Returns steps finished."""
        return self.mode.run_to(step)

    def settle(self) -> None:
        """Finish what is half done, so that what follows happens at a step that can be reported."""
        if self.walking is not None or self.even:
            return
        before = self.leader.step
        for source in (self.source, self.second.source) if self.second else (self.source,):
            source.advance(always, 0)
        if self.second is not None:
            self.second.catch_up()
        self.after_steps(self.leader.step - before)

    def stop_if_diverged(self) -> None:
        """Where the numbers exploded, hold and say so."""
        if self.second is not None:
            self.banner = self.second.news() or self.banner
            self.running = self.running and self.second.alive
            if self.second.alive:
                return
        if self.source.diverged is not None:
            self.running = False
            self.banner = (
                f"Training diverged at step {self.source.diverged:,}: values overflowed 32-bit floating point (float32). "
                "The last finite weights are kept. Lower the learning rate, then reset (R)."
            )

    def after_steps(self, steps: int) -> None:
        """So many steps were finished: note the loss, stop where the numbers exploded."""
        self.stop_if_diverged()
        if steps:
            self.curves.add_train(self.source.step, self.source.loss)

    def rest(self) -> None:
        """Training holds; a loop that trains elsewhere is followed on."""
        self.running = self.running and self.source.playback is not None and self.source.playback.grows

    # ---------------------------------------------------------------- scores

    @property
    def _scorings(self) -> tuple[Scoring, ...]:
        return (self.scoring,) if self.second is None else (self.scoring, self.second.scoring)

    def go_on_scoring(self, more: Callable[[], bool]) -> None:
        """Go on with the looks at loss and accuracy, a few rows a frame; while training rests, what is shown becomes of this very
        step."""
        learning = self.running and self.alive
        if self.scoring.advance(self.source, learning, more):
            self.note_scores()
        if self.second is not None:
            self.second.score(learning, more)

    def note_scores(self) -> None:
        """A look is finished: its point in the curves. Those of a recording are complete."""
        scores = self.scores
        if self.source.playback is None and scores.test is not None:
            self.curves.add_test(scores.step, scores.test_loss, scores.train_accuracy, scores.test_accuracy)

    def evaluate(self, limit: int | None = None) -> Scores:
        """Loss and accuracy of now on both parts of the data, at once: on all rows, or on `limit` of each, drawn evenly."""
        return self.mode.evaluate(limit)

    def test_score(self) -> Score | None:
        """Of now, on as many rows as a frame may wait for; None without a test set."""
        data = self.source.evaluator
        return data.score("test", quick(self.source)) if data is not None and len(self.source.data.x_test) else None
