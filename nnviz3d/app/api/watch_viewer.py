"""The viewer of a loop that is watched: where it can join, and a process of its own where there is a display."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading

from nnviz3d.live import addresses
from nnviz3d.live.addresses import LOOPBACK, TOKEN, Address
from nnviz3d.live.control import LoopControl
from nnviz3d.live.loop_view import say
from nnviz3d.live.publisher import Publisher
from nnviz3d.spec.errors import InputError, RunError

PATIENCE = 1.0  # seconds for a viewer that is waiting already


def publisher(to: str, title: str, budget: int, control: LoopControl) -> Publisher:
    """`to`: an address, or "" for a socket of this user's own. Raises InputError, and RunError where nothing can listen there."""
    if to:
        address = addresses.parse(to)
    elif hasattr(socket, "AF_UNIX"):
        address = Address(path=str(addresses.socket_path(title)))
    else:
        address = Address(host=LOOPBACK, token=secrets.token_urlsafe(16))
    try:
        return Publisher(address, title, budget, control.obey, control.alone)
    except OSError as error:
        text = f"cannot listen at {address}: {error.strerror or error}"
        raise (InputError.option("", "to", text) if to else RunError(text)) from None


def tell(made: Publisher) -> None:
    """How a viewer joins."""
    address = made.address
    if address.path:
        say(f"to see this run: nnviz3d watch {address}")
        return
    say(f"to see this run: {TOKEN}={address.token} nnviz3d watch {address}")
    if not address.is_loopback:
        say("others on the network can read what is sent there; ssh -L or ssh -R with a loopback address hides it (docs/watch.md)")


def start(made: Publisher) -> None:
    """Start a viewer, unless one that waits joins first. What goes wrong is reported once; the training does not notice."""
    if not has_display():
        tell(made)
        return
    threading.Thread(target=_start_later, args=(made,), name="nnviz3d start", daemon=True).start()


def _start_later(made: Publisher) -> None:
    with made.changed:
        if made.changed.wait_for(lambda: made.joined, PATIENCE):
            return
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {TOKEN: made.address.token} if made.address.token else {}
    command = [sys.executable, "-m", "nnviz3d", "watch", str(made.address)]
    try:
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError) as error:
        say(f"no viewer could be started: {error}")
        tell(made)


def has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
