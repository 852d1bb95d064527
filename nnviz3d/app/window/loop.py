"""One frame, the same in a window and headless:

poll -> apply the answers of the last frame -> publish -> overlay -> draw -> train while the rasteriser works -> present

- poll: the window's events; files that were dropped, the file dialog, the wish to close.
- apply: edits, what was done on the stage, commands, all as the overlay handed them back one frame ago; then what they rebuild.
- publish: the session brings the shown sample up to the newest step, the stage reads it into a `ViewState` and uploads what changed.
  From here to the end of the frame nothing that is drawn changes.
- overlay: panels are laid out from a `Readout` and hand back an `Answer`, for the next frame.
- draw: OpenGL calls only, the network and then the overlay; they are handed over, nobody waits for them.
- train: steps of the network while the rasteriser draws the step before; a live film takes its pixels.
- present: wait for the picture, and show it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np

from nnviz3d.app.readout import build
from nnviz3d.app.render import image_files
from nnviz3d.app.render.still_render import draw_enlarged
from nnviz3d.app.session.run_archive import Elsewhere
from nnviz3d.app.session.session import Session
from nnviz3d.app.tour.controller import TourController
from nnviz3d.app.training.pace import LEAST_TRAINING, TrainingBudget
from nnviz3d.app.view.stage import Stage
from nnviz3d.app.window import file_drop
from nnviz3d.app.window.actions import ACTIONS
from nnviz3d.app.window.dialogs import Dialogs
from nnviz3d.app.window.frame_timing import Meter
from nnviz3d.app.window.live_capture import Capture
from nnviz3d.app.window.log_writer import LogWriter
from nnviz3d.app.window.personal_settings import Personal
from nnviz3d.gfx.hosts import Host
from nnviz3d.gfx.program import Program
from nnviz3d.spec.commands import COMMANDS
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.readout import Answer, Command, FreeArea, Readout
from nnviz3d.ui.hud.free_area import free_area
from nnviz3d.ui.overlay import Overlay

SOFTWARE_FRAME_MS = 31.0  # what a CPU that also rasterises can hold
TOAST_SECONDS = 3.5
WARNED = 2  # frames: the second is on the screen for sure


class Loop:
    """Composes host, session, stage and overlay. `frame()` runs one; `run()` until closed."""

    def __init__(self, host: Host, session: Session, play: bool = True, personal: Personal | None = None):
        self.host, self.session = host, session
        self.personal = personal or Personal()
        session.personalise = self.personal.personalise
        host.text_size = self.personal.settings.text_size
        self.stage = Stage(host, session, beside=True)
        self.overlay = Overlay(host.pixel_ratio)
        self.overlay.memory.dock_width = self.personal.settings.panel_width
        session.banner = session.banner or self.personal.notice
        self.meter = Meter()
        self.answer = Answer(free=self._free())
        self.toast, self._toast_left = "", 0.0
        self.frame_ms = SOFTWARE_FRAME_MS if host.context.software else 1000 / 60
        self.stage.governor.target_ms = self.frame_ms * 0.97
        session.running = play and not session.source.reasons.play
        self._titled, self.wants_picture = "", False
        self.wants_still: tuple[int, int] | None = None  # its size
        self._warned = 0  # frames that have shown that the window is going to wait
        self.dialogs = Dialogs(host)
        self.now = 0.0
        self.tour = TourController(self)
        self.log, self.capture = LogWriter(self), Capture(self)
        self.budget = TrainingBudget()

    # ---------------------------------------------------------------- one frame

    def frame(self, dt: float) -> None:
        """`dt`: seconds since the last frame."""
        self.now += dt
        self.log.advance(dt)
        with self.meter("poll"):
            self.host.poll()
            self._poll()
        if min(self.host.size) < 1:  # minimised: training goes on, nothing is drawn
            self._advance(dt, 20.0)
            self.meter.end_frame()
            return
        with self.meter("apply"):
            self._apply(self.answer, dt)
            self.stage.rebuild(self.session.take_rebuild())
            self.tour.advance(dt)
        with self.meter("publish"):
            self.session.refresh(gradually=True)
            self.stage.prepare(dt)
            self.log.look(self.overlay.free.right)
        with self.meter("overlay"):
            self._overlay(dt)
        with self.meter("draw"):
            self.stage.render()
            self.capture.before_overlay()
            self.host.end_overlay(self.capture.before_front())
        with self.meter("train"):
            self._advance(dt, self.budget.give(self.frame_ms))
        with self.meter("capture"):
            self.capture.advance()
        if self.wants_picture:
            self._save_picture()
        with self.meter("present"):
            self.stage.renderer.timers.collect()
            self.host.present()
        self._govern(self.meter.end_frame())
        self._warned = self._warned + 1 if self.wants_still else 0
        if self.wants_still is not None and self._warned == WARNED:
            self._save_still(self.wants_still)

    def picture_at_rest(self) -> np.ndarray:
        """The moment once more, with panels, as (H, W, 3) uint8: after a swap a window's back buffer holds nothing. Training rests."""
        self.session.settle()
        self.session.mode.finish()
        self.session.rest()
        if self.session.walking is None:
            self.session.evaluate()  # at rest the scores are of this very step
        self.stage.rebuild(self.session.take_rebuild())  # a watched loop may have brought another network
        self.session.refresh()
        self.stage.draw(0.0)
        self._overlay(1e-3)
        self.host.end_overlay()
        return self.host.read()

    def _advance(self, dt: float, ms: float) -> None:
        before = self.log.before_time()
        self.session.point_out(self.stage.pointer.hovered)
        self.session.advance(dt, self._until(ms))
        self.log.after_time(before)

    @staticmethod
    def _until(ms: float) -> Callable[[], bool]:
        end = perf_counter() + ms * 1e-3
        return lambda: perf_counter() < end

    def _govern(self, frame_ms: float) -> None:
        """Tell the governor what this frame cost. Behind vsync the frame's length says nothing, so there the GPU's own time counts."""
        train = self.meter.of("train")
        self.budget.spent(frame_ms, train)
        if self.host.context.software:
            work = frame_ms - max(train - LEAST_TRAINING, 0.0)
        else:
            work = max(sum(self.stage.renderer.timers.ms.values()), self.meter.of("apply", "publish", "overlay", "draw"))
        self.stage.governor.observe(min(work, 200.0))

    def _overlay(self, dt: float) -> None:
        self._toast_left -= dt
        readout = self.readout()
        Program.draws = 0
        self._title()
        self.host.begin_overlay(dt)
        typed = self.host.keyboard and self.host.keyboard.take()
        self.answer = self.overlay.draw(self.personal.coloured(self.session.scene), readout, self.host.display_size, dt, typed=typed)

    def readout(self) -> Readout:
        """What the overlay is given: of the frame that was prepared last."""
        performance = self.meter.performance(
            self.stage.renderer.timers.ms,
            renderer=self.host.context.renderer,
            backend=self.session.ops.why,
            quality=self.stage.view.frame.level.name,
            resolution_scale=self.stage.view.frame.level.scale,
            draw_calls=Program.draws,
        )
        around = build.Surroundings(
            performance=performance,
            settings=self.personal.settings,
            toast=self.toast if self._toast_left > 0 else "",
            question=self.dialogs.question,
            tour=self.tour.reading(),
            capture=self.capture.reading(),
        )
        return build.readout(self.session, self.stage.reading(), around)

    def _title(self) -> None:
        """What the window's list of windows should say."""
        session = self.session
        title = f"nnviz3d: {session.scene.title or session.name}{'' if session.running else ' (paused)'}"
        if title != self._titled:
            self.host.title = self._titled = title

    # ---------------------------------------------------------------- what a person asked for

    def _apply(self, answer: Answer, dt: float) -> None:
        self.log.edits(answer.edits, answer.editing)
        self.session.apply(answer.edits, self.now, answer.editing)
        self.session.wants = answer.wants
        if not answer.editing:
            self.session.history.let_go()
            self.log.let_go()
        self.stage.camera.make_way(answer.free)
        self.stage.pointer.lit = answer.lit
        if answer.stage.tuning:
            self.session.settle()
        if (command := self.stage.handle(answer.stage, dt)) is not None:
            with self._errors_as_banner():
                self.do(command)
        for edit in answer.edits:
            if edit.path == "view.camera":
                self.stage.camera.fly_to_preset(self.session.scene.view.camera)
        for command in answer.commands:
            with self._errors_as_banner():
                self.do(command)
        self.tour.observe(answer)

    def _poll(self) -> None:
        """What came from outside the overlay: files that were dropped, the desktop's file dialog, the wish to close."""
        host = self.host
        if host.dropped:
            dropped, host.dropped[:] = list(host.dropped), []
            self.tour.leave()
            with self._errors_as_banner():
                file_drop.receive(self, [Path(name) for name in dropped])
        with self._errors_as_banner():
            self.dialogs.poll()
        if host.close_asked:
            host.close_asked = False
            self.do(Command("quit"))

    @contextmanager
    def _errors_as_banner(self) -> Iterator[None]:
        """What cannot be used becomes the banner."""
        try:
            yield
        except InputError as error:
            self.session.banner = str(error)

    def _save_picture(self) -> None:
        """Of the frame that was just drawn: after it is presented, the back buffer of a window holds nothing that can be relied on."""
        self.wants_picture = False
        try:
            self.say(f"saved {image_files.save(self.host.read(), Path.cwd(), self.session.name)}")
        except InputError as error:
            self.session.banner = str(error)

    def _save_still(self, size: tuple[int, int]) -> None:
        """Of the stage, larger than the window, between two frames."""
        self.wants_still = None
        try:
            image = draw_enlarged(self.host, self.stage, self.overlay.scale, size)
            self.say(f"saved {image_files.save(image, Path.cwd(), self.session.name)}, {size[0]} x {size[1]} pixels")
        except (InputError, RunError) as error:
            self.session.banner = str(error)
        except MemoryError:
            self.session.banner = "not enough memory for a picture of {} x {} pixels; choose a smaller one".format(*size)

    def say(self, text: str) -> None:
        self.toast, self._toast_left = text, TOAST_SECONDS

    def do(self, command: Command) -> None:
        """Raises InputError where the command's value cannot be used."""
        if COMMANDS[command.name].leaves_tour:
            self.tour.leave()
        log = self.log
        log.command(command)
        ACTIONS[command.name](self, command.value)
        log.done(command)

    def take(self, session: Session) -> None:
        """Another session in the same window; undo leads back to this one."""
        self.tour.leave()
        session.history.record(Elsewhere(self.session, self.log), ("session",), self.now)
        self._show(session, LogWriter)

    def go_elsewhere(self, there: Elsewhere, forth: bool) -> None:
        """To a session that was left, as it was then; it rests."""
        self.tour.leave()
        self.session.running = there.session.running = False
        self.session.history.leave(there, Elsewhere(self.session, self.log), forth)
        self._show(there.session, lambda _loop: there.log)
        self.say(f"{there.session.scene.title or there.session.name} again, at step {there.session.source.step:,}")

    def put(self, session: Session, stage: Stage) -> None:
        """Show this session on this stage from now on. Closes nothing."""
        self.session, self.stage = session, stage

    def _show(self, session: Session, log: Callable[[Loop], LogWriter]) -> None:
        self.stage.close()
        session.personalise = self.personal.personalise
        self.put(session, Stage(self.host, session, beside=True))
        self.stage.camera.make_way(self._free())
        self.stage.camera.rig.jump(self.stage.camera.rig.goal)
        self.log = log(self)

    def _free(self) -> FreeArea:
        """What panels leave to the network, where no overlay has been drawn for it."""
        scale = self.host.pixel_ratio * self.session.scene.look.ui_scale
        return free_area(*self.host.display_size, scale, self.overlay.free.right, two=self.session.second is not None)

    def settle_in(self, name: str, value: object) -> None:
        """Take over a person's setting. Raises InputError where it cannot be, or cannot be kept."""
        try:
            self.personal.set(name, value)
        finally:
            mine = self.personal.settings
            self.host.text_size = mine.text_size
            self.overlay.scale = self.stage.viewport.text = self.host.pixel_ratio
            self.overlay.memory.dock_width = mine.panel_width

    # ---------------------------------------------------------------- many frames

    def run(self, frames: int | None = None) -> None:
        """Until the window is closed, or for so many frames. Headless time is a fixed 1/60 s a frame, so that a run can be repeated."""
        gc.collect()
        gc.freeze()  # what is alive now lives as long as the loop: a collection need not walk it (20 ms every few seconds)
        last, done = perf_counter(), 0
        while not self.host.closing and (frames is None or done < frames):
            now = perf_counter()
            self.frame(1 / 60 if self.host.headless else min(now - last, 0.25))
            last, done = now, done + 1

    def close(self) -> None:
        self.capture.finish()
        self.dialogs.withdraw()
        self.tour.leave()
        self.stage.close()
        del self.overlay  # before the context that its textures live in
        self.host.close()
