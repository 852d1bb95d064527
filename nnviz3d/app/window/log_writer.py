"""A session's inputs: everything that decides what is shown, kept while it happens, so that the session can be rendered again.

What a person does is an event with its training step; what time does by itself (training, a walk that plays, the camera) is kept as
samples, as few as tell it. Bounded: where there are too many, old noise is thinned, and past that the rest is not kept. A guided tour has a
session of its own and is not kept, nor is a recording that is played. The file is `spec.session_log`; `log_player` plays it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

import nnviz3d
from nnviz3d.app.session import lit
from nnviz3d.app.window.actions import view
from nnviz3d.app.window.line_compression import LineCompressor, Sample
from nnviz3d.app.window.packed_events import Packed
from nnviz3d.spec import session_log
from nnviz3d.spec.commands import COMMANDS
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Command
from nnviz3d.spec.session_log import Event, Timeline
from nnviz3d.spec.topology import EdgeRef

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop

MOST = 200_000  # events: at most 8 MB
STEP_EVERY = 0.1  # seconds between two samples of a training run, and how much earlier or later a step may come than it did
SMALL = 2e-4  # a camera's error that nobody sees: half a pixel of 2160 rows


class LogWriter:
    """Of the loop's session as it is now. `time`: seconds that it has been on screen. `full`: what follows is not kept any more."""

    def __init__(self, loop: Loop):
        self.loop, self.session = loop, loop.session
        session, learner = self.session, self.session.source.learner
        remember = 0 if learner is None else learner.remember
        self._head = Timeline(session.scene, Path(session.base).resolve(), (), session.name[:200], 0.0, remember, session.running)
        self.time, self.full = 0.0, False
        self.events = Packed()
        self._pose, self._place, self._run = LineCompressor(), LineCompressor(), LineCompressor()
        self._posed = self._placed = -1.0  # times of their newest samples
        self._seen = self._window = self._playing = None
        self._asked: dict[str, list] = {}
        self._loose, self._diverged = False, (None, None)
        self._marked = (-1.0, -1, session.running)  # time, step, running
        self._mark()

    @property
    def on(self) -> bool:
        """Whether the session is kept: not during a tour, which is another one, and not where a recording is played."""
        return self.loop.session is self.session and self.session.source.learner is not None

    @property
    def step(self) -> int:
        return self.session.leader.step

    def advance(self, dt: float) -> None:
        """A frame begins."""
        if self.on:
            self.time += dt

    # ------------------------------------------------------------ what a person does

    def edits(self, edits: Iterable[Edit], held: bool = False) -> None:
        """Before they are applied: half a step is finished first where they concern the network, so that the order is reported exactly."""
        rows = [[edit.path, _json(edit.value), list(edit.origins) if edit.origins is not None else None] for edit in edits]
        if rows and self.on:
            if not all(row[0].startswith(session_log.VIEW) for row in rows):
                self.session.settle()
            self._act("edit", rows, held=held, now=self.loop.now)

    def command(self, command: Command) -> None:
        """Before it is done."""
        name, kind = command.name, COMMANDS[command.name]
        if not self.on:
            return
        if kind.log == "as an edit":
            return self.edits(view.edits_of(self.loop, command))
        if self._along(command):
            return  # where it led to is kept after it was done
        elsewhere = name in ("undo", "redo") and self.session.history.elsewhere(name == "redo") is not None
        if kind.log != "as it is" or elsewhere:  # to another session, of which this one knows nothing
            return
        if kind.settles:
            self.session.settle()
        held = kind.by_hand and self.loop.answer.editing
        self._act("do", _json(command.value), name, held, self.loop.now if kind.by_hand else 0.0)

    def done(self, command: Command) -> None:
        """After it was done."""
        if self.on and COMMANDS[command.name].log == "as the sample shown":
            if command.name == "browse_cell":
                self._act("do", name="walk_leave")
            self._act("do", self._sample(), "show_sample")
        walking = self.session.walking
        if self.on and walking is not None and self._along(command):
            self._act("do", walking.number, "walk_to")

    def _along(self, command: Command) -> bool:
        """Whether it leads along the line of a walk, which depends on what the picture has folded: a film of another shape may not."""
        by_phase = command.name == "move" and command.value[0] in ("phase", "layer")
        return self.session.walking is not None and (by_phase or command.name == "walk_by")

    def weights(self, path: Path) -> None:
        """Before a file's weights are put into the network."""
        if self.on:
            self.session.settle()
            self._act("weights", str(Path(path).resolve()))

    def let_go(self) -> None:
        """Nothing is dragged any more."""
        self._loose = True

    def _act(self, kind: str, value: Any = None, name: str = "", held: bool = False, now: float = 0.0) -> None:
        self._flush_run()
        self._flush_place()
        self._look_for_divergence()
        if self._keep(Event(self.time, kind, value, self.step, name, now, held, self._loose)):
            self._loose = False
            self._marked = self.time, self.step, self.session.running

    # ------------------------------------------------------------ what time does

    def look(self, panel: float) -> None:
        """Once a frame, when it is settled what it shows. `panel`: share of the width that the dock covers."""
        if not self.on:
            return
        session, stage = self.session, self.loop.stage
        since, step, running = self._marked
        if running != session.running:
            self._mark()
        elif self.step != step and self.time - since >= STEP_EVERY:
            self._sample_run(abs(self.step - step) / (self.time - since))
        self._walk()
        pose = stage.pose
        values = (*pose.target, pose.yaw, pose.pitch, pose.distance, *pose.shift)
        far = pose.distance * SMALL
        if self.time > self._posed:
            self._posed = self.time
            self._poses(self._pose.add(self.time, values, (far, far, far, SMALL, SMALL, far, SMALL, SMALL)))
        pointer = stage.pointer
        chosen = pointer.chosen if pointer.chosen_edge is None else _edge(pointer.chosen_edge)
        seen = [pointer.picked, pointer.hovered, chosen, _edge(pointer.hovered_edge), pointer.layer]
        if seen != self._seen:
            self._seen = seen
            self._keep(Event(self.time, "seen", seen))
        asked = lit.asked(session)
        if asked != self._asked:
            self._asked = asked
            self._keep(Event(self.time, "asked", _json(asked)))
        window = [*stage.viewport.host.size, round(min(panel, 1.0), 4), round(stage.camera.room, 4)]
        if window != self._window:
            self._window = window
            self._keep(Event(self.time, "window", window))

    def before_time(self) -> tuple:
        """What `after_time` compares with."""
        walking = self.session.walking
        return walking, walking and walking.walk.step, self._sample(), self.step

    def after_time(self, before: tuple) -> None:
        """What time has done by itself in this frame: the next step of a walk that goes on, the next sample of `view.follow`."""
        if not self.on:
            return
        self._look_for_divergence()
        walking, walked, sample, step = before
        if walking is not None and self.session.walking is walking and walking.walk.step != walked:
            self._flush_run()
            self._flush_place()
            self._keep(Event(self.time, "do", None, step, "walk"))
        elif walking is None and self.session.walking is None and self._sample() != sample:
            self._flush_run()
            self._keep(Event(self.time, "do", self._sample(), self.step, "show_sample"))

    def _look_for_divergence(self) -> None:
        """A step that could not be taken leaves the number of steps as it was."""
        session = self.session
        now = session.source.diverged, session.second and session.second.source.diverged
        for network, (was, step) in enumerate(zip(self._diverged, now, strict=True)):
            if step is not None and step != was:
                self._flush_run()
                self._keep(Event(self.time, "diverged", [network, step], self.step))
        self._diverged = now

    def _sample(self) -> int:
        walking = self.session.walking
        return int(self.session.source.sample.index if walking is None else walking.walk.shown)

    def _mark(self) -> None:
        self._flush_run()
        self._keep(Event(self.time, "step", None, self.step))
        self._marked = self.time, self.step, self.session.running

    def _sample_run(self, rate: float) -> None:
        """How far the run has come, at `rate` steps a second: steps that follow each other evenly are kept as the first and the last."""
        for time, (step,) in self._run.add(self.time, (self.step,), (rate * STEP_EVERY,)):
            self._keep(Event(time, "step", None, int(step)))
        self._marked = self.time, self.step, self.session.running

    def _flush_run(self) -> None:
        for time, (step,) in self._run.flush():
            self._keep(Event(time, "step", None, int(step)))

    def _walk(self) -> None:
        """The place of a walk that plays; where it rests, commands have said where."""
        walking = self.session.walking
        playing = walking is not None and walking.playing
        if walking is not None and playing and self.time > self._placed:
            self._placed = self.time
            for time, (number,) in self._place.add(self.time, (walking.number,), (1e-4,)):
                self._keep(Event(time, "place", [number, True], self.step))
        elif self._playing and not playing:
            self._flush_place()
            if walking is not None:
                self._keep(Event(self.time, "place", [walking.number, False], self.step))
        self._playing = playing

    def _flush_place(self) -> None:
        for time, (number,) in self._place.flush():
            self._keep(Event(time, "place", [number, True], self.step))

    def _poses(self, samples: Iterable[Sample]) -> None:
        for time, values in samples:
            self._keep(Event(time, "pose", [round(float(v), 6) for v in values]))

    def _keep(self, event: Event) -> bool:
        """What a timeline cannot hold (a number that is not finite) has changed nothing either: it became a banner."""
        if len(self.events) >= MOST:
            self.events = Packed(thinned(list(self.events)))
            self.full = self.full or len(self.events) > 0.9 * MOST
        if self.full or session_log.problem(event):
            return False
        self.events.append(event)
        return True

    # ------------------------------------------------------------ the file

    def timeline(self, begin: float = 0.0) -> Timeline:
        """All of it until now. Half a step is finished, so that the end is exact."""
        self.session.settle()
        self._flush_place()
        if (walking := self.session.walking) is not None:  # it has gone on since it was drawn
            self._keep(Event(self.time, "place", [walking.number, walking.playing], self.step))
        self._poses(self._pose.flush())
        self._mark()
        events = sorted(self.events, key=lambda event: event.time)  # a sample is kept after its time: the order of equal times stays
        versions = {"nnviz3d": nnviz3d.__version__, "python": platform.python_version(), "numpy": np.__version__}
        versions |= {"backend": self.session.ops.name, "renderer": self.loop.host.context.renderer}
        return replace(self._head, events=tuple(events), begin=begin, versions=versions)

    def save(self, path: Path, begin: float = 0.0) -> Path:
        """`begin`: where a film of it begins. Raises InputError where it cannot be written."""
        if self.session.source.playback is not None:
            raise InputError.of("", "", "Playing a recording cannot be saved as a timeline: `nnviz3d record` films the recording itself.")
        if self.session.source.learner is None:
            raise InputError.of("", "", self.session.source.reasons.export)
        if not self.on:
            raise InputError.of("", "", "A guided tour cannot be saved as a timeline: leave the tour first.")
        session_log.save(path, self.timeline(begin))
        return path


def _edge(edge: EdgeRef | None) -> list[int] | int:
    return -1 if edge is None else [edge.connection, edge.local]


def _json(value: Any) -> Any:
    """Only what JSON knows: layers become tables, numpy numbers plain ones."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_json(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def thinned(events: list[Event]) -> list[Event]:
    """Without noise: of samples in the older half every second one goes, of a drag only its ends stay."""
    half, drags, acts = events[len(events) // 2].time, [], []
    for k, event in enumerate(events):
        drags.append(_drag(event))
        if event.kind in session_log.ACTS:
            acts.append(k)
    inner = {b for a, b, c in zip(acts, acts[1:], acts[2:], strict=False) if drags[b] and drags[a] == drags[b] == drags[c]}
    out: list[Event] = []
    odd: dict[str, bool] = dict.fromkeys(("pose", "step", "seen"), False)
    for k, event in enumerate(events):
        if event.kind in odd and event.time < half:
            odd[event.kind] = not odd[event.kind]
        if k not in inner and not (event.time < half and odd.get(event.kind)):
            out.append(event)
    return out


def _drag(event: Event) -> tuple:
    """What a continued drag has in common (no step is taken meanwhile); () for all else."""
    if event.kind == "do" and event.name == "walk_to":
        return "walk_to", event.step
    if event.kind == "do" and event.name in ("draw", "prompt"):
        return event.name, event.step
    if event.kind == "do" and event.name == "set_parameter" and event.held and not event.loose:
        return "set_parameter", event.value[0], event.step
    if event.kind == "edit" and event.held and not event.loose:
        return "edit", tuple(row[0] for row in event.value), event.step
    return ()
