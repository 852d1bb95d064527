"""`nnviz3d bench`: what drawing and the frame cost on this machine, each next to a floor measured in the same process.

Every line is a ratio or a share, because machines are noisy. The floors draw the same
primitives, finished beforehand, into the same target.
"""

from __future__ import annotations

import json as json_module
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, thread_time

import numpy as np

SIZE = (1280, 720)
REPEATS = 9
SECTIONS = ("start", "frame", "readings", "equations", "long_steps", "edges", "neurons", "capture")


class _Frozen:
    """A source that does not learn: given arrays, for draws of any size."""

    def __init__(self, topology, seed: int = 0):
        generator = np.random.Generator(np.random.PCG64(seed))
        self.topology, self.version = topology, 0
        self._parameter = generator.standard_normal(topology.n_parameters, dtype=np.float32) * 0.1
        self._activation = generator.random(topology.n_neurons, dtype=np.float32)

    def tensors(self, kind: str) -> np.ndarray:
        return self._activation if kind == "activation" else self._parameter


def _scene_of(host, inputs: tuple[int, ...], outputs: int):
    """Picture, renderer and camera of one dense layer."""
    from nnviz3d import backend
    from nnviz3d.bridge.picture import Picture
    from nnviz3d.draw import camera
    from nnviz3d.draw.renderer import Renderer
    from nnviz3d.spec.scene import Network, View
    from nnviz3d.spec.topology import chain

    picture = Picture(chain(Network(), inputs, outputs, "linear"), View(), backend.choose("cpu"))
    pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
    return picture, Renderer(host.context, picture.subject), pose


def _compare(host, target, ours, bare) -> dict:
    """Medians of two draws into one target, taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for k in range(REPEATS + 2):
        for which, draw in enumerate((ours, bare)):
            with target:
                target.clear()
                host.present()
                start = perf_counter()
                draw()
                host.present()
                if k >= 2:
                    times[which].append((perf_counter() - start) * 1e3)
    a, b = median(times[0]), median(times[1])
    return {"ms": round(a, 2), "floor_ms": round(b, 2), "ratio": round(a / b, 3)}


def edges(host) -> dict:
    """All 100,352 edges of 784-128, new weights every frame, against the same ribbons finished beforehand."""
    from nnviz3d.draw.frame import Frame
    from nnviz3d.gfx import state
    from nnviz3d.gfx.columns import TextureBuffer
    from nnviz3d.gfx.program import Program
    from nnviz3d.gfx.targets import Target
    from nnviz3d.spec.scene import Look

    picture, renderer, pose = _scene_of(host, (28, 28), 128)
    source = _Frozen(picture.topology)
    look = Look(edges="weight")
    picture.publish(source, look, 10**7, 0, exact=True)
    target = Target(host.context, *SIZE, "rgba16f", depth=True)
    frame, shared = Frame(pose=pose, look=look), renderer.shared(Frame(pose=pose), SIZE)
    vertices = TextureBuffer(picture.topology.n_edges * 4, "float32", 4)
    vertices.write(_ribbons(picture, source, frame, shared))
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    bare.set(u_vertices=4, u_color=(0.01, 0.02, 0.03, 0.0))
    column = picture.subject.columns["t_value"]

    def draw_ours():
        column.write(source.tensors("parameter"))
        renderer.edges.draw(picture.subject, frame, shared, floor=0.0)

    def draw_bare():
        state.light()
        bare.draw("triangle_strip", 4, picture.topology.n_edges, {"t_vertex": vertices})

    out = _compare(host, target, draw_ours, draw_bare) | {"edges": picture.topology.n_edges}
    for owned in (bare, vertices, target, renderer, picture):
        owned.close()
    return out


def _ribbons(picture, source, frame, shared) -> np.ndarray:
    """(4 E, 4) what shaders/edge.vert computes, by numpy: the same primitives for the floor."""
    connection = picture.topology.connections[0]
    outputs, inputs = connection.weight.shape
    place = picture.layout.place_n4[:, :3].astype(np.float64)
    seen = frame.pose.project(place, SIZE[0] / SIZE[1])
    clip = frame.pose.clip_from_view(SIZE[0] / SIZE[1])
    depth = (-seen[:, 2] * clip[2, 2] + clip[3, 2]) / seen[:, 2]
    point = np.concatenate([seen[:, :2], depth[:, None]], 1)
    a, b = np.tile(point[:inputs], (outputs, 1)), np.repeat(point[inputs:], inputs, 0)
    scale = float(picture.subject.columns["t_pair_scale"].read()[0, 0])
    energy = np.minimum(np.abs(source.tensors("parameter")[: connection.size]) * scale, 1.6) ** 1.35
    way = (b - a)[:, :2] * SIZE
    side = np.stack([-way[:, 1], way[:, 0]], 1) / np.maximum(np.linalg.norm(way, axis=1), 1e-9)[:, None]
    half = frame.look.edge_width * (0.55 + 0.75 * np.minimum(energy, 1.2)) + 0.5
    offset = np.zeros_like(a)
    offset[:, :2] = side * half[:, None] * 2 / np.array(SIZE)
    strip = np.stack([a - offset, b - offset, a + offset, b + offset], 1).reshape(-1, 3)
    return np.concatenate([strip, np.ones((len(strip), 1))], 1).astype(np.float32)


def neurons(host) -> dict:
    """100,000 neurons as point sprites against bare points of the same places and sizes."""
    from nnviz3d.draw.frame import Frame
    from nnviz3d.gfx import state
    from nnviz3d.gfx.columns import TextureBuffer
    from nnviz3d.gfx.program import Program
    from nnviz3d.gfx.targets import Target

    picture, renderer, pose = _scene_of(host, (250, 399), 250)
    source = _Frozen(picture.topology)
    frame, shared = Frame(pose=pose), renderer.shared(Frame(pose=pose), SIZE)
    picture.publish(source, frame.look, 0, 0, exact=True)
    target = Target(host.context, *SIZE, "rgba16f", depth=True)
    with target:
        renderer.neurons.draw(picture.subject, frame, shared, SIZE)  # fills the order column
    order = renderer.neurons.order(picture.subject).column.read()[:, 0]
    seen = pose.project(picture.layout.place_n4[order, :3].astype(np.float64), SIZE[0] / SIZE[1])
    clip = pose.clip_from_view(SIZE[0] / SIZE[1])
    layer = picture.layout.place_n4[order, 3].astype(int)
    level = np.minimum(source.tensors("activation")[order] * picture.subject.columns["t_layer_scale"].read()[layer, 0], 1.0)
    pixels = picture.subject.radius * (1 + 0.37 * level) * clip[1, 1] * SIZE[1] / 2 / seen[:, 2]
    depth = (-seen[:, 2] * clip[2, 2] + clip[3, 2]) / seen[:, 2]
    vertices = TextureBuffer(len(order), "float32", 4)
    vertices.write(np.stack([seen[:, 0], seen[:, 1], depth, np.maximum(2 * pixels + 1, 1.5)], 1))
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    bare.set(u_vertices=0, u_color=(0.1, 0.1, 0.1, 1.0))

    def draw_bare():
        state.solid()
        bare.draw("points", len(order), 1, {"t_vertex": vertices})

    out = _compare(host, target, lambda: renderer.neurons.draw(picture.subject, frame, shared, SIZE), draw_bare)
    for owned in (bare, vertices, target, renderer, picture):
        owned.close()
    return out | {"neurons": picture.topology.n_neurons}


def readings(frames: int = 240) -> dict:
    """What a frame of `digits` costs with the confusion matrix and the layers' histograms open, next to the same with them closed."""
    shut, wide = frame(frames), frame(frames, opened=("Confusion matrix", "Layers"))
    overlay = [round(each["stages_p50_ms"]["overlay"], 2) for each in (shut, wide)]
    out = {f"{name}_{key}": each[key] for name, each in (("closed", shut), ("open", wide)) for key in ("p50_ms", "python_ms")}
    return out | {"closed_overlay_ms": overlay[0], "open_overlay_ms": overlay[1], "ratio": round(wide["p50_ms"] / shut["p50_ms"], 3)}


def frame(frames: int = 240, warm: int = 150, opened: tuple[str, ...] = ()) -> dict:
    """`digits` learning with the overlay at quality auto: milliseconds a frame, and Python's own share of it. `opened`: sections of the
    dock that are open besides those that always are."""
    from nnviz3d.app.loop import Loop
    from nnviz3d.app.session import Session
    from nnviz3d.gfx import driver
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec import toml

    path = toml.find("digits")
    session = Session(toml.load(path), path.parent)
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
        out = {"p50_ms": p50, "p99_ms": p99, "python_ms": round(median(shares), 2), "stages_p50_ms": stages, "level": loop.stage.level.name}
        loop.stage.close()
        return out
    finally:
        host.close()


def capture(frames: int = 96, warm: int = 90) -> dict:
    """A frame of `digits`, learning, with the overlay, while a film is made of it, against the same without, in turns.

    The film is thrown away. On two cores that also rasterise the encoder takes from both; on more it runs beside.
    """
    from nnviz3d.app import capture as capturing
    from nnviz3d.app.loop import Loop
    from nnviz3d.app.session import Session
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec import toml

    path = toml.find("digits")
    session = Session(toml.load(path), path.parent)
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
                dropped += loop.capture.reading().dropped
                loop.capture.stop()
                while loop.capture.reading() is not None:
                    loop.run(1)
        loop.stage.close()
    out = {f"{'filmed' if on else 'plain'}_p{q}_ms": round(float(np.percentile(t, q)), 2) for on, t in times.items() for q in (50, 99)}
    out |= {f"{'filmed' if on else 'plain'}_cpu_ms": round(seconds * 1e3 / len(times[on]), 2) for on, seconds in cpu.items()}
    own = round(median(stage), 2)
    return out | {"ratio": round(median(times[True]) / median(times[False]), 3), "window_ms": own, "dropped": dropped}


def long_steps(frames: int = 60, warm: int = 45) -> dict:
    """The frame time of one wide network while a training step takes long, against the same while steps are short."""
    from nnviz3d.app.loop import Loop
    from nnviz3d.app.session import Session
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit

    path = toml.find("wide")
    out = {}
    for name, batch in (("short", 4), ("long", 512)):
        edits = [Edit("train.batch", batch), Edit("look.quality", "low"), Edit("data.samples", 1200)]
        session = Session(toml.load(path, edits), path.parent, "cpu")
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


def equations(frames: int = 240, warm: int = 60) -> dict:
    """What equations add to a frame of Python: `digits` learning with the Neuron panel open, and walking; beside the panel without any.

    Milliseconds in the overlay and in making the readout, in turns with frames where nothing is picked. The walk is at rest, as it is read.
    """
    from nnviz3d.app import facts
    from nnviz3d.app.loop import Loop
    from nnviz3d.app.session import Session
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit
    from nnviz3d.spec.phases import Place

    path = toml.find("digits")
    session = Session(toml.load(path, [Edit("look.quality", "low")]), path.parent)
    host = open_host(*SIZE, headless=True)
    loop = Loop(host, session)
    for name in loop.overlay._dock.opened:
        loop.overlay._dock.opened[name] = name == "Neuron"
    out, spent, real = {}, [0.0], (facts.readout, loop.overlay.draw)

    def timed(call):
        def run(*args, **kwargs):
            begin = thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                spent[0] += (thread_time() - begin) * 1e3

        return run

    facts.readout, loop.overlay.draw = timed(real[0]), timed(real[1])
    cases = {"neuron": (80, -1, -1), "weight": (80, 1100, -1), "layer": (-1, -1, 1)}
    try:
        for when in ("learning", "walk"):
            if when == "walk":
                session.start_walk(Place.parse("update:1@0.5", session.source.topology))
            loop.run(warm)
            times: dict[str, list[float]] = {name: [] for name in ("", *cases)}
            for _ in range(frames // 24):
                for name, (picked, chosen, layer) in (("", (-1, -1, -1)), *cases.items()):
                    loop.stage.picked, loop.stage.chosen, loop.stage.layer = picked, chosen, layer
                    loop.run(12)  # formulas of another subject are rendered when it is picked
                    for _ in range(24):
                        spent[0] = 0.0
                        loop.frame(1 / 60)
                        times[name].append(spent[0])
            bare = times.pop("")
            for name, values in times.items():
                out[f"{when}_{name}_ms"] = round(float(np.mean(values) - np.mean(bare)), 3)
                out[f"{when}_{name}_p99_ms"] = round(float(np.percentile(values, 99) - np.median(bare)), 3)
            out[f"{when}_floor_ms"] = round(float(np.mean(bare)), 3)
        loop.stage.close()
        return out
    finally:
        facts.readout = real[0]
        host.close()


def start() -> dict:
    """Seconds from process start: to the end of `--help`, of the import, and to the first presented frame of `digits` (best of 3)."""

    def best(*command: str) -> float:
        times = []
        for _ in range(3):
            begin = perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            times.append(perf_counter() - begin)
        return round(min(times), 3)

    module = ("-m", "nnviz3d")
    return {
        "python_s": best("-c", "pass"),
        "import_s": best("-c", "import nnviz3d"),
        "help_s": best(*module, "--help"),
        "first_frame_s": best(*module, "run", "digits", "--headless", "--frames", "1"),
    }


def measure(only: str | None = None) -> dict:
    """All measurements, or one of `SECTIONS`."""
    from nnviz3d.gfx.hosts import open_host

    out: dict = {"size": list(SIZE)}
    if only in (None, "start"):
        out["start"] = start()
    if only in (None, "frame"):
        out["frame"] = frame()
    if only in (None, "readings"):
        out["readings"] = readings()
    if only in (None, "long_steps"):
        out["long_steps"] = long_steps()
    if only in (None, "capture") and find_spec("av"):
        out["capture"] = capture()
    if only in (None, "equations"):
        out["equations"] = equations()
    if only in (None, "edges", "neurons"):
        host = open_host(*SIZE, headless=True)
        out["renderer"] = host.context.renderer
        try:
            for name, function in (("edges", edges), ("neurons", neurons)):
                if only in (None, name):
                    out[name] = function(host)
        finally:
            host.close()
    return out


def main(json: bool = False, only: str | None = None) -> int:
    """Measure and print: one JSON document, or a line a number."""
    report = measure(only)
    text = json_module.dumps(report, indent=1)
    if json:
        sys.stdout.write(text + "\n")
    else:
        for section, values in report.items():
            for name, value in values.items() if isinstance(values, dict) else [("", values)]:
                sys.stdout.write(f"{section:10} {name:16} {value}\n")
    return 0
