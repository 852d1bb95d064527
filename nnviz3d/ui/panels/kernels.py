"""A convolution as a whole: each of its maps beside its kernels, one for every channel that it reads. A click shows a map, or a weight."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import plain, shape
from nnviz3d.spec.readout import LayerReading
from nnviz3d.ui.core import cell_grid, theme
from nnviz3d.ui.core.cell_grid import Cells
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import show_tip, small, tip

MAP, KERNEL, TALL, NAME, GAP = 64.0, 44.0, 300.0, 20.0, 6.0  # unscaled pixels: sides, all maps before they scroll, a line, between two
FINEST, MOST = 16, 48  # cells a side of a map's picture, of larger ones every n-th; kernels beside a map
_DIM, _TEXT, _ACCENT = (theme.packed(c) for c in (theme.DIM, theme.TEXT, theme.ACCENT))
NEURON = (theme.ACCENT, theme.NEGATIVE_NEURON)


def draw(f: Frame, r: LayerReading, kernels: np.ndarray) -> None:
    out, inputs, rows, columns = kernels.shape
    small(
        f, f"{out:,} maps, kernels {shape(kernels.shape)}: for each map one of {rows}×{columns} for each channel that it reads", wrap=True
    )
    tip(f, "Maps × channels that each reads × rows × columns of the window. The products with all channels are added, plus one bias.")
    full = imgui.get_content_region_avail().x - imgui.get_style().scrollbar_size
    shown = min(inputs, MOST)
    if shown < inputs:
        small(f, f"of the first {shown} of {inputs:,} channels")
    across = max(1, int((full - f.px(MAP + GAP)) // f.px(KERNEL + GAP)))
    high = f.px(NAME) + max(f.px(MAP), -(-shown // across) * f.px(KERNEL + GAP)) + f.px(GAP)
    imgui.begin_child("##kernels", imgui.ImVec2(0, min(out * high, f.px(TALL))), 0)
    clipper, scales = imgui.ListClipper(), (float(np.abs(r.a).max()), float(np.abs(kernels).max()))
    clipper.begin(out, high)
    while clipper.step():
        for o in range(clipper.display_start, clipper.display_end):
            at = imgui.get_cursor_screen_pos()
            imgui.dummy(imgui.ImVec2(full, high - imgui.get_style().item_spacing.y))
            _map(f, r, kernels, o, (at.x, at.y), across, scales)
    imgui.end_child()


def _map(f: Frame, r: LayerReading, kernels: np.ndarray, o: int, at: tuple[float, float], across: int, scales: tuple[float, float]) -> None:
    draw_list, (x, y) = imgui.get_window_draw_list(), at
    draw_list.add_text(f.fonts.regular, f.font(theme.SMALL), imgui.ImVec2(x, y + f.px(2)), _DIM, f"map {o}")
    y += f.px(NAME)
    size = len(r.a) // len(kernels)
    maps = r.a[o * size : (o + 1) * size].reshape(-1, r.axes[-1]).astype(np.float64)
    thin = -(-max(maps.shape) // FINEST)
    shown = maps[::thin, ::thin]
    side = f.px(MAP) / max(shown.shape)
    under = cell_grid.draw(f, draw_list, (x, y), side, Cells(shown, scales[0], NEURON))
    if under is not None:
        row, column = under[0] * thin, under[1] * thin
        if imgui.is_mouse_clicked(imgui.MouseButton_.left):
            f.do("pick", r.first_neuron + o * size + row * maps.shape[1] + column)
        show_tip(f, f"Map {o}, row {row}, column {column}: a = {plain(float(maps[row, column]))}\nClick to see how this cell arises.")
    side = f.px(KERNEL) / max(kernels.shape[2:])
    for i in range(min(kernels.shape[1], MOST)):
        corner = x + f.px(MAP + GAP) + i % across * f.px(KERNEL + GAP), y + i // across * f.px(KERNEL + GAP)
        under = cell_grid.draw(f, draw_list, corner, side, Cells(kernels[o, i], scales[1], f.signs))
        if under is not None:
            cell_grid.frame(draw_list, corner, side, under, _ACCENT, f.px(1.5))
            p = r.first_kernel + int(np.ravel_multi_index((o, i, *under), kernels.shape))
            f.lit = p
            if imgui.is_mouse_clicked(imgui.MouseButton_.left):
                f.do("choose", p)
            show_tip(f, f"Kernel {o}, channel {i}, row {under[0]}, column {under[1]}: w = {plain(float(kernels[o, i][under]))}")
