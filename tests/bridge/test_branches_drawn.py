"""A network with branches, a residual sum and layers without weights, from tensors to pixels: drawn, picked, lit, folded."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera
from nnviz3d.draw.edge_picking import pick_edge
from nnviz3d.draw.frame import Change, SceneFrame, Wave
from nnviz3d.draw.network_buffers import END
from nnviz3d.draw.quality import NAMED
from nnviz3d.draw.renderer import Renderer
from nnviz3d.layers import edge_lookup
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout.detours import lifted
from nnviz3d.spec.neuron_locks import NONE
from nnviz3d.spec.scene import Look, Network, View
from nnviz3d.spec.topology import EdgeRef
from nnviz3d.spec.topology_builder import build_topology
from tests.helpers.scene_pixels import scene_pixels

pytestmark = pytest.mark.gl
SIZE = (320, 180)
DARK = Look(particles=0.0, glow=0.0)
LAYERS = [
    {"units": 6, "name": "a"}, {"units": 3, "name": "b", "from": ["a"]}, {"units": 3, "name": "c", "from": ["a"]},
    {"kind": "concat", "name": "both", "from": ["b", "c"]}, {"kind": "activation", "name": "f", "activation": "tanh"},
    {"kind": "add", "name": "sum", "from": ["f", "a"]}, {"kind": "multiply", "name": "gate", "from": ["f", "sum"]},
    {"kind": "reshape", "shape": [2, 3]}, {"kind": "dropout", "name": "drop"},
]  # fmt: skip
KINDS = ("parameter", "gradient", "change", "before")


class Source:
    """Arrays that a test sets."""

    def __init__(self, layers=LAYERS, shape=(4,)):
        self.topology = build_topology(Network.model_validate({"layers": layers}), shape, 2, "softmax")
        generator = np.random.default_rng(0)
        self.arrays = {name: generator.standard_normal(self.topology.n_parameters).astype(np.float32) for name in KINDS}
        self.arrays["activation"] = generator.random(self.topology.n_neurons).astype(np.float32)
        self.arrays["delta"] = generator.standard_normal(self.topology.n_neurons).astype(np.float32)
        self.version = 0

    def tensors(self, kind):
        return self.arrays[kind]

    settled = tensors
    view, constant = None, 1.0


@pytest.fixture
def stage(host):
    source = Source()
    picture = Picture(source.topology, View(), backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    yield host, source, picture, renderer
    renderer.close()
    picture.close()


def view(picture):
    return camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])


def light(stage, look=DARK, **frame):
    """(H, W) light before the tone curve."""
    host, _source, picture, renderer = stage
    renderer.render(picture.subject, SceneFrame(pose=view(picture), look=look, level=NAMED["high"], **frame), host.framebuffer, SIZE)
    return scene_pixels(renderer)[..., :3].sum(2)


def path(picture, edge: EdgeRef, t) -> np.ndarray:
    """(n, 2) pixels of an edge at shares t of its way, x and y from the upper left."""
    source, target = edge_lookup.ends(picture.topology, edge)
    begin, end = picture.layout.place_n4[[source, target], :3].astype(float)
    points, detour = begin + (end - begin) * t[:, None], picture.layout.detours[edge.connection]
    seen = view(picture).project(points if detour is None else lifted(detour, points, t), SIZE[0] / SIZE[1])
    return np.stack([(seen[:, 0] * 0.5 + 0.5) * SIZE[0], (0.5 - seen[:, 1] * 0.5) * SIZE[1]], 1)


def every_edge(topology):
    return [EdgeRef(c.number, local) for c in topology.connections for local in range(c.size)]


def test_every_edge_is_drawn_where_its_ends_and_its_detour_say_and_is_picked_there(stage):
    _host, source, picture, _renderer = stage
    picture.publish(source, DARK, 10**6, 0, exact=True)
    picture.mark((), NONE)
    calm, checked = light(stage), 0
    xyz = picture.layout.place_n4[:, :3].astype(float)
    neurons = (view(picture).project(xyz, SIZE[0] / SIZE[1])[:, :2] * [0.5, -0.5] + 0.5) * SIZE
    assert [d is not None for d in picture.layout.detours].count(True) == 2
    for edge in every_edge(source.topology):
        picture.mark((edge,), NONE)
        assert len(picture.subject.lit) == 1
        marks = picture.subject.columns["t_mark"].read()[:, 0]
        assert sorted(np.flatnonzero(marks & END)) == sorted(edge_lookup.ends(source.topology, edge))
        along = path(picture, edge, np.linspace(0.02, 0.98, 400))
        added = light(stage) - calm
        rows, columns = np.nonzero(added > 0.3 * added.max())
        ends = path(picture, edge, np.array([0.0, 1.0]))
        lit = np.stack([columns + 0.5, rows + 0.5], 1)
        lit = lit[(np.linalg.norm(lit[:, None] - ends, axis=2) > 14).all(1)]  # rings of its neurons shine too
        if len(lit):
            assert np.linalg.norm(lit[:, None] - along, axis=2).min(1).max() < 3.0, edge
        free = along[(np.linalg.norm(along[:, None] - neurons, axis=2) > 8).all(1)]  # no sphere stands before it
        seen = [added[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].max() > 0.02 for x, y in free[::10].round().astype(int)]
        assert np.mean(seen or [1]) >= 0.8, edge
        checked += bool(seen)
        ndc = (2 * along[200, 0] / SIZE[0] - 1, 1 - 2 * along[200, 1] / SIZE[1])
        bright = lambda k, edges, edge=edge: np.where((k == edge.connection) & (edges == edge.local), 1.0, 0.1)  # noqa: E731
        assert pick_edge(picture.layout, picture.drawn(), bright, view(picture), ndc, SIZE, 1.0, 0.05) == edge
    assert checked > 0.8 * source.topology.n_edges


@pytest.mark.parametrize("budget", [10**6, 30])
@pytest.mark.parametrize("look", ["signal", "weight", "gradient", "change"])
def test_all_and_the_strongest_with_their_energies(stage, budget, look):
    _host, source, picture, _renderer = stage
    picture.publish(source, Look(edges=look), budget, 8, exact=True)
    assert light(stage, Look(edges=look)).max() > 0 and picture.edges.total == source.topology.n_edges
    drawn = picture.drawn()
    assert sum(c.connection.size if c.edges is None else len(c.edges) for c in drawn) == picture.edges.shown
    for k, candidates in enumerate(drawn):
        edges = np.arange(candidates.connection.size)
        energy = picture.energies(k, edges)
        if edges_of(candidates.connection).value != "parameter" and look in ("gradient", "change"):
            assert not energy.any(), "an edge without a parameter has no gradient, and no change"
        else:
            assert energy.max() > 0.5, "each pair by its own scale"
    listed = picture.subject.chosen.column.read()[: len(picture.subject.chosen)]
    if budget == 30:
        detours = np.array([d is not None for d in picture.layout.detours])[listed[:, 3] >> 2]
        assert (np.diff(detours.astype(int)) >= 0).all() and detours.sum() == picture.subject.chosen.detours


def test_a_wave_is_under_way_on_a_detour_as_long_as_its_ranks_last(stage):
    _host, source, picture, _renderer = stage
    picture.publish(source, Look(particles=0.0), 10**6, 0, exact=True)
    c = source.topology.into(source.topology.by_name["sum"])[1]
    assert picture.layout.detours[c.number] is not None
    assert (c.source.rank, c.target.rank) == (1, 5)
    edge = EdgeRef(c.number, int(picture.energies(c.number, np.arange(c.size)).argmax()))
    at = path(picture, edge, np.linspace(0.3, 0.7, 9)).round().astype(int)

    def shines(front, way):
        image = light(stage, Look(particles=0.0, glow=0.0), wave=Wave(front=front, way=way, flow=1))
        return [bool(image[y - 2 : y + 3, x - 2 : x + 3].max() > 0.05) for x, y in at]

    nothing = shines(1.0, 1)
    assert not any(nothing[2:-2]) and all(shines(5.0, 1)) and all(shines(1.0, -1))
    half = shines(3.0, 1)
    assert half[:3] == [True] * 3 and half[-3:] == [False] * 3
    back = shines(3.0, -1)
    assert back[:3] == [False] * 3 and back[-3:] == [True] * 3


def test_light_follows_the_quantity_of_edges_without_parameters(stage):
    """Of a product and a sum, as of weights: what carries nothing is dark, what carries much is bright."""
    _host, source, picture, _renderer = stage
    topology, a_n = source.topology, source.arrays["activation"]
    look = Look(particles=0.0, glow=0.0)
    for name in ("gate", "sum", "both"):
        for c in topology.into(topology.by_name[name]):
            shown = np.arange(c.size) % 2 == 0
            a_n[:] = 0.0
            for each in c.inputs:  # both factors of a product
                a_n[each.neurons.slice][: c.size][shown] = 1.0
            source.version += 1
            picture.publish(source, look, 10**6, 0, exact=True)
            assert (picture.energies(c.number, np.arange(c.size)) > 0.5).tolist() == shown.tolist()
            image = light(stage, look)
            for local in range(c.size):
                # where it is alone: near its own end, before the others come
                at = path(picture, EdgeRef(c.number, local), np.array([0.45, 0.5, 0.55])).round().astype(int)
                brightest = max(image[y - 1 : y + 2, x - 1 : x + 2].max() for x, y in at)
                assert brightest > 0.1 if shown[local] else True, (name, local)
            a_n[:] = 0.0
            source.version += 1
            picture.publish(source, look, 10**6, 0, exact=True)
            calm = light(stage, look)
            assert image.sum() > calm.sum() + 1.0


def test_weights_of_two_moments_and_a_neuron_whose_edges_stand_out(stage):
    _host, source, picture, _renderer = stage
    neuron = source.topology.by_name["sum"].neurons.start + 1
    for flow, change in ((0, Change(1.0, 30.0, 30.0)), (0, Change(0.0, 30.0, 30.0))):
        source.version += 1
        picture.publish(source, Look(), 40, 8, neuron, True, ("change", flow), change)
        wave = Wave(front=3.0, way=-1, flow=0, change=change, ghost=True)
        assert np.isfinite(light(stage, Look(), wave=wave)).all()
    source.version += 1
    picture.publish(source, Look(), 40, 8, neuron, exact=True)
    found = {edge_lookup.ends(source.topology, EdgeRef(*map(int, row))) for row in picture._highlighted}
    f, a, gate = (source.topology.by_name[name].neurons.start for name in ("f", "a", "gate"))
    assert found == {(f + 1, neuron), (a + 1, neuron), (neuron, gate + 1)}
    assert light(stage, Look()).max() > 0


def test_a_folded_input_that_two_branches_and_a_function_read(host):
    layers = [
        {"units": 5, "name": "a", "from": ["input"]}, {"kind": "activation", "name": "f", "activation": "tanh", "from": ["input"]},
        {"units": 5, "name": "b", "from": ["f"]}, {"kind": "add", "from": ["a", "b"]},
    ]  # fmt: skip
    source = Source(layers, (60,))
    picture = Picture(source.topology, View(fold=6), backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    picture.publish(source, Look(), 10**6, 8, exact=True)
    (stack,) = picture.layout.stacks
    strength = np.abs(source.topology.by_name["a"].weight.view(source.arrays["parameter"])).sum(0)
    assert strength[stack.shown_k].min() >= np.sort(strength)[-8], "in steps of 1 %"
    into_a, into_f = picture.drawn()[0], picture.drawn()[1]
    assert len(into_a.edges) == 5 * 7 and len(into_f.edges) == 7
    assert np.isfinite(light((host, source, picture, renderer), Look())).all()
    renderer.close()
    picture.close()
