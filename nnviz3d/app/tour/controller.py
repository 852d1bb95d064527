"""Leads through the tour, step by step, and makes each step true in its host: network, camera, marks, words.

Every step says its whole state, so it can be entered from anywhere: from the step before, from the end, or after a visitor changed things.
Holds where the tour is and what its text says; the network is a `TourSandbox`'s, and at the end everything is put back as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians

import numpy as np

from nnviz3d.app.probes import selectors
from nnviz3d.app.readout import placeholders
from nnviz3d.app.tour.marks import TourMarks
from nnviz3d.app.tour.sandbox import TourSandbox
from nnviz3d.app.tour.state import TourState
from nnviz3d.app.tour.tour_host import TourHost
from nnviz3d.app.view import step_change
from nnviz3d.draw import camera
from nnviz3d.layout.grid import Layout
from nnviz3d.spec import i18n
from nnviz3d.spec import tour as lessons
from nnviz3d.spec.commands import COMMANDS
from nnviz3d.spec.i18n import Catalogue
from nnviz3d.spec.readout import Answer
from nnviz3d.spec.topology_builder import outline_topology
from nnviz3d.spec.tour import LessonSubject, Step, Tour
from nnviz3d.spec.tour_reading import Mark, TourReading
from nnviz3d.ui.core.context import LOW

REFRESH = 0.2  # seconds between two sets of live numbers in a text


@dataclass
class Course:
    """A tour that is on: where it is, and the network that it shows."""

    tour: Tour
    state: TourState
    sandbox: TourSandbox

    @property
    def step(self) -> Step:
        return self.tour.lessons[self.state.lesson].steps[self.state.step]

    @property
    def subject(self) -> LessonSubject:
        """The network of the lesson."""
        return self.tour.subjects[self.state.lesson]


class TourController:
    """One for each host. `course` is there while a tour is `on`."""

    def __init__(self, host: TourHost):
        self.host = host
        self.code = ""  # of the language; "" until somebody chose one
        self.neuron = self.edge = -1
        self._course: Course | None = None
        self._size = (0, 0)
        self._aimed: Layout | None = None  # the layout that the camera was turned to
        self._values: dict[str, str] = {}
        self._since, self._reported = 0.0, (-1, -1)

    @property
    def on(self) -> bool:
        return self._course is not None

    @property
    def course(self) -> Course:
        """Raises RuntimeError without a tour."""
        if self._course is None:
            raise RuntimeError("no tour is on")
        return self._course

    @property
    def catalogue(self) -> Catalogue:
        return self.course.tour.catalogues[self.code]

    # ---------------------------------------------------------------- begin and end

    def start(self, place: str = "1") -> None:
        """Begin at a place. Raises InputError for a place that is not there, or a tour that cannot be read; then nothing has changed."""
        if self.on:
            return self.do(place)
        tour = lessons.load()
        state = TourState(tuple(len(lesson.steps) for lesson in tour.lessons)).after(place)
        if state is None:  # the place is "close"
            return
        wanted = self.host.personal.language(self.host.session.scene.view.language)
        code = self.code or i18n.choose(wanted, tour.catalogues)
        self._course, self.code = Course(tour, state, TourSandbox(self.host, tour.subjects[state.lesson])), code
        self._go(state, jump=True)

    def leave(self) -> None:
        """Everything as it was before the tour."""
        if self._course is not None:
            self._course.sandbox.end()
            self._course = None

    # ---------------------------------------------------------------- what the visitor does

    def do(self, event: str) -> None:
        """An event of `TourState`. Without a tour nothing happens."""
        if self._course is None:
            return
        state = self._course.state.after(event)
        if state is None:
            self.leave()
        else:
            self._go(state)

    def set_language(self, code: str) -> None:
        if self._course is not None and code in self._course.tour.catalogues:
            self.code = code
            self._read()

    def observe(self, answer: Answer) -> None:
        """What happened on the stage and in the panels, once it is done."""
        course = self._course
        if course is None:
            return
        names = {command.name for command in answer.commands}
        course.sandbox.touched |= not all(COMMANDS[name].looks for name in names) or answer.stage.tuning
        moved = any(COMMANDS[name].moves_walk for name in names)
        if moved:
            course.sandbox.rest()
        pointer, inputs = self.host.stage.pointer, self.host.session.source.topology.input.size
        deeds = {
            "turn": any(answer.stage.orbit) or any(answer.stage.turn),
            "point": pointer.hovered >= inputs,
            "pick": answer.stage.clicked and pointer.picked >= inputs and pointer.picked != self.neuron,
            "scrub": moved,
            "draw": any(command.name == "draw" and command.value for command in answer.commands),
        }
        if not course.state.met and deeds.get(course.step.deed):
            course.state = replace(course.state, met=True)

    # ---------------------------------------------------------------- make a step true

    def _go(self, state: TourState, jump: bool = False) -> None:
        course = self.course
        course.state = state
        step = course.step
        course.sandbox.make(course.subject, step)
        self._select(step)
        self.aim(jump)
        self._read()

    def _select(self, step: Step) -> None:
        """The neuron and the edge that the step speaks of, by the numbers of now."""
        stage, session = self.host.stage, self.host.session
        self.neuron = selectors.neuron(session.seen, step.neuron)
        self.edge = selectors.edge(session.seen, self.neuron, step.edge)
        stage.pointer.picked, stage.pointer.chosen = self.neuron if step.pick else -1, self.edge

    def aim(self, jump: bool = False) -> None:
        """Turn the camera to what the step wants to be looked at."""
        stage, look = self.host.stage, self.course.step.camera
        self._size, self._aimed = stage.viewport.size, stage.view.picture.goal
        stage.show_cards(self._cards)
        boxes = [self._marking.box(name) for name in look.frame]
        yaw, pitch = camera.PRESETS[look.view]
        direction = radians(yaw if look.yaw is None else look.yaw), radians(pitch if look.pitch is None else look.pitch)
        free = look.view if look.yaw is None and look.pitch is None else ""
        stage.camera.aim(direction, np.array(boxes) if boxes else None, free, jump)

    @property
    def _marking(self) -> TourMarks:
        return TourMarks(self.host.stage, self.host.session, self.neuron, self.edge)

    @property
    def _cards(self) -> frozenset[str]:
        """Those that the step wants; none where the window is too low for them."""
        viewport, look = self.host.stage.viewport, self.host.session.scene.look
        low = viewport.size[1] < LOW * viewport.text * look.ui_scale
        return frozenset() if low else frozenset(self.course.step.cards)

    # ---------------------------------------------------------------- every frame

    def advance(self, dt: float) -> None:
        """Before the frame is drawn: move the walk on, follow the window's size and where the network stands."""
        if self._course is None:
            return
        resized = self.host.stage.viewport.size != self._size
        if resized or self.host.stage.view.picture.goal is not self._aimed:  # walls and rows follow the shape of the free stage
            self.aim(jump=resized)
        self._course.sandbox.advance(dt)
        self._since += dt
        if self._since > REFRESH:
            self._follow()

    def _follow(self) -> None:
        """The text keeps up with training; where that has come to its end, with what it can do now."""
        self.course.sandbox.test(self.course.step)
        if self._now != self._reported:
            self._read()

    @property
    def _now(self) -> tuple[int, int]:
        """The step that the network is at, and the one at which it was tested last."""
        return self.host.session.source.step, self.host.session.scoring.step

    def _read(self) -> None:
        """Take the numbers of now into the text. What is not known any more stays as it was."""
        session = self.host.session
        factor = step_change.factor(session.walking.walk.tape, session.scene.look) if session.walking is not None else 0.0
        self._values |= placeholders.values(session, self.catalogue, self.neuron, self.edge, factor)
        self._since, self._reported = 0.0, self._now

    def reading(self) -> TourReading | None:
        """For the overlay; places are those of the frame that was prepared last."""
        course = self._course
        if course is None:
            return None
        tour, state, catalogue, step = course.tour, course.state, self.catalogue, course.step
        titles = tuple(catalogue.texts[lesson.title] for lesson in tour.lessons)
        number = {"lesson": str(state.lesson + 1), "lessons": str(len(titles)), "title": titles[state.lesson]}
        codes = tuple(tour.catalogues)
        other = codes[(codes.index(self.code) + 1) % len(codes)]
        return TourReading(
            lesson=state.lesson,
            step=state.step,
            titles=titles,
            steps=state.counts[state.lesson],
            heading=catalogue.tell("card.heading", number),
            text=catalogue.tell(step.text, self._values),
            invite=catalogue.tell(step.invite, self._values) if step.invite else "",
            met=state.met,
            last=state.last,
            strip=tour.lessons[state.lesson].strip,
            section=step.section,
            words={key.removeprefix("card."): text for key, text in catalogue.texts.items() if key.startswith("card.")},
            other=(other, tour.catalogues[other].language),
            marks=self._marks(step),
        )

    def _marks(self, step: Step) -> tuple[Mark, ...]:
        """Of what is in the picture."""
        if not self._there:
            return ()
        found = map(self._marking.mark, step.mark)
        return tuple(mark for mark in found if mark is not None)

    @property
    def _there(self) -> bool:
        """Whether what the step speaks of is still on the stage: the visitor may have made another network."""
        topology = self.host.session.source.topology
        return (
            self.neuron < topology.n_neurons
            and self.edge < topology.n_parameters
            and len(topology.nodes) == len(outline_topology(self.course.subject.scene.network).nodes)
        )
