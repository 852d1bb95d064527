"""The command `watch`: what of its argument is an address, which loops there are, and the window that joins one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnviz3d.app.cli.commands import common
from nnviz3d.app.render.film.request import parse_size
from nnviz3d.live.addresses import Address, parse, running
from nnviz3d.live.joining import Joinable, ask
from nnviz3d.sources.watching.feed import WatchedFeed
from nnviz3d.sources.watching.link import Receiver
from nnviz3d.sources.watching.loop import BUDGET
from nnviz3d.spec import file_extensions, toml
from nnviz3d.spec.errors import InputError, together
from nnviz3d.spec.scene import Scene


def place(text: str | None) -> Address | Path | None:
    """Where a loop is, or a file of its messages; None: any loop on this machine. Raises InputError."""
    if text is None or text.startswith(("tcp://", "unix:")):
        return None if text is None else parse(text)
    if not Path(text).is_file():
        raise InputError.of(text, "", "expected tcp://HOST:PORT, tcp://TOKEN@HOST:PORT, unix:PATH, or a file of messages (.nnwire)")
    return Path(text)


def receiver(options: Any, text: str | None) -> tuple[Scene, Receiver]:
    """The scene that a window begins with, and what receives; not started. Raises InputError."""
    scene = toml.apply(Scene(title="Watch"), options.edits(), "--set")
    return scene, Receiver(WatchedFeed(scene, BUDGET), place(text))


def window(options: Any, address: str | None, headless, frames, size, screenshot, stats, fullscreen) -> int:
    """Check everything, then open the window. Returns the exit code."""
    if headless and frames is None:
        raise InputError.of("", "--frames", "--headless has no window to close; give the number of frames, for example --frames 300")
    (scene, link), pixels, *_ = together(
        lambda: receiver(options, address),
        lambda: parse_size(size) if size else None,
        lambda: common.check_outputs(screenshot=screenshot, stats=stats),
        lambda: file_extensions.check(screenshot, file_extensions.SCREEN, "screenshot"),
        lambda: file_extensions.check(stats, file_extensions.NUMBERS, "stats"),
    )
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.app.window.run import run_window

    return run_window(
        Opened(scene, Path(), None, watched=link), backend=options.backend, headless=headless, frames=frames, size=pixels,
        screenshot=screenshot, stats=stats, fullscreen=fullscreen,
    )  # fmt: skip


def loops() -> list[Joinable]:
    """Those of this user on this machine, the newest first."""
    return [ask(address) for address in running()]


def lines(found: list[Joinable]) -> list[str]:
    """For people."""
    if not found:
        return ["No training loop of yours can be joined on this machine. Add to yours: view = nv.watch(model)"]
    width = max(len(each.run) for each in found)
    return [f"{each.run:<{width}}  {each.address}{f'  ({each.what})' if each.what else ''}" for each in found]
