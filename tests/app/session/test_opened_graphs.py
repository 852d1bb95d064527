"""Any graph that was built elsewhere opens, is drawn, picked, inspected, folded and filmed; what is not known of it says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.render.film.frame_renderer import FrameRenderer
from nnviz3d.app.render.film.job import make
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session.opening import Opened
from nnviz3d.app.session.session import Session
from nnviz3d.app.window.loop import Loop
from nnviz3d.backend import choose
from nnviz3d.gfx.hosts import open_host
from nnviz3d.sources.opened import OpenedGraph
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.foreign_graph import ForeignGraph, ForeignNode
from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.scene import Scene

STEP = 1 / 60
SHAPES = ((), (1,), (7,), (300,), (5000,), (4, 5), (12, 30), (3, 8, 8), (2, 3, 4, 5), (2, 1, 3, 4, 5), (1, 1), (40, 1), (70, 9, 9))
AXES = {2: (("token", "feature"), ("channel", "column"), ()), 3: (("channel", "row", "column"), ("head", "query", "key"), ())}


def drawn_at_random(seed: int, count: int = 14) -> tuple[ForeignGraph, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """With several inputs and outputs, containers in containers, scalars, up to five axes, and tensors of which nothing is known."""
    g = np.random.default_rng(seed)
    nodes: list[ForeignNode] = []
    for k in range(count):
        shape = SHAPES[g.integers(len(SHAPES))]
        names = [node.name for node in nodes]
        inputs = tuple(g.choice(names, min(int(g.integers(0 if g.random() < 0.2 else 1, 4)), len(names)), replace=False)) if k else ()
        place = g.choice(["", "a.", "a.b.", "a.c.", "blocks.0.", "blocks.1.", "blocks.1.in."])
        some = AXES.get(len(shape), ((),))
        parts = (("weight", (3, 4)), ("bias", (3,)), ("table", (2, 3, 4, 5)))[: int(g.integers(0, 4))]
        labels = tuple(f"l{j}" for j in range(shape[0])) if len(shape) == 1 and g.random() < 0.3 else ()
        nodes.append(ForeignNode(
            f"{place}n{k}", str(g.choice(["conv2d", "add", "__odd name__", "", "ünïcode"])), tuple(map(str, inputs)), shape,
            some[g.integers(len(some))], parts, labels=labels,
        ))  # fmt: skip
    known = [node for node in nodes if g.random() < 0.8]
    values = {node.name: g.normal(size=node.shape) * 10.0 ** g.integers(-6, 7) for node in known}
    if known and g.random() < 0.3:
        values[known[0].name] = np.full(known[0].shape, np.nan)
    parameters = {f"{node.name}.{part}": g.normal(size=size) for node in nodes for part, size in node.parameters if g.random() < 0.8}
    return ForeignGraph(tuple(nodes), f"random {seed}"), values, parameters


def session_of(seed: int, count: int = 14) -> Session:
    graph, values, parameters = drawn_at_random(seed, count)
    source = OpenedGraph(graph, values, choose("cpu"), parameters)
    return Session(source.scene, source)


@pytest.fixture(scope="module")
def host():
    made = open_host(640, 400, headless=True)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(60))
def test_every_cell_and_layer_of_a_random_graph_is_explained(seed):
    session = session_of(seed)
    source, topology = session.source, session.source.topology
    for node in topology.nodes:
        told = session.inspector.neuron(session.pictured, node.neurons.start + node.size // 2)
        assert (told.known is not None) == (node.number in source.unknown) and told.layer_name == node.name
        value = source.tensors("activation")[node.neurons.start + node.size // 2]
        assert told.a == pytest.approx(float(value)) and told.delta is None and told.target is None
        if node is not topology.input:
            assert session.inspector.layer(session.pictured, node.number) is not None
    for p in range(0, topology.n_parameters, 11):
        assert session.inspector.parameter(session.pictured, p).value == source.tensors("parameter")[p]


@pytest.mark.gl
@pytest.mark.parametrize("seed", range(12))
def test_a_random_graph_is_drawn_picked_folded_and_has_panels(seed, host):
    session = session_of(100 + seed)
    loop = Loop(host, session, play=False)
    for _ in range(2):
        loop.frame(STEP)
    plain = host.read().copy()
    assert plain.std() > 3
    g, topology = np.random.default_rng(seed), session.source.topology
    for neuron in g.integers(topology.n_neurons, size=4):
        loop.stage.pointer.pick(int(neuron))
        loop.frame(STEP)
    for name in NetworkParts(topology).by_name:
        session.apply([Edit("view.open", [name])])
        loop.frame(STEP)
    for title in loop.overlay._dock.opened:
        loop.overlay._dock.opened = {other: other == title for other in loop.overlay._dock.opened}
        loop.frame(STEP)
    assert not session.banner


@pytest.mark.gl
def test_a_thousand_nodes(host):
    session = session_of(7, 1000)
    loop = Loop(host, session, play=False)
    loop.frame(STEP)
    assert len(session.source.topology.nodes) == 1000 and host.read().std() > 3


@pytest.mark.gl
def test_a_frame_of_a_film(tmp_path):
    session = session_of(3)
    job = make(Opened(session.scene, tmp_path, None), tmp_path / "film.mkv", FilmRequest(size=(160, 96), fps=10, duration=0.1))
    with FrameRenderer(job, session) as renderer:
        frame = renderer.frame(0)
    assert frame.shape[:2] == (96, 160) and frame.std() > 3


def test_arrays_that_do_not_fit_are_refused_all_at_once():
    graph = ForeignGraph((ForeignNode("x", "input", (), (3,)), ForeignNode("y", "sum", ("x",), (), parameters=(("weight", (2,)),))))
    with pytest.raises(InputError) as caught:
        OpenedGraph(graph, {"x": np.zeros(4), "z": np.zeros(1)}, choose("cpu"), {"y.weight": np.zeros(3), "y.bias": np.zeros(1)})
    assert {problem.key for problem in caught.value.problems} == {"x", "z", "y.weight", "y.bias"}


def test_other_values_are_taken_and_bad_ones_change_nothing():
    graph = ForeignGraph((ForeignNode("x", "input", (), (3,)), ForeignNode("y", "sum", ("x",), ())))
    source = OpenedGraph(graph, {"x": np.arange(3), "y": np.array(3.0)}, choose("cpu"))
    version = source.version
    source.take({"x": np.ones(3)}, label="ones")
    assert source.tensors("activation").tolist() == [1, 1, 1, 0] and source.unknown == {1} and source.sample.label == "ones"
    assert source.version != version
    with pytest.raises(InputError):
        source.take({"x": np.ones(5)})
    assert source.tensors("activation").tolist() == [1, 1, 1, 0]


def test_equal_blocks_fold_by_their_structure():
    nodes, last = [ForeignNode("x", "input", (), (4,))], "x"
    for k in range(12):
        for op in ("norm", "linear", "add"):
            name = f"layer.{'abcdefghijkl'[k]}.{op}"
            nodes.append(ForeignNode(name, op, (last,), (4,), place=f"line {k}", settings=(("eps", "1e-5"),)))
            last = name
    parts = NetworkParts(ForeignGraph((*nodes, ForeignNode("out", "linear", (last,), (2,)))).topology())
    assert parts.by_name["layer"].label == "layer x 12" and any(part.count == 10 for part in parts.by_name.values())


def test_a_session_without_a_file_says_what_happened_before():
    graph = ForeignGraph((ForeignNode("x", "input", (), (3,)), ForeignNode("y", "sum", ("x",), ())))

    def model(ops):
        source = OpenedGraph(graph, {}, ops)
        source.notice = "It ended early."
        return source

    session = Opened(Scene(title="T"), Path(), None, model=model).session("cpu")
    assert session.banner == "It ended early." and session.source.unknown == {0, 1}
