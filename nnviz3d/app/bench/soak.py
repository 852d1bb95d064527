"""Whether memory, files and threads stay as they are while the program runs on: learning, walking, comparing, a third of the time each.

The loop is the window's, without a window and as fast as this machine can, with the readings open. What the run keeps of its past (the
budget for going back) is full before a part begins: a walk trains so slowly that filling it would take hours. A line through what is
measured in the last quarter of each part is its slope, `error` its standard error. Soaks under an hour still see caches being filled.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from time import perf_counter

import numpy as np

from nnviz3d.app.bench.frame_times import READINGS
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import Session
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import Host, open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command

PARTS = ("learning", "walking", "comparing")
SIZE = 640, 360  # memory grows by frames, not by pixels
REMEMBER = 1 << 20  # bytes for going back
FILL = 3000  # training steps after which they are full, keys as far apart as they get
SAMPLES = 200  # measurements of a part
WARM = 3 / 4  # of a part's time, before it is measured: caches and rings are full after some 20,000 frames


def soak(hours: float) -> dict:
    """`hours` in all, at least some seconds. MB are 10^6 bytes of anonymous memory (all but files; None where the system does not tell)."""
    host = open_host(*SIZE, headless=True)
    try:
        loop, parts = None, {}
        for part in PARTS:
            loop = _begin(host, loop, part)
            parts[part] = measured(loop, hours * 3600 / len(PARTS))
        if loop is not None:
            loop.stage.close()
        slopes = [found["mb_per_hour"] for found in parts.values() if found["mb_per_hour"] is not None]
        return {"hours": hours, "renderer": host.context.renderer, **parts, "mb_per_hour": max(slopes, default=None)}
    finally:
        host.close()


def full_session(part: str) -> Session:
    """Of the part, its budget for going back full."""
    edits = [Edit("look.quality", "low")] + ([Edit("compare", {"train.learning_rate": 0.01})] if part == "comparing" else [])
    path = toml.find("digits")
    session = new_session(toml.load(path, edits), path.parent, remember=REMEMBER)
    session.run_to(FILL)
    return session


def _begin(host: Host, loop: Loop | None, part: str) -> Loop:
    session = full_session(part)
    if loop is None:
        loop = Loop(host, session)
        loop.overlay.open(*READINGS)
    else:
        loop.take(session)
    loop.do(Command("walk" if part == "walking" else "play"))
    if part == "walking":
        loop.do(Command("walk_speed", 4.0))
        loop.do(Command("walk_loop", "on"))
    return loop


def measured(loop: Loop, seconds: float) -> dict:
    """Run the loop for so long, and what grew."""
    begin, rows, frames = perf_counter(), [], 0
    every, due = seconds * (1 - WARM) / SAMPLES, seconds * WARM
    while (now := perf_counter() - begin) < seconds or len(rows) < 3:
        loop.frame(1 / 60)
        frames += 1
        if now >= due:
            rows.append((now, anonymous(), sys.getallocatedblocks(), files(), threading.active_count()))
            due = now + every
    time, memory, blocks, opened, threads = zip(*rows, strict=True)
    slope, error = line(time, memory) if memory[0] is not None else (None, None)
    return {
        "frames": frames, "steps": loop.session.leader.step, "mb": memory[-1] and round(memory[-1] / 1e6, 1),
        "mb_per_hour": slope and round(slope / 1e6, 2), "error": error and round(error / 1e6, 2),
        "objects_per_hour": round(line(time, blocks)[0]), "files": [opened[0], opened[-1]], "threads": [threads[0], threads[-1]],
        "events": len(loop.log.events),
    }  # fmt: skip


def line(seconds, values) -> tuple[float, float]:
    """Slope an hour by least squares, and its standard error."""
    x, y = np.asarray(seconds) / 3600, np.asarray(values, float)
    x, y = x - x.mean(), y - y.mean()
    slope = float(x @ y / (x @ x))
    rest = y - slope * x
    return slope, float(np.sqrt(rest @ rest / max(len(x) - 2, 1) / (x @ x)))


def anonymous() -> int | None:
    """Bytes of memory that no file backs; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next((int(row.split()[1]) * 1024 for row in status.splitlines() if row.startswith("RssAnon:")), None)


def files() -> int | None:
    """Open file descriptors; None where the system does not tell."""
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return None
