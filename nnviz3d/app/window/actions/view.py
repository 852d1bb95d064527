"""The camera, what is picked, the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnviz3d.spec.edit import Edit

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _camera(loop: Loop, value: Any) -> None:
    loop.session.apply([Edit("view.camera", value)], loop.now)
    loop.stage.camera.fly_to_preset(loop.session.scene.view.camera)


def _pick(loop: Loop, value: Any) -> None:
    """A neuron, or nothing at all: then a chosen weight and layer are let go as well."""
    loop.stage.pointer.pick(-1 if value is None else int(value))
    loop.stage.pointer.chosen = loop.stage.pointer.layer = -1


def _choose(loop: Loop, value: Any) -> None:
    """A parameter, or none: what was looked at before (a neuron, a layer) is looked at again. What is no parameter is none."""
    p = -1 if value is None else int(value)
    loop.stage.pointer.chosen = p if 0 <= p < loop.session.source.topology.n_parameters else -1


def _choose_layer(loop: Loop, value: Any) -> None:
    """A layer as a whole, or none. A weight that was looked at is let go; what is no layer with weights is none."""
    k = -1 if value is None else int(value)
    loop.stage.pointer.layer = k if 1 <= k < len(loop.session.source.topology.nodes) else -1
    loop.stage.pointer.chosen = -1


def _fullscreen(loop: Loop, _value: None) -> None:
    loop.host.fullscreen = not loop.host.fullscreen


ACTIONS = {
    "camera": _camera,
    "fit": lambda loop, _value: loop.stage.camera.fit(),
    "pick": _pick,
    "choose": _choose,
    "choose_layer": _choose_layer,
    "fullscreen": _fullscreen,
    "setting": lambda loop, value: loop.settle_in(*value),
}
