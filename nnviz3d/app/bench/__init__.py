"""`nnviz3d bench`: what drawing and the frame cost on this machine, each next to a floor measured in the same process.

Every line is a ratio or a share, because machines are noisy. A room is imported when it is measured.
"""

from __future__ import annotations

import json as json_module
import sys
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec

SIZE = (1280, 720)
ROOMS = {
    "start": "starting",
    "frame": "frame_times",
    "readings": "frame_times",
    "equations": "equations",
    "long_steps": "frame_times",
    "capture": "capture",
}
FLOORS = ("edges", "neurons")  # drawn in one window
SECTIONS = (*ROOMS, *FLOORS)


def measure(only: str | None = None) -> dict:
    """All measurements, or one of `SECTIONS`."""
    report: dict = {"size": list(SIZE)}
    wanted = [name for name in SECTIONS if only in (None, name)]
    for name in wanted:
        if name in ROOMS and (name != "capture" or find_spec("av")):
            report[name] = _section(ROOMS[name], name)()
    if drawn := [name for name in wanted if name in FLOORS]:
        from nnviz3d.gfx.hosts import open_host

        with closing(open_host(*SIZE, headless=True)) as host:
            report["renderer"] = host.context.renderer
            report |= {name: _section("floors", name)(host) for name in drawn}
    return report


def measure_soak(hours: float) -> dict:
    """The growth of memory over so many hours of running."""
    return {"soak": _section("soak", "soak")(hours)}


def measure_scale() -> dict:
    """What a frame costs from a thousand parameters up to what fits into memory."""
    from nnviz3d.gfx.hosts import open_host

    with closing(open_host(*SIZE, headless=True)) as host:
        return {"size": list(SIZE), "renderer": host.context.renderer, "scale": _section("scale", "scale")(host)}


def _section(room: str, name: str):
    return getattr(import_module(f"nnviz3d.app.bench.{room}"), name)


def main(json: bool = False, only: str | None = None, hours: float | None = None, scale: bool = False) -> int:
    """Measure and print: one JSON document, or a line a number. `hours`: of the soak, which takes as long as asked. `scale`: cost against
    size instead."""
    report = measure_scale() if scale else measure(only) if hours is None else measure_soak(hours)
    text = json_module.dumps(report, indent=1)
    if json:
        sys.stdout.write(text + "\n")
    else:
        for section, values in report.items():
            for name, value in values.items() if isinstance(values, dict) else [("", values)]:
                for key, number in value.items() if isinstance(value, dict) else [("", value)]:
                    sys.stdout.write(f"{section:10} {name + ' ' * bool(key) + key:26} {number}\n")
    return 0
