"""What a run holds: the scene, the network that learns, the shown sample, the curves, undo. No OpenGL, no clock: time is passed in.

`apply` is the only way a scene changes here: a new `Scene`, one `diff`, the smallest rebuild.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from pathlib import Path

from nnviz3d import backend
from nnviz3d.app.probes.confusion_matrix import Confusion
from nnviz3d.app.probes.explain_cache import Inspector
from nnviz3d.app.probes.health import Diagnosis
from nnviz3d.app.probes.layer_history import LayerHistory
from nnviz3d.app.probes.sample_browser import Browser, find_wrong
from nnviz3d.app.session import navigation, scene_files, train_loop
from nnviz3d.app.session.comparison import Rival
from nnviz3d.app.session.manual_edits import Editing
from nnviz3d.app.session.recording_player import Player
from nnviz3d.app.session.run_archive import Run, put_back
from nnviz3d.app.session.snapshots import Moments
from nnviz3d.app.session.step_player import Habits, Walking
from nnviz3d.app.session.undo import Entry, History
from nnviz3d.app.training import stop_conditions
from nnviz3d.app.training.evaluator import Scoring, affordable, quick
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.pace import Pace
from nnviz3d.app.training.stop_conditions import Stops, check
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.recorded import FIXED, NO_WALK, RecordedTraining
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit, Rebuild, changed_paths, diff
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import PACE, Scene
from nnviz3d.spec.score import Score, Scores

REMEMBER = 64 << 20  # bytes of history in a window: all steps of a small network, hours of a larger one in part
KEEPING = frozenset({"network.layers", "network.output", "train.optimizer", "train.loss"})  # edits that keep the weights that still fit
FOLLOW_EVERY = 4.0  # seconds a sample is shown when `view.follow` is on


class Session:
    """`rebuilt` tells the stage what to rebuild since it last looked (and is reset by `take_rebuild`)."""

    def __init__(
        self, scene: Scene, base: Path, backend_name: str = "auto", where: Path | None = None, remember: int = 0, recording=None
    ):  # fmt: skip
        """`where`: the scene's file. `remember`: bytes for going back in the run; 0 remembers nothing. `recording`: played, not trained."""
        self.scene, self.base, self.asked = scene, base, backend_name  # what was asked for; `ops` is what came of it
        self.path = where  # where Ctrl+S writes
        self.ops = backend.choose(backend_name, tf32=scene.train.tf32)
        if recording is None:
            self.source = OwnTraining(scene, base, self.ops, remember)
        else:
            self.source = RecordedTraining(recording, scene, base, self.ops)
        self.player = None if recording is None else Player(self.source)
        check(scene.train, self.source.data)
        self.rival = Rival(scene, self.source, remember // 2) if scene.compare else None
        self._curves = Curves(self.source.data.task == "classification")
        if self.player is not None:
            self.player.fill(self.curves)
        self.diagnosis = Diagnosis()
        self.confusion, self.layers = Confusion(), LayerHistory()
        self.wants: dict = {}  # readings that a panel shows now: the others cost nothing
        self.history = History()
        self.inspector = Inspector()
        self.editing = Editing(self)
        self.scoring, self.pace, self.stops = Scoring(), Pace(), Stops()
        self.moments = Moments()
        self.running = False
        self.dress: Callable[[Scene], Scene] = lambda scene: scene  # lays a person's settings over it
        self.saved = scene
        self.unsaved = 0.0  # seconds of training that no file holds
        self.banner = ""
        self.walking: Walking | None = None
        self.habits = Habits()
        self.browser = Browser()
        self._shown: tuple | None = None
        self._rebuild = Rebuild.NOTHING
        self._since_sample = 0.0

    scores = property(lambda self: self.scoring.scores)
    speed = property(lambda self: self.pace.speed)
    curves = property(lambda self: self._curves.follow(self.source.rewind))
    shown_scene = property(lambda self: self.dress(self.scene))

    # ---------------------------------------------------------------- changes

    def apply(self, edits: Iterable[Edit], now: float = 0.0, held: bool = False) -> Rebuild:
        """Change the scene, rebuild what must be, remember it for undo. Bad values become the banner; the scene stays as it was.

        `now` in seconds and `held` (a widget is being dragged) decide which edits are one undo step.
        """
        edits = tuple(edits)
        if not edits:
            return Rebuild.NOTHING
        try:
            return self.change(edits, now, held)
        except InputError as error:
            if _only_plate(error, edits):  # other data has other features: the plane that was chosen goes with the old ones
                return self.apply([*edits, Edit("view.plate_x", ""), Edit("view.plate_y", "")], now, held)
            self.banner = "; ".join(
                problem.message if not problem.key else f"{problem.key}: {problem.message}" for problem in error.problems
            )
            return Rebuild.NOTHING

    def change(self, edits: Iterable[Edit], now: float = 0.0, held: bool = False) -> Rebuild:
        """`apply` that raises InputError with every problem; the scene is as it was then."""
        edits, before = tuple(edits), self.scene
        scene, run = toml.apply(before, edits), Run.of(self)
        level = self.become(scene, next((edit.origins for edit in edits if edit.origins is not None), None))
        if scene != before:
            self.history.record(run if run.left(self) else before, tuple(edit.path for edit in edits), now, held)
        return level

    def undo(self) -> None:
        self._restore(self.history.undo, self.history.redo)

    def redo(self) -> None:
        self._restore(self.history.redo, self.history.undo)

    def _now(self, entry: Entry) -> Entry:
        if isinstance(entry, Scene):
            return Run.of(self) if self._loses(entry) else self.scene
        return Run.of(self) if isinstance(entry, Run) else self.editing.now(entry)

    def _loses(self, scene: Scene) -> bool:
        """Whether another network or other data begin with it."""
        return diff(self.scene, scene) == Rebuild.NET or scene.data != self.scene.data

    def _restore(self, take: Callable, give_back: Callable) -> None:
        """An entry of the history. Raises InputError where a scene cannot be built any more, and then the history is as it was."""
        entry = take(self._now)
        try:
            if isinstance(entry, Scene):
                self.become(entry)
            elif isinstance(entry, Run):
                put_back(self, entry)
            elif entry is not None:
                self.editing.restore(entry)
        except InputError:
            give_back(lambda _there: entry)
            raise

    def become(self, scene: Scene, origins: Origins | None = None) -> Rebuild:
        """Make `scene` true. Raises InputError and leaves everything as it was when the new scene cannot be built."""
        # without its rival a network goes on as it is
        before = self.scene if scene.compare else self.scene.model_copy(update={"compare": {}})
        if self.player is not None:
            self.player.check(before, scene)
        level, keys, trainer = diff(before, scene), changed_paths(before, scene), self.source.trainer
        if "train.stop_accuracy" in keys and level < Rebuild.DATA:
            check(scene.train, self.source.data)
        rival = self.rival if scene.compare else None
        if scene.compare and level >= Rebuild.DATA:  # both begin again, or they could not be compared
            level, rival = Rebuild.NET, Rival(scene, self.source, self.source.history // 2)
        if rival is not None and rival is self.rival and level >= Rebuild.TRAIN:
            self.settle()  # what is changed is changed at one moment of both
        if level >= Rebuild.TRAIN:
            if not all(key.startswith("view.") for key in keys):
                self.leave_walk()  # an edit in the middle of a phase ends the walk; its step is done, once
            self.source.apply(scene, level, level == Rebuild.NET and KEEPING.issuperset(keys) and rival is None, origins)
        if rival is not None and rival is self.rival:
            rival.follow(scene)
        elif rival is not self.rival:
            self.rival, self._rebuild = rival, Rebuild.NET
        if level >= Rebuild.DATA:
            self._forget()
        if level == Rebuild.NET or "data.kind" in keys:
            self._begin_run()
        elif self.source.trainer is not trainer:  # the same network goes on with other data: what was before stays that run's
            self._curves, self.layers = self._curves.until(self.source.step), copy.copy(self.layers)
        self.scene = self.source.scene = scene
        if level >= Rebuild.DATA or "view.sample" in keys:
            self.point_at(scene.view.sample)
        self.banner = ""
        self._rebuild = max(self._rebuild, level)
        return level

    def take_rebuild(self) -> Rebuild:
        level, self._rebuild = self._rebuild, Rebuild.NOTHING
        return level

    def reset(self, seed: int | None = None) -> None:
        """Start again from the initial weights: of the same seed, or of a new one. A recording goes to its start."""
        if self.player is not None:
            if seed is None:
                self.player.go(self, self.source.rewind.oldest)
            else:
                self.banner = FIXED
            return
        self.leave_walk()
        if seed is not None:
            self.apply([Edit("train.seed", seed)])
        else:
            self.restart(self.scene)
        self.banner = ""

    def restart(self, scene: Scene) -> None:
        """The same network and data from the initial weights. Undo leads back to the run that is left."""
        run = Run.of(self)
        self.source.apply(scene, Rebuild.NET, keep=False)
        self.scene = scene
        self.rival = self.rival and Rival(scene, self.source, self.source.history // 2)
        self.point_at(scene.view.sample)
        self._rebuild = max(self._rebuild, Rebuild.NET)
        self._begin_run()
        self.history.record(run, (f"run {id(run)}",), 0.0)

    def _begin_run(self) -> None:
        """Another network: nothing is known of it yet."""
        self._curves, self.layers, self.unsaved = Curves(self.source.data.task == "classification"), LayerHistory(), 0.0
        self._forget()

    def take_run(self, run: Run) -> None:
        """The source has this run again."""
        self.rival, self._curves, self.layers, self.unsaved = run.rival, run.curves, run.layers, run.unsaved
        self.scoring, self.stops, self.scene = run.scoring, run.stops, run.scene
        self.editing.forget()
        self.moments.watch("")
        self.point_at(run.scene.view.sample)
        self.look_again()
        self._rebuild = Rebuild.NET

    def _forget(self) -> None:
        """What was measured before is of another run, or of other data."""
        self.editing.forget()
        self.scoring, self.stops = Scoring(), Stops()
        self.moments.watch("")

    def save(self, path: Path | None = None) -> Path:
        """Write the scene, to its own file or to another, which is its own from then on. Raises InputError."""
        path = path or scene_files.target(self)
        scene_files.write(self, path)
        self.path, self.saved = path, self.scene
        return path

    def look_again(self) -> None:
        """After parameters were written from outside: the picture and the scores are of others."""
        self._shown = None
        for scoring in self._scorings:
            scoring.ask()
        self.banner = ""

    @property
    def name(self) -> str:
        if self.player is not None and self.path is None:
            return self.player.recording.path.stem
        return self.path.stem if self.path else (self.scene.title or "scene").lower().replace(" ", "-")[:40]

    # ---------------------------------------------------------------- time

    def show_next(self, by: int) -> None:
        """A sample so many numbers further."""
        self.show_sample((self.source.sample.index if self.walking is None else self.walking.walk.shown) + by)

    def show_wrong(self, by: int) -> str:
        """The next (1) or previous (-1) sample that the network gets wrong now; why there is none to show, or ""."""
        if self.source.data.task != "classification":
            return "numbers are not right or wrong: open Samples, and see the worst first"
        found = find_wrong(self, by)
        if found is None:
            return "no wrong answer is near"
        self.show_sample(found)
        return ""

    def show_sample(self, index: int) -> None:
        """Another sample, of the batch during a walk; wraps around. Not a change of the document worth an undo step."""
        if self.walking is not None:
            self.walking.walk.show_sample(index)
            return
        view = self.scene.view.model_copy(update={"sample": index % max(self.source.sample.count, 1)})
        self.scene = self.scene.model_copy(update={"view": view})
        self.point_at(view.sample)
        self._since_sample = 0.0

    def point_at(self, sample: int) -> None:
        """Show this sample to every network that there is; the scene stays as it is."""
        self.source.show_sample(sample)
        if self.rival is not None:
            self.rival.show_sample(sample)

    # ---------------------------------------------------------------- inside one iteration

    @property
    def seen(self):
        """The source that goes on: training itself, or the walk through one of its steps."""
        return self.walking.walk if self.walking is not None else self.source

    @property
    def kept(self):
        """The kept moment (or the difference of two) that is looked at instead; None: now."""
        return self.moments.seen(self.source) if self.walking is None and self.rival is None else None

    @property
    def pictured(self):
        """What the picture, the answer and the Neuron panel tell: a kept moment, or what goes on."""
        return self.kept or self.seen

    def start_walk(self, place: Place | None = None) -> None:
        """Record the next iteration and walk through it, or stand still at a place in it. After divergence a banner says why not."""
        if self.player is not None:
            self.banner = NO_WALK
            return
        self.running = False
        self.moments.watch("")
        try:
            if self.walking is None:
                self.walking = Walking(self.source, self.habits)
            else:
                self.walking.next()
        except RunError as error:
            self.banner = str(error)
            if self.walking is not None:
                self.walking.playing = False
            return
        self.curves.add_train(self.source.step, self.source.loss)
        if place is not None:
            self.walking.playing = False
            self.walking.walk.go(place)

    def leave_walk(self) -> None:
        if self.walking is not None:
            self.walking = None
            self._shown = None

    def rewind(self, step: int) -> None:
        """Enter the remembered step nearest to this one again; settings that have changed since go back with it."""
        navigation.rewind(self, step)

    def go_to(self, enter: Callable, curves: Curves) -> None:
        """To a moment that `enter()` brings the source to; where it is of another branch, `curves` are those that led to it."""
        here = self.curves
        self.moved(enter())
        rewind = self.source.rewind
        self._curves = curves.until(self.source.step) if rewind is None or rewind.take_lost("curves") is not None else here

    def moved(self, train) -> None:
        """The source stands at another moment of the run, at which `train` held; when it goes and where it ends stays as it is."""
        train = train.model_copy(update={name: getattr(self.scene.train, name) for name in PACE})
        self.scene = self.source.scene = self.scene.model_copy(update={"train": train})
        self.editing.forget()
        self.moments.watch("")
        if self.rival is not None:
            self.rival.rewind(self.scene)
        self.look_again()

    @property
    def whole(self) -> bool:
        """What is shown is all of one moment: the picture may follow it."""
        return self.pictured.at_boundary and (self.even or self.walking is not None or not self.running)

    def refresh(self) -> None:
        """Bring the shown sample's tensors up to the newest step, where that is a whole moment: before a frame is drawn."""
        if not self.whole:
            return
        moment = (id(self.source.trainer), self.source.step, self.source.trainer.writes)
        if self.walking is None and moment != self._shown and self.source.at_boundary:
            self._shown = moment
            self.source.show()
        if self.rival is not None:
            self.rival.refresh()

    @property
    def leader(self) -> OwnTraining:
        """Whose steps are counted."""
        return self.source if self.rival is None else self.rival.leader

    @property
    def alive(self) -> bool:
        """Whether there is a network that can train."""
        return self.source.diverged is None if self.rival is None else self.rival.alive

    @property
    def even(self) -> bool:
        """Nothing is half done: what is shown is one moment, of two networks the same."""
        return self.source.at_boundary if self.rival is None else self.rival.even

    def single_step(self) -> None:
        if self.player is not None:
            self.player.move(self, "step", 1)
            return
        self.leave_walk()
        self.moments.watch("")
        if self.alive:
            (self.rival or self.source).run(1)
            self.after_steps(1)

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        """Train for one frame of `dt` seconds: as many steps as the scene's pace owes and as fit while `more()`. Returns steps finished."""
        for looker in (self.diagnosis, self.confusion, self.layers):
            looker.pass_time(dt)
        self.browser.work(self, dt)
        self.editing.pass_time(dt)
        steps = 0
        if self.walking is not None:
            if self.walking.advance(dt) and not train_loop.stopped(self, more):
                self.start_walk()
        else:
            self._since_sample += dt
            if self.scene.view.follow and self._since_sample > FOLLOW_EVERY:
                self.show_next(1)
            for scoring in self._scorings:
                scoring.pass_time(dt)
            if self.player is not None:
                steps = self.player.advance(self, dt)
            elif self.running and self.alive:
                steps = train_loop.train(self, dt, more)
                self.unsaved += dt
            else:
                self._rest(more)
            self._score(more)
        self.pace.measure(dt, steps)
        return steps

    def _rest(self, more: Callable[[], bool]) -> None:
        """While training rests, what is told becomes of this very step."""
        self.pace.goal = None
        if self.rival is not None:
            self.rival.catch_up(more)  # after a walk, or after the run was dragged back

    def _score(self, more: Callable[[], bool]) -> None:
        """Go on with the looks at loss and accuracy, a few rows a frame; while training rests, what is told becomes of this very step."""
        learning = self.running and self.alive
        if self.player is not None and self.player.source.gone:
            if self.scoring.due and self.source.step != self.scoring.step:
                self.evaluate()
        elif self.scoring.advance(self.source, learning, more):
            self._note()
        if self.rival is not None:
            self.rival.score(learning, more)

    @property
    def _scorings(self) -> tuple[Scoring, ...]:
        return (self.scoring,) if self.rival is None else (self.scoring, self.rival.scoring)

    def _note(self) -> None:
        """A look is finished: its point in the curves."""
        scores = self.scores
        if self.player is None and scores.test is not None:
            self.curves.add_test(scores.step, scores.test_loss, scores.train_accuracy, scores.test_accuracy)

    def play(self) -> None:
        """Train from now on; where the numbers exploded, say so again."""
        if self.player is not None:
            self.player.play(self)
            return
        self.leave_walk()
        self.moments.watch("")
        self.running, self.pace.goal = True, None
        self.stop_if_diverged()

    def settle(self) -> None:
        """Finish what is half done, so that what follows happens at a step that can be told."""
        if self.walking is not None or self.even:
            return
        before = self.leader.step
        for source in (self.source, self.rival.source) if self.rival else (self.source,):
            source.advance(lambda: True, 0)
        if self.rival is not None:
            self.rival.catch_up()
        self.after_steps(self.leader.step - before)

    def stop_if_diverged(self) -> None:
        """Where the numbers exploded, hold and say so."""
        if self.rival is not None:
            self.banner = self.rival.news() or self.banner
            self.running = self.running and self.rival.alive
            if self.rival.alive:
                return
        if self.source.diverged is not None:
            self.running = False
            self.banner = (
                f"Training diverged at step {self.source.diverged:,}: the numbers grew beyond what 32-bit floats hold. "
                "The last finite weights are kept. Lower the learning rate, then reset (R)."
            )

    def after_steps(self, steps: int) -> None:
        """So many steps were finished: note the loss, stop where the numbers exploded."""
        self.stop_if_diverged()
        if steps:
            self.curves.add_train(self.source.step, self.source.loss)

    def run(self, steps: int) -> int:
        """Whole steps at once, as stills and films need them, with curves of about a hundred points. Returns steps finished."""
        if self.player is not None:
            return self.player.go(self, self.player.head + steps)
        if self.scoring.step < 0:  # what it begins with
            self.scoring.look(self.source, affordable(self.source))
        done = 0
        chunk = max(steps // 100, 1)
        while done < steps and self.alive:
            finished = (self.rival or self.source).run(min(chunk, steps - done))
            done += finished
            if finished:
                self.curves.add_train(self.source.step, self.source.loss)
                if done % (chunk * 10) < chunk:
                    self.evaluate(affordable(self.source))
        return done

    def run_to(self, step: int) -> int:
        """Train both networks, or the one, up to this step or to where a stop condition holds, without curves. Returns steps finished."""
        if self.player is not None:
            return self.player.go(self, step)
        if self.stops.key:
            return 0
        leader = self.leader
        return stop_conditions.run(self.rival or self.source, leader.trainer, self.scene.train, step - leader.step, self.stops)

    def evaluate(self, limit: int | None = None) -> Scores:
        """Loss and accuracy of now on both parts of the data, at once: on all rows, or on `limit` of each, drawn evenly."""
        if self.player is not None:
            return self.player.evaluate(self.scoring, limit)
        self.scoring.look(self.source, limit)
        self._note()
        if self.rival is not None:
            self.rival.look(limit)
        return self.scores

    def test_score(self) -> Score | None:
        """Of now, on as many rows as a frame may wait for; None without a test part."""
        return self.source.score("test", quick(self.source)) if len(self.source.data.x_test) else None


def _only_plate(error: InputError, edits: tuple[Edit, ...]) -> bool:
    """Whether all that is wrong are the plane's features, which these edits do not speak of."""
    mine = "view.plate_"
    return all(problem.key.startswith(mine) for problem in error.problems) and not any(edit.path.startswith(mine) for edit in edits)
