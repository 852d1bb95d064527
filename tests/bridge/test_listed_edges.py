"""What lists of edges and ribbons hold, of every kind, against the kinds' own answers in float64: ends, values and brightness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge import edge_columns, edge_selection, network_columns
from nnviz3d.bridge.edge_groups import Groups
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import ACTIVATION, PARAMETER, QUANTITY
from nnviz3d.spec.scene import Look, Network, View
from nnviz3d.spec.topology_builder import build_topology
from tests.layers.kinds import CASES, graph_with

pytestmark = pytest.mark.gl
FLOWS = {"signal": ("parameter", 1), "weight": ("parameter", 0), "gradient": ("gradient", 0)}
EVERYTHING = 10**6


class Source:
    """Arrays for any network."""

    def __init__(self, topology, seed: int = 0):
        self.topology, self.version, self.view, self.constant = topology, 0, None, 1.0
        generator = np.random.default_rng(seed)
        self.arrays = {name: generator.standard_normal(topology.n_parameters).astype(np.float32) for name in ("parameter", "gradient")}
        self.arrays |= {name: generator.standard_normal(topology.n_neurons).astype(np.float32) for name in ("activation", "delta")}

    def tensors(self, kind):
        return self.arrays[kind]

    settled = tensors


def float64(numbers: Numbers) -> Numbers:
    return replace(numbers, value_p=numbers.value_p.astype(float), activation_n=numbers.activation_n.astype(float))


def drawn(picture: Picture, edges) -> list[tuple[int, int, int, float]]:
    """(entry, source, target, level) of each row of a list: what shaders/include/edge.glsl makes of it."""
    columns, subject, numbers = picture.subject.columns, picture.subject, picture._numbers
    value, scale, factor = (columns[name].read().astype(float) for name in ("t_value", "t_pair_scale", "t_pair"))
    a_n, flow, out = columns["t_activation"].read()[:, 0].astype(float), numbers.flow, []
    for n, row in enumerate(edges.column.read()[: len(edges)]):
        source, target, what, entry, kind = (*row[:3].tolist(), int(row[3]) >> 2, int(row[3]) & 3)
        if kind == PARAMETER:
            q = value[edges.first + n if subject.own_values else what, 0] * factor[entry, 0]
        elif kind == ACTIVATION:
            q = a_n[what] * factor[entry, 0] * subject.constant
        else:
            q = float(row[2:3].view(np.float32)[0])
        if kind != QUANTITY and flow & 1:
            q *= a_n[source]
        out.append((entry, source, target, q * scale[entry, 0]))
    return out


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("look", FLOWS)
@pytest.mark.parametrize("own_values", [False, True])
def test_rows_say_what_the_kind_says(host, monkeypatch, kind, look, own_values):
    if own_values:
        for module in (edge_selection, edge_columns, network_columns):
            monkeypatch.setattr(module, "WHOLE", 0)
    topology = graph_with(kind)
    picture, source, node = Picture(topology, View(), backend.choose("cpu")), Source(topology), topology.by_name["k"]
    picture.publish(source, Look(edges=look), EVERYTHING, 8, focus=node.neurons.start, exact=True)
    numbers, pairs, seen = float64(picture._numbers), len(topology.connections), set()
    lists = picture.subject.chosen, picture.subject.signals, picture.subject.highlight
    for edges in lists:
        for entry, begin, end, level in drawn(picture, edges):
            c, ribbons = topology.connections[entry % pairs], picture.choice.ribbons(entry % pairs)
            seen.add(entry % pairs)
            if ribbons is not None and entry < pairs:
                sums = sum(edges_of(c).group_strengths(c, numbers, ribbons.sizes))
                t, s = ribbons.target.ids.tolist().index(end), ribbons.source.ids.tolist().index(begin)
                expected = np.copysign(sums[0, t, s], sums[1, t, s]) * picture.choice.scales[entry, 0]
                assert level == pytest.approx(expected, rel=1e-4, abs=1e-5)
                continue
            all_e = np.arange(c.size)
            source_e, target_e = edges_of(c).ends(c, all_e)
            (local,) = np.flatnonzero((source_e == begin) & (target_e == end))
            q = edges_of(c).picked(c, np.array([local]), numbers)[0]
            scale = picture.subject.columns["t_pair_scale"].read()[entry, 0]
            assert abs(level) == pytest.approx(q * scale, rel=1e-4, abs=1e-5)
    drawn_whole = {c.number for c in picture.subject.whole}
    silent = {k for k, total in enumerate(picture.choice._sums[:, 1]) if total == 0}
    assert seen | drawn_whole | silent >= {c.number for c in topology.into(node)}
    picture.close()


@pytest.mark.parametrize("kind", CASES)
def test_ribbons_and_edges_together_account_for_all(host, kind):
    topology = graph_with(kind)
    picture, source = Picture(topology, View(), backend.choose("cpu")), Source(topology)
    picture.publish(source, Look(), EVERYTHING, 8, exact=True)
    numbers = float64(picture._numbers)
    total = sum(edges_of(c).magnitudes(c, numbers).sum() for c in topology.connections)
    assert picture.edges.share == pytest.approx(1.0) and picture.edges.whole == pytest.approx(total, rel=1e-4)
    assert picture.edges.shown + picture.edges.bundled == topology.n_edges
    picture.close()


def test_a_large_vector_is_cut_into_blocks_and_found_over_many_frames_as_at_once(host):
    topology = build_topology(Network.model_validate({"layers": [{"units": 5000}]}), (300,), 10, "softmax")
    source, ops = Source(topology), backend.choose("cpu")
    at_once, later = Picture(topology, View(fold=0), ops), Picture(topology, View(fold=0), ops)
    at_once.publish(source, Look(), 300, 8, exact=True)
    frames = 0
    while later.choice.renewing or not frames:
        later.publish(source, Look(), 300, 8)
        frames += 1
        assert frames < 100
    assert frames > 2 and later.edges.ribbons == at_once.edges.ribbons and later.edges.share == pytest.approx(at_once.edges.share)
    assert at_once.edges.ribbons and at_once.edges.bundled == topology.n_edges
    for k in range(2):
        assert (at_once.choice.chosen[k] == later.choice.chosen[k]).all()
    first, second = Groups(topology).ribbons
    assert first.source.count * first.source.size >= 300 and first.target.ids.tolist() == second.source.ids.tolist()
    for picture in (at_once, later):
        picture.close()


def test_the_strongest_of_a_large_matrix_are_the_strongest(host):
    topology = build_topology(Network.model_validate({"layers": [{"units": 1024}]}), (900,), 10, "softmax")
    source = Source(topology)
    picture = Picture(topology, View(fold=0), backend.choose("cpu"))
    while picture.choice.renewing or not len(picture.choice.chosen[0]):
        picture.publish(source, Look(edges="weight"), 400, 0)
    weight = np.abs(topology.connections[0].weight.view(source.arrays["parameter"])).ravel()
    chosen = picture.choice.chosen[0]
    assert sorted(chosen.tolist()) == sorted(np.argsort(-weight)[: len(chosen)].tolist()) and len(chosen) == 200
    picture.close()
