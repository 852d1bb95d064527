"""The camera, what is picked, the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnviz3d.app.view.stage import Travel
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def edits_of(loop: Loop, command: Command) -> list[Edit]:
    """The changes of the scene that a command makes, before it is done."""
    name, value, stage = command.name, command.value, loop.stage
    if name == "camera":
        return [Edit("view.camera", value)]
    if name == "fly_out":
        return [stage.opening(stage.closes, False)] if stage.closes else []
    found = stage.opening(str(value), name != "close_part")
    return [found] if set(found.value) != set(stage.view.picture.opened) else []


def _parts(loop: Loop, command: Command) -> None:
    loop.session.apply(edits_of(loop, command), loop.now)


def _fly_to(loop: Loop, value: Any) -> None:
    """To a layer, which then is looked at, or to a part."""
    _parts(loop, Command("fly_to", value))
    loop.stage.fly_to(str(value))
    node = loop.session.source.topology.by_name.get(str(value))
    if node is not None:
        _choose_layer(loop, node.number)


def _fly_out(loop: Loop, _value: None) -> None:
    _parts(loop, Command("fly_out"))
    loop.stage.fly_out()


def _camera(loop: Loop, value: Any) -> None:
    loop.session.apply([Edit("view.camera", value)], loop.now)
    loop.stage.travel = Travel()
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
    "fit": lambda loop, _value: loop.stage.fit(),
    "open_part": lambda loop, value: _parts(loop, Command("open_part", value)),
    "close_part": lambda loop, value: _parts(loop, Command("close_part", value)),
    "fly_to": _fly_to,
    "fly_out": _fly_out,
    "look_at": lambda loop, value: loop.stage.look_at(*value),
    "pick": _pick,
    "choose": _choose,
    "choose_layer": _choose_layer,
    "fullscreen": _fullscreen,
    "setting": lambda loop, value: loop.settle_in(*value),
}
