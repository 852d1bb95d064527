"""A convolution taken apart by a person in the window: settings of the toy, numbers of a cell, the window that slides and stands."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.bridge.patches import patches, rims, taps
from nnviz3d.engine.data import embedded
from nnviz3d.layers.conv2d.spec import TABLE as Conv2d
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.phases import Place
from nnviz3d.ui.core import cell_grid
from nnviz3d.ui.equations import sections, window_grids
from nnviz3d.ui.panels import convolution
from tests.helpers.person import Person


@pytest.fixture
def toy():
    person = Person("conv-toy", size=(1280, 720))
    yield person
    person.close()


def conv(person):
    return person.session.source.topology.by_name["conv"]


def test_the_toy_opens_its_panel_and_prints_the_size_that_comes_out(toy):
    assert toy.loop.overlay._dock.opened[convolution.TITLE]
    for path, value, side in (("dilation", 2, 4), ("padding", 2, 8), ("stride", 3, 3), ("kernel", 2, 4)):
        toy.edit(f"network.layers.0.{path}", value)
        toy.frames(2)
        table = toy.session.scene.network.layers[0]
        g = table.windows((8, 8))
        n, p, d, k, s = 8, g.padding[0][0], g.dilation[0], g.kernel[0], g.stride[0]
        assert conv(toy).shape[-1] == (n + 2 * p - d * (k - 1) - 1) // s + 1 == side
        assert f"= {side}" in convolution.numbers(g, 0)


def test_the_input_can_be_made_larger_and_smaller(toy):
    mean = float(np.mean(toy.session.source.data.x_test))
    for side in (12, 5):
        toy.edit("data.side", side)
        data = toy.session.source.data
        assert data.shape == (side, side) == toy.session.source.topology.input.shape
        assert conv(toy).shape == (1, side - 2, side - 2)
        assert float(np.mean(data.x_test)) == pytest.approx(mean, rel=1e-5), "pixels are means of what they cover"


def test_sliders_set_what_is_possible_and_say_why_the_rest_is_not(toy):
    toy.frames(20)
    toy.click(*toy.where("convolution.stride s"))
    stride = toy.session.scene.network.layers[0].stride
    assert 4 <= stride <= 7 and conv(toy).shape == (1, 5 // stride + 1, 5 // stride + 1)
    toy.click(*toy.where("convolution.padding p"))
    assert toy.session.scene.network.layers[0].padding == 0, "a window must not lie in the padding alone"
    assert "cannot be" in toy.loop.overlay._dock.convolution.refused


@pytest.mark.parametrize("key, blocked", [("kernel", {9, 10}), ("padding", {3}), ("stride", {9, 10}), ("dilation", {4, 5})])
def test_what_is_impossible_is_known_beforehand_with_the_reason(key, blocked):
    why = convolution.possible(Conv2d(kind="conv2d", kernel=3), key, (8, 8), range(1, 11))
    for value in blocked:
        assert why[value] and why[value].split(":")[0] in convolution.KEYS
    assert not why[1] and not why[2]


def test_padding_is_a_rim_and_dilation_leaves_gaps(toy):
    toy.edit("network.layers.0.padding", 1)
    toy.edit("network.layers.0.dilation", 2)
    topology, tiles = toy.session.source.topology, toy.loop.stage.view.layout.rectangles
    assert len(rims(topology, tiles)) == 8 * (10 * 10 - 8 * 8)
    corner = conv(toy).neurons.start
    (patch,) = patches(topology, tiles, corner)
    assert (patch.rows, patch.columns) == ((-1, 4), (-1, 4))
    assert {(tap.rows[0], tap.columns[0]) for tap in taps(topology, tiles, corner)} == {(r, c) for r in (1, 3) for c in (1, 3)}


def test_a_picked_cell_prints_the_numbers_of_its_equations(toy):
    toy.session.source.run(5)
    toy.loop.stage.pointer.picked = conv(toy).neurons.start + 9
    toy.frames(3)
    reading = toy.loop.readout().neuron
    window = reading.window
    closing = window_grids.closing(reading, window)
    result = dict(sections.sections(reading))["Weighted sum of a window"][-1]
    assert plain(result.value) == plain(reading.z) and f"z = {plain(reading.z)}" in closing and plain(abs(reading.bias)) in closing
    assert closing.startswith(plain(reading.incoming.total))


def test_the_window_slides_cell_by_cell_and_stands_where_one_points(toy):
    session, node = toy.session, conv(toy)
    session.start_walk(Place.parse("forward:1@0.51", session.source.topology))
    session.walking.restart_or_hold(True)
    cells, seen = node.size, []
    for _ in range(60):
        toy.frames()
        card = toy.loop.stage.moment().window
        if card is None:
            break
        seen.append(card.reading.index)
        z = np.asarray(session.walking.walk.tensors("z"))[node.neurons.slice]
        old = session.walking.walk.tape.old.z[node.neurons.slice]
        assert np.array_equal(z[: seen[-1]], old[: seen[-1]]) and not z[seen[-1] + 1 :].any(), "cells are written one after another"
        assert card.reading.window.total + card.reading.bias == pytest.approx(float(old[seen[-1]]), rel=1e-5, abs=1e-6)
    assert len(seen) > 10 and seen == sorted(seen) and seen[-1] > cells / 2
    session.start_walk(Place.parse("forward:1@0.6", session.source.topology))
    session.walking.restart_or_hold(True)
    before = session.walking.number
    session.point_out(node.neurons.start + 3)
    session.advance(0.3, lambda: True)
    assert session.walking.held and session.walking.number == before
    card = toy.loop.stage.annotations._card(session.walking)
    assert card.held and card.reading.index == 3
    session.point_out(session.source.topology.output.neurons.start)
    session.advance(0.1, lambda: True)
    assert session.walking.number > before


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (0.4249, ".42"), (-0.4249, "−.42"), (1.26, "1.3"), (0.999, "1.0"), (-12.4, "−12"), (2500, "2e3")]
)
def test_numbers_in_cells_are_short(value, text):
    assert cell_grid.brief(value) == text


def test_the_whole_layer_shows_its_maps_with_their_kernels():
    person = Person("convnet", size=(1280, 720), edits=())
    try:
        topology = person.session.source.topology
        person.loop.stage.pointer.layer = topology.by_name["strokes"].number
        person.frames(3)
        whole = person.loop.readout().whole
        weight = topology.by_name["strokes"].weight
        assert whole.kernels.shape == (8, 1, 5, 5) and whole.first_kernel == weight.start
        assert np.array_equal(whole.kernels, np.asarray(weight.view(person.session.source.tensors("parameter"))))
    finally:
        person.close()


def test_an_autoencoder_gives_back_a_picture_and_keeps_the_classes():
    person = Person("autoencoder", size=(1000, 640))
    try:
        source = person.session.source
        output = source.topology.output
        layout = person.loop.stage.view.layout
        assert output.picture == (8, 8) and output.shape == (64,)
        places = layout.place_n4[output.neurons.slice, 1:3].reshape(8, 8, 2)
        assert np.allclose(places[:, :, 0], places[:, :1, 0]) and np.allclose(places[:, :, 1], places[:1, :, 1])
        classes, names = source.data.held_out_classes
        assert names == tuple("0123456789") and len(classes) == len(source.data.x_test)
        reading = person.session.inspector.neuron(source, output.neurons.start + 20)
        assert reading.target == pytest.approx(float(source.sample.x.ravel()[20]))
    finally:
        person.close()


@pytest.mark.parametrize("side", [2, 7, 13, 40])
def test_pictures_of_another_size_keep_their_light(side):
    before, after = embedded.load("digits"), embedded.load("digits", side)
    assert after.shape == (side, side) and after.x.shape == (len(before.x), side * side)
    assert np.allclose(after.x.mean(1), before.x.mean(1), atol=1e-5) and after.x.min() >= 0 and after.x.max() <= 1 + 1e-6
