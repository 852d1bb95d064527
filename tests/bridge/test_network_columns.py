"""From tensors to pixels: what the shaders read is what the arrays hold, and what changed is all that is done again."""

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.quality import NAMED
from nnviz3d.draw.renderer import Renderer
from nnviz3d.spec.scene import Layer, Look, Network, View
from nnviz3d.spec.topology_builder import build_topology
from tests.helpers.scene_pixels import scene_pixels

pytestmark = pytest.mark.gl
QUIET = Look(particles=0.0)
SIZE = (320, 180)


class Source:
    """Arrays that a test sets."""

    def __init__(self, units=(6, 5), shape=(3, 3), outputs=4, seed=0):
        self.topology = build_topology(Network(layers=tuple(Layer(units=u) for u in units)), shape, outputs, "softmax")
        generator = np.random.default_rng(seed)
        self.arrays = {
            name: generator.standard_normal(self.topology.n_parameters).astype(np.float32) for name in ("parameter", "gradient", "change")
        }
        self.arrays["activation"] = generator.random(self.topology.n_neurons).astype(np.float32)
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


def draw(stage, look=QUIET, focus=-1, edges=10**6, quality="high", **frame):
    host, source, picture, renderer = stage
    source.version += 1
    picture.publish(source, look, edges, 0, focus, exact=True)
    pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
    renderer.render(picture.subject, SceneFrame(pose=pose, look=look, level=NAMED[quality], **frame), host.framebuffer, SIZE)
    return host.read().astype(int)


@pytest.mark.parametrize(
    ("quantity", "kind"), [("signal", "parameter"), ("weight", "parameter"), ("gradient", "gradient"), ("change", "change")]
)
def test_columns_hold_the_arrays(stage, quantity, kind):
    _host, source, picture, _renderer = stage
    draw(stage, Look(edges=quantity))
    assert (picture.subject.columns["t_value"].read()[:, 0] == source.arrays[kind]).all()
    assert (picture.subject.columns["t_activation"].read()[:, 0] == source.arrays["activation"]).all()


def test_publishing_the_same_moment_twice_writes_nothing(stage, monkeypatch):
    _host, source, picture, _renderer = stage
    draw(stage)
    monkeypatch.setattr(type(picture.subject.columns["t_value"]), "write", lambda *_: pytest.fail("wrote"))
    picture.publish(source, Look(particles=0.0), 10**6, 0, exact=True)


def test_changing_the_look_writes_no_column(stage, monkeypatch):
    _host, source, picture, _renderer = stage
    draw(stage)
    monkeypatch.setattr(type(picture.subject.columns["t_value"]), "write", lambda *_: pytest.fail("wrote"))
    picture.publish(source, Look(particles=0.0, glow=2.0, exposure=0.5, edge_width=3.0, palette="safe"), 10**6, 0, exact=True)


def test_an_active_neuron_shines_where_it_stands(stage):
    _host, source, picture, _renderer = stage
    source.arrays["parameter"][:] = 0
    source.arrays["activation"][:] = 0
    dark = draw(stage)
    source.arrays["activation"][4] = 1.0  # the middle of the 3 x 3 picture
    lit = draw(stage)
    pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
    x, y, _ = pose.project(picture.layout.place_n4[4:5, :3].astype(float), SIZE[0] / SIZE[1])[0]
    column, row = round((x + 1) / 2 * SIZE[0]), round((1 - y) / 2 * SIZE[1])
    gain = (lit - dark).sum(2)
    assert gain[row, column] > 250
    assert gain[row, column] == pytest.approx(gain.max(), rel=0.2)


def test_sign_is_reported_by_colour_and_by_dashes(stage):
    _host, source, _picture, _renderer = stage
    source.arrays["activation"][:] = 0
    source.arrays["parameter"][:] = 0
    base = draw(stage, Look(edges="weight", particles=0.0))
    source.arrays["parameter"][3] = 1
    positive = draw(stage, Look(edges="weight", particles=0.0)) - base
    source.arrays["parameter"][3] = -1
    negative = draw(stage, Look(edges="weight", particles=0.0)) - base
    plain = draw(stage, Look(edges="weight", particles=0.0, dashes=False)) - base
    assert positive.sum((0, 1))[2] > positive.sum((0, 1))[0] * 1.3  # blue
    assert negative.sum((0, 1))[0] > negative.sum((0, 1))[2] * 1.3  # orange
    assert negative.clip(0).sum() < 0.9 * plain.clip(0).sum()  # dashes leave gaps


def test_a_choice_of_all_edges_draws_as_the_whole(stage, monkeypatch):
    """One shader works ends and values out from the number of the instance, the other reads them from a list."""
    _host, _source, picture, _renderer = stage
    whole = draw(stage)
    assert picture.choice.all_edges and picture.edges.share == 1
    monkeypatch.setattr(type(picture.choice), "all_edges", property(lambda _self: False, lambda _self, _value: None), raising=False)
    chosen = draw(stage)
    assert not picture.choice.all_edges and picture.edges.shown == picture.edges.total
    assert picture.edges.share == pytest.approx(1)
    np.testing.assert_array_equal(chosen, whole)


def test_few_edges_are_another_picture(stage):
    _host, source, picture, _renderer = stage
    whole = draw(stage)
    source.arrays["parameter"][10:] *= 1e-4
    few = draw(stage, edges=30)
    assert not picture.choice.all_edges and picture.edges.shown <= 30 < picture.edges.total
    assert 0 < picture.edges.share <= 1 and np.abs(few - whole).max() > 0


def test_the_share_that_is_shown_is_the_share_of_the_sum(stage):
    _host, source, picture, _renderer = stage
    draw(stage, edges=12)
    a = source.arrays["activation"]
    magnitudes = [
        np.abs(c.weight.view(source.arrays["parameter"]) * a[c.source.neurons.slice]).ravel() for c in source.topology.connections
    ]
    expected = sum(np.sort(m)[-4:].sum() for m in magnitudes) / sum(m.sum() for m in magnitudes)
    assert picture.edges.share == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nothing_non_finite_reaches_a_column_or_a_pixel(stage, bad):
    _host, source, picture, renderer = stage
    source.arrays["parameter"][5] = bad
    source.arrays["activation"][3] = bad
    draw(stage)
    for name in ("t_value", "t_activation", "t_pair_scale", "t_layer_scale"):
        assert np.isfinite(picture.subject.columns[name].read()).all(), name
    assert np.isfinite(scene_pixels(renderer)).all()


def test_a_silent_network_is_drawn_without_a_warning(stage):
    _host, source, picture, renderer = stage
    for array in source.arrays.values():
        array[:] = 0
    with np.errstate(all="raise"):
        draw(stage)
    assert np.isfinite(scene_pixels(renderer)).all()
    assert picture.edges.peak == 0


def test_hovering_lights_the_strongest_edges_of_that_neuron(stage):
    _host, _source, picture, _renderer = stage
    neuron = 9  # the first of the hidden layer: 9 edges come in, 5 go out
    draw(stage, focus=neuron)
    chosen = picture.subject.highlight.column.read()[: len(picture.subject.highlight)]
    assert len(chosen) == 14
    ends = {(begin, end) for begin, end, _p, _entry in chosen.tolist()}
    assert ends == {(i, 9) for i in range(9)} | {(9, 15 + j) for j in range(5)}


def test_the_same_state_gives_the_same_pixels_and_time_moves_the_signals(stage):
    host, source, picture, renderer = stage
    look = Look()

    def at(time):
        source.version += 1
        picture.publish(source, look, 10**6, 40, exact=True)
        pose = camera.preset("three_quarter", picture.layout, SIZE[0] / SIZE[1])
        renderer.render(picture.subject, SceneFrame(pose=pose, look=look, time=time), host.framebuffer, SIZE)
        return host.read()

    first = at(1.0)
    assert (at(1.3) != first).any()
    assert (at(1.0) == first).all()


def test_the_background_does_not_band(stage):
    image = draw(stage)
    corner = image[:48, :48, 2].reshape(6, 8, 6, 8).swapaxes(1, 2).reshape(36, 64)
    mixed = [len(np.unique(block)) > 1 for block in corner]
    assert np.mean(mixed) > 0.9  # a dithered gradient has two levels almost everywhere, a banded one almost nowhere


def test_transparent_pictures_have_no_stage_behind(stage):
    host, *_ = stage
    draw(stage, transparent=True)
    from nnviz3d.gfx.targets import read_pixels

    with host._target:
        pixels = read_pixels(*SIZE)
    assert pixels[0, 0, 3] <= 6 and pixels[..., 3].max() == 255


def test_a_minimised_window_draws_nothing(stage):
    host, _source, picture, renderer = stage
    renderer.render(picture.subject, SceneFrame(), host.framebuffer, (0, 0))


@pytest.mark.parametrize("quality", list(NAMED))
def test_every_level_draws(stage, quality):
    assert draw(stage, quality=quality).max() > 100


@pytest.mark.parametrize(("units", "shape", "outputs"), [((), (1,), 1), ((1,), (1,), 1), ((300,), (28, 28), 2), ((4,), (2, 3, 3), 50)])
def test_networks_of_odd_shapes_are_drawn(host, units, shape, outputs):
    source = Source(units, shape, outputs)
    picture = Picture(source.topology, View(), backend.choose("cpu"))
    renderer = Renderer(host.context, picture.subject)
    assert draw((host, source, picture, renderer)).max() > 60
