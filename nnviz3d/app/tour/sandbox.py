"""The network of a tour: it takes the place of the one in the host while the tour lasts, and is brought to where each step wants it.

It has a session and a stage of its own; what was there before is kept whole beside them. Whatever a visitor did to it, it can be made true
again: from the start, unless it is on its way to what is wanted. Knows steps of lessons; knows no language and no camera.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.tour.tour_host import TourHost
from nnviz3d.app.view.stage import Stage
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from nnviz3d.spec.tour import LessonSubject, Step

CARRIED = ("palette", "ui_scale", "quality")  # of the visitor's own look


@dataclass
class _Glide:
    """The walk on its way to a step's place."""

    start: float
    end: Place
    seconds: float
    passed: float = 0.0


class TourSandbox:
    """`touched`: the visitor did something to the network that a step cannot go on from."""

    def __init__(self, host: TourHost, subject: LessonSubject):
        """Puts the tour's session and stage into the loop; `subject`: of the lesson that comes first.

        Raises InputError where its scene cannot be, and nothing has changed.
        """
        self.host, self.subject = host, subject
        self.touched = False
        self._glide: _Glide | None = None
        look = host.session.scene.look
        session = self._session({f"look.{name}": getattr(look, name) for name in CARRIED})
        stage = self._stage(session)
        self._before = host.session, host.stage, host.session.running
        host.session.running = False
        host.put(session, stage)

    def end(self) -> None:
        """Everything as it was before."""
        host = self.host
        host.stage.close()
        session, stage, running = self._before
        host.put(session, stage)
        session.running = running

    def make(self, subject: LessonSubject, step: Step) -> None:
        """Bring the network to where the step wants it; another network, where the lesson is about another."""
        self.subject, self._glide = subject, None
        self._walk(step) if step.phase else self._train(step)
        self.host.stage.rebuild(self.host.session.take_rebuild())

    def advance(self, dt: float) -> None:
        """Move the walk on."""
        walking, glide = self.host.session.walking, self._glide
        if glide is None or walking is None:
            return
        glide.passed += dt
        share = glide.passed / max(glide.seconds, 1e-6)
        walking.walk.go(glide.start + (glide.end.number - glide.start) * share if share < 1 else glide.end)
        if share >= 1:
            self._glide = None

    def rest(self) -> None:
        """The walk stays where it is: the visitor moves it."""
        self._glide = None

    def test(self, step: Step) -> None:
        """Where training has come to the step's end, ask what the network can do now, once."""
        session = self.host.session
        over = session.walking is None and not session.running and session.source.at_boundary
        if over and session.source.step == step.until and not session.scoring.settled(session.source):
            session.evaluate()

    # ---------------------------------------------------------------- its session and stage

    def _session(self, look: dict) -> Session:
        """The tour's own, at its start."""
        subject = self.subject
        session = new_session(subject.scene, subject.path.parent, self.host.session.asked, subject.path, REMEMBER)
        session.personalise = self.host.personal.personalise
        session.apply([Edit(path, value) for path, value in look.items()])
        self._settle(session)
        self.touched = False
        return session

    def _stage(self, session: Session) -> Stage:
        """For a session of the tour, seen from where one is."""
        now = self.host.stage
        stage = Stage(now.viewport.host, session)
        stage.governor = now.governor  # what it has learnt of this machine
        stage.camera.free = now.camera.free
        stage.camera.rig.jump(now.camera.rig.pose)
        return stage

    @staticmethod
    def _settle(session: Session) -> None:
        """As it is now is how it was: nothing to save, nothing to undo."""
        session.saved, session.history = session.scene, type(session.history)()

    # ---------------------------------------------------------------- where a step wants it

    def _walk(self, step: Step) -> None:
        """Into the iteration of the tour, and on to the step's place; backwards at once."""
        walking = self.host.session.walking
        here = walking is not None and not walking.walk.stale and walking.walk.step == self.subject.step + 1 and not self._spoiled
        if not here:
            self._learn(self.subject.step).start_walk()
        walking = self.host.session.walking
        if walking is None:  # the network has diverged: the session's banner says so
            return
        walking.playing = False
        walking.show_gradient(False)  # texts speak of the shown sample's own
        walk = walking.walk
        if walk.tape.row != walk.tape.rows[self.subject.row % len(walk.tape.rows)]:
            walk.show_sample(self.subject.row)
        start, end = walk.place.number, Place.parse(step.phase, walk.topology)
        if here and start < end.number:
            self._glide = _Glide(start, end, step.seconds)
        else:
            walk.go(end)

    def _train(self, step: Step) -> None:
        session = self.host.session
        pace = (step.pace, step.until) if step.until else (self.subject.scene.train.steps_per_second, self.subject.scene.train.steps)
        on = session.walking is None and not self._spoiled and step.train <= session.source.step <= max(step.until, step.train)
        if not on or session.source.step < step.train:
            session = self._learn(step.train)
        self._apply({"train.steps_per_second": pace[0], "train.steps": pace[1]})
        session.evaluate()
        session.running = step.until > session.source.step

    @property
    def _spoiled(self) -> bool:
        """Whether the visitor has changed the network, or what it learns."""
        scene, own = self.host.session.scene, self.subject.scene
        pace = {"steps_per_second": scene.train.steps_per_second, "steps": scene.train.steps}
        same = scene.network == own.network and scene.data == own.data and scene.train == own.train.model_copy(update=pace)
        return self.touched or not same or self.host.session.source.diverged is not None

    def _learn(self, steps: int) -> Session:
        """The tour's own network after so many steps: from the start, unless it is on its way there."""
        session = self.host.session
        session.running = False
        if self._spoiled:  # whatever was done, nothing of it stays
            host = self.host
            session = self._session({"look": session.scene.look.model_dump()})
            stage = self._stage(session)
            host.stage.close()
            host.put(session, stage)
        elif session.walking is not None or session.source.step > steps:
            session.reset()
        self._apply({"train.steps": 0})
        session.show_sample(self.subject.scene.view.sample)
        session.run(steps - session.source.step)
        return session

    def _apply(self, values: dict) -> None:
        session = self.host.session
        session.apply([Edit(path, value) for path, value in values.items()])
        self._settle(session)
