"""What the Neuron panel's equations cost."""

from __future__ import annotations

from time import thread_time

import numpy as np

from nnviz3d.app.bench import SIZE
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window.frame_timing import Meter
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from nnviz3d.ui.equations.sections import sections

FAMILIES = ("convnet", "resnet-tiny", "sort-gpt")


def readings_by_kind(times: int = 20) -> dict[str, float]:
    """Milliseconds that one reading of a neuron costs with its lines, of the slowest kind of each family."""
    out = {}
    for name in FAMILIES:
        path = toml.find(name)
        session = new_session(toml.load(path), path.parent)
        session.source.show()
        slowest = 0.0
        for node in {node.kind: node for node in session.source.topology.nodes}.values():
            spent = []
            for _ in range(times):
                session.source.show()  # another moment: nothing is kept
                start = thread_time()
                reading = session.inspector.neuron(session.source, node.neurons.start + node.size // 2)
                assert reading is not None
                sections(reading)
                spent.append(thread_time() - start)
            slowest = max(slowest, 1000 * float(np.median(spent)))
        out[f"{name}_reading_ms"] = round(slowest, 3)
    return out


def equations(frames: int = 240, warm: int = 60) -> dict:
    """What equations add to a frame of Python: `digits` learning with the Neuron panel open, and walking; beside the panel without any.

    Milliseconds in the overlay and in making the readout, in turns with frames where nothing is picked. The walk is at rest, as it is read.
    """
    path = toml.find("digits")
    session = new_session(toml.load(path, [Edit("look.quality", "low")]), path.parent)
    host = open_host(*SIZE, headless=True)
    loop = Loop(host, session)
    for name in loop.overlay._dock.opened:
        loop.overlay._dock.opened[name] = name == "Neuron"
    out: dict[str, float] = {}
    loop.meter = Meter(thread_time)  # what other programs take of the machine does not count
    cases = {"neuron": (80, -1, -1), "weight": (80, 1100, -1), "layer": (-1, -1, 1)}
    try:
        for when in ("learning", "walk"):
            if when == "walk":
                session.start_walk(Place.parse("update:1@0.5", session.source.topology))
            loop.run(warm)
            times: dict[str, list[float]] = {name: [] for name in ("", *cases)}
            for _ in range(frames // 24):
                for name, (picked, chosen, layer) in (("", (-1, -1, -1)), *cases.items()):
                    loop.stage.pointer.picked, loop.stage.pointer.chosen, loop.stage.pointer.layer = picked, chosen, layer
                    loop.run(12)  # formulas of another subject are rendered when it is picked
                    for _ in range(24):
                        loop.frame(1 / 60)
                        times[name].append(loop.meter.of("overlay"))
            bare = times.pop("")
            for name, values in times.items():
                out[f"{when}_{name}_ms"] = round(float(np.mean(values) - np.mean(bare)), 3)
                out[f"{when}_{name}_p99_ms"] = round(float(np.percentile(values, 99) - np.median(bare)), 3)
            out[f"{when}_floor_ms"] = round(float(np.mean(bare)), 3)
        loop.stage.close()
        return out | readings_by_kind()
    finally:
        host.close()
