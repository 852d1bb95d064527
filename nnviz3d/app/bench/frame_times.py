"""What a frame of the whole program costs: as it is started, with all readings open, and while a training step takes long."""

from __future__ import annotations

from pathlib import Path
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
from nnviz3d.spec.scene import Data, Layer, Network, Scene
from nnviz3d.ui.panels import charts, confusion, layers, performance, samples, snapshots

READINGS = tuple(panel.TITLE for panel in (charts, confusion, layers, samples, snapshots, performance))
FIRST = 60  # frames of the first second
LARGE: dict[str, tuple[tuple[int, ...], Data] | None] = {
    "convnet": None,
    "sort-gpt": None,
    "wide": None,
    "784-4096-4096-100": ((4096, 4096), Data(kind="blobs", inputs=784, classes=100)),
    "200 x 64": ((64,) * 200, Data()),
}


def frame(frames: int = 240, warm: int = 150, names: tuple[str, ...] = tuple(LARGE)) -> dict:
    """`digits` learning with the overlay at quality auto: milliseconds a frame, and Python's own share of it; by name, the same of large
    networks, after their first second."""
    return _digits(frames, warm) | {name: _learning(*_large(name), frames, min(warm, FIRST), most=True) for name in names}


def _large(name: str) -> tuple[Scene, Path]:
    """A scene that is shipped, or dense layers of these sizes."""
    if (sizes := LARGE[name]) is None:
        path = toml.find(name)
        return toml.load(path), path.parent
    units, data = sizes
    return Scene(network=Network(layers=tuple(Layer(units=n) for n in units)), data=data), Path()


def _digits(frames: int, warm: int = 150, opened: tuple[str, ...] = ()) -> dict:
    """`opened`: sections of the dock that are open besides those that always are."""
    path = toml.find("digits")
    return _learning(toml.load(path), path.parent, frames, warm, opened)


def _learning(scene: Scene, base: Path, frames: int, warm: int, opened: tuple[str, ...] = (), most: bool = False) -> dict:
    """The whole program with this scene. `most`: also the longest frame, and the processor time of the thread that draws, which a busy
    machine hardly changes; the rasteriser's threads are not in it."""
    session = new_session(scene, base)
    host = open_host(*SIZE, headless=True)
    try:
        loop = Loop(host, session)
        loop.overlay.open(*opened)
        loop.run(warm)
        with driver.clock() as clock:
            start = len(loop.meter.rows("frame"))
            shares, own = [], []
            for _ in range(frames):
                clock.reset()
                begin = thread_time()
                loop.frame(1 / 60)
                own.append((thread_time() - begin) * 1e3)
                shares.append(own[-1] - loop.meter.of("train") - clock.ms)
        times = loop.meter.rows("frame")[start:]
        p50, p99, longest = _percentiles(times)
        stages = {name: round(v["p50"], 2) for name, v in loop.meter.stats(warm)["ms"].items()}
        out = {
            "p50_ms": p50,
            "p99_ms": p99,
            "python_ms": round(median(shares), 2),
            "stages_p50_ms": stages,
            "level": loop.stage.view.frame.level.name,
        }
        if most:
            out |= {"max_ms": longest} | dict(zip(("thread_p50_ms", "thread_p99_ms", "thread_max_ms"), _percentiles(own), strict=True))
        loop.stage.close()
        return out
    finally:
        host.close()


def _percentiles(ms: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile, and the largest."""
    p50, p99, most = (round(float(np.percentile(ms, q)), 2) for q in (50, 99, 100))
    return p50, p99, most


def readings(frames: int = 240) -> dict:
    """What a frame of `digits` costs with all readings open, next to the same as it is started (of them only the charts are open)."""
    shut, wide = _digits(frames), _digits(frames, opened=READINGS)
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
