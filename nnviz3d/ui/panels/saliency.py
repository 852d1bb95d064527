"""Saliency: which inputs raised an output and which lowered it, over the picture that the network looks at, or as bars by name."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import short
from nnviz3d.spec.readout import SaliencyReading
from nnviz3d.ui.core import bars, theme
from nnviz3d.ui.core.bars import Bar
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.texture import Bitmap
from nnviz3d.ui.core.widgets import combo, label, show_tip, small, tip

TITLE, ICON, HINT, OPEN = "Saliency", fa.ICON_FA_MAGNIFYING_GLASS_CHART, "Which inputs speak for an output, and which against it.", False
LARGEST = 230.0  # unscaled pixels of the picture's longer side
ROWS = 16  # inputs that have a bar
CHOICES = 200  # outputs that can be chosen
PICTURE = 0.38  # of the picture's own light that shows beneath the colours
EXPLAINED = (
    "Gradient × input: how much the output's z (before its activation) would change per unit of this input, times the input. "
    "In a linear network these products add up to z without the bias; elsewhere they are the part that a small change would tell."
)


class SaliencyPanel:
    """Remembers which output is looked at, and holds the coloured picture."""

    def __init__(self):
        self.output = -1
        self._bitmap, self._painted = Bitmap(), None

    def draw(self, f: Frame) -> None:
        if self.output >= f.readout.topology.output.size:
            self.output = -1
        f.wants["saliency"] = self.output
        r = f.readout.saliency
        if r is None:
            small(f, "…")
            return
        if r.reason or r.product_i is None:
            small(f, r.reason, wrap=True)
            return
        self._choose(f, r)
        if len(r.shape) > 1 and min(r.shape[-2:]) > 1:
            self._picture(f, r)
        else:
            _list(f, r)
        _legend(f, r)

    def _choose(self, f: Frame, r: SaliencyReading) -> None:
        count = min(f.readout.topology.output.size, CHOICES)
        names = {"-1": "the largest output"} | {str(k): f"{_name(f, k)}" for k in range(count)}
        imgui.begin_group()
        label(f, "Output")
        picked = combo("##saliency.output", str(self.output), list(names), names)
        imgui.end_group()
        tip(f, "The output whose z is explained.")
        if picked is not None:
            self.output = int(picked)
        assert r.product_i is not None
        small(f, f"Output {_name(f, r.output)}: z = {short(r.z)}; the inputs add {short(float(np.sum(r.product_i)))}")
        tip(f, EXPLAINED)

    def _picture(self, f: Frame, r: SaliencyReading) -> None:
        height, width = r.shape[-2:]
        assert r.product_i is not None and r.x_i is not None
        product, x = (np.reshape(values, (-1, height, width)) for values in (r.product_i, r.x_i))
        key = (r.version, f.signs, f.scale)
        if key != self._painted:
            self._painted = key
            self._bitmap.write(_painted(product.sum(0), x.mean(0), f.signs, max(1, round(f.px(LARGEST) / max(height, width)))))
        high = min(f.px(LARGEST), imgui.get_content_region_avail().x * height / width)
        corner = imgui.get_cursor_screen_pos()
        imgui.image(self._bitmap.ref, imgui.ImVec2(high * width / height, high))
        if imgui.is_item_hovered():
            mouse = imgui.get_mouse_pos()
            row, column = (
                min(int((p - c) / high * height), n - 1) for p, c, n in ((mouse.y, corner.y, height), (mouse.x, corner.x, width))
            )
            value, seen = float(product.sum(0)[row, column]), float(x.mean(0)[row, column])
            show_tip(f, f"Row {row + 1}, column {column + 1}: input {short(seen)}, gradient × input {short(value)}.")


def _name(f: Frame, k: int) -> str:
    names = f.readout.class_names
    return names[k] if k < len(names) else str(k)


def _painted(product_hw: np.ndarray, x_hw: np.ndarray, signs: tuple[str, str], grow: int) -> np.ndarray:
    """(H, W, 4) uint8: the picture in grey, over it the colour of the sign, as strong as the product."""
    span = float(x_hw.max() - x_hw.min()) or 1.0
    base = PICTURE * (x_hw - x_hw.min()) / span
    strength = np.clip(np.abs(product_hw) / max(float(np.abs(product_hw).max()), 1e-30), 0, 1)[..., None] ** 0.7
    positive, negative = (np.array(theme.rgb(sign)) for sign in signs)
    colour = np.where(product_hw[..., None] >= 0, positive, negative)
    floor = np.array(theme.rgb("#0d1526"))
    grey = floor + (np.array(theme.rgb("#dfe6f5")) - floor) * base[..., None]
    mixed = np.clip(grey * (1 - 0.85 * strength) + colour * strength, 0, 1)
    pixels = np.concatenate([mixed, np.ones((*product_hw.shape, 1))], -1)
    return np.round(255 * pixels).astype(np.uint8).repeat(grow, 0).repeat(grow, 1)


def _list(f: Frame, r: SaliencyReading) -> None:
    """Sorted bars by the names of the inputs."""
    assert r.product_i is not None and r.x_i is not None
    order = np.argsort(-np.abs(r.product_i), kind="stable")[:ROWS]
    most = max(float(np.abs(r.product_i).max()), 1e-30)
    positive, negative = (theme.packed(sign) for sign in f.signs)
    names, rows = f.readout.features, []
    for k in order.tolist():
        value, name = float(r.product_i[k]), names[k] if k < len(names) else f"input {k + 1}"
        hint = f"{name} = {short(float(r.x_i[k]))}, gradient {short(value / float(r.x_i[k])) if r.x_i[k] else '?'}."
        rows.append(Bar(name, value / most, short(value), positive if value >= 0 else negative, hint, key=k))
    clicked = bars.draw(f, "saliency", rows)
    if clicked is not None:
        f.do("pick", f.readout.topology.input.neurons.start + clicked)
    if len(r.product_i) > ROWS:
        small(f, f"{ROWS} largest of {len(r.product_i):,} inputs")


def _legend(f: Frame, r: SaliencyReading) -> None:
    corner, size = imgui.get_cursor_screen_pos(), f.px(10)
    draw_list = imgui.get_window_draw_list()
    for colour, text in zip(f.signs, ("speaks for it", "speaks against it"), strict=True):
        draw_list.add_rect_filled(imgui.ImVec2(corner.x, corner.y + f.px(3)), imgui.ImVec2(corner.x + size, corner.y + f.px(3) + size),
                                  theme.packed(colour), f.px(2))  # fmt: skip
        imgui.set_cursor_screen_pos(imgui.ImVec2(corner.x + size + f.px(6), corner.y))
        small(f, text)
        corner.x = imgui.get_item_rect_max().x + f.px(16)
        imgui.same_line()
    imgui.new_line()
    tip(f, EXPLAINED)
