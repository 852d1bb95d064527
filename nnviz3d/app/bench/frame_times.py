"""What a frame of the whole program costs: as it is started, with all readings open, and while a training step takes long."""

from __future__ import annotations

from statistics import median
from time import perf_counter, thread_time

import numpy as np

from nnviz3d.app.bench import SIZE
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx import driver
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.ui.panels import charts, confusion, layers, performance, samples, snapshots

READINGS = tuple(panel.TITLE for panel in (charts, confusion, layers, samples, snapshots, performance))


def frame(frames: int = 240, warm: int = 150, opened: tuple[str, ...] = ()) -> dict:
    """`digits` learning with the overlay at quality auto: milliseconds a frame, and Python's own share of it. `opened`: sections of the
    dock that are open besides those that always are."""
    path = toml.find("digits")
    session = new_session(toml.load(path), path.parent)
    host = open_host(*SIZE, headless=True)
    try:
        loop = Loop(host, session)
        loop.overlay.open(*opened)
        loop.run(warm)
        with driver.clock() as clock:
            start = len(loop.meter.rows("frame"))
            shares = []
            for _ in range(frames):
                clock.reset()
                begin = thread_time()
                loop.frame(1 / 60)
                shares.append((thread_time() - begin) * 1e3 - loop.meter.of("train") - clock.ms)
        times = loop.meter.rows("frame")[start:]
        p50, p99 = (round(float(np.percentile(times, q)), 2) for q in (50, 99))
        stages = {name: round(v["p50"], 2) for name, v in loop.meter.stats(warm)["ms"].items()}
        out = {
            "p50_ms": p50,
            "p99_ms": p99,
            "python_ms": round(median(shares), 2),
            "stages_p50_ms": stages,
            "level": loop.stage.view.frame.level.name,
        }
        loop.stage.close()
        return out
    finally:
        host.close()


def readings(frames: int = 240) -> dict:
    """What a frame of `digits` costs with all readings open, next to the same as it is started (of them only the charts are open)."""
    shut, wide = frame(frames), frame(frames, opened=READINGS)
    overlay = [round(each["stages_p50_ms"]["overlay"], 2) for each in (shut, wide)]
    out = {f"{name}_{key}": each[key] for name, each in (("closed", shut), ("open", wide)) for key in ("p50_ms", "python_ms")}
    return out | {"closed_overlay_ms": overlay[0], "open_overlay_ms": overlay[1], "ratio": round(wide["p50_ms"] / shut["p50_ms"], 3)}


def long_steps(frames: int = 60, warm: int = 45) -> dict:
    """The frame time of one wide network while a training step takes long, against the same while steps are short."""
    path = toml.find("wide")
    out = {}
    for name, batch in (("short", 4), ("long", 512)):
        edits = [Edit("train.batch", batch), Edit("look.quality", "low"), Edit("data.samples", 1200)]
        session = new_session(toml.load(path, edits), path.parent, "cpu")
        host = open_host(*SIZE, headless=True)
        try:
            loop = Loop(host, session)
            loop.run(warm)
            begin, first, start = perf_counter(), session.source.step, len(loop.meter.rows("frame"))
            loop.run(frames)
            train_ms = sum(loop.meter.rows("train")[start:])
            out[f"{name}_frame_p50_ms"] = round(median(loop.meter.rows("frame")[start:]), 2)
            out[f"{name}_step_ms"] = round(train_ms / max(session.source.step - first, 1), 1)
            out[f"{name}_wall_s"] = round(perf_counter() - begin, 2)
            loop.stage.close()
        finally:
            host.close()
    return out | {"ratio": round(out["long_frame_p50_ms"] / out["short_frame_p50_ms"], 3)}
