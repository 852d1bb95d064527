"""A GIF, against what matplotlib takes for the same network: `tools/bench.py gif`.

The project Neural-Network-Visualizations draws every frame anew: a line for each edge, a circle for each neuron, opacities that follow a
pulse, 10 x 4 inches at 100 dots an inch. With the edges of 64-32-16-10 that was measured at 1.3 s a frame; a frame here shall take 20 ms,
65 times less. Machines differ and the same one has its hours, so both are measured in one run, matplotlib before and after the film.
"""

from __future__ import annotations

import math
import tempfile
from compileall import compile_dir
from itertools import pairwise, product
from pathlib import Path
from time import perf_counter, process_time

import bench_films

LAYERS = (64, 32, 16, 10)
GOAL, TIMES = 20.0, 65.0
PEER_FRAMES = 4


def section() -> dict:
    """A forward pass of 64-32-16-10 as a GIF of 1000 x 400, by as many processes as `record` takes: milliseconds a frame, all in all.

    From the first frame on, as matplotlib's are counted; what comes before it (imports, OpenGL, training) is told as `start_s`.
    """
    import nnviz3d
    from nnviz3d.app.film import work

    compile_dir(Path(nnviz3d.__file__).parent, quiet=2)  # as an installation does
    peer, first = peers(), []

    def painted(done: int, _total: int) -> None:
        if not first:
            first.append((perf_counter(), done))

    with tempfile.TemporaryDirectory() as name:
        settings = {"record__width": 1000, "record__height": 400, "record__fps": 25}
        what = bench_films.job_of(Path(name), "forward-pass", "film.gif", **settings)
        start = perf_counter()
        parts = work.begin(what)
        work.paint(what, parts, range(parts.plan.pieces), painted, jobs=None)
        drawn = perf_counter()
        work.finish(parts, what.target, what.sidecar)
        end, size = perf_counter(), what.target.stat().st_size
    (begun, done), count = first[0], what.count
    each = 1e3 / (count - done)
    told = {
        "frames": count, "ms_a_frame": round((end - begun) * each, 1), "goal_ms": GOAL, "draw_ms": round((drawn - begun) * each, 1),
        "dither_and_pack_ms": round((end - drawn) * 1e3 / count, 1), "start_s": round(begun - start, 2),
        "ms_a_frame_with_start": round((end - start) * 1e3 / count, 1), "bytes_a_frame": size // count, "draw_cpu_ms": round(alone(), 1),
    }  # fmt: skip
    if peer is None:
        return told | {"matplotlib_ms": None, "note": "pip install matplotlib, and the ratio is measured"}
    peer = (peer + peers()) / 2
    return told | {"matplotlib_ms": round(peer), "times_faster": round(peer / told["ms_a_frame"], 1), "goal_times": TIMES}


def alone(frames: int = 60) -> float:
    """Milliseconds of the processor that one frame takes to draw, in a process that has nothing beside it."""
    from nnviz3d.app.film.painter import Painter

    with tempfile.TemporaryDirectory() as name:
        what = bench_films.job_of(Path(name), "forward-pass", "film.gif", record__width=1000, record__height=400, record__fps=25)
        with Painter(what) as painter:
            painter.frame(0)
            busy = process_time()
            for k in range(1, frames + 1):
                painter.frame(k * (what.count - 1) // frames)
            return 1e3 * (process_time() - busy) / frames


def peers() -> float | None:
    """Milliseconds a frame by matplotlib, with Pillow's GIF; None where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from PIL import Image

    pulse(0.0)  # fonts and the like
    start = perf_counter()
    first, *rest = [Image.fromarray(pulse(3 * k / PEER_FRAMES)) for k in range(PEER_FRAMES)]
    with tempfile.TemporaryFile() as file:
        first.save(file, "gif", save_all=True, append_images=rest, duration=100, loop=0)
    return 1e3 * (perf_counter() - start) / PEER_FRAMES


def pulse(p: float):
    """A frame as that project draws it, at pulse `p` of 0 to 3: (400, 1000, 3) uint8."""
    import numpy as np
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(10, 4), dpi=100, facecolor="#0d1117")
    axes.axis("off")
    places = [[(k, (j + 0.5) / count) for j in range(count)] for k, count in enumerate(LAYERS)]
    for k, (left, right) in enumerate(pairwise(places)):
        alpha = max(0.05, 0.6 * math.exp(-4 * (k + 0.5 - p) ** 2))
        for a, b in product(left, right):
            axes.plot([a[0], b[0]], [a[1], b[1]], color="#58a6ff" if alpha > 0.15 else "#8b949e", alpha=alpha, zorder=1)
    for k, layer in enumerate(places):
        alpha = max(0.1, math.exp(-6 * (k - p) ** 2))
        for place in layer:
            axes.add_patch(pyplot.Circle(place, 0.02, facecolor=(1, 1, 1, alpha), edgecolor="#8b949e", zorder=2))
    figure.canvas.draw()
    image = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    pyplot.close(figure)
    return image
