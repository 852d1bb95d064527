"""Live capture (F9): what the window shows becomes a film while it is shown, and what a person did becomes a timeline file beside it.

Here the parts meet: `gfx.readback` brings pixels, `video.live_encoder` encodes them in a thread, the loop says what time it is. A frame
that finds every buffer in use is dropped and counted; a frame is never waited for. Notes about the capture itself are not in the film.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.gfx.readback import Readback
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import CaptureReading
from nnviz3d.spec.session_log import ENDING
from nnviz3d.video.live_encoder import LiveFilm

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop

RATES = ((45.0, 30), (90.0, 60))  # up to so many frames a second of the window, so many of the film
MOST = 120
ENDINGS = (".mp4", ".mp4.part", ENDING)


def free(folder: Path, stem: str) -> Path:
    """`stem-001.mp4`, or the next number of which there is neither a film nor a timeline."""
    taken = {path.name for path in folder.glob(f"{stem}-*")} if folder.is_dir() else set()
    number = next(k for k in count(1) if taken.isdisjoint(f"{stem}-{k:03d}{end}" for end in ENDINGS))
    return folder / f"{stem}-{number:03d}.mp4"


class Capture:
    """Of one loop. `on` while a film grows."""

    def __init__(self, loop: Loop):
        self.loop = loop
        self._film: LiveFilm | None = None
        self._readback: Readback | None = None
        self._alone = self._kept = self._stopped = False
        self._log, self._begun, self._beside = None, 0.0, ""  # of the timeline beside the film
        self._start = self._last = 0.0
        self._slot, self._dropped = -1, 0

    @property
    def on(self) -> bool:
        return self._film is not None and not self._stopped

    def toggle(self, alone: bool = False) -> None:
        """Begin, or end what has begun. `alone`: without panels. Raises InputError where no film can be begun."""
        if self._film is None:
            self._begin(alone)
        elif not self._stopped:
            self.stop()
        else:
            self.loop.say("The previous film is still being saved; try again in a moment.")

    def _begin(self, alone: bool) -> None:
        loop = self.loop
        path = free(Path.cwd(), loop.session.name)
        rate = 1000 / max(loop.meter.recent_ms, 1.0)
        fps = next((fps for most, fps in RATES if rate < most), MOST)
        self._film = LiveFilm(path, loop.host.size, fps)
        self._readback = self._readback or Readback(loop.host.context)
        for pixels in self._readback.ready(wait=True):  # of a film that ended early
            pixels.give_back()
        self._alone, self._stopped, self._kept = alone, False, False
        self._start, self._slot, self._dropped = loop.now, -1, 0
        self._log, self._begun, self._beside = loop.log, loop.log.time, ""

    # ------------------------------------------------------------ in every frame

    def before_overlay(self) -> None:
        """The network is drawn, the panels are not."""
        if self.on and self._alone:
            self._keep()

    def before_front(self) -> Callable[[], None] | None:
        """What is to be called when all but the notes of the program is drawn, or None."""
        return self._keep if self.on and not self._alone else None

    def _keep(self) -> None:
        """Where this frame has a slot of its own."""
        if self._film is None or self._readback is None:
            return
        self._last = self.loop.now
        slot = round((self._last - self._start) * self._film.fps)
        if slot > self._slot:
            self._slot, self._kept = slot, True
            self._readback.keep(self.loop.host.framebuffer, self.loop.host.size)

    def advance(self) -> None:
        """Once a frame, when the rasteriser has had its time: ask for this frame, and hand on the ones that have come."""
        film, readback = self._film, self._readback
        if film is None or readback is None:
            return
        if self._kept and self.on:
            self._kept = False
            self._dropped += not readback.start(self._slot)
        if not self._stopped:
            self._hand_on(film, readback)
            if film.error:  # the disk is full
                self._end(film)
        if film.over:
            self._tell(film)

    @staticmethod
    def _hand_on(film: LiveFilm, readback: Readback, wait: bool = False) -> None:
        for pixels in readback.ready(wait):
            film.offer(pixels.tag, pixels.image, pixels.give_back)

    # ------------------------------------------------------------ the end

    def stop(self) -> None:
        """The film ends with the last frame; the thread makes it whole meanwhile."""
        film, readback = self._film, self._readback
        if film is not None and readback is not None:
            self._hand_on(film, readback, wait=True)
            self._end(film)

    def _end(self, film: LiveFilm) -> None:
        self._stopped = True
        film.stop(self._slot + 1)
        log = self.loop.log
        if log.on:  # a tour has none
            begun = self._begun if log is self._log else 0.0  # else another scene was opened meanwhile
            try:
                self._beside = f" and {log.save(film.path.with_suffix(ENDING), begun).name}"
            except InputError as error:
                self.loop.session.banner = str(error)

    def _tell(self, film: LiveFilm) -> None:
        """It is over: say what there is now, and write down what was done."""
        loop, self._film = self.loop, None
        lost = f", {self._dropped:,} frames were dropped" if self._dropped else ""
        if film.error:
            loop.session.banner = f"Filming has stopped: {film.error}. Everything recorded so far is in {film.kept.name}."
            return
        loop.say(f"saved {film.path.name}{self._beside}{lost}")

    def finish(self) -> None:
        """Wait until the film is whole: the window closes. Safe to call at any time."""
        film = self._film
        if film is not None:
            if not self._stopped:
                self.stop()
            film.wait()
            self._tell(film)
        if self._readback is not None:
            self._readback.close()
            self._readback = None

    def reading(self) -> CaptureReading | None:
        """For the overlay."""
        return None if self._film is None else CaptureReading(self._last - self._start, self._dropped, self._alone, self._stopped)
