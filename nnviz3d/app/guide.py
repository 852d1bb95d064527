"""The guide: makes each step of a tour true in the loop (network, camera, marks, words), and puts everything back at the end.

A tour has a session and a stage of its own; what was there before is kept whole beside them and comes back when the tour ends. Every step
says its whole state, so it can be entered from anywhere: from the step before, from the end, or after a visitor changed things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.app import changes, telling, which
from nnviz3d.app.session import REMEMBER, Session
from nnviz3d.app.stage import Stage
from nnviz3d.app.touring import Touring
from nnviz3d.draw import camera
from nnviz3d.spec import lessons, messages
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.guide import Mark, TourReading
from nnviz3d.spec.lessons import Step, Tour
from nnviz3d.spec.moment import Moment
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Answer
from nnviz3d.ui.frame import LOW

if TYPE_CHECKING:
    from nnviz3d.app.loop import Loop

REFRESH = 0.2  # seconds between two sets of live numbers in a text
MOST_LINES = 256  # into one neuron
LOOKING = frozenset({
    "camera", "fit", "fly_to", "pick", "choose", "choose_layer", "screenshot", "fullscreen", "dismiss", "samples", "tour", "tour_language",
    "walk_to", "walk_by", "walk_play", "walk_speed", "walk_loop", "walk_gradient", "check", "capture",
})  # fmt: skip
"""Commands that leave the network as it is."""
MOVES = frozenset({"walk_to", "walk_by"})
LEAVES = frozenset({"open", "open_file", "quit"})
CARRIED = ("palette", "ui_scale", "quality")  # of the visitor's own look


@dataclass
class _Before:
    """What was there before the tour."""

    session: Session
    stage: Stage
    running: bool


@dataclass
class _Glide:
    """The walk on its way to a step's place."""

    start: float
    end: Place
    seconds: float
    passed: float = 0.0


class Guide:
    """One a loop. `state` is None while there is no tour."""

    def __init__(self, loop: Loop):
        self.loop = loop
        self.state: Touring | None = None
        self.tour: Tour | None = None
        self.code = ""  # of the language; "" until somebody chose one
        self.neuron = self.edge = -1
        self._before: _Before | None = None
        self._glide: _Glide | None = None
        self._touched = False
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
        loop = self.loop
        look = loop.session.scene.look
        session = self._session({f"look.{name}": getattr(look, name) for name in CARRIED})
        stage = self._stage(session)
        self.code = self.code or messages.choose(loop.session.scene.view.language, self.tour.catalogues)
        self._before = _Before(loop.session, loop.stage, loop.session.running)
        loop.session.running = False
        loop.session, loop.stage = session, stage
        self._go(state, jump=True)

    def _session(self, look: dict) -> Session:
        """The tour's own, at its start."""
        tour = self.tour
        session = Session(tour.scene, tour.path.parent, self.loop.session.ops.name, tour.path, REMEMBER)
        session.apply([Edit(path, value) for path, value in look.items()])
        self._settle(session)
        self._touched = False
        return session

    def _stage(self, session: Session) -> Stage:
        """For a session of the tour, seen from where one is."""
        now = self.loop.stage
        stage = Stage(self.loop.host, session)
        stage.governor = now.governor  # what it has learnt of this machine
        stage.panel, stage.foot, stage.head = now.panel, now.foot, now.head
        stage.rig.jump(now.rig.pose)
        return stage

    @staticmethod
    def _settle(session: Session) -> None:
        """As it is now is how it was: nothing to save, nothing to undo."""
        session.saved, session.history = session.scene, type(session.history)()

    def leave(self) -> None:
        """Everything as it was before the tour."""
        before, loop = self._before, self.loop
        if before is None:
            return
        self.state = self._before = self._glide = None
        loop.stage.close()
        loop.session, loop.stage = before.session, before.stage
        loop.session.running = before.running

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
        self._touched |= bool(names - LOOKING) or answer.stage.tuning
        if names & MOVES:
            self._glide = None
        stage = self.loop.stage
        hidden = stage.picked >= self.loop.session.source.topology.input.size
        deeds = {
            "turn": any(answer.stage.orbit) or any(answer.stage.turn),
            "pick": answer.stage.clicked and hidden and stage.picked != self.neuron,
            "scrub": bool(names & MOVES),
        }
        if not self.state.met and deeds.get(self.step.deed):
            self.state = self.state.after("met")

    # ---------------------------------------------------------------- make a step true

    def _go(self, state: Touring, jump: bool = False) -> None:
        self.state = state
        step = self.step
        self._glide = None
        self._walk(step) if step.phase else self._train(step)
        self.loop.stage.rebuild(self.loop.session.take_rebuild())
        self._select(step)
        self.aim(jump)
        self._read()

    def _walk(self, step: Step) -> None:
        """Into the iteration of the tour, and on to the step's place; backwards at once."""
        walking = self.loop.session.walking
        here = walking is not None and not walking.walk.stale and walking.walk.step == self.tour.step + 1 and not self._spoiled
        if not here:
            self._learn(self.tour.step).start_walk()
        walking = self.loop.session.walking
        walking.playing = False
        walking.show_gradient(False)  # texts speak of the shown sample's own
        walk = walking.walk
        if walk.tape.row != walk.tape.rows[self.tour.row % len(walk.tape.rows)]:
            walk.show_sample(self.tour.row)
        start, end = walk.place.number, Place.parse(step.phase, walk.topology)
        if here and start < end.number:
            self._glide = _Glide(start, end, step.seconds)
        else:
            walk.go(end)

    def _train(self, step: Step) -> None:
        session = self.loop.session
        pace = (step.pace, step.until) if step.until else (self.tour.scene.train.steps_per_second, self.tour.scene.train.steps)
        on = session.walking is None and not self._spoiled and step.train <= session.source.step <= max(step.until, step.train)
        if not on or session.source.step < step.train:
            session = self._learn(step.train)
        self._apply({"train.steps_per_second": pace[0], "train.steps": pace[1]})
        session.evaluate()
        session.running = step.until > session.source.step

    @property
    def _spoiled(self) -> bool:
        """Whether the visitor has changed the network, or what it learns."""
        scene, own = self.loop.session.scene, self.tour.scene
        pace = {"steps_per_second": scene.train.steps_per_second, "steps": scene.train.steps}
        same = scene.network == own.network and scene.data == own.data and scene.train == own.train.model_copy(update=pace)
        return self._touched or not same or self.loop.session.source.diverged is not None

    def _learn(self, steps: int) -> Session:
        """The tour's own network after so many steps: from the start, unless it is on its way there."""
        session = self.loop.session
        session.running = False
        if self._spoiled:  # whatever was done, nothing of it stays
            loop = self.loop
            session = self._session({"look": session.scene.look.model_dump()})
            stage = self._stage(session)
            loop.stage.close()
            loop.session, loop.stage = session, stage
        elif session.walking is not None or session.source.step > steps:
            session.reset()
        self._apply({"train.steps": 0})
        session.show_sample(self.tour.scene.view.sample)
        session.run(steps - session.source.step)
        return session

    def _apply(self, values: dict) -> None:
        session = self.loop.session
        session.apply([Edit(path, value) for path, value in values.items()])
        self._settle(session)

    def _select(self, step: Step) -> None:
        """The neuron and the edge that the step speaks of, by the numbers of now."""
        stage, session = self.loop.stage, self.loop.session
        self.neuron = which.neuron(session.seen, step.neuron)
        self.edge = which.edge(session.seen, self.neuron, step.edge)
        stage.picked, stage.chosen = self.neuron if step.pick else -1, self.edge

    def aim(self, jump: bool = False) -> None:
        """Turn the camera to what the step wants to be looked at."""
        stage, look = self.loop.stage, self.step.camera
        self._size = self.loop.host.display_size
        stage.with_table = "table" in self._cards
        boxes = [box for name in look.frame for box in self._boxes(name)]
        yaw, pitch = camera.PRESETS[look.view]
        direction = (yaw if look.yaw is None else look.yaw, pitch if look.pitch is None else look.pitch)
        free = look.view if look.yaw is None and look.pitch is None else ""
        stage.aim(np.radians(direction), np.array(boxes) if boxes else None, free, jump)

    def _boxes(self, name: str) -> list[np.ndarray]:
        """(2, 3) low and high corner of a layer, or around a neuron."""
        layout = self.loop.stage.picture.layout
        kind, _, layer = name.partition(":")
        if kind == "layer":
            return [which.layer_box(layout, int(layer))]
        return [which.neuron_box(layout, self.neuron if kind == "neuron" else self._source)]

    @property
    def _source(self) -> int:
        """The neuron that the edge begins at."""
        topology = self.loop.session.source.topology
        node, _j, i = topology.parameter(self.edge)
        return topology.by_name[node.inputs[0]].neurons.start + (i or 0)

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
        walking, glide = self.loop.session.walking, self._glide
        if glide is not None and walking is not None:
            glide.passed += dt
            share = glide.passed / max(glide.seconds, 1e-6)
            walking.walk.go(glide.start + (glide.end.number - glide.start) * share if share < 1 else glide.end)
            if share >= 1:
                self._glide = None
        self._since += dt
        if self._since > REFRESH:
            self._follow()

    def _follow(self) -> None:
        """The text keeps up with training; where that has come to its end, with what it can do now."""
        session = self.loop.session
        step, tested = session.source.step, session.scoring.step
        if session.walking is None and not session.running and step == self.step.until != tested and session.source.at_boundary:
            session.evaluate()
            tested = step
        if (step, tested) != self._told:
            self._read()

    def _read(self) -> None:
        """Take the numbers of now into the text. What is not known any more stays as it was."""
        session = self.loop.session
        factor = changes.factor(session.walking.walk.tape, session.scene.look) if session.walking is not None else 0.0
        self._values |= telling.values(session, self.catalogue, self.neuron, self.edge, factor)
        self._since, self._told = 0.0, (session.source.step, session.scoring.step)

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
            marks=tuple(mark for name in step.mark if (mark := self._mark(name)) is not None),
        )

    def _mark(self, name: str) -> Mark | None:
        stage = self.loop.stage
        if not self._there():
            return None
        if name.startswith("layer:"):
            box = stage.outline(self._boxes(name)[0])
            return None if box is None else Mark(box=box)
        if name == "inputs":
            return Mark(lines=self._lines())
        x, y, reach = (values[0] for values in stage.seen(np.array([self.neuron if name == "neuron" else self._source])))
        return Mark(x, y, reach) if reach else None

    def _lines(self) -> tuple[tuple[float, float, float, float, float], ...]:
        """Every line into the neuron, by w a, from the rim of one sphere to that of the other."""
        seen = self.loop.session.seen
        node, j = seen.topology.locate(self.neuron)
        before = seen.topology.by_name[node.inputs[0]].neurons
        a_i = seen.ops.to_host(which.settled(seen, "activation"))[before.slice]
        w_i = node.weight.view(seen.ops.to_host(which.settled(seen, "parameter")))[j]
        share_i = a_i * w_i / max(float(np.abs(a_i * w_i).max()), 1e-30)
        order = np.argsort(np.abs(share_i), kind="stable")[-MOST_LINES:]
        x, y, reach = (np.array(v) for v in self.loop.stage.seen(np.append(before.start + order, self.neuron)))
        from_n2 = np.stack([x[:-1], y[:-1]], 1)
        way_n2 = np.array([x[-1], y[-1]]) - from_n2
        unit_n2 = way_n2 / np.maximum(np.linalg.norm(way_n2, axis=1, keepdims=True), 1e-6)
        start, end = from_n2 + unit_n2 * reach[:-1, None], from_n2 + way_n2 - unit_n2 * reach[-1]
        return tuple(map(tuple, np.column_stack([start, end, share_i[order]]).tolist()))

    def _there(self) -> bool:
        """Whether what the step speaks of is still on the stage: the visitor may have made another network."""
        topology = self.loop.session.source.topology
        return (
            self.neuron < topology.n_neurons
            and self.edge < topology.n_parameters
            and len(topology.nodes) == len(self.tour.scene.network.layers) + 2
        )
