"""A monkey at the keyboard: thousands of random events a seed, and what must hold all the time holds all the time."""

from __future__ import annotations

import random

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.window.loop import Loop
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.hosts import open_host
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command

pytestmark = pytest.mark.gl
EVENTS, LOOK_EVERY, DRAW_EVERY = 4_000, 25, 20  # frames between two checks, and between two pictures
SIZE = (900, 560)
_K = imgui.Key
_NAMED = """space period comma enter escape tab backspace delete home end page_up page_down f1 f2 f3 f4 left_bracket right_bracket
    left_arrow right_arrow up_arrow down_arrow _1 _2 _3 _4"""
KEYS = [getattr(_K, name) for name in (*_NAMED.split(), *"abcdefghijklmnopqrstuvwxyz")]
MODS = [_K.mod_ctrl, _K.mod_shift, _K.mod_alt]
TIME = [  # what goes back and forth, begins anew, and takes that back
    (_K.home,), (_K.end,), (_K.page_up,), (_K.page_down,), (_K.page_up,), (_K.page_down,), (_K.f2,), (_K.f3,), (_K.f2, _K.mod_shift),
    (_K.f3, _K.mod_shift), (_K.z, _K.mod_ctrl), (_K.z, _K.mod_ctrl), (_K.z, _K.mod_ctrl, _K.mod_shift), (_K.r,), (_K.n,), (_K.i,),
    (_K.space,),
    (_K.page_down, _K.mod_ctrl), (_K.page_up, _K.mod_ctrl),
]  # fmt: skip
TEXTS = ["3", "0", "-1", "1e9", "nan", "abc", ".", "99999999999", "-", "é", "0.01", "}", "{", "?"]


class Monkey:
    """Makes events, a few a frame; counts them."""

    def __init__(self, seed: int):
        self.random, self.events = random.Random(seed), 0
        self.x, self.y, self.down = 450.0, 280.0, None

    def act(self, io) -> None:
        what = self.random.random()
        if what < 0.62:
            self._pointer(io)
        elif what < 0.8:
            self._key(io)
        elif what < 0.9:
            key, *mods = self.random.choice(TIME)
            self._press(io, key, mods)
        elif what < 0.95:
            io.add_mouse_wheel_event(0.0, self.random.choice((-3, -1, 1, 3)))
            self.events += 1
        else:
            io.add_input_characters_utf8(self.random.choice(TEXTS))
            self.events += 1

    def _pointer(self, io) -> None:
        """Go somewhere, often into the panels, in a few moves; press, drag or let go."""
        width, height = io.display_size
        if self.random.random() < 0.7:
            panels = self.random.random() < 0.6
            self.x = self.random.uniform(0.62, 1.0) * width if panels else self.random.uniform(-0.02, 1.02) * width
            self.y = self.random.uniform(-0.02, 1.02) * height
        for _ in range(self.random.randint(1, 6)):
            self.x += self.random.gauss(0, 6)
            self.y += self.random.gauss(0, 6)
            io.add_mouse_pos_event(self.x, self.y)
            self.events += 1
        if self.down is not None and self.random.random() < 0.6:
            io.add_mouse_button_event(self.down, False)
            self.down = None
        elif self.down is None:
            self.down = self.random.choice((0, 0, 0, 0, 0, 1, 2))
            io.add_mouse_button_event(self.down, True)
        self.events += 1

    def _key(self, io) -> None:
        mods = [mod for mod in MODS if self.random.random() < 0.12]
        self._press(io, self.random.choice(KEYS), mods)

    def _press(self, io, key, mods) -> None:
        for down in (True, False):
            for each in (*mods, key):
                io.add_key_event(each, down)
                self.events += 1


def check(loop: Loop) -> None:
    """What holds at every moment, whatever was pressed."""
    from OpenGL import GL  # once the host has chosen how

    session, stage = loop.session, loop.stage
    topology = session.source.topology
    assert toml.apply(session.scene, []) == session.scene
    assert [node.size for node in topology.nodes[1:-1]] == [layer.units for layer in session.scene.network.layers]
    assert stage.view.picture.topology == topology
    assert all(-1 <= neuron < topology.n_neurons for neuron in (stage.pointer.hovered, stage.pointer.picked))
    assert -1 <= stage.pointer.chosen < topology.n_parameters and -1 <= stage.pointer.layer < len(topology.nodes)
    assert all(np.isfinite(values).all() for values in session.source.parameters().values())
    assert np.isfinite(session.ops.to_host(session.seen.tensors("activation"))).all()
    charts = session.curves.charts
    assert (np.diff(charts.train_step) > 0).all() and (np.diff(charts.test_step) > 0).all()
    rewind = session.source.history
    assert max(charts.train_step.max(initial=0), charts.test_step.max(initial=0)) <= rewind.newest
    assert (rewind.oldest or 0) <= session.source.step <= rewind.newest and rewind.nearest(session.source.step) == session.source.step
    assert session.source.diverged is None or not session.running
    assert GL.glGetError() == GL.GL_NO_ERROR


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "scene"), list(enumerate(["xor", "digits", "iris", "spiral", "dead-relu"] * 4)))
def test_whatever_is_pressed_the_state_stays_consistent(seed, scene, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Ctrl+S writes here
    frames, render, draw = 0, Renderer.render, ImguiFrame.draw
    monkeypatch.setattr(Renderer, "render", lambda *args: frames % DRAW_EVERY or render(*args))
    monkeypatch.setattr(ImguiFrame, "draw", lambda *args: imgui.render() if frames % DRAW_EVERY else draw(*args))
    until = Loop._until
    monkeypatch.setattr(Loop, "_until", staticmethod(lambda ms: until(min(ms, 0.5))))  # it is not learning that is tested
    path = toml.find(scene)
    session = new_session(toml.load(path, [Edit("look.quality", "low")]), path.parent, "cpu", path, REMEMBER)
    host = open_host(*SIZE, headless=True)
    try:
        loop = Loop(host, session)
        monkey, io = Monkey(seed), imgui.get_io()
        while monkey.events < EVENTS:
            monkey.act(io)
            loop.frame(1 / 60)
            host.closing = False  # it may press what closes a window
            frames += 1
            if frames % LOOK_EVERY == 0:
                check(loop)
        frames = 0
        loop.frame(1 / 60)
        loop.stage.draw(1 / 60, exact=True)
        host.present()
        assert host.read().std() > 1, "there is still a picture"
        while loop.session.history.can_undo:  # and every way back leads through runs and scenes that can be
            loop.do(Command("undo"))
        loop.frame(1 / 60)
        check(loop)
        loop.capture.finish()  # it may have pressed that button too
        loop.stage.close()
    finally:
        host.close()
