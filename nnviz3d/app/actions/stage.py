"""The camera, what is picked, the window."""

from __future__ import annotations

from nnviz3d.spec.edit import Edit


def _camera(loop, value) -> None:
    loop.session.apply([Edit("view.camera", value)], loop.now)
    loop.stage.fly_to_preset(loop.session.scene.view.camera)


def _pick(loop, value) -> None:
    loop.stage.pick(-1 if value is None else int(value))


def _choose(loop, value) -> None:
    loop.stage.chosen = -1 if value is None else int(value)


def _choose_layer(loop, value) -> None:
    loop.stage.layer = -1 if value is None else int(value)


def _fullscreen(loop, _value) -> None:
    loop.host.fullscreen = not loop.host.fullscreen


ACTIONS = {
    "camera": _camera,
    "fit": lambda loop, _value: loop.stage.fit(),
    "fly_to": lambda loop, value: loop.stage.fly_to(int(value)),
    "pick": _pick,
    "choose": _choose,
    "choose_layer": _choose_layer,
    "fullscreen": _fullscreen,
}
