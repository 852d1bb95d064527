"""A loop's side of the link: threads that send to each viewer what it can take, while the loop only puts frames down.

Every viewer has a thread that sends and one that reads, both with calls that wait outside Python, so the loop runs meanwhile. A viewer that
reads slowly, dies or comes again costs the loop nothing: the next message is chosen when the last one is through, and is always the newest.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnviz3d.live import addresses, wire
from nnviz3d.live.addresses import WAIT, Address
from nnviz3d.live.kept_frames import FrameLayout, KeptFrames, LoopFrame, Losses

VIEWERS = 16
GREETING_BYTES = 4 << 10  # of whom nothing is known yet
PIECES = 512  # buffers of one call; systems take 1,024
DRAIN = 0.5  # seconds for what a viewer that is refused has sent already
LAST = 2.0  # seconds in which viewers are sent what is left at the end


class Publisher:
    """Waits for viewers at `address` until `close`. Methods may be called from any thread; none waits for one.

    `on_control(action)` is called from a viewer's thread, `on_alone()` when the last one has left. Raises OSError where it cannot listen.
    """

    def __init__(
        self, address: Address, run: str, budget: int, on_control: Callable[[str], None] = lambda action: None,
        on_alone: Callable[[], None] = lambda: None,
    ):  # fmt: skip
        self._listener = addresses.listen(address)
        if not address.path:
            address = replace(address, port=self._listener.getsockname()[1], token=address.token or secrets.token_urlsafe(16))
        self.address, self.run = address, run
        self.on_control, self.on_alone = on_control, on_alone
        self.losses, self.joined = Losses(), 0
        self.changed = threading.Condition()
        self._kept = KeptFrames(budget)
        self._structure: wire.Structure | None = None
        self._sample: dict[str, np.ndarray] = {}
        self._generation = self._samples = 0
        self._end: wire.End | None = None
        self._viewers: set[_Viewer] = set()
        threading.Thread(target=self._accept, name="nnviz3d watch", daemon=True).start()

    # ------------------------------------------------------------ the loop's side

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def dropped(self) -> int:
        """Frames for which there was no memory."""
        return self._kept.dropped

    @property
    def cost(self) -> float:
        """Seconds of the processor that a frame takes beside the loop: encoding it and sending it to every viewer."""
        return sum(viewer.cost for viewer in tuple(self._viewers))

    @property
    def sent(self) -> int:
        """Frames that were put down."""
        newest = self._kept.newest()
        return newest.sequence if newest is not None else 0

    @property
    def frame_bytes(self) -> int:
        return self._kept.layout.bytes if self._kept.layout is not None else 0

    def begin(self, structure: wire.Structure, layout: FrameLayout) -> bool:
        """What is watched from now on; frames of before are forgotten. Whether two frames fit the budget."""
        with self.changed:
            self._structure, self._generation = structure, self._generation + 1
            fits = self._kept.begin(layout)
            self.changed.notify_all()
        return fits

    def show(self, sample: dict[str, np.ndarray]) -> None:
        """The sample to show: "x", and "target" where it is known."""
        with self.changed:
            self._sample, self._samples = sample, self._samples + 1

    def take(self) -> LoopFrame | None:
        """A frame to be filled; None where all memory is in use, which counts as dropped."""
        with self.changed:
            return self._kept.take()

    def put(self, frame: LoopFrame) -> None:
        with self.changed:
            if frame.layout is self._kept.layout:
                self._kept.keep(frame)
                self.changed.notify_all()

    def give_back(self, frame: LoopFrame) -> None:
        with self.changed:
            self._kept.give_back(frame)

    def close(self, reason: str = "finished", text: str = "", patience: float = LAST) -> None:
        """Send what is left and the end, for so many seconds at most; then nobody listens here any more."""
        with self.changed:
            if self._end is not None:
                return
            self._end = wire.End.model_validate({"reason": reason, "text": text[:10_000]})
            self.changed.notify_all()
            self.changed.wait_for(lambda: not any(viewer.welcome for viewer in self._viewers), patience)
            left = list(self._viewers)
        _shut(self._listener)
        for viewer in left:
            _shut(viewer.link)
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)

    # ------------------------------------------------------------ viewers come and go

    def _accept(self) -> None:
        while self._end is None:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with self.changed:
                room = len(self._viewers) < VIEWERS and self._end is None
                viewer = _Viewer(self, link)
                self._viewers |= {viewer} if room else set()
            work = viewer.listen if room else viewer.turn_away
            threading.Thread(target=work, name="nnviz3d viewer", daemon=True).start()

    def left(self, viewer: _Viewer) -> None:
        with self.changed:
            self._viewers.discard(viewer)
            alone = viewer.welcome and not any(other.welcome for other in self._viewers)
            self.changed.notify_all()
        _shut(viewer.link)
        if alone and self._end is None:
            self.on_alone()

    # ------------------------------------------------------------ what a viewer is sent next

    def next_for(self, viewer: _Viewer) -> Iterator[tuple[wire.Header, dict[str, np.ndarray]]]:
        """One message after another; waits where there is nothing new. A frame is held until the next one is asked for."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: viewer.gone or self._end is not None or self._news(viewer))
                if viewer.gone or (self._end is not None and not self._live(viewer)):
                    break
                if viewer.generation != self._generation and self._structure is not None:
                    viewer.begin(self._generation)
                    message, frame = (self._structure, {}), None
                else:
                    message, frame = self._frame(viewer)
            yield message
            if frame is not None:
                with self.changed:
                    self._kept.release(frame)
        if self._end is not None:
            yield self._end, {}

    def _news(self, viewer: _Viewer) -> bool:
        return self._live(viewer) or (viewer.generation == self._generation and self._kept.before(viewer.oldest) is not None)

    def _live(self, viewer: _Viewer) -> bool:
        """Whether there is something that a viewer must have before the past, or before the end."""
        if viewer.generation != self._generation:
            return self._structure is not None
        newest = self._kept.newest()
        return newest is not None and newest.sequence > viewer.newest

    def _frame(self, viewer: _Viewer) -> tuple[tuple[wire.Header, dict[str, np.ndarray]], LoopFrame]:
        """The newest frame, if the viewer has it not; else the newest of the past that it has not."""
        newest = self._kept.newest()
        past = newest is None or newest.sequence <= viewer.newest
        frame = self._kept.before(viewer.oldest) if past else newest
        assert frame is not None
        arrays = frame.arrays()
        if past:
            viewer.oldest = frame.sequence
        else:
            if viewer.newest:
                viewer.dropped += frame.sequence - viewer.newest - 1
            else:
                viewer.oldest = frame.sequence
            viewer.newest = frame.sequence
            arrays["losses"] = self.losses.between(viewer.losses, frame.step)
            viewer.losses = frame.step
            if viewer.sample != self._samples:
                viewer.sample, arrays = self._samples, arrays | self._sample
        header = wire.Frame(
            sequence=frame.sequence, step=frame.step, epoch=frame.epoch, loss=frame.loss, metrics=frame.metrics, seconds=frame.seconds,
            batch=frame.batch, dropped=viewer.dropped + self._kept.dropped, past=past,
            lends=frame.lends, paused=frame.paused and not past,
        )  # fmt: skip
        return (header, arrays), self._kept.hold(frame)


class _Viewer:
    """A connection, and what has been sent over it: the sequence numbers of the newest and oldest frame, the last step of the losses."""

    def __init__(self, publisher: Publisher, link: socket.socket):
        self.publisher, self.link = publisher, link
        self.welcome = self.gone = False
        self.cost = 0.0  # seconds of the processor for the last message
        self.generation = self.newest = self.oldest = self.losses = self.sample = self.dropped = 0

    def begin(self, generation: int) -> None:
        self.generation, self.newest, self.oldest = generation, 0, 0

    def listen(self) -> None:
        """Its greeting, then what it asks for, until it goes. What is no message of ours ends it."""
        reader = wire.Reader(body=0, header=GREETING_BYTES)
        with contextlib.suppress(OSError, wire.WireError):
            if self._greeted(reader):
                self.link.settimeout(None)
                threading.Thread(target=self._send_all, name="nnviz3d viewer", daemon=True).start()
                while (message := wire.receive(self.link.recv_into, reader)) is not None:
                    if isinstance(message.header, wire.Control):
                        self.publisher.on_control(message.header.action)
        with self.publisher.changed:
            self.gone = True
        self.publisher.left(self)

    def turn_away(self) -> None:
        with contextlib.suppress(OSError):
            self._refuse(f"{VIEWERS} viewers are connected already")
        _shut(self.link)

    def _refuse(self, text: str) -> None:
        """Say why, and read what it has sent already, or a reset could overtake the answer."""
        self.send(wire.End(reason="refused", text=text))
        self.link.shutdown(socket.SHUT_WR)
        self.link.settimeout(DRAIN)
        for _ in range(GREETING_BYTES):
            if not self.link.recv(GREETING_BYTES):
                break

    def _greeted(self, reader: wire.Reader) -> bool:
        until = time.monotonic() + WAIT
        self.link.settimeout(WAIT)

        def read_into(room: memoryview) -> int:
            self.link.settimeout(max(until - time.monotonic(), 0.001))  # in all: one byte a second is no greeting
            return self.link.recv_into(room)

        try:
            message = wire.receive(read_into, reader)
        except wire.WireError as error:
            self._refuse(str(error))
            raise
        hello = message.header if message is not None else None
        if not isinstance(hello, wire.Hello):
            return False
        token = self.publisher.address.token
        if not self.publisher.address.path and not hmac.compare_digest(hello.token.encode(), token.encode()):
            self._refuse("the token is not the one that the training loop printed")
            return False
        with self.publisher.changed:
            self.welcome, self.publisher.joined = True, self.publisher.joined + 1
            self.publisher.changed.notify_all()
        self.send(wire.Hello(run=self.publisher.run[:200], program="nnviz3d"))
        return True

    def _send_all(self) -> None:
        with contextlib.suppress(OSError):
            begin = time.thread_time()
            for header, arrays in self.publisher.next_for(self):
                self.send(header, arrays)
                begin, self.cost = time.thread_time(), time.thread_time() - begin
        _shut(self.link)  # the thread that listens ends with it

    def send(self, header: wire.Header, arrays: dict[str, np.ndarray] | None = None) -> None:
        left = wire.pieces(header, arrays)
        if not hasattr(self.link, "sendmsg"):  # Windows
            for piece in left:
                self.link.sendall(piece)
            return
        while left:
            sent = self.link.sendmsg(left[:PIECES])
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if sent:
                left[0] = left[0][sent:]


def _shut(link: socket.socket) -> None:
    """Closed for both sides, also for a thread that waits in it, and for processes that were forked meanwhile."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
