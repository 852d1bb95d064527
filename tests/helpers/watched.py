"""A viewer of the tests: reads what a loop sends, as fast or as slowly as it is told."""

from __future__ import annotations

import socket
import threading
from typing import Any

from nnviz3d.live import addresses, wire
from nnviz3d.live.addresses import Address


class TestViewer:
    """Reads in a thread until the end, and has been answered. `messages`: what came."""

    __test__ = False

    def __init__(self, address: Address):
        self.link = addresses.connect(address, "test")
        self.link.settimeout(20)
        self.messages: list[wire.Message] = []
        self.error: BaseException | None = None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.until(lambda v: v.messages or not v.thread.is_alive())  # a loop that ends before it has answered turns its viewers away

    def _read(self) -> None:
        reader = wire.Reader()
        try:
            while (message := wire.receive(self.link.recv_into, reader)) is not None:
                with self.changed:
                    self.messages.append(message)
                    self.changed.notify_all()
        except (OSError, wire.WireError) as error:
            self.error = error
        with self.changed:
            self.changed.notify_all()

    def headers(self, kind: str) -> list[Any]:
        return [message.header for message in list(self.messages) if message.header.kind == kind]

    def frames(self, past: bool = False) -> list[wire.Message]:
        return [each for each in list(self.messages) if each.header.kind == "frame" and each.header.past == past]

    def arrays(self, name: str) -> list[Any]:
        return [message.arrays[name] for message in list(self.messages) if name in message.arrays]

    def until(self, reached, seconds: float = 10.0) -> bool:
        """Whether `reached(self)` holds within so many seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: reached(self), seconds)

    def send(self, header: wire.Header) -> None:
        self.link.sendall(wire.packed(header))

    def joined(self) -> TestViewer:
        """Waits for its end."""
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self

    def close(self) -> None:
        self.link.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        self.link.close()
