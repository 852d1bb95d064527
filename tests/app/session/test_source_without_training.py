"""A network without a learner, data, gradients and a past opens, is drawn, picked, inspected, filmed; what it cannot says why."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.render.film.frame_renderer import FrameRenderer
from nnviz3d.app.render.film.job import make
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.render.still_render import draw_still
from nnviz3d.app.session import scene_files
from nnviz3d.app.session.live import Live
from nnviz3d.app.session.opening import Opened
from nnviz3d.app.session.session import Session
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.reasons import OPENED
from nnviz3d.ui.core import widgets
from tests.helpers.fake_source import FakeSource

STEP = 1 / 60


@pytest.fixture
def session() -> Session:
    source = FakeSource()
    return Session(source.scene, source)


def test_time_stands_and_says_why(session):
    assert type(session.mode) is Live and session.walking is None and session.player is None and session.second is None
    for act in (session.play, session.single_step, session.start_walk, session.reset, lambda: session.move("epoch", 1)):
        session.banner = ""
        act()
        assert session.banner == OPENED.play and not session.running and session.source.step == 0
    for act in (lambda: session.move("step", -1), lambda: session.reset(3)):
        session.banner = ""
        act()
        assert session.banner == OPENED.back
    assert session.run(10) == session.run_to(10) == session.advance(STEP, lambda: True) == 0


def test_nothing_of_it_changes(session):
    before = session.source.tensors("parameter").copy()
    for act in (
        lambda: session.editing.set_parameter(0, 1.0),
        lambda: session.editing.hold("killed", (4,), True),
        lambda: session.apply([Edit("train.learning_rate", 0.5)]),
        lambda: session.apply([Edit("compare", {"train.optimizer": "sgd"})]),
        lambda: session.moments.keep(session, "A"),
    ):
        session.banner = ""
        act()
        assert OPENED.edit in session.banner
    assert not session.history.can_undo and session.second is None and not session.moments.kept
    with pytest.raises(InputError, match="opened without training data"):
        scene_files.checkpoint(session, Path("never.safetensors"))
    assert np.array_equal(session.source.tensors("parameter"), before)


def test_the_look_can_be_changed_and_undone(session):
    session.apply([Edit("look.palette", "safe")])
    assert session.scene.look.palette == session.source.scene.look.palette == "safe" and not session.banner
    session.undo()
    assert session.scene.look.palette == "blue_orange"


def test_there_is_nothing_to_measure(session):
    assert session.evaluate().test is None and session.test_score() is None and math.isnan(session.source.loss)
    assert session.show_wrong(1) == OPENED.data
    assert session.diagnosis.findings(session.source, session.curves.charts, session.scoring) == ()
    assert session.confusion.reading(session.source, True) is None
    assert session.layers.reading(session.source, ("weight", 0)) is None


def test_it_is_explained_as_far_as_it_is_known(session):
    source = session.source
    p, a = source.tensors("parameter"), source.tensors("activation")
    reported = session.inspector.neuron(session.pictured, 4)  # the second of the hidden layer
    assert reported.z == pytest.approx(float(p[3:6] @ a[:3] + p[13])) and reported.a == pytest.approx(math.tanh(reported.z), rel=1e-6)
    assert reported.incoming.total + reported.bias == pytest.approx(reported.z, rel=1e-6)
    assert reported.bias_gradient is None and reported.delta is not None and reported.target is None
    output = session.inspector.neuron(session.pictured, 7)
    assert (output.label, output.target, output.loss, output.loss_slope) == ("yes", None, "", None)
    session.inspector.check(0)
    weight = session.inspector.parameter(session.pictured, 0)
    assert (weight.batch, weight.before, weight.change, weight.check) == (None, None, None, None) and weight.value == p[0]
    layer = session.inspector.layer(session.pictured, 1)
    assert layer.samples == 0 and np.allclose(layer.weight @ layer.x + layer.bias, layer.z, atol=1e-6)


@pytest.mark.parametrize("kind", ["z", "delta"])
def test_what_else_is_not_known_is_left_out(session, kind):
    reported = session.inspector.neuron(session.pictured, 4)
    del session.source.known[kind]
    session.source.show()
    again = session.inspector.neuron(session.pictured, 4)
    assert again.z == pytest.approx(reported.z, rel=1e-6)
    assert (again.delta is None, again.outgoing is None) == ((True, True) if kind == "delta" else (False, False))
    layer, weight = session.inspector.layer(session.pictured, 1), session.inspector.parameter(session.pictured, 0)
    assert layer.z[1] == pytest.approx(reported.z, rel=1e-6) and (layer.delta is None) == (weight.sample is None) == (kind == "delta")


@pytest.fixture
def host():
    made = open_host(1000, 640, headless=True)
    yield made
    made.close()


@pytest.mark.gl
def test_in_a_window_it_is_drawn_picked_and_inspected_and_buttons_say_why(session, host, monkeypatch):
    said: dict[str, tuple[str, bool]] = {}
    kept = widgets.icon_button

    def noted(f, icon, ident, text, enabled=True, **style):
        said[ident] = text, enabled
        return kept(f, icon, ident, text, enabled, **style)

    monkeypatch.setattr("nnviz3d.ui.hud.roundbar.icon_button", noted)
    loop = Loop(host, session, play=False)
    for _ in range(3):
        loop.frame(STEP)
    assert {name: said[name] for name in ("play", "step", "walk", "reset", "new_seed")} == dict.fromkeys(
        ("play", "step", "walk", "reset", "new_seed"), (OPENED.play, False)
    )
    plain = host.read()
    loop.stage.pointer.pick(4)
    for title in loop.overlay._dock.opened:
        loop.overlay._dock.opened = {other: other == title for other in loop.overlay._dock.opened}
        for _ in range(3):
            loop.frame(STEP)
    assert not np.array_equal(plain, host.read())
    x, y, _reach = loop.stage.projection.neurons(np.array([4]))
    assert 0 < x[0] < 1000 and 0 < y[0] < 640


@pytest.mark.gl
def test_a_still_of_it_and_a_short_film(session, host, tmp_path):
    still = draw_still(host, session, False, 1.3, size=(320, 200))
    assert still.shape == (200, 320, 3) and still.std() > 5
    request = FilmRequest(size=(160, 96), fps=10, duration=0.3)
    job = make(Opened(session.scene, tmp_path, None), tmp_path / "film.mkv", request)
    with FrameRenderer(job, session) as renderer:
        frames = [renderer.frame(k) for k in range(3)]
    assert all(frame.shape[:2] == (96, 160) and frame.std() > 5 for frame in frames)
