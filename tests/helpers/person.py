"""A person before a window: looks at it, moves pointer and keys. The host is headless and time is a fixed 1/60 s a frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.tour.controller import TourController
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Scene
from tests.ui.where import recording

K = imgui.Key


STEP = 1 / 60


class Person:
    """Sits before a loop: looks at it, and moves pointer and keys. Time is a fixed 1/60 s a frame."""

    def __init__(self, scene: str = "xor", play: bool = False, size: tuple[int, int] = (1000, 640), edits=()):
        path = toml.find(scene)
        self.host = open_host(*size, headless=True)
        self.loop = Loop(self.host, new_session(toml.load(path, edits), path.parent, "cpu", path, REMEMBER), play)
        self.loop.overlay.memory.hint = False
        self.frames(3)

    @property
    def session(self) -> Session:
        return self.loop.session

    @property
    def tour(self) -> TourController:
        return self.loop.tour

    def frames(self, count: int = 1, dt: float = STEP) -> None:
        for _ in range(count):
            self.loop.frame(dt)

    def do(self, name: str, value=None) -> None:
        """As a panel does: a command in the answer of a frame."""
        self.loop.answer = replace(self.loop.answer, commands=(*self.loop.answer.commands, Command(name, value)))
        self.frames()

    def edit(self, path: str, value) -> None:
        """As a panel does."""
        self.loop.answer = replace(self.loop.answer, edits=(*self.loop.answer.edits, Edit(path, value)))
        self.frames()

    def open(self, *sections: str) -> None:
        """Only these sections of the dock are open."""
        dock = self.loop.overlay._dock
        dock.opened = dict.fromkeys(dock.opened, False)
        dock.open(*sections)
        self.frames(3)

    def where(self, label: str, which: int = 0) -> tuple[float, float]:
        with recording() as found:
            self.frames()
        assert label in found, f"{label!r} is not on screen; there are {sorted(found)}"
        return found[label][which]

    def move(self, x: float, y: float) -> None:
        imgui.get_io().add_mouse_pos_event(x, y)
        self.frames(2)

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        for down in (True, False):
            imgui.get_io().add_mouse_button_event(0, down)
            self.frames()
        self.frames(2)

    def key(self, key, *mods) -> None:
        io = imgui.get_io()
        for down in (True, False):
            for each in (*mods, key):
                io.add_key_event(each, down)
            self.frames()
        self.frames()

    def type(self, text: str) -> None:
        imgui.get_io().add_input_characters_utf8(text)
        self.frames(2)
        self.key(K.enter)

    def look(self) -> np.ndarray:
        """The stage as drawn now, at rest: (height, width, 3) of int, without the dock."""
        self.move(2, 2)
        self.frames(60)  # flights of the camera take 0.7 s
        return self.host.read()[:, : round(self.host.size[0] * (1 - self.loop.overlay.free.right))].astype(int)

    def place_of(self, neuron: int) -> tuple[float, float]:
        """Where a neuron is on the screen, in pixels."""
        stage = self.loop.stage
        place = stage.view.picture.layout.place_n4[neuron : neuron + 1, :3].astype(float)
        x, y, _ = stage.view.frame.pose.project(place, stage.viewport.aspect)[0]
        return (x * 0.5 + 0.5) * self.host.size[0], (0.5 - y * 0.5) * self.host.size[1]

    def close(self) -> None:
        self.loop.close()


def change(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ visibly."""
    return float((np.abs(before - after).max(-1) > 12).mean())


def check(person: Person) -> None:
    session, stage = person.session, person.loop.stage
    assert Scene.model_validate(session.scene.model_dump()) == session.scene
    for kind in ("parameter", "gradient", "activation", "delta"):
        found = session.source.tensors(kind)
        assert (found is None and kind == "delta" and session.source.sample.target is None) or np.isfinite(found).all(), kind
    assert stage.view.picture.topology == session.source.topology
    assert -1 <= stage.pointer.picked < session.source.topology.n_neurons
    assert np.isfinite(stage.camera.rig.pose.view_from_world).all()
    charts = session.curves.charts
    assert np.isfinite(charts.train_loss).all() and (np.diff(charts.train_step) > 0).all()
