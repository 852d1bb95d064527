"""A film that is made while it happens: frames come with their times, a thread encodes them, and nobody waits for it.

The rate is constant, as editors want it: time is cut into slots of 1/fps, a slot without a frame shows the one before once more. Where the
encoder has no time even for that, and in pauses of more than `HOLD` seconds, slots stay empty: the frame before is shown longer, so the
speed is right in any case. While it grows the file is a fragmented MP4 `NAME.mp4.part`, readable at any moment but its last second,
whatever kills the program; at the end it is joined into a plain one, without encoding again, and renamed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video.codecs import CODECS, INSTALL, X264, Codec, available, choose
from nnviz3d.video.encode import Encoder, join

FRAGMENTS = "+frag_keyframe+empty_moov+default_base_moof"
NICE = 5
HOLD = 2  # seconds that are filled with copies of a frame
# without look-ahead a frame is in the file when it is encoded; ultrafast takes 6 ms of one core for 1280x720 (3 of them colours) and a
# quarter more space than superfast, which takes 12
OPTIONS = X264 | {"crf": "18", "preset": "ultrafast", "tune": "zerolatency"}


class LiveFilm:
    """`offer` frames, then `stop`; `over` once the file is whole. `error`: why it ended early, "" where it did not.

    `path` is the film's own name; `kept` the file that is there now. Raises InputError where it cannot be begun.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int):
        """`size`: of the first frames; the film is at most a pixel narrower and lower, because H.264 wants even sides."""
        if not available():
            raise InputError.of(str(path), "", INSTALL)
        self.path, self.fps = path, fps
        self.size = max(size[0] & ~1, 2), max(size[1] & ~1, 2)
        self.part = self.kept = path.with_name(path.name + ".part")
        try:
            self.part.open("xb").close()
        except OSError as error:
            raise InputError.of(str(path), "", f"cannot be written: {error.strerror}") from None
        self.error, self.frames = "", 0
        self._queue: SimpleQueue = SimpleQueue()
        self._end, self._heard = 0, False  # whether the thread has heard of it
        self._thread = threading.Thread(target=self._work, name="capture", daemon=True)
        self._thread.start()

    def offer(self, slot: int, image: np.ndarray, done: Callable[[], None] = lambda: None) -> None:
        """A frame (H, W, 4) uint8, first row at the bottom, for this slot; later ones have larger numbers. `done` is called when the array
        is not needed any more, by the thread: how many may wait is decided by who lends the arrays."""
        self._queue.put((slot, image, done))

    def stop(self, slot: int) -> None:
        """The film ends before this slot. Returns at once."""
        self._end = slot
        self._queue.put(None)

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Until the file is whole; after `stop`."""
        self._thread.join()

    # ------------------------------------------------------------ the thread

    def _work(self) -> None:
        encoder = None
        _step_back()
        try:
            encoder = Encoder(self.part, self._codec(), self.size, self.fps, flags=FRAGMENTS)
            self._encode(encoder)
            if not self.frames:
                raise RunError("no frame was drawn")
            encoder.close()
            self._finish()
        except (RunError, InputError, OSError, ValueError) as error:
            self.error = str(error)
            for _slot, _image, done in self._items():  # nothing is encoded any more
                done()
            if encoder is not None and self.kept == self.part:
                _abandon(encoder)
            if not self.frames:
                self.part.unlink(missing_ok=True)

    def _codec(self) -> Codec:
        found = choose(self.path, "mp4", "auto", size=self.size, fps=self.fps).codec
        options = OPTIONS if found.encoder == "libx264" else found.options
        return replace(found, options={**options, "g": str(self.fps)})

    def _encode(self, encoder: Encoder) -> None:
        last, at = None, -1
        for slot, image, done in self._items():
            self._hold(encoder, last, at, slot)
            try:
                last = self._frame(image)
            finally:
                done()
            encoder.put(last, slot)
            at, self.frames = slot, self.frames + 1
        self._hold(encoder, last, at, self._end)

    def _hold(self, encoder: Encoder, last, at: int, until: int) -> None:
        """The frame before once more in each slot that has none, as long as nothing else waits."""
        if last is None or until - at > HOLD * self.fps:
            return
        for slot in range(at + 1, until):
            if not self._queue.empty():
                return
            encoder.put(last, slot)

    def _frame(self, image: np.ndarray):
        """In the encoder's format; of another size (the window was resized) as large as fits, in the middle of black."""
        import av
        from av.video.reformatter import Colorspace

        height, width = image.shape[:2]
        if (width & ~1, height & ~1) == self.size:
            raw = _upright(image[height - self.size[1] :, : self.size[0]])
        else:
            share = min(self.size[0] / width, self.size[1] / height)
            inner = max(round(width * share), 2), max(round(height * share), 2)
            small = _upright(image).reformat(*inner, "rgba", interpolation="BILINEAR").to_ndarray()
            canvas = np.zeros((self.size[1], self.size[0], 4), np.uint8)
            x, y = (self.size[0] - inner[0]) // 2, (self.size[1] - inner[1]) // 2
            canvas[y : y + inner[1], x : x + inner[0]] = small
            raw = av.VideoFrame.from_ndarray(canvas, format="rgba")
        return raw.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=1)

    def _finish(self) -> None:
        """A plain MP4 out of the fragments; where that fails, the fragments are a film too."""
        whole = self.path.with_name(self.path.name + ".whole")
        try:
            join([(self.part, 0, max(self._end, self.frames))], whole, "mp4", self.fps, CODECS["h264"], self.size)
            os.replace(whole, self.path)
            self.part.unlink()
        except (RunError, InputError, OSError):
            whole.unlink(missing_ok=True)
            os.replace(self.part, self.path)
        self.kept = self.path

    def _items(self) -> Iterator[tuple]:
        """What is offered, until the end is reached."""
        while not self._heard:
            item = self._queue.get()
            self._heard = item is None
            if item is not None:
                yield item


def _upright(image: np.ndarray):
    """An `av.VideoFrame` of (H, W, 4), turned over while it is copied."""
    import av

    height, width = image.shape[:2]
    frame = av.VideoFrame(width, height, "rgba")
    plane = frame.planes[0]
    np.frombuffer(memoryview(plane), np.uint8).reshape(height, plane.line_size)[:, : width * 4] = image[::-1].reshape(height, width * 4)
    return frame


def _step_back() -> None:
    """The window comes first where cores are few. Linux: there a thread has a priority of its own, and the encoder's threads inherit it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _abandon(encoder: Encoder) -> None:
    with suppress(OSError):  # the disk is still full
        encoder.abandon()
