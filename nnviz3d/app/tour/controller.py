"""The guide: leads through the tour, step by step, and makes each true in the loop: network, camera, marks, words.

Every step says its whole state, so it can be entered from anywhere: from the step before, from the end, or after a visitor changed things.
Holds where the tour is and what its text says; the network is a `Rehearsal`'s, and at the end everything is put back as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.app.probes import selectors
from nnviz3d.app.readout import placeholders
from nnviz3d.app.tour.marks import Pointing
from nnviz3d.app.tour.sandbox import Rehearsal
from nnviz3d.app.tour.state import Touring
from nnviz3d.app.view import step_change
from nnviz3d.draw import camera
from nnviz3d.spec import i18n
from nnviz3d.spec import tour as lessons
from nnviz3d.spec.readout import Answer
from nnviz3d.spec.step_annotations import Moment
from nnviz3d.spec.tour import Step, Tour
from nnviz3d.spec.tour_reading import Mark, TourReading
from nnviz3d.ui.core.context import LOW

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop

REFRESH = 0.2  # seconds between two sets of live numbers in a text
LOOKING = frozenset({
    "camera", "fit", "fly_to", "pick", "choose", "choose_layer", "screenshot", "fullscreen", "dismiss", "samples", "tour", "tour_language",
    "walk_to", "walk_by", "walk_play", "walk_speed", "walk_loop", "walk_gradient", "check", "capture", "setting",
})  # fmt: skip
"""Commands that leave the network as it is."""
MOVES = frozenset({"walk_to", "walk_by"})
LEAVES = frozenset({"open", "open_file", "quit"})


class Guide:
    """One a loop. `state` is None while there is no tour."""

    def __init__(self, loop: Loop):
        self.loop = loop
        self.state: Touring | None = None
        self.tour: Tour | None = None
        self.code = ""  # of the language; "" until somebody chose one
        self.neuron = self.edge = -1
        self._rehearsal: Rehearsal | None = None  # while there is a tour
        self._size = (0, 0)
        self._values: dict[str, str] = {}
        self._since, self._told = 0.0, (-1, -1)

    on = property(lambda self: self.state is not None)
    step = property(lambda self: self.tour.lessons[self.state.lesson].steps[self.state.step])
    catalogue = property(lambda self: self.tour.catalogues[self.code])

    # ---------------------------------------------------------------- begin and end

    def start(self, place: str = "1") -> None:
        """Begin at a place. Raises InputError for a place that is not there, or a tour that cannot be read; then nothing has changed."""
        if self.on:
            return self.do(place)
        self.tour = self.tour or lessons.load()
        state = Touring(tuple(len(lesson.steps) for lesson in self.tour.lessons)).after(place)
        wanted = self.loop.personal.language(self.loop.session.scene.view.language)
        code = self.code or i18n.choose(wanted, self.tour.catalogues)
        self._rehearsal, self.code = Rehearsal(self.loop, self.tour), code
        self._go(state, jump=True)

    def leave(self) -> None:
        """Everything as it was before the tour."""
        if self.on:
            self._rehearsal.end()
            self.state = self._rehearsal = None

    # ---------------------------------------------------------------- what the visitor does

    def do(self, event: str) -> None:
        """An event of `Touring`. Without a tour nothing happens."""
        if not self.on:
            return
        state = self.state.after(event)
        if state is None:
            self.leave()
        else:
            self._go(state)

    def speak(self, code: str) -> None:
        if self.on and code in self.tour.catalogues:
            self.code = code
            self._read()

    def observe(self, answer: Answer) -> None:
        """What happened on the stage and in the panels, once it is done."""
        if not self.on:
            return
        names = {command.name for command in answer.commands}
        self._rehearsal.touched |= bool(names - LOOKING) or answer.stage.tuning
        if names & MOVES:
            self._rehearsal.rest()
        stage = self.loop.stage
        hidden = stage.pointer.picked >= self.loop.session.source.topology.input.size
        deeds = {
            "turn": any(answer.stage.orbit) or any(answer.stage.turn),
            "pick": answer.stage.clicked and hidden and stage.pointer.picked != self.neuron,
            "scrub": bool(names & MOVES),
        }
        if not self.state.met and deeds.get(self.step.deed):
            self.state = self.state.after("met")

    # ---------------------------------------------------------------- make a step true

    def _go(self, state: Touring, jump: bool = False) -> None:
        self.state = state
        step = self.step
        self._rehearsal.make(step)
        self._select(step)
        self.aim(jump)
        self._read()

    def _select(self, step: Step) -> None:
        """The neuron and the edge that the step speaks of, by the numbers of now."""
        stage, session = self.loop.stage, self.loop.session
        self.neuron = selectors.neuron(session.seen, step.neuron)
        self.edge = selectors.edge(session.seen, self.neuron, step.edge)
        stage.pointer.picked, stage.pointer.chosen = self.neuron if step.pick else -1, self.edge

    def aim(self, jump: bool = False) -> None:
        """Turn the camera to what the step wants to be looked at."""
        stage, look = self.loop.stage, self.step.camera
        self._size = self.loop.host.display_size
        stage.camera.with_table = "table" in self._cards
        boxes = [self._pointing.box(name) for name in look.frame]
        yaw, pitch = camera.PRESETS[look.view]
        direction = (yaw if look.yaw is None else look.yaw, pitch if look.pitch is None else look.pitch)
        free = look.view if look.yaw is None and look.pitch is None else ""
        stage.camera.aim(np.radians(direction), np.array(boxes) if boxes else None, free, jump)

    @property
    def _pointing(self) -> Pointing:
        return Pointing(self.loop.stage, self.loop.session, self.neuron, self.edge)

    @property
    def _cards(self) -> tuple[str, ...]:
        """Those that the step wants; none where the window is too low for them."""
        loop = self.loop
        low = loop.host.display_size[1] < LOW * loop.overlay.scale * loop.session.scene.look.ui_scale
        return () if low else self.step.cards

    # ---------------------------------------------------------------- every frame

    def advance(self, dt: float) -> None:
        """Before the frame is drawn: move the walk on, follow the window's size."""
        if not self.on:
            return
        if self.loop.host.display_size != self._size:
            self.aim(jump=True)
        self._rehearsal.advance(dt)
        self._since += dt
        if self._since > REFRESH:
            self._follow()

    def _follow(self) -> None:
        """The text keeps up with training; where that has come to its end, with what it can do now."""
        self._rehearsal.test(self.step)
        if self._now != self._told:
            self._read()

    @property
    def _now(self) -> tuple[int, int]:
        """The step that the network is at, and the one at which it was tested last."""
        return self.loop.session.source.step, self.loop.session.scoring.step

    def _read(self) -> None:
        """Take the numbers of now into the text. What is not known any more stays as it was."""
        session = self.loop.session
        factor = step_change.factor(session.walking.walk.tape, session.scene.look) if session.walking is not None else 0.0
        self._values |= placeholders.values(session, self.catalogue, self.neuron, self.edge, factor)
        self._since, self._told = 0.0, self._now

    def moment(self) -> Moment | None:
        """What a walk tells on the stage; of its cards a tour keeps those that the step wants."""
        moment = self.loop.stage.moment()
        if moment is None or not self.on:
            return moment
        cards = self._cards
        return replace(moment, table=moment.table if "table" in cards else None, inset=moment.inset if "function" in cards else None)

    def reading(self) -> TourReading | None:
        """For the overlay; places are those of the frame that was prepared last."""
        if not self.on:
            return None
        tour, state, catalogue, step = self.tour, self.state, self.catalogue, self.step
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
        found = map(self._pointing.mark, step.mark)
        return tuple(mark for mark in found if mark is not None)

    @property
    def _there(self) -> bool:
        """Whether what the step speaks of is still on the stage: the visitor may have made another network."""
        topology = self.loop.session.source.topology
        return (
            self.neuron < topology.n_neurons
            and self.edge < topology.n_parameters
            and len(topology.nodes) == len(self.tour.scene.network.layers) + 2
        )
