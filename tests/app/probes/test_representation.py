"""The cloud of samples: of a plain pass and plain components, smooth while it learns, the shown sample in it, clickable in a window."""

from __future__ import annotations

from time import sleep

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.probes import representation, tsne_map
from nnviz3d.app.probes.representation import Representation
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine import tsne
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.principal import components
from nnviz3d.spec import toml
from nnviz3d.spec.readout import TsneAsked
from nnviz3d.ui.core.cloud_image import CloudView, painted
from tests.helpers.fake_source import FakeSource
from tests.helpers.person import Person


def session(name="digits", *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


def found(probe, s, wanted, version=1):
    for _ in range(3000):
        r = probe.reading(s.source, s.seen, wanted)
        if r is not None and r.version >= version:
            return r
        sleep(0.001)
    pytest.fail("never done")


def plain(s, node):
    source = s.source
    x = source.data.held_out[1]
    return ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), x).activations()[node]


@pytest.mark.parametrize("name", ["digits", "iris", "spiral"])
@pytest.mark.parametrize("node", [0, 1, -1])
def test_points_are_the_principal_components_of_a_layer(name, node):
    s = session(name)
    s.run(30)
    s.refresh()
    node %= len(s.source.topology.nodes)
    r = found(Representation(), s, (node, None))
    a = plain(s, node)
    np.testing.assert_allclose(r.xyz_r3, components(a).apply(a), atol=1e-3)
    assert len(r.rows_r) == r.of == len(a) and np.array_equal(r.value_r, s.source.data.held_out[2])
    np.testing.assert_allclose(r.shown_3, r.xyz_r3[s.source.sample.index], atol=1e-3)
    assert 0 < r.share_3.sum() <= 1 + 1e-6 and r.step == 30


def test_three_neurons_are_their_activations_around_the_mean():
    s = session()
    s.run(30)
    r = found(Representation(), s, (1, (4, 7, 9)))
    a = plain(s, 1)[:, [4, 7, 9]]
    np.testing.assert_allclose(r.xyz_r3, a - a.mean(0), atol=1e-4)
    assert found(Representation(), s, (1, (4, 7, 10**6))).xyz_r3.shape == (359, 3), "a neuron that there is not is the last"


def test_while_it_learns_the_cloud_moves_smoothly_and_the_drawing_is_in_it():
    s, probe = session(), Representation()
    s.run(200)
    first = found(probe, s, (2, None))
    s.run(5)
    s.refresh()
    assert probe.reading(s.source, s.seen, (2, None)).version == first.version, "not in every frame"
    probe.pass_time(representation.RENEW)
    second = found(probe, s, (2, None), first.version + 1)
    size = np.sqrt(np.square(first.xyz_r3).sum(1).mean())
    assert second.step == 205 and np.sqrt(np.square(second.xyz_r3 - first.xyz_r3).sum(1).mean()) < 0.25 * size
    s.own.draw([[0.12, False, [0.3, 0.2, 0.7, 0.2, 0.45, 0.85]]])
    mine = probe.reading(s.source, s.seen, (2, None))
    assert mine.shown_row == -1 and not np.allclose(mine.shown_3, second.shown_3)


def test_another_layer_starts_again_and_nobody_looking_costs_nothing():
    s, probe = session("iris"), Representation()
    found(probe, s, (1, None))
    assert probe.reading(s.source, s.seen, (0, None)) is None
    found(probe, s, (0, None))
    assert probe.reading(s.source, s.seen, None) is None and probe._running is None
    assert probe.reading(s.source, s.seen, (99, None)) is None
    fake = FakeSource()
    assert probe.reading(fake, fake, (1, None)) is None


def test_discs_lie_where_they_are_projected_near_ones_in_front():
    view = CloudView(0.0, 0.0)
    points, colours = np.array([[0, 0, -0.5], [0, 0, 0.5], [0.8, 0, 0]]), np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    image = painted(points, colours, view, 200, 200, 5)
    place, near = view.project(points, 200, 200)
    assert near[1] > near[2] > near[0]
    x, y = np.round(place[1]).astype(int)
    assert image[y, x, 1] > 150 > image[y, x, 0], "the near one covers the far one"
    x, y = np.round(place[2]).astype(int)
    assert image[y, x, 2] > 100 and x > 110
    assert painted(points[:0], colours[:0], view, 50, 40, 3).shape == (40, 50, 4)
    assert CloudView().turned(0.1, 9).pitch <= 1.4


def test_a_click_shows_the_sample_and_a_drag_turns_the_cloud():
    person = Person("digits", size=(1000, 700))
    person.session.run(60)
    person.open("Representations")
    person.loop.overlay.memory.reveal = "Representations"
    person.frames(60)
    panel = person.loop.overlay._dock.representation
    x, y = person.where("cloud")
    width, height = panel._bitmap.size
    place, near = panel.view.project(panel._places, width, height)
    k = int(near.argmax())
    person.click(x - width / 2 + place[k, 0], y - height / 2 + place[k, 1])
    wanted = person.loop.readout().cloud
    clicked = person.session.source.sample.index
    distance = np.hypot(*(place[list(wanted.rows_r).index(clicked)] - place[k]))
    assert distance < 12
    before = panel.view
    io = imgui.get_io()
    io.add_mouse_pos_event(x, y)
    io.add_mouse_button_event(0, True)
    person.frames(2)
    io.add_mouse_pos_event(x + 60, y)
    person.frames(2)
    io.add_mouse_button_event(0, False)
    person.frames(2)
    assert panel.view.yaw > before.yaw and person.session.source.sample.index == clicked
    writes = panel._bitmap.writes
    person.frames(20)
    assert panel._bitmap.writes <= writes + 1, "a picture that rests costs nothing"
    person.close()


# ---------------------------------------------------------------- t-SNE


def test_a_map_is_of_its_own_step_forms_in_slices_and_stops(monkeypatch):
    monkeypatch.setattr(tsne_map, "MOST", 60)
    s, probe = session(), Representation()
    s.run(30)
    first = found(probe, s, (1, TsneAsked(0, True)))
    assert first.map.steps == tsne.STEPS and not first.map.over and first.step == 30 and len(first.rows_r) == 60
    s.run(10)
    later = found(probe, s, (1, TsneAsked(0, True)), first.version + 6)
    assert later.step == 30 and later.map.done > first.map.done, "it does not follow the network"
    for _ in range(200):  # the slice that was under way ends
        stopped = probe.reading(s.source, s.seen, (1, TsneAsked(0, False)))
        sleep(0.001)
        if stopped.map.over:
            break
    again = found(probe, s, (1, TsneAsked(0, False)))
    assert stopped.map.over and again.map.done == stopped.map.done < tsne.STEPS
    new = found(probe, s, (1, TsneAsked(1, True)), again.version + 1)
    assert new.step == 40 and new.map.done < stopped.map.done


def test_a_finished_map_is_that_of_the_rows_and_shows_the_sample_where_it_is_in_it(monkeypatch):
    monkeypatch.setattr(tsne_map, "MOST", 40)
    monkeypatch.setattr(tsne_map, "SLICE", 100)
    s, probe = session(), Representation()
    asked = (1, TsneAsked(0, True))
    r = found(probe, s, asked)
    while not r.map.over:
        r = found(probe, s, asked, r.version + 1)
    a = probe.map._pass.a_rn
    np.testing.assert_allclose(a, plain(s, 1)[r.rows_r], atol=1e-5)
    whole = tsne.Tsne(a)
    whole.run(tsne.STEPS)
    assert np.array_equal(r.xyz_r3, whole.y_rk)
    s.show_sample(int(r.rows_r[7]))
    s.refresh()
    assert np.array_equal(probe.reading(s.source, s.seen, asked).shown_3, r.xyz_r3[7])
    s.show_sample(int(np.setdiff1d(np.arange(r.of), r.rows_r)[0]))
    s.refresh()
    assert np.isnan(probe.reading(s.source, s.seen, asked).shown_3).all()
