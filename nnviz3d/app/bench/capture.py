"""What it costs to film the window."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from nnviz3d.app.bench import SIZE
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window import live_capture as capturing
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml


def capture(frames: int = 96, warm: int = 90) -> dict:
    """A frame of `digits`, learning, with the overlay, while a film is made of it, against the same without, in turns.

    The film is thrown away. On two cores that also rasterise the encoder takes from both; on more it runs beside.
    """
    path = toml.find("digits")
    session = new_session(toml.load(path), path.parent)
    host, cwd = open_host(*SIZE, headless=True), capturing.Path.cwd
    times: dict[bool, list[float]] = {False: [], True: []}
    cpu, stage, dropped = {False: 0.0, True: 0.0}, [], 0
    with TemporaryDirectory() as folder, ExitStack() as ending:
        ending.callback(host.close)
        ending.callback(setattr, capturing.Path, "cwd", cwd)
        capturing.Path.cwd = staticmethod(lambda: Path(folder))
        loop = Loop(host, session)
        ending.callback(loop.capture.finish)
        loop.run(warm)
        for turn in range(8):
            on = turn % 2 == 1
            if on:
                loop.capture.toggle()
            loop.run(8)
            spent = process_time()
            for _ in range(frames // 4):
                begin = perf_counter()
                loop.frame(max(loop.meter.recent_ms, 1.0) * 1e-3)  # film time is the time that frames take
                times[on].append((perf_counter() - begin) * 1e3)
                if on:
                    stage.append(loop.meter.of("capture"))
            cpu[on] += process_time() - spent
            if on:
                filmed = loop.capture.reading()
                dropped += 0 if filmed is None else filmed.dropped
                loop.capture.stop()
                while loop.capture.reading() is not None:
                    loop.run(1)
        loop.stage.close()
    out = {f"{'filmed' if on else 'plain'}_p{q}_ms": round(float(np.percentile(t, q)), 2) for on, t in times.items() for q in (50, 99)}
    out |= {f"{'filmed' if on else 'plain'}_cpu_ms": round(seconds * 1e3 / len(times[on]), 2) for on, seconds in cpu.items()}
    own = round(median(stage), 2)
    return out | {"ratio": round(median(times[True]) / median(times[False]), 3), "window_ms": own, "dropped": dropped}
