"""Performance: where the milliseconds of a frame go, and what the governor decided."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import dim, elide, small, tip

TITLE, ICON, HINT, OPEN = "Performance", fa.ICON_FA_GAUGE_HIGH, "Where the time of a frame is spent.", False
_BAR, _TEXT, _DIM = theme.packed(theme.ACCENT, 0.55), theme.packed(theme.TEXT), theme.packed(theme.DIM)


def draw(f: Frame) -> None:
    p = f.readout.performance
    rate = 1000 / p.frame_ms if p.frame_ms > 0 else 0.0
    imgui.text_unformatted(f"{p.frame_ms:.1f} ms a frame")
    tip(f, "Median over the last two seconds.")
    imgui.same_line(0, f.px(12))
    dim(f"{rate:.0f} a second,  p99 {p.frame_p99_ms:.1f} ms")
    tip(f, "p99: 99 of 100 frames took less time than this.")
    if len(p.history) > 1:
        imgui.plot_lines("##frames", p.history, scale_min=0.0, scale_max=max(33.4, float(p.history.max())), graph_size=(-1, f.px(46)))
        tip(f, "Times of the last frames in milliseconds (ms); the top is 33 ms or the slowest frame.")
    _stages(f)
    facts = (
        ("renderer", p.renderer, "The OpenGL driver that renders the picture."),
        ("training", p.backend, "The backend that computes the network."),
        ("quality", p.quality, "The current quality level."),
        (
            "resolution",
            f"{100 * p.resolution_scale:.0f} %",
            "Resolution of the 3D picture, as a share of the window's, along each side.",
        ),
        ("draw calls", f"{p.draw_calls}", "Drawing commands sent to the driver per frame."),
        ("signals", f"{f.readout.signals:,} edges", "Number of edges with travelling particles."),
    )
    for name, value, hint in facts:
        if value:
            start, full = imgui.get_cursor_pos_x(), imgui.get_content_region_avail().x
            small(f, name)
            imgui.same_line(start + full * 0.3)
            small(f, elide(value, full * 0.78), _TEXT)
            tip(f, f"{hint}\n{value}")


def _stages(f: Frame) -> None:
    """One bar a stage, relative to the longest."""
    stages = f.readout.performance.stages
    most = max(stages.values(), default=0.0) or 1.0
    imgui.push_font(None, theme.SMALL)
    height, full = imgui.get_text_line_height() + f.px(3), imgui.get_content_region_avail().x
    draw_list = imgui.get_window_draw_list()
    for name, ms in stages.items():
        at = imgui.get_cursor_screen_pos()
        left, right = at.x + full * 0.3, at.x + full - f.px(62)
        draw_list.add_text(at, _DIM, name)
        end = left + max(f.px(1), (right - left) * ms / most)
        draw_list.add_rect_filled(imgui.ImVec2(left, at.y + f.px(3)), imgui.ImVec2(end, at.y + height - f.px(4)), _BAR, f.px(2))
        text = f"{ms:.2f} ms"
        draw_list.add_text(imgui.ImVec2(at.x + full - imgui.calc_text_size(text).x, at.y), _TEXT, text)
        imgui.dummy(imgui.ImVec2(full, height - imgui.get_style().item_spacing.y * 0.4))
        tip(f, f"{name}: median milliseconds per frame")
    imgui.pop_font()
