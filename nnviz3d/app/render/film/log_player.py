"""Plays a timeline file: the session does again what it did in the window, and the camera goes the same way, smoothly.

What happens at a moment depends on the file and the moment alone: every event comes at its own training step, between two events steps
and the place of a walk go evenly, and what a window does "from time to time" (a point of a curve, a look at the test set) is done at fixed
moments. So any rate and any split into ranges gives the same frames, whatever the recording machine's frame rate was; on the same backend
and library versions, parameters are those of the window to the bit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import floor, inf
from pathlib import Path

from nnviz3d.app.render.film.player_protocol import Cue
from nnviz3d.app.session import lit, opening, scene_files, train_loop
from nnviz3d.app.session.actions import ACTIONS
from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.session.session import Session
from nnviz3d.app.training.evaluator import affordable
from nnviz3d.app.view.stage import Stage
from nnviz3d.draw.camera import FLIGHT, Pose, ease
from nnviz3d.draw.camera_path import Rail
from nnviz3d.engine.step_runner import always
from nnviz3d.layers import edge_lookup
from nnviz3d.spec import session_log, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.session_log import ACTS, Event, Timeline
from nnviz3d.spec.topology import EdgeRef

QUALITY = "look.quality"
TICKS, LOOKS = 10, 5  # moments a second at which the loss is noted; every so many of them the test set is looked at


@dataclass(frozen=True)
class Seen(Cue):
    """A cue with what was pointed at: neuron ids, the edge or bias that was chosen, a layer, -1 for none; the edge pointed at or None.

    `highlight` is what was hovered, or else picked; on a stage, which knows the one under the pointer, it is what was picked."""

    picked: int = -1
    hovered: int = -1
    chosen: EdgeRef | int = -1
    edge: EdgeRef | None = None
    layer: int = -1


def open(path: Path, backend: str = "auto", *, ui: bool = False, aspect: float | None = None, quality: str = "") -> tuple[Session, Replay]:
    """The session of a timeline file at its beginning, and what plays it. Raises InputError with every problem of the file.

    `quality`: draw with this one ("high"), whatever it was in the window.
    """
    kept = load(path, quality)
    session = opening.session_of(kept, backend)
    return session, Replay(session, kept, ui=ui, aspect=aspect)


def load(path: Path, quality: str = "") -> Timeline:
    """A timeline as it can be played from here: weights that lay outside of its folder are looked for beside it, under the same name."""
    kept, home = session_log.load(path), Path(path).absolute().parent
    kept = replace(kept, events=tuple(_near(event, home) for event in kept.events))
    if not quality:
        return kept
    return replace(kept, scene=toml.apply(kept.scene, [Edit(QUALITY, quality)]), events=tuple(_without_quality(kept.events)))


def _near(event: Event, home: Path) -> Event:
    if event.kind != "weights" or session_log.inside(home, event.value):
        return event
    return replace(event, value=str(home / Path(event.value).name))


class Replay:
    """A `Play` over the session of a timeline, which stands at its beginning; `show_on` a stage.

    `ui`: panels will be drawn; without them the network moves to the middle of the frame. `aspect`: of the film's frames; where they
    are narrower than what was free in the window, the camera stands back so that nothing is cut off.
    """

    def __init__(self, session: Session, kept: Timeline, *, ui: bool = False, aspect: float | None = None):
        self.session, self.kept, self.ui, self.aspect = session, kept, ui, aspect
        session.running = kept.running
        session.evaluate()
        self._acts = [event for event in kept.events if event.kind in ACTS]
        self._seen, self._windows, self._asked = (_Track(kept.events, kind) for kind in ("seen", "window", "asked"))
        self._rail = _rail([event for event in kept.events if event.kind == "pose"])
        self._places = _next_places(self._acts)
        self._next = 0  # of the acts
        self._from = (0.0, session.leader.step)  # time and step of the last act
        self._tick, self._noted = 0, session.leader.step
        self._walked: tuple[float, float] | None = None  # time and number from which a walk that plays goes on
        self.stage: Stage | None = None

    def show_on(self, stage: Stage) -> None:
        """From now on `seek` brings this stage of the session up to date too, with what is picked, pointed at and chosen."""
        self.stage, self.aspect = stage, stage.viewport.aspect

    @property
    def seconds(self) -> float:
        return self.kept.end - self.kept.begin

    def seek(self, time: float) -> Seen:
        """The moment `time` seconds after the beginning of the film."""
        time = min(max(time, 0.0), self.seconds)
        self._go(self.kept.begin + time if time < self.seconds else self.kept.end)
        now = self.kept.begin + time
        picked, hovered, chosen, edge, layer = self._pointed(now)
        highlight = hovered if hovered >= 0 and self.stage is None else picked
        if self.stage is not None:
            self.stage.film_to(now)
            pointer = self.stage.pointer
            pointer.picked, pointer.hovered, pointer.hovered_edge, pointer.layer = picked, hovered, edge, layer
            pointer.choose(chosen)
            self._light(now)
        return Seen(time, self._pose(now), highlight=highlight, picked=picked, hovered=hovered, chosen=chosen, edge=edge, layer=layer)

    def _light(self, now: float) -> None:
        """What panels of the window had lit up in the picture."""
        event = self._asked.at(now)
        if event is not None and event.time <= now:
            self.session.refresh()
            lit.light(self.session, event.value)

    # ------------------------------------------------------------ the session

    def _go(self, now: float) -> None:
        while True:
            act = self._acts[self._next].time if self._next < len(self._acts) else inf
            tick = (self._tick + 1) / TICKS
            if min(act, tick) > now:
                break
            if act <= tick:
                self._act(self._acts[self._next])
            else:
                self._between(tick)
                self._note()
        self._between(now)

    def _between(self, now: float) -> None:
        """Steps and the place of a walk at a time before the next act."""
        if self._next == len(self._acts):
            return
        after, (start, step) = self._acts[self._next], self._from
        if after.step > step:
            self._train(step + floor((after.step - step) * (now - start) / max(after.time - start, 1e-9)))
        place, walking = self._places[self._next], self.session.walking
        if self._walked is not None and place is not None and walking is not None:
            start, number = self._walked
            share = (now - start) / max(place.time - start, 1e-9)
            walking.walk.go(number + (place.value[0] - number) * min(max(share, 0.0), 1.0))

    def _train(self, step: int) -> None:
        """Up to this step, stopped by what stopped it in the window; what a window trained in spite of that is trained too."""
        session = self.session
        while session.alive and session.walking is None and session.leader.step < step:
            leader = session.leader
            if session.running:
                train_loop.stopped(session, always)
            goal = session.pace.goal.step - leader.step if session.pace.goal is not None else 0
            to_stop = None if leader.learner is None else session.stops.left(leader.learner, session.scene.train)
            ends = [to_stop or step, goal if goal > 0 else step, step - leader.step]
            done = session.trained.run(min(ends))
            session.stop_if_diverged()
            if session.running and not train_loop.stopped(session, always):
                train_loop.reach(session)
            if not done:
                break
        if session.second is not None and session.walking is None:
            session.second.catch_up()

    def _act(self, event: Event) -> None:
        if self.stage is not None:
            self.stage.film_to(event.time)
        self._do(event)
        if self.stage is not None:
            self.stage.film_to(event.time)

    def _do(self, event: Event) -> None:
        self._next += 1
        session = self.session
        self._train(event.step)
        if event.loose:
            session.history.let_go()
        try:
            if event.kind == "edit":
                session.apply([_edit(row) for row in event.value], event.now, event.held)
            elif event.kind == "diverged":
                self._diverge(*event.value)
            elif event.kind == "weights":
                scene_files.load_weights(session, Path(event.value))
            elif event.kind == "place" and session.walking is not None:
                session.walking.walk.go(float(event.value[0]))
                session.walking.playing = event.value[1]
            elif event.kind == "do":
                ACTIONS[event.name](Occasion(session, event.now, event.held), event.value)
        except InputError as error:  # it was a banner in the window too
            session.banner = str(error)
        walking = session.walking
        self._from = event.time, session.leader.step
        self._walked = (event.time, walking.number) if walking is not None and walking.playing else None

    def _diverge(self, network: int, step: int) -> None:
        """Up to the step that cannot be taken."""
        session = self.session
        source = session.second.source if network and session.second else session.source
        if session.walking is None and source.diverged is None:
            source.run(step - source.step)
            session.stop_if_diverged()

    def _note(self) -> None:
        """A tenth of a second has passed: what is noted of the run from time to time."""
        self._tick += 1
        session, dt, step = self.session, 1 / TICKS, self.session.leader.step
        for part in (session.diagnosis, session.confusion, session.layers, session.editing):
            part.pass_time(dt)
        session.pace.measure(dt, max(step - self._noted, 0))
        if session.walking is None:
            if step != self._noted:
                session.curves.add_train(session.source.step, session.source.loss)
            if self._tick % LOOKS == 0 and session.even:
                self._look()
        self._noted = step

    def _look(self) -> None:
        """At loss and accuracy, at as many rows as in a window: while it learns at some, once it rests at all."""
        session = self.session
        learning = session.running and session.alive
        if session.scoring.step != session.source.step if learning else not session.scoring.settled(session.source):
            session.evaluate(affordable(session.source) if learning else None)

    # ------------------------------------------------------------ what is seen of it

    def _pointed(self, now: float) -> tuple[int, int, EdgeRef | int, EdgeRef | None, int]:
        """As long as it is there: the file may speak of another network."""
        event = self._seen.at(now)
        if event is None:
            return -1, -1, -1, None, -1
        topology = self.session.source.topology
        picked, hovered, chosen, edge, layer = event.value
        picked, hovered = (v if v < topology.n_neurons else -1 for v in (picked, hovered))
        chosen, edge = self._edge(chosen), self._edge(edge)
        return picked, hovered, chosen, edge if isinstance(edge, EdgeRef) else None, layer if layer < len(topology.nodes) else -1

    def _edge(self, value: list[int] | int) -> EdgeRef | int:
        """An edge as a timeline has it: [connection, edge inside it], or in older ones its parameter; of a bias the parameter; or -1."""
        topology = self.session.source.topology
        if isinstance(value, int):
            return (edge_lookup.edge_of(topology, value) or value) if value < topology.n_parameters else -1
        edge = EdgeRef(*value)
        return edge if edge_lookup.exists(topology, edge) else -1

    def _pose(self, now: float) -> Pose:
        pose = self._rail.at(now) if self._rail is not None else Pose()
        window = self._windows.at(now)
        if window is None:
            return pose
        width, height, panel, _table = window.value
        free = width / height * (1 if self.ui else 1 - panel)
        if not self.ui:
            pose = replace(pose, shift=(pose.shift[0] * self._table_share(now), pose.shift[1]))
        far = max(free / self.aspect, 1.0) if self.aspect else 1.0
        return replace(pose, distance=pose.distance * far)

    def _table_share(self, now: float) -> float:
        """How much of the shift makes room for a table and not for panels; changes as the camera flies."""
        event, before = self._windows.at(now), self._windows.before(now)
        if event is None:
            return 0.0
        new, old = (each.value[3] / max(each.value[2] + each.value[3], 1e-9) for each in (event, before or event))
        return old + (new - old) * ease((now - event.time) / FLIGHT)


class _Track:
    """Events of one kind, each true until the next."""

    def __init__(self, events: Iterable[Event], kind: str):
        self._events = [event for event in events if event.kind == kind]
        self._times = [event.time for event in self._events]

    def at(self, now: float) -> Event | None:
        k = bisect_right(self._times, now)
        return self._events[max(k - 1, 0)] if self._events else None

    def before(self, now: float) -> Event | None:
        k = bisect_right(self._times, now)
        return self._events[k - 2] if k > 1 else None


def _edit(row: list) -> Edit:
    path, value, origins = row
    return Edit(path, value, None if origins is None else tuple(origins))


def _without_quality(events: Iterable[Event]) -> Iterator[Event]:
    """No edit of the quality any more; the event stays, for its step."""
    for event in events:
        rows = [row for row in event.value if row[0] != QUALITY] if event.kind == "edit" else None
        yield event if rows is None else replace(event, value=rows) if rows else Event(event.time, "step", None, event.step)


def _rail(events: list[Event]) -> Rail | None:
    times, poses = [], []
    for event in events:
        if not times or event.time > times[-1]:
            x, y, z, yaw, pitch, distance, *shift = event.value
            times.append(event.time)
            poses.append(Pose((x, y, z), yaw, pitch, distance, tuple(shift)))
    return Rail(times, poses) if times else None


def _next_places(acts: list[Event]) -> list[Event | None]:
    """For each act the place that a walk goes to before it, where nothing else is done to the walk until then."""
    out: list[Event | None] = []
    place = None
    for event in reversed(acts):
        place = event if event.kind == "place" else place if event.kind in ("edit", "step") else None
        out.append(place)
    return out[::-1]
