"""How many processes a film is worth on this machine: cores, memory, what rendering takes and what each process would have to train."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.request import PROCESSES
from nnviz3d.spec.row_work import row_work

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

ENOUGH = 16  # processes, where nobody says how many
MEMORY, PIXEL_MEMORY = 400e6, 60.0  # bytes of a process, and for each of its pixels: targets, and frames that wait for the encoder
START = 2.0  # seconds until another process renders, and the processor's time that it takes
# seconds of a core for a frame, each of its pixels and each edge, by llvmpipe (`tools/bench.py gif`, `record`)
FRAME, PIXEL, EDGE, MOST_EDGES = 8e-3, 4e-8, 3e-6, 12_000
STEP, FLOP = 2e-4, 5e-11  # seconds of a core for a training step and for each of its operations
RASTER = "LP_NUM_THREADS"  # of Mesa's llvmpipe


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> float:
    """Bytes that programs can still have, what the system would give back among them; infinite where it does not say."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return inf


def room(job: Job) -> int:
    """For how many processes there is memory, of which they may take half."""
    record = job.scene.record
    each = MEMORY + PIXEL_MEMORY * record.width * record.height * record.ssaa**2
    return max(int(min(memory() / 2 / each, PROCESSES)), 1)


def worth(job: Job, frames: int, session: Session | None = None) -> int:
    """How many processes make so many frames soonest: each goes through all of the training, and needs time to start.

    Without a session, whose network says what its edges and a step of it cost: a guess.
    """
    record, train = job.scene.record, job.scene.train
    if job.replays:  # what is trained in a session, and when, is not known before
        return 1
    count = min(cores(), room(job), ENOUGH)
    edges = min(session.source.topology.n_edges, MOST_EDGES) if session is not None else 0
    lines = min(record.height / 400, 1)  # short edges cost less, long ones are thin
    rendering = frames * record.motion_blur * (FRAME + PIXEL * record.width * record.height * record.ssaa**2 + EDGE * edges * lines)
    training = 0.0
    if session is not None and session.source.learner is not None:
        steps = record.begin + sum(shot.steps for shot in record.shots)
        training = steps * (STEP + FLOP * 6 * train.batch * row_work(session.source.topology))
    return count if rendering * (1 - 1 / count) - training > START else 1


def graphics() -> bool:
    """Whether this machine seems to have a graphics card; what OpenGL makes of it is known when it has started."""
    return any(Path(name).exists() for name in ("/dev/dri", "/dev/nvidiactl", "/dev/dxg")) or sys.platform in ("darwin", "win32")


@contextmanager
def shared(processes: int) -> Iterator[None]:
    """A rasteriser that starts in here takes its share of the cores only."""
    before = os.environ.get(RASTER)
    if processes > 1 and before is None:
        os.environ[RASTER] = str(max(cores() // processes, 1))
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(RASTER, None)
