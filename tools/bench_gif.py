"""A GIF, against what matplotlib takes for the same network: `tools/bench.py gif`.

The project Neural-Network-Visualizations draws every frame anew: a line for each edge, a circle for each neuron, opacities that follow a
pulse, 10 x 4 inches at 100 dots an inch. With the edges of 64-32-16-10 that was measured at 1.3 s a frame; a frame here shall take 20 ms,
65 times less. Machines differ and the same one has its hours, so both are measured in one run, in turns.
"""

from __future__ import annotations

import math
import tempfile
from compileall import compile_dir
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import bench_films

LAYERS = (64, 32, 16, 10)
GOAL, TIMES = 20.0, 65.0
PEER_FRAMES, ROUNDS = 4, 3


def section() -> dict:
    """A forward pass of 64-32-16-10 as a GIF of 1000 x 400, by as many processes as `record` takes: milliseconds a frame, all in all.

    From the first frame on, as matplotlib's are counted; what comes before it (imports, OpenGL, training) is reported as `start_s`. The
    film is made several times, with matplotlib before and after each; what is reported is the median.
    """
    import nnviz3d

    compile_dir(Path(nnviz3d.__file__).parent, quiet=2)  # as an installation does
    peer, films = [peers()], []
    for _ in range(ROUNDS):
        films.append(film())
        peer.append(peers())
    reported = {name: round(median(one[name] for one in films), 2) for name in films[0]} | {
        "goal_ms": GOAL,
        "draw_cpu_ms": round(alone(), 1),
    }
    if peer[0] is None:
        return reported | {"matplotlib_ms": None, "note": "pip install matplotlib, and the ratio is measured"}
    times = [(a + b) / 2 / one["ms_a_frame"] for one, (a, b) in zip(films, pairwise(peer), strict=True)]
    reported |= {"matplotlib_ms": round(median(peer)), "times_faster": round(median(times), 1)}
    return reported | {"times_faster_from_to": [round(min(times), 1), round(max(times), 1)], "goal_times": TIMES}


def film() -> dict:
    """Make it once."""
    from nnviz3d.app.render.film import pipeline

    first: list[tuple[float, int]] = []

    def painted(done: int, _total: int) -> None:
        if not first:
            first.append((perf_counter(), done))

    with tempfile.TemporaryDirectory() as name:
        what = job(name)
        start = perf_counter()
        parts = pipeline.begin(what)
        pipeline.render_pieces(what, parts, range(parts.plan.pieces), painted, jobs=None)
        drawn = perf_counter()
        pipeline.finish(parts, what.target, what.sidecar)
        end, size = perf_counter(), what.target.stat().st_size
    (begun, done), count = first[0], what.count
    each, all_of_them = 1e3 / (count - done), 1e3 / count
    return {
        "frames": count, "ms_a_frame": (end - begun) * each, "draw_ms": (drawn - begun) * each,
        "dither_and_pack_ms": (end - drawn) * all_of_them, "start_s": begun - start, "ms_a_frame_with_start": (end - start) * all_of_them,
        "bytes_a_frame": size // count,
    }  # fmt: skip


def job(folder: str):
    settings = {"record__width": 1000, "record__height": 400, "record__fps": 25}
    return bench_films.job_of(Path(folder), "forward-pass", "film.gif", **settings)


def alone(frames: int = 60) -> float:
    """Milliseconds of the processor that one frame takes to draw, in a process that has nothing beside it."""
    from nnviz3d.app.render.film.frame_renderer import FrameRenderer

    with tempfile.TemporaryDirectory() as name:
        what = job(name)
        with FrameRenderer(what) as painter:
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
