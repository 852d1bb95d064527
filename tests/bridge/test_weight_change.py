"""Weights of two moments: the factor that makes a change visible, and pixels that follow from (before, change, how) alone."""

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge.edge_metrics import Pair
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.bridge.weight_change import LONG, Moved, factor
from nnviz3d.draw import camera
from nnviz3d.draw.frame import Change, SceneFrame, Wave
from nnviz3d.draw.quality import NAMED
from nnviz3d.draw.renderer import Renderer
from nnviz3d.spec.scene import Layer, Look, Network, View
from nnviz3d.spec.topology_builder import build_topology

SIZE = (320, 180)
TOPOLOGY = build_topology(Network(layers=(Layer(units=6),)), (3, 3), 4, "softmax")
RNG = np.random.default_rng(3)
BEFORE = RNG.standard_normal(TOPOLOGY.n_parameters).astype(np.float32)
CHANGE = (0.01 * RNG.standard_normal(TOPOLOGY.n_parameters)).astype(np.float32)


def brightest(values):
    kth = int(0.985 * (values.size - 1))
    return max(np.sort(values)[kth], values.max() / 3)


def test_the_factor_makes_the_brightest_changes_a_share_of_the_brightest_weights():
    weights = np.concatenate([np.arange(c.weight.start, c.weight.stop) for c in TOPOLOGY.connections])
    w, d = np.abs(BEFORE[weights]), np.abs((BEFORE + CHANGE)[weights].astype(float) - BEFORE[weights])
    largest = np.maximum(w, np.abs((BEFORE + CHANGE)[weights]))
    expected = LONG * brightest(largest) / brightest(d)
    assert factor(TOPOLOGY, BEFORE, BEFORE + CHANGE) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(("k", "low", "high"), [(1, 20, 80), (10, 2, 8), (1e4, 1, 1), (1e-3, 2e4, 8e4)])
def test_the_factor_falls_as_changes_grow_and_never_shrinks_them(k, low, high):
    assert low <= factor(TOPOLOGY, BEFORE, BEFORE + np.float32(k) * CHANGE) <= high


@pytest.mark.parametrize("after", [BEFORE, np.full_like(BEFORE, np.nan), np.full_like(BEFORE, np.inf)])
def test_where_nothing_changed_or_numbers_are_lost_the_factor_is_1(after):
    assert factor(TOPOLOGY, BEFORE, after) == 1


def test_from_zero_weights_the_new_ones_are_what_counts():
    assert factor(TOPOLOGY, 0 * BEFORE, BEFORE) == 1


def test_what_is_shown_and_what_scales():
    edges, pair = np.arange(5), Pair.of(TOPOLOGY.connections[0], 0)
    moved = Moved(BEFORE, CHANGE, Change(1.0, 50.0))
    np.testing.assert_allclose(moved.shown(pair, edges), np.abs(BEFORE + 50 * CHANGE)[:5])
    np.testing.assert_allclose(moved.largest(pair, edges), np.maximum(np.abs(BEFORE), np.abs(BEFORE + CHANGE))[:5])


class Source:
    def __init__(self, before, change):
        self.topology, self.version = TOPOLOGY, 0
        a = np.linspace(0, 1, TOPOLOGY.n_neurons).astype(np.float32)
        self.arrays = {"before": before, "change": change, "activation": a, "delta": a, "reach": a, "parameter": before}

    def tensors(self, kind):
        return self.arrays[kind]

    settled = tensors
    view, constant = None, 1.0


@pytest.fixture
def stage(host):
    picture = Picture(TOPOLOGY, View(), backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    yield host, picture, renderer
    renderer.close()
    picture.close()


def draw(stage, source, change, kind="change", ghost=False, front=0.0, way=0, look=None, focus=-1):
    host, picture, renderer = stage
    look = look or Look(particles=0.0)
    source.version += 1
    picture.publish(source, look, 10**6, 64 if look.particles else 0, focus, exact=True, quantity=(kind, 0), change=change)
    pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
    wave = Wave(front, way, 0, ghost=ghost, change=change)
    renderer.render(picture.subject, SceneFrame(pose=pose, look=look, level=NAMED["high"], wave=wave), host.framebuffer, SIZE)
    return host.read().astype(int)


@pytest.mark.gl
def test_the_same_step_reported_from_its_other_end_gives_the_same_pixels(stage):
    """after = before + 1 x change; seen from there, before = after + 1 x (-change)."""
    back = Source(BEFORE + CHANGE, -CHANGE)
    old, new = draw(stage, Source(BEFORE, CHANGE), Change(1, 0)), draw(stage, Source(BEFORE, CHANGE), Change(1, 1))
    assert np.abs(draw(stage, back, Change(1, 1)) - old).max() <= 2
    assert np.abs(draw(stage, back, Change(1, 0)) - new).max() <= 2


@pytest.mark.gl
def test_exaggeration_is_seen_and_the_ghost_is_there_only_where_something_moved(stage):
    source = Source(BEFORE, CHANGE)
    plain, same = draw(stage, source, Change(1, 0)), draw(stage, source, Change(1, 0), ghost=True)
    assert (plain == same).all()  # nothing moved: the old weight lies under the new one
    small, large = draw(stage, source, Change(1, 1)), draw(stage, source, Change(1, 60))
    assert np.abs(large - plain).sum() > 5 * np.abs(small - plain).sum() > 0
    assert np.abs(draw(stage, source, Change(1, 60), ghost=True) - large).sum() > 0


@pytest.mark.gl
def test_the_difference_of_no_change_is_dark_and_a_wave_has_changed_nothing_ahead_of_it(stage):
    still = Source(BEFORE, 0 * CHANGE)
    nothing, weights = draw(stage, still, Change(0, 50)), draw(stage, still, Change(1, 50))
    assert nothing.sum() < weights.sum()
    source = Source(BEFORE, CHANGE)
    # way -1, front at the output: no layer is passed; at the input: all are
    ahead = draw(stage, source, Change(1, 60), front=2.0, way=-1)
    assert (ahead == draw(stage, Source(BEFORE, 0 * CHANGE), Change(1, 60), front=2.0, way=-1)).all()
    assert (draw(stage, source, Change(1, 60), front=0.0, way=-1) != ahead).any()


@pytest.mark.gl
def test_arrows_need_a_typical_change(stage):
    source, look = Source(BEFORE, CHANGE), Look()
    bare = draw(stage, source, Change(1, 1, 0.0), look=look)
    assert (draw(stage, source, Change(1, 1, 60.0), look=look) != bare).any()


@pytest.mark.gl
def test_the_second_column_is_there_only_while_it_is_needed_and_holds_the_old_weights(stage):
    _host, picture, _renderer = stage
    source = Source(BEFORE, CHANGE)
    assert "t_before" not in picture.subject.columns
    draw(stage, source, Change(1, 60))
    assert (picture.subject.columns["t_before"].read()[:, 0] == BEFORE).all()
    assert (picture.subject.columns["t_value"].read()[:, 0] == CHANGE).all()
    draw(stage, source, None, kind="parameter")
    assert "t_before" not in picture.subject.columns
    assert (picture.subject.columns["t_value"].read()[:, 0] == BEFORE).all()


@pytest.mark.gl
def test_one_neurons_edges_are_drawn_from_both_moments_too(stage):
    source = Source(BEFORE, CHANGE)
    assert (draw(stage, source, Change(1, 60), focus=10) != draw(stage, source, Change(1, 60))).any()


@pytest.mark.gl
def test_what_is_read_only_is_uploaded_once(stage, monkeypatch):
    _host, picture, _renderer = stage
    before, change = BEFORE.copy(), CHANGE.copy()
    before.flags.writeable = change.flags.writeable = False
    source = Source(before, change)
    draw(stage, source, Change(1, 60))
    written = []
    column = type(picture.subject.columns["t_value"])
    plain = column.write
    monkeypatch.setattr(column, "write", lambda self, values, start=0: (written.append(self), plain(self, values, start)))
    draw(stage, source, Change(1, 60))
    assert not any(picture.subject.columns[name] in written for name in ("t_value", "t_before"))
