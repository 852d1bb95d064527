"""What a frame costs against the size of the network: numbers that change in every frame, chosen, uploaded and drawn. Nothing is trained:
that a step costs more in a larger network is another matter."""

from __future__ import annotations

import os
from itertools import count
from time import perf_counter

import numpy as np

from nnviz3d import backend
from nnviz3d.app.bench import SIZE
from nnviz3d.app.bench.floors import Frozen
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.quality import NAMED
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.hosts import Host
from nnviz3d.spec.scene import Layer, Look, Network, View
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

SIZES = tuple(10**k for k in range(3, 9))  # parameters
BYTES = 16  # a parameter needs here: the numbers, and what is made of them while they are drawn from
NEURONS = (1000, 1000)  # all of them in view
FIRST = 60  # frames that are not counted: a second, in which what is large is looked through for the first time


def scale(host: Host, frames: int = 120, largest: int = SIZES[-1]) -> dict:
    """By size: milliseconds a frame, of that for bringing the columns up to the numbers, and what was drawn. What does not fit into memory
    is left out, and said."""
    level = "low" if host.context.software else "high"
    out: dict = {"quality": level}
    for size in SIZES:
        if size > largest or not _fits(size):
            out[f"{size:.0e}"] = "left out: it does not fit into memory" if size <= largest else "left out: not asked for"
            continue
        width = int((size / 2) ** 0.5 - 3)  # two square matrices and ten outputs: just below the size
        layers = (Layer(units=width), Layer(units=width))
        out[f"{size:.0e}"] = _measured(host, build_topology(Network(layers=layers), (width,), 10, "linear"), level, frames)
    if NEURONS[0] * NEURONS[1] * 10 <= largest:
        out["1e6 neurons"] = _measured(host, build_topology(Network(), NEURONS, 10, "linear"), level, frames)
    return out


def _fits(parameters: int) -> bool:
    """Whether the machine has the memory free; where it cannot be asked, it has."""
    try:
        return parameters * BYTES < os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return True


def _measured(host: Host, topology: Topology, level: str, frames: int) -> dict:
    """A network whose numbers are others in every frame."""
    source, view = Frozen(topology), View(fold=0)
    begin = perf_counter()
    picture = Picture(topology, view, backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    pose, look = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1]), Look()
    opened = perf_counter() - begin
    quality, all_ms, publish_ms = NAMED[level], [], []
    versions = count(1)
    for _ in range(FIRST + frames):
        source.version = next(versions)
        start = perf_counter()
        picture.publish(source, look, quality.edges, quality.particles)
        published = perf_counter()
        renderer.render(picture.subject, SceneFrame(pose=pose, look=look, level=quality), host.framebuffer, SIZE)
        host.present()
        all_ms.append((perf_counter() - start) * 1e3)
        publish_ms.append((published - start) * 1e3)
    shown = picture.edges
    for owned in (renderer, picture):
        owned.close()
    p50, p99, most = (round(float(np.percentile(all_ms[FIRST:], q)), 2) for q in (50, 99, 100))
    return {
        "parameters": topology.n_parameters,
        "neurons": topology.n_neurons,
        "p50_ms": p50,
        "p99_ms": p99,
        "max_ms": most,
        "publish_p50_ms": round(float(np.median(publish_ms[FIRST:])), 2),
        "publish_max_ms": round(max(publish_ms[FIRST:]), 2),
        "first_second_max_ms": round(max(all_ms[:FIRST]), 2),
        "open_ms": round(opened * 1e3, 1),
        "edges": shown.shown,
        "ribbons": shown.ribbons,
    }
