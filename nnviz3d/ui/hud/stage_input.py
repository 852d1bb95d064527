"""What a person did on the stage with pointer, held keys and sticks."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.readout import StageInput
from nnviz3d.ui.core.context import Frame

CLICK_PIXELS = 5.0  # a press that moves less than this (times the scale) is a click, not a drag
_K = imgui.Key


def _dead_zone(value: float) -> float:
    return 0.0 if value < 0.15 else (value - 0.15) / 0.85


def _down(positive: imgui.Key, negative: imgui.Key) -> float:
    return float(imgui.is_key_down(positive)) - float(imgui.is_key_down(negative))


def _stick(positive: imgui.Key, negative: imgui.Key) -> float:
    data = imgui.internal.get_key_data
    return _dead_zone(data(positive).analog_value) - _dead_zone(data(negative).analog_value)


class StageControl:
    """Follows the pointer from press to release. One per overlay."""

    def __init__(self):
        self._pressed = (0.0, 0.0)  # where the left button went down on the stage
        self._button = -1
        self._dragging = self._tuning = False

    def read(self, f: Frame) -> StageInput:
        io = imgui.get_io()
        x, y = io.mouse_pos.x, io.mouse_pos.y
        inside = 0 <= x < f.width and 0 <= y < f.height
        free = inside and not io.want_capture_mouse and not f.memory.help
        orbit = pan = (0.0, 0.0)
        clicked, double, tune = False, False, 0.0
        if self._button < 0 and free:
            for button in (0, 1, 2):
                if imgui.is_mouse_clicked(button):
                    self._button, self._pressed, self._dragging = button, (x, y), False
                    self._tuning = button == 0 and (io.key_ctrl or io.key_alt)
        if self._button >= 0:
            button, (from_x, from_y) = self._button, self._pressed
            delta = (io.mouse_delta.x, io.mouse_delta.y)
            if not self._dragging and max(abs(x - from_x), abs(y - from_y)) > f.px(CLICK_PIXELS):
                self._dragging = True
            if imgui.is_mouse_released(button) or not imgui.is_mouse_down(button):
                clicked = button == 0 and not self._dragging and inside
                self._button, self._tuning = -1, False
            elif self._dragging and self._tuning:
                tune = -delta[1] * (0.1 if io.key_shift else 1.0) / f.scale
            elif self._dragging:
                orbit, pan = (delta, pan) if button == 0 and not io.key_shift else (orbit, delta)
        double = free and imgui.is_mouse_double_clicked(0)
        zoom = io.mouse_wheel if free else 0.0
        move, turn = ((0.0, 0.0, 0.0), (0.0, 0.0)) if io.want_capture_keyboard else _motion(io, f.typed.held, f.readout.tour is None)
        pointer = (x, y) if free or self._dragging else None
        return StageInput(pointer, clicked, double, orbit, pan, zoom, move, turn, self._tuning and self._dragging, tune)


def _motion(io, held: frozenset[str], arrows: bool = True) -> tuple[tuple[float, float, float], tuple[float, float]]:
    """Held keys and sticks: W A S D Q E and the right stick move, arrows (where they are free) and the left stick turn."""
    if io.key_ctrl or io.key_super:
        return (0.0, 0.0, 0.0), (0.0, 0.0)
    move = [float(a in held) - float(b in held) for a, b in ("DA", "EQ", "WS")]
    turn = [_down(_K.right_arrow, _K.left_arrow) * arrows, _down(_K.up_arrow, _K.down_arrow) * arrows]
    if io.backend_flags & imgui.BackendFlags_.has_gamepad:
        move[0] += _stick(_K.gamepad_r_stick_right, _K.gamepad_r_stick_left)
        move[2] += _stick(_K.gamepad_r_stick_up, _K.gamepad_r_stick_down)
        move[1] += _stick(_K.gamepad_r2, _K.gamepad_l2)
        turn[0] += _stick(_K.gamepad_l_stick_right, _K.gamepad_l_stick_left)
        turn[1] += _stick(_K.gamepad_l_stick_up, _K.gamepad_l_stick_down)
    x, y, z, yaw, pitch = (max(-1.0, min(v, 1.0)) for v in (*move, *turn))
    return (x, y, z), (yaw, pitch)
