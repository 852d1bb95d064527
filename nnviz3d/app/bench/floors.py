"""Drawing edges and neurons, next to the same primitives finished beforehand and drawn into the same target."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import numpy as np

from nnviz3d import backend
from nnviz3d.app.bench import SIZE
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.renderer import Renderer, pieces
from nnviz3d.gfx import state
from nnviz3d.gfx.hosts import Host
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.targets import RenderTarget
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.spec.scene import Look, Network, View
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology

REPEATS, SECONDS = 9, 3.0  # turns at least, and for how long
(WHOLE,) = pieces(SIZE, SIZE, max(SIZE))


def edges(host: Host) -> dict:
    """All 100,352 edges of 784-128, new weights every frame, against the same ribbons finished beforehand."""
    picture, renderer, pose = _scene_of(host, (28, 28), 128)
    source = Frozen(picture.topology)
    look = Look(edges="weight")
    picture.publish(source, look, 10**7, 0, exact=True)
    target = RenderTarget(host.context, *SIZE, "rgba16f", depth=True)
    frame, shared = SceneFrame(pose=pose, look=look), renderer.shared(SceneFrame(pose=pose), WHOLE)
    vertices = TextureBuffer(picture.topology.n_edges * 4, "float32", 4)
    vertices.write(_ribbons(picture, source, frame))
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


def neurons(host: Host) -> dict:
    """100,000 neurons as point sprites against bare points of the same places and sizes."""
    picture, renderer, pose = _scene_of(host, (250, 399), 250)
    source = Frozen(picture.topology)
    frame, shared = SceneFrame(pose=pose), renderer.shared(SceneFrame(pose=pose), WHOLE)
    picture.publish(source, frame.look, 0, 0, exact=True)
    target = RenderTarget(host.context, *SIZE, "rgba16f", depth=True)
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


class Frozen:
    """What a picture reads of a network that does not learn: given arrays, for draws of any size."""

    version: int = 0
    constant, view = 1.0, None

    def __init__(self, topology: Topology, seed: int = 0):
        generator = np.random.Generator(np.random.PCG64(seed))
        self._parameter = generator.standard_normal(topology.n_parameters, dtype=np.float32) * 0.1
        self._activation = generator.random(topology.n_neurons, dtype=np.float32)

    def tensors(self, kind: str) -> np.ndarray:
        return self._activation if kind == "activation" else self._parameter

    settled = tensors


def _scene_of(host: Host, inputs: tuple[int, ...], outputs: int):
    """Picture, renderer and camera of one dense layer."""
    picture = Picture(build_topology(Network(), inputs, outputs, "linear"), View(), backend.choose("cpu"))
    pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
    return picture, Renderer(host.context, picture.subject), pose


def _compare(host: Host, target, ours, bare) -> dict:
    """Medians of two draws into one target, taken in turns, and of their ratio in each turn: machines have their hours."""
    times: tuple[list[float], list[float]] = ([], [])
    begin, turns = perf_counter(), -2  # two to warm up
    while turns < REPEATS or perf_counter() - begin < SECONDS:
        for which, draw in enumerate((ours, bare)):
            with target:
                target.clear()
                host.present()
                start = perf_counter()
                draw()
                host.present()
                if turns >= 0:
                    times[which].append((perf_counter() - start) * 1e3)
        turns += 1
    ratio = median(a / b for a, b in zip(*times, strict=True))
    return {"ms": round(median(times[0]), 2), "floor_ms": round(median(times[1]), 2), "ratio": round(ratio, 3)}


def _ribbons(picture: Picture, source: Frozen, frame: SceneFrame) -> np.ndarray:
    """(4 E, 4) what shaders/edge.vert computes, by numpy: the same primitives for the floor."""
    connection = picture.topology.connections[0]
    outputs, inputs = connection.target.size, connection.source.size
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
