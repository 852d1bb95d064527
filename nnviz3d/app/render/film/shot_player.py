"""The director: plays the shots of a scene file. What is true at a moment depends on the moment alone, not on the frames that were drawn.

So any frame can be reached from the beginning, at any rate, and a film can be made in pieces. The test set is looked at on a grid of film
time, settings change when their shot begins, and the camera follows a rail through the shot's key frames (`draw.camera_path`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from math import inf, radians

import numpy as np

from nnviz3d.app.probes import selectors
from nnviz3d.app.readout import placeholders as telling
from nnviz3d.app.render.film.player_protocol import Cue
from nnviz3d.app.session.session import Session
from nnviz3d.app.view.stage import CARDS, Stage
from nnviz3d.draw import camera
from nnviz3d.draw.camera_path import Rail
from nnviz3d.spec import i18n, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.film import Key, Record, Shot
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import FreeArea
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.ui.hud import film_overlay

TICKS, LOOKS = 24, 6  # moments a second at which the loss is noted in the curves; every so many of them the test set is looked at
TESTED = 100_000  # samples of such a look at most
FADE, ARRIVE = 0.4, 0.8  # seconds in which a caption comes and goes; in which the camera makes room for an equation


class Director:
    """A `Play` over a session that stands at its beginning, and the stage that it is seen on. `check` the shots first."""

    def __init__(self, session: Session, stage: Stage, film: Record):
        self.session, self.stage, self.film = session, stage, film
        self._shots = film.shots
        self._starts = [0.0, *accumulate(shot.seconds for shot in self._shots)]
        self._number = -1  # of the shot that has begun
        self._rail = Rail([0.0], [stage.camera.rig.goal])
        self._pose = stage.camera.rig.goal
        self._tick = -1  # the last one that has passed
        self._walked = 0.0  # where the walk of the last `iterate` ended
        self._before = 0  # steps done when the shot began
        self._neuron = -1
        self._free = stage.camera.free
        session.run(film.begin)
        session.evaluate(TESTED)

    @property
    def seconds(self) -> float:
        return self._starts[-1]

    def seek(self, time: float) -> Cue:
        """The moment `time` seconds after the beginning; before it the beginning, after the end the end."""
        time = min(max(time, 0.0), self.seconds)
        while (border := self._next_border()) <= time:
            self._go(border)
        self._go(time)
        self.stage.film_to(time)
        shot, local = self._shots[self._number], time - self._starts[self._number]
        fade = self._faded("caption", local, 0.0)
        equation = self._faded("equation", local, ARRIVE) if shot.equation and not self.film.ui else 0.0
        chart = self._faded("chart", local, ARRIVE) if shot.chart and not self.film.ui else 0.0
        self.stage.pointer.pick(self._neuron)
        return Cue(time, self._rail.at(local), self._caption(shot), fade, self._neuron, equation, chart)

    def _faded(self, what: str, local: float, wait: float) -> float:
        """How much of a title is there: it comes and goes with its shot, and stays where the neighbouring shot has the same.

        `wait`: seconds before it comes, while the camera makes room for it.
        """
        shot, shares = self._shots[self._number], [1.0]
        for by, passed in ((-1, local - wait), (1, shot.seconds - local)):
            other = self._number + by
            if not 0 <= other < len(self._shots) or getattr(self._shots[other], what) != getattr(shot, what):
                shares.append(passed / FADE)
        return min(max(min(shares), 0.0), 1.0)

    def _next_border(self) -> float:
        """The next moment at which something happens once: a shot begins, or the test set is looked at."""
        shot = self._starts[self._number + 1] if self._number + 1 < len(self._shots) else inf
        return min(shot, (self._tick + 1) / TICKS)

    def _go(self, time: float) -> None:
        number = min(bisect_right(self._starts, time) - 1, len(self._shots) - 1)
        while self._number < number:
            if self._number >= 0:
                self._perform(1.0)
                self._pose = self._rail.at(self._shots[self._number].seconds)
            self._number += 1
            self._begin(self._shots[self._number])
        self._perform((time - self._starts[number]) / self._shots[number].seconds)
        if time >= (self._tick + 1) / TICKS:
            self._tick += 1
            self._note(self._tick)

    def _note(self, tick: int) -> None:
        """What charts and captions tell of the run, at fixed moments of the film."""
        session = self.session
        if session.running and session.player is None:  # a recording has its curves
            session.curves.add_train(session.source.step, session.source.loss)
        if tick % LOOKS == 0 and session.even and session.scoring.step != session.source.step:
            session.evaluate(TESTED)

    # ---------------------------------------------------------------- a shot

    def _begin(self, shot: Shot) -> None:
        session, start = self.session, self._starts[self._number]
        self.stage.film_to(start)
        if shot.set:
            session.change([Edit(path, value) for path, value in shot.set.items()])
            self.stage.film_to(start)
            if not self._number:  # a film begins with what is open, not with its opening
                self.stage.view.picture.arrive(1.0)
        if shot.does == "train":
            session.leave_walk()
        elif shot.does == "iterate":
            self._walk(shot)
        session.running = shot.does == "train"
        self._before = session.source.step
        if shot.sample >= 0:
            session.show_sample(shot.sample)
        session.refresh()
        self._neuron = selectors.neuron(session.seen, shot.highlight)
        stage, written = self.stage, shot.equation and not self.film.ui  # else the panel tells of it
        stage.camera.free = self._left_free(shot, written)
        stage.show_cards(CARDS - {"table"} if written else CARDS)
        self._rail = self._rail_of(shot)

    def _left_free(self, shot: Shot, written: bool) -> FreeArea:
        """The part of the frame that titles leave to the network. `written`: an equation stands beside it."""
        (width, height), text = self.stage.viewport.size, self.stage.viewport.text
        right, bottom = film_overlay.room(width, height, text) if written else (self._free.right, self._free.bottom)
        return FreeArea(right, bottom, film_overlay.head(height, text) if shot.chart and not self.film.ui else 0.0)

    def _walk(self, shot: Shot) -> None:
        """Go on in the step that the shot before walked through, or take the next one."""
        session = self.session
        start = Place.parse(shot.start, session.source.topology).number
        if session.walking is None or start < self._walked:
            session.start_walk()
        if session.walking is not None:  # a network that has diverged takes no more steps
            session.walking.playing = False
            session.walking.show_gradient(shot.mean)
        self._walked = Place.parse(shot.end, session.source.topology).number

    def _perform(self, share: float) -> None:
        """What the network has done after this share of the shot."""
        session, shot = self.session, self._shots[self._number]
        if shot.does == "train":
            session.run_to(self._before + round(shot.steps * share**shot.slow_first))
        elif shot.does == "iterate" and session.walking is not None:
            start, end = (Place.parse(text, session.source.topology).number for text in (shot.start, shot.end))
            session.walking.walk.go(start + (end - start) * share)
        if shot.samples > 1:
            first = shot.sample if shot.sample >= 0 else session.scene.view.sample
            self._show(first + min(int(share * shot.samples), shot.samples - 1))

    def _show(self, sample: int) -> None:
        """Not by `show_sample`: the scene keeps the sample that it began with."""
        if self.session.walking is not None:
            self.session.walking.walk.show_sample(sample)
        else:
            self.session.point_at(sample)

    def _caption(self, shot: Shot) -> str:
        if "{" not in shot.caption:
            return shot.caption
        known = telling.plain_values(self.session, self._neuron)
        return i18n.PLACEHOLDER.sub(lambda found: known.get(found[1], "–"), shot.caption)

    # ---------------------------------------------------------------- the camera

    def _rail_of(self, shot: Shot) -> Rail:
        """From where the camera is to the first key, and on through all of them; without keys it rests."""
        if not shot.camera:
            return Rail([0.0], [self._pose if self._number else self._framed(Key())])
        keys, poses, stops = [key.at for key in shot.camera], [self._framed(key) for key in shot.camera], [key.stop for key in shot.camera]
        if keys[0] > 0:
            keys, poses, stops = [0.0, *keys], [self._pose, *poses], [True, *stops]
        return Rail(keys, poses, stops, shot.constant_speed)

    def _framed(self, key: Key) -> camera.Pose:
        stage, session = self.stage, self.session
        boxes = None if not key.focus else np.array([self._box(key.focus)])
        name = key.preset or session.scene.view.camera
        yaw, pitch = camera.PRESETS[name]
        free = name if key.yaw is None and key.pitch is None else ""
        direction = radians(yaw if key.yaw is None else key.yaw), radians(pitch if key.pitch is None else key.pitch)
        pose = stage.camera.framed(direction, boxes, free)
        if key.turn:  # from there all of it must be in the frame as well
            pose = stage.camera.framed((pose.yaw + radians(key.turn), pose.pitch), boxes)
        stage.camera.show_all()
        target = pose.target if key.target is None else key.target
        return replace(pose, target=target, distance=(key.distance or pose.distance) / key.zoom)

    def _box(self, focus: str) -> np.ndarray:
        layout = self.stage.view.picture.goal
        if focus.partition(":")[0] in selectors.WORDS or ":" in focus:
            return selectors.neuron_box(layout, selectors.neuron(self.session.seen, focus))
        return selectors.layer_box(layout, selectors.layer(focus, self.session.source.topology))


def check(scene: Scene, session: Session, where: str) -> list[Problem]:
    """What the shots of `scene` cannot do with this session's network and data: every problem, by its key."""
    problems: list[Problem] = []
    topology, classes = session.source.topology, session.source.objective.classes
    output = topology.output
    for k, shot in enumerate(scene.record.shot):

        def wrong(key: str, message: str, k: int = k) -> None:
            problems.append(Problem(where, f"record.shot.{k}.{key}", message))

        for path, value in shot.set.items():
            try:
                scene = toml.apply(scene, [Edit(path, value)])
                session.mode.check(session.scene, scene)
                topology = build_topology(
                    scene.network, topology.input.shape, output.shape[-1], output.activation, input_axes=topology.input.axes
                )
            except InputError as error:
                for problem in error.problems:
                    wrong(f"set.{path}", problem.message)
        if shot.does == "iterate" and session.source.reasons.walk:
            wrong("does", session.source.reasons.walk)
        ends = []
        for key in ("start", "end"):
            try:
                ends.append(Place.parse(getattr(shot, key), topology).number)
            except InputError as error:
                wrong(key, error.problems[0].message)
        if len(ends) == 2 and ends[1] < ends[0]:
            wrong("end", f"{shot.end} comes before {shot.start}; the places in a step must be in forward order")
        named = [("highlight", shot.highlight), *((f"camera.{i}.focus", key.focus) for i, key in enumerate(shot.camera))]
        for key, name in named:
            try:
                if name and (key == "highlight" or ":" in name or name in selectors.WORDS):
                    selectors.check_neuron(name, topology, bool(classes))
                elif name:
                    selectors.layer(name, topology)
            except ValueError as error:
                wrong(key, str(error))
        if shot.equation and not shot.highlight:
            wrong("equation", "needs `highlight`: the neuron whose equation is shown")
        for name in sorted(i18n.placeholders(shot.caption) - telling.CAPTION):
            wrong("caption", f"unknown value {{{name}}}; there are {', '.join(sorted(telling.CAPTION))}")
    return problems
