"""A softmax as a table: z of each output, e to it, its share of the sum. The rows of the largest shares, and of the output looked at."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import SharesReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.widgets import small, text_width, tip

ROWS = 10
_TEXT, _DIM, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT))
TIP = (
    "e to the power of z makes every number positive; divided by the sum of all, they are shares of 1. "
    "A difference in z is a ratio of shares."
)


def rows(r: SharesReading) -> list[int]:
    """Which are listed, in their own order."""
    if len(r.z_k) <= ROWS:
        return list(range(len(r.z_k)))
    strongest = np.argsort(-r.share_k, kind="stable")[: ROWS - 1].tolist()
    return sorted({*strongest, r.at})


def draw(f: Frame, r: SharesReading) -> None:
    full, high, pixels = imgui.get_content_region_avail().x, f.px(theme.SMALL + 6), f.font(theme.SMALL)
    draw_list = imgui.get_window_draw_list()
    total, peak = float(np.exp(r.z_k).sum()) if np.abs(r.z_k).max() < 80 else 0.0, max(float(r.share_k.max()), 1e-30)
    edges = 0.44, 0.7, 1.0
    at = imgui.get_cursor_screen_pos()
    for edge, text in zip(edges, ("z", "exp(z)" if total else "exp(z − largest)", "share"), strict=True):
        draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(at.x + full * edge - text_width(text, pixels), at.y), _DIM, text)
    imgui.dummy(imgui.ImVec2(full, high))
    listed = rows(r)
    for k in listed:
        at = imgui.get_cursor_screen_pos()
        if imgui.invisible_button(f"##share{k}", imgui.ImVec2(full, high)):
            f.do("pick", r.first + k)
        tip(f, TIP)
        width = full * 0.26 * float(r.share_k[k]) / peak
        draw_list.add_rect_filled(
            imgui.ImVec2(at.x + full - width, at.y), imgui.ImVec2(at.x + full, at.y + high - f.px(2)), theme.packed(theme.ACCENT, 0.25)
        )
        ink = _ACCENT if k == r.at else _TEXT
        draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(at.x, at.y), ink, cut(r.names[k], full * 0.24, f.names))
        power = float(np.exp(r.z_k[k])) if total else float(r.exp_k[k])
        for edge, value in zip(edges, (r.z_k[k], power, r.share_k[k]), strict=True):
            text = plain(float(value))
            draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(at.x + full * edge - text_width(text, pixels), at.y), ink, text)
    more = f"{len(r.z_k) - len(listed):,} more; " if len(listed) < len(r.z_k) else ""
    small(f, f"{more}sum of exp(z) = {plain(total)}, of shares = 1" if total else f"{more}all shares add up to 1")
