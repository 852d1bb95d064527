"""Where loops that are watched can be reached: sockets in a folder that only this user can open, or `tcp://[TOKEN@]HOST:PORT`."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from nnviz3d.live import wire
from nnviz3d.spec.errors import InputError, RunError

TOKEN = "NNVIZ3D_TOKEN"  # of the environment: what a viewer shows to a loop over TCP
LOOPBACK = "127.0.0.1"
LONGEST = 100  # bytes of a socket's path; systems take 104 to 108
WAIT = 5.0  # seconds for a connection and its greeting
_TCP = re.compile(r"tcp://(?:([\w-]{1,200})@)?(\[[0-9A-Fa-f:.]+\]|[\w.-]*):(\d{1,5})/?")


@dataclass(frozen=True)
class Address:
    """A Unix socket (`path`), or host, port and, where it is known, the token."""

    path: str = ""
    host: str = ""
    port: int = 0
    token: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.path}" if self.path else f"tcp://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return bool(self.path) or self.host in (LOOPBACK, "::1", "localhost")


def parse(text: str) -> Address:
    """Raises InputError for what is no address."""
    if text.startswith("unix:") and len(text) > 5 and "\0" not in text:
        return Address(path=text[5:])
    found = _TCP.fullmatch(text)
    if found is None or int(found[3]) > 65_535:
        raise InputError.of(text, "", "expected tcp://HOST:PORT, tcp://TOKEN@HOST:PORT or unix:PATH")
    return Address(host=found[2].strip("[]") or LOOPBACK, port=int(found[3]), token=found[1] or os.environ.get(TOKEN, ""))


def folder() -> Path:
    """The folder of the sockets; made where it is missing. Raises RunError where others could reach into it."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    wanted = Path(base) / "nnviz3d" if base and Path(base).is_dir() and len(base) < LONGEST // 2 else None
    for path in filter(None, (wanted, Path(tempfile.gettempdir()) / f"nnviz3d-{os.getuid()}")):
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
            return path
    raise RunError(f"no folder for sockets that only this user can open: {path} belongs to others, or is open to them")


def socket_path(run: str) -> Path:
    """Of a run of this process."""
    place = folder()
    room = LONGEST - len(os.fsencode(place)) - len(f"/-{os.getpid()}.sock")
    return place / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', run)[: max(room, 1)]}-{os.getpid()}.sock"


def running() -> list[Address]:
    """Loops of this user on this machine that can be joined, the newest first. Sockets that a process left behind are removed."""
    found = []
    if not hasattr(socket, "AF_UNIX"):  # there a loop listens on a port, and says which
        return []
    for path in folder().glob("*.sock"):
        try:
            found.append((path.lstat().st_mtime, str(path))) if stat.S_ISSOCK(path.lstat().st_mode) and _answers(path) else None
        except OSError:
            continue
    return [Address(path=path) for _, path in sorted(found, reverse=True)]


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:  # nobody listens any more
            path.unlink(missing_ok=True)
            return False
        except OSError:
            return False
    return True


def connect(address: Address, program: str = "") -> socket.socket:
    """A viewer's connection, its greeting sent; what follows is read by `wire.receive`. Raises OSError where nobody listens."""
    made = _local(address.path) if address.path else socket.create_connection((address.host, address.port), WAIT)
    with contextlib.suppress(OSError):  # it refuses everybody: what it says can still be read
        made.sendall(wire.packed(wire.Hello(program=program, token=address.token)))
    made.settimeout(None)
    return made


def _local(path: str) -> socket.socket:
    """Connected; waits where many others come at once."""
    made, until = socket.socket(socket.AF_UNIX), time.monotonic() + WAIT
    made.settimeout(WAIT)
    while True:
        try:
            made.connect(path)
            return made
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.01)
                continue
            made.close()
            raise
        except OSError:
            made.close()
            raise


def listen(address: Address) -> socket.socket:
    """A socket that waits for viewers. Raises OSError."""
    if not address.path:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family)
    made = socket.socket(socket.AF_UNIX)
    try:
        Path(address.path).unlink(missing_ok=True)  # of an earlier process with this number
        made.bind(address.path)
        made.listen()
    except OSError:
        made.close()
        raise
    return made
