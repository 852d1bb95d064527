"""One headless context and one overlay a test: the same code path as the window, fed through imgui's io."""

from __future__ import annotations

import pytest
from imgui_bundle import imgui

from nnviz3d.gfx.egl import EglHost  # before OpenGL: it chooses the platform

# isort: split
from OpenGL import GL

from nnviz3d.spec.readout import Answer
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.overlay import Overlay
from tests.ui import readouts

STEP = 1 / 60


class Driver:
    """Draws frames and acts as a person: pointer, buttons, keys. Collects what the overlay answered."""

    def __init__(self, width: int = 1280, height: int = 720, scale: float = 1.0):
        self.host = EglHost(width, height)
        self.overlay = Overlay(scale)
        self.overlay.memory.hint = False
        self.scene: Scene = readouts.SCENE
        self.readout = readouts.readout()
        self.answers: list[Answer] = []

    def frame(self, count: int = 1, compact: bool = False) -> Answer:
        for _ in range(count):
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.host.framebuffer)
            GL.glClear(GL.GL_COLOR_BUFFER_BIT)
            self.host.begin_overlay(STEP)
            answer = self.overlay.draw(self.scene, self.readout, self.host.size, STEP, compact)
            self.host.end_overlay()
            self.answers.append(answer)
        return answer

    def move(self, x: float, y: float) -> None:
        imgui.get_io().add_mouse_pos_event(x, y)
        self.frame(2)

    def button(self, down: bool, button: int = 0) -> Answer:
        imgui.get_io().add_mouse_button_event(button, down)
        return self.frame()

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        self.button(True)
        self.button(False)
        self.frame(2)

    def key(self, key, *mods) -> None:
        io = imgui.get_io()
        for mod in mods:
            io.add_key_event(mod, True)
        io.add_key_event(key, True)
        self.frame()
        io.add_key_event(key, False)
        for mod in mods:
            io.add_key_event(mod, False)
        self.frame()

    def only(self, *titles: str) -> None:
        """Open just these sections, scrolled to the first of them."""
        self.overlay._dock.opened = dict.fromkeys(self.overlay._dock.opened, False)
        self.overlay._dock.open(*titles)
        self.frame(3)

    def forget(self) -> None:
        self.answers.clear()

    @property
    def edits(self) -> list[tuple]:
        return [(edit.path, edit.value) for answer in self.answers for edit in answer.edits]

    @property
    def commands(self) -> list[tuple]:
        return [(command.name, command.value) for answer in self.answers for command in answer.commands]

    def pixels(self):
        return self.host.read()

    def close(self) -> None:
        self.host.close()


@pytest.fixture
def driver():
    driver = Driver()
    yield driver
    driver.close()
