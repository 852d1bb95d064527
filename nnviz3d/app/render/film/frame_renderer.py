"""A moment of a film as an array. Owns a session, a stage, an overlay and a canvas; knows nothing of files.

Frames are asked for in rising order; those in between cost their training, not their picture.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from nnviz3d.app.readout import build
from nnviz3d.app.render.film import log_player, shot_player
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.player_protocol import Cue, Play
from nnviz3d.app.session import opening, scene_files
from nnviz3d.app.session.session import Session
from nnviz3d.app.view.stage import Stage
from nnviz3d.draw.offscreen import ROUNDS, Canvas
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.film_titles import Titles
from nnviz3d.ui.overlay import Overlay

READABLE = 0.7  # of the usual size of letters: in a small film they are larger beside the network
KEPT = 2  # rounds of imgui a frame with panels: they keep where they are from frame to frame, and every frame is gone through
SETTLED = 5  # without them, at most: a card that comes is as large as it must be in its first frame, whichever frame was rendered before


def open_session(job: Job) -> Session:
    """The session of a job, at its beginning. Raises InputError with all that its shots cannot do."""
    if job.replays:
        return opening.session_of(log_player.load(job.session_log, job.scene.look.quality), job.backend)
    session = opening.Opened(job.scene, job.base, None, opening.recording(job.origin)).session(job.backend)
    if job.init is not None:
        scene_files.load_weights(session, job.init)
    problems = shot_player.check(job.scene, session, "scene")
    if problems:
        raise InputError(*problems)
    return session


class FrameRenderer:
    """`with FrameRenderer(job) as renderer: image = renderer.frame(number)`. Raises RunError without OpenGL."""

    def __init__(self, job: Job, session: Session | None = None):
        """`session`: of `open_session`, where it is there already."""
        self.job, record = job, job.scene.record
        self.session = session or open_session(job)
        self.host = open_host(64, 64, headless=True)  # a context; what is drawn into is the canvas
        try:
            size, depth = (record.width, record.height), job.kind.codec.depth
            self.canvas = Canvas(self.host, size, record.ssaa, record.transparent, depth)
            self.stage = Stage(self.canvas, self.session)
            self.overlay = Overlay(max(min(record.height, record.width * 0.75) / 640, READABLE))
            self.stage.viewport.text, self.overlay.memory.hint = self.overlay.scale, False
            self._play: Play | None = None
            self._last, self._fresh = -1, True
        except BaseException:
            self.host.close()
            raise

    @property
    def renderer(self) -> str:
        return self.host.context.renderer

    @property
    def play(self) -> Play:
        if self._play is None:
            self._play = self._opened()
        return self._play

    def _opened(self) -> Play:
        """The play, once the panels have their place: the camera frames what they leave free."""
        record = self.job.scene.record
        if self.job.replays:
            kept = log_player.load(self.job.session_log, self.job.scene.look.quality)
            play = log_player.Replay(self.session, kept, ui=record.ui, aspect=record.width / record.height)
            play.show_on(self.stage)
            return play
        if record.ui:
            self.session.refresh()
            self.stage.prepare(0.0, self.stage.camera.rig.pose, exact=True)
            self.canvas.rehearse(lambda: self._overlay(Cue(0.0, self.stage.camera.rig.pose), 0), rounds=2)
            self.stage.camera.make_way(self.overlay.free)
            self.stage.camera.rig.jump(self.stage.camera.rig.goal)
        return shot_player.Director(self.session, self.stage, record)

    def frame(self, number: int) -> np.ndarray:
        """Frame `number` of the film, later than those before: (H, W, 3|4) as the codec wants it. Raises ValueError going back."""
        if number <= self._last:
            raise ValueError(f"frame {number} comes before frame {self._last}, which is already drawn")
        record = self.job.scene.record
        if record.ui:  # panels open, scroll and settle from frame to frame
            for skipped in range(self._last + 1, number):
                cue = self._prepare(skipped, 0.0)
                self.canvas.rehearse(lambda cue=cue, k=skipped: self._overlay(cue, k), float(1 / record.rate), self._rounds)
                self._last = skipped
        self.canvas.begin()
        for k in range(record.motion_blur):
            cue = self._prepare(number, record.shutter * k / record.motion_blur)
            self.canvas.add(self.stage)
        rounds, self._last = self._rounds, number
        return self.canvas.finish(lambda: self._overlay(cue, number), float(1 / record.rate), rounds)

    @property
    def _rounds(self) -> int:
        self._fresh = self._last < 0
        return ROUNDS if self._fresh else KEPT if self.job.scene.record.ui else SETTLED

    def _prepare(self, number: int, share: float) -> Cue:
        """The stage as it is when this share of the frame's time has passed."""
        record, stage = self.job.scene.record, self.stage
        cue = self.play.seek((number + share) * record.rate.denominator / record.rate.numerator)
        stage.time = cue.time
        self.session.refresh()
        stage.prepare(0.0, cue.pose, exact=True, transparent=record.transparent)
        return cue

    def _overlay(self, cue: Cue, number: int) -> bool:
        """Inside a frame of imgui. Whether it needs another one to know its sizes."""
        stage, session, record = self.stage, self.session, self.job.scene.record
        titles = Titles(cue.caption, cue.fade, self._burned(number) if record.burn_in else "", cue.equation, cue.chart)
        readout = build.readout(session, stage.reading(), build.Surroundings(titles=titles))
        self.overlay.draw(session.scene, readout, self.canvas.size, float(1 / record.rate), compact=not record.ui)
        return record.ui or self._fresh or not self.overlay.settled

    def _burned(self, number: int) -> str:
        fps, scene = ceil(self.job.scene.record.rate), self.job.scene  # a time code counts whole frames a second
        seconds, frame = divmod(number, fps)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:0{len(str(fps - 1))}d}"
        return f"frame {number:,}   {clock}   step {self.session.source.step:,}   seed {scene.train.seed}   {scene.title}"

    def close(self) -> None:
        self.canvas.close()
        self.stage.close()
        self.host.close()

    def __enter__(self) -> FrameRenderer:
        return self

    def __exit__(self, *_) -> None:
        self.close()
