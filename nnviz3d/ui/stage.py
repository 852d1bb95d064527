"""What a person did on the stage, and the keys: read from imgui's io, so a window and a headless host behave the same."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.readout import StageInput
from nnviz3d.ui import speed, tour, weightbar
from nnviz3d.ui.frame import Frame

CLICK_PIXELS = 5.0  # a press that moves less than this (times the scale) is a click, not a drag
_K = imgui.Key
CAMERAS = ("three_quarter", "front", "side", "top", "input", "output")
_COMMANDS = ((_K.r, "reset"), (_K.n, "new_seed"), (_K.f, "fit"), (_K.i, "walk"))
_MOMENTS = ((_K.f2, "A"), (_K.f3, "B"))
_VIEWS = ("", "A", "B", "B - A")
_LOOPS = ("stop", "again", "on")
_CAMERA_KEYS = tuple(zip((_K._1, _K._2, _K._3, _K._4, _K._5, _K._6), CAMERAS, strict=True))


def _dead_zone(value: float) -> float:
    return 0.0 if value < 0.15 else (value - 0.15) / 0.85


def _held(positive: imgui.Key, negative: imgui.Key) -> float:
    return float(imgui.is_key_down(positive)) - float(imgui.is_key_down(negative))


def _stick(positive: imgui.Key, negative: imgui.Key) -> float:
    data = imgui.internal.get_key_data
    return _dead_zone(data(positive).analog_value) - _dead_zone(data(negative).analog_value)


class Stage:
    """Follows the pointer from press to release. One per overlay."""

    def __init__(self):
        self._pressed: tuple[float, float] | None = None  # where the left button went down on the stage
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
        move, turn = ((0.0, 0.0, 0.0), (0.0, 0.0)) if io.want_capture_keyboard else _motion(io, f.readout.tour is None)
        pointer = (x, y) if free or self._dragging else None
        return StageInput(pointer, clicked, double, orbit, pan, zoom, move, turn, self._tuning and self._dragging, tune)


def _motion(io, arrows: bool = True) -> tuple[tuple[float, float, float], tuple[float, float]]:
    """Held keys and sticks: W A S D Q E and the right stick move, arrows (where they are free) and the left stick turn."""
    if io.key_ctrl or io.key_super:
        return (0.0, 0.0, 0.0), (0.0, 0.0)
    move = [_held(_K.d, _K.a), _held(_K.e, _K.q), _held(_K.w, _K.s)]
    turn = [_held(_K.right_arrow, _K.left_arrow) * arrows, _held(_K.up_arrow, _K.down_arrow) * arrows]
    if io.backend_flags & imgui.BackendFlags_.has_gamepad:
        move[0] += _stick(_K.gamepad_r_stick_right, _K.gamepad_r_stick_left)
        move[2] += _stick(_K.gamepad_r_stick_up, _K.gamepad_r_stick_down)
        move[1] += _stick(_K.gamepad_r2, _K.gamepad_l2)
        turn[0] += _stick(_K.gamepad_l_stick_right, _K.gamepad_l_stick_left)
        turn[1] += _stick(_K.gamepad_l_stick_up, _K.gamepad_l_stick_down)
    return tuple(max(-1.0, min(v, 1.0)) for v in move), tuple(max(-1.0, min(v, 1.0)) for v in turn)


def keys(f: Frame) -> None:
    """Shortcuts, unless a text field is being typed into."""
    io = imgui.get_io()
    if io.want_text_input:
        return
    pressed = lambda key: imgui.is_key_pressed(key, False)  # noqa: E731
    if pressed(_K.f11):
        f.do("fullscreen")
    if pressed(_K.f12):
        f.do("screenshot", "4K" if io.key_shift else None)
    if pressed(_K.f9):
        f.do("save_timeline") if io.key_ctrl or io.key_super else f.do("capture", "stage" if io.key_shift else None)
    _moment_keys(f, pressed)
    if pressed(_K.f1) or ord("?") in io.input_queue_characters:  # the character, not the key: it moves with the keyboard's language
        f.memory.help = not f.memory.help
    if pressed(_K.escape) and not f.memory.area:
        _escape(f)
    if io.key_ctrl or io.key_super:
        if pressed(_K.s):
            f.do("save_as" if io.key_shift else "save")
        if pressed(_K.o):
            f.do("open_file")
        if imgui.is_key_pressed(_K.z, True):
            f.do("redo" if io.key_shift else "undo")
        if imgui.is_key_pressed(_K.y, True):
            f.do("redo")
        for key, count in ((_K.page_down, 1), (_K.page_up, -1)):
            if pressed(key):
                f.do("move", ("epoch", count))
        return
    _plain_keys(f, pressed)


def _plain_keys(f: Frame, pressed) -> None:
    walk = f.readout.walk
    if f.memory.area:  # there arrows, Space, Enter and the paging keys move and change what has the ring
        return
    if tour.keys(f, pressed):
        return
    if pressed(_K.space) or pressed(_K.gamepad_face_down):
        f.do("walk_play", not walk.playing) if walk else f.do("pause" if f.readout.running else "play")
    _time_keys(f, walk, pressed)
    if walk and pressed(_K.v):
        weightbar.cycle(f)
    for key, name in _COMMANDS:
        if pressed(key):
            f.do(name)
    which = "wrong" if imgui.get_io().key_shift else "sample"
    for key, name in ((_K.right_bracket, "next"), (_K.left_bracket, "previous")):
        # on a German keyboard the plus stands where others have the bracket
        if imgui.is_key_pressed(key, True) and ord("+") not in imgui.get_io().input_queue_characters:
            f.do(f"{name}_{which}")
    for key, name in _CAMERA_KEYS:
        if pressed(key):
            f.do("camera", name)
    if pressed(_K.h):
        f.toggle_panels()


def _time_keys(f: Frame, walk, pressed) -> None:
    """Phase, layer, step and epoch, on and back; speed; in a walk its ends, its switches."""
    io = imgui.get_io()
    for key, count in ((_K.period, 1), (_K.comma, -1), (_K.gamepad_dpad_right, 1), (_K.gamepad_dpad_left, -1)):
        if imgui.is_key_pressed(key, True):
            f.do("walk_by", count) if walk else f.do("step") if count > 0 else f.do("move", ("step", -1))
    for key, count in ((_K.page_down, 1), (_K.page_up, -1)):
        if imgui.is_key_pressed(key, True) and (walk or not io.key_shift):
            f.do("move", ("layer" if io.key_shift else "step", count))
    for key, end in ((_K.home, 0), (_K.end, 1)):
        if pressed(key):
            f.do("walk_to", float(end * len(walk.phases))) if walk else f.do("rewind", (f.readout.oldest, f.readout.newest)[end])
    for character, by in (("+", 1), ("-", -1)):
        if ord(character) in io.input_queue_characters:
            speed.change(f, by)
    if walk and pressed(_K.g):
        f.do("walk_gradient", not walk.mean)
    if walk and pressed(_K.l):
        f.do("walk_loop", _LOOPS[(_LOOPS.index(walk.loop) + 1) % len(_LOOPS)])


def _moment_keys(f: Frame, pressed) -> None:
    """F2 and F3 keep a moment, with Shift they go back to it; F4 looks at the next of now, A, B and their difference."""
    moments = f.readout.moments
    for key, name in _MOMENTS:
        if pressed(key):
            f.do("enter_moment" if imgui.get_io().key_shift else "keep_moment", name)
    fit = {moment.name for moment in moments.kept if moment.fits} | {""}
    views = [view for view in _VIEWS if fit.issuperset(view.split(" - "))]
    if pressed(_K.f4) and len(views) > 1:
        f.do("show_moment", views[(views.index(moments.shown) + 1) % len(views) if moments.shown in views else 0])


def _escape(f: Frame) -> None:
    """One thing at a time: the list of keys, then the banner, then the tour, then the picked neuron."""
    if imgui.is_popup_open("", imgui.PopupFlags_.any_popup):
        imgui.internal.close_popup_to_level(0, True)
    elif f.memory.help:
        f.memory.help = False
    elif f.readout.banner:
        f.do("dismiss")
    elif f.readout.tour is not None:
        f.do("tour", "close")
    elif f.readout.chosen >= 0:
        f.do("choose", None)
        f.do("pick", None)
    elif f.readout.neuron is not None:
        f.do("pick", None)
    elif f.readout.walk is not None:
        f.do("walk_leave")
    elif f.readout.moments.shown:
        f.do("show_moment", "")
