"""The thread that receives: it finds a loop, joins it, hears it to its end, and looks for the next one. It never touches the picture.

What is refused closes the connection; what had come before stays. Waiting grows longer after every failure, up to `SLOWEST` seconds.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from nnviz3d import __version__
from nnviz3d.live.addresses import Address, connect, running
from nnviz3d.live.wire import Control, End, Reader, WireError, packed, receive
from nnviz3d.sources.watching.feed import WatchedFeed
from nnviz3d.spec.errors import RunError

QUICKEST, QUICK, SLOWEST = 0.1, 0.5, 2.0  # seconds between two attempts; QUICK: where a folder is looked at for loops


class Receiver:
    """`address`: of the loop, or a file of messages; None for the newest loop on this machine, and then for the next. `close` ends the
    thread, within two seconds."""

    def __init__(self, feed: WatchedFeed, address: Address | Path | None = None):
        self.feed, self.address = feed, address
        self._closing, self._lock = Event(), Lock()
        self._socket: socket.socket | None = None
        self._over: set[str] = set()  # loops that have ended
        self._thread = Thread(target=self._work, name="nnviz3d-watch", daemon=True)

    def start(self) -> Receiver:
        self._thread.start()
        return self

    def close(self) -> None:
        self._closing.set()
        self._hang_up()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def send(self, control: Control) -> None:
        """To the loop, where it is there."""
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # the thread notices too
                    self._socket.sendall(packed(control))

    # ---------------------------------------------------------------- the thread

    def _work(self) -> None:
        pause = QUICKEST
        while not self._closing.is_set():
            heard = False
            if isinstance(self.address, Path):
                self._guarded(self._read, self.address)
                return
            address = self.address or self._next()
            if address is not None:
                heard = self._guarded(self._talk, address)
            pause = QUICKEST if heard else min(pause * 1.5, SLOWEST if self.address else QUICK)
            self._closing.wait(pause)

    def _next(self) -> Address | None:
        """The newest loop that has not ended."""
        try:
            found = running()
        except RunError as error:
            self.feed.say("refused", str(error))
            return None
        self._over &= {str(each) for each in found}  # a process may have this number again
        return next((each for each in found if str(each) not in self._over), None)

    def _guarded(self, work: Callable[[Any], bool], place: Address | Path) -> bool:
        """Whether something was heard; what went wrong is told, and the connection is closed."""
        try:
            return work(place)
        except WireError as error:
            self._refuse(place, f"what it sent {error}")
        except MemoryError:
            self._refuse(place, "there is not enough memory for what it sent")
        except OSError as error:
            state = self.feed.link.state
            if state in ("waiting", "connected", "lost") and not self._closing.is_set():
                self.feed.say("waiting" if state == "waiting" else "lost", error.strerror or str(error), address=str(place))
        finally:
            self._hang_up()
        return False

    def _refuse(self, place: Address | Path, why: str) -> None:
        self._over.add(str(place))
        self.feed.say("refused", why, address=str(place))

    def _talk(self, address: Address) -> bool:
        """Whether something was heard."""
        heard = False
        with connect(address, f"nnviz3d {__version__}") as link:
            with self._lock:
                self._socket = link
            while not self._closing.is_set():
                message = receive(link.recv_into, Reader(self.feed.body))
                if message is None:
                    break
                heard = True
                self.feed.hear(message, str(address))
                if isinstance(message.header, End):
                    if message.header.reason != "restarted":
                        self._over.add(str(address))
                    return heard
        if not self._closing.is_set():
            self.feed.say("lost", "the connection was closed", address=str(address))
        return heard

    def _read(self, path: Path) -> bool:
        """A file of messages, one after another."""
        with path.open("rb", buffering=0) as file:
            while (message := receive(lambda room: file.readinto(room) or 0, Reader(self.feed.body))) is not None:
                self.feed.hear(message, str(path))
        if self.feed.link.state == "connected":
            self.feed.say("finished", "the file ends here")
        return True

    def _hang_up(self) -> None:
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                self._socket = None
