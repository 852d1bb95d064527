"""One calm dark theme: colours, spacing, and one typeface in three sizes. Knows nothing of panels.

Colours are sRGB hex; text on glass keeps a contrast of at least 4.5:1 (WCAG AA), which the tests compute from these very values.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import imgui_bundle
from imgui_bundle import imgui, implot

GLASS = "#0b1120"  # panels; GLASS_ALPHA lets a hint of the stage through
GLASS_ALPHA = 0.88
POPUP = "#111a2e"
FIELD, FIELD_HOVER, FIELD_ACTIVE = "#1a2540", "#22304f", "#2b3c61"
LINE = "#26324d"
GRAB, GRAB_ACTIVE = "#445890", "#5068a8"  # a slider's value is printed over its grab, so no bright accent here
TEXT, DIM, FAINT = "#e8ecf5", "#a3b0ca", "#8593b0"
ACCENT, ON_ACCENT = "#ffc46b", "#1d1405"  # the warm light of an active neuron
NEGATIVE_NEURON = "#b9a6ff"
HOLD_COLOURS = {"frozen": "#8fe3ff", "killed": "#ff8f86"}  # as the rings of neurons on the stage
GOOD, WARN, BAD = "#7fd6a4", "#ffc46b", "#ff8f86"
# train and test curves: the accent and a neutral, so that they are never taken for the signs of weights
CURVE_TRAIN, CURVE_TEST = "#ffc46b", "#b9c6e4"
# the same hues as the ribbons (linear light there), brightened for text; negative is dashed as well
NETWORKS = ("#ffc46b", "#74d7e0")  # A and B, where two are compared; their letters say it too
ERROR_SIGNS = ("#f58bd0", "#5fdcb4")  # the error on its way back: rose raises the loss, green lowers it
SIGNS = {"blue_orange": ("#6cbcff", "#ff9d5c"), "safe": ("#62b4ff", "#f0d048")}

SMALL, BODY, LARGE = 12.5, 15.0, 21.0
PANEL_WIDTH = 344.0
MARGIN = 14.0


def rgb(hex_colour: str) -> tuple[float, float, float]:
    """sRGB in [0, 1]."""
    return int(hex_colour[1:3], 16) / 255, int(hex_colour[3:5], 16) / 255, int(hex_colour[5:7], 16) / 255


def vec(hex_colour: str, alpha: float = 1.0) -> imgui.ImVec4:
    return imgui.ImVec4(*rgb(hex_colour), alpha)


@lru_cache(maxsize=1024)
def packed(hex_colour: str, alpha: float = 1.0) -> int:
    """imgui's 32-bit colour, 0xAABBGGRR."""
    r, g, b = (round(c * 255) for c in rgb(hex_colour))
    return round(max(0.0, min(alpha, 1.0)) * 255) << 24 | b << 16 | g << 8 | r


@dataclass(frozen=True)
class Fonts:
    regular: imgui.ImFont
    bold: imgui.ImFont
    math: imgui.ImFont | None = None  # the typeface of formulas, for their numbers
    math_ascent: float = 0.87  # of its size


def load_fonts() -> Fonts:
    """Roboto with icons, and two wide fallbacks for glyphs it lacks. Glyphs are rasterised when first used (imgui >= 1.92)."""
    folder = Path(os.fspath(imgui_bundle.__file__)).parent / "assets" / "fonts"
    atlas = imgui.get_io().fonts
    fonts = []
    for face in ("Roboto-Regular.ttf", "Roboto-Bold.ttf"):
        fonts.append(atlas.add_font_from_file_ttf(str(folder / "Roboto" / face), BODY))
        for name in ("Font_Awesome_6_Free-Solid-900.otf", "DroidSans.ttf", "latex/latinmodern-math.otf"):
            config = imgui.ImFontConfig()
            config.merge_mode = True
            size = BODY * 0.86 if name.startswith("Font") else BODY
            if name.startswith("Font"):
                config.glyph_offset = imgui.ImVec2(0, 0.5)
            atlas.add_font_from_file_ttf(str(folder / name), size, config)
    imgui.get_io().font_default = fonts[0]
    return Fonts(fonts[0], fonts[1], atlas.add_font_from_file_ttf(str(folder / "latex/latinmodern-math.otf"), BODY))


KINDS = (b"\0\1\0\0", b"true", b"OTTO", b"ttcf")  # first bytes of font files


def merge(fonts: Fonts, path: Path) -> None:
    """Let the typefaces have the glyphs of one more file, after their own. A file that is no font is left alone."""
    try:
        with path.open("rb") as file:
            if file.read(4) not in KINDS or path.stat().st_size < 1000:
                return
    except OSError:
        return
    for font in (fonts.regular, fonts.bold):
        config = imgui.ImFontConfig()
        config.merge_mode, config.dst_font = True, font
        config.flags = imgui.ImFontFlags_.no_load_error
        imgui.get_io().fonts.add_font_from_file_ttf(str(path), BODY, config)


def apply(scale: float) -> None:
    """Set the whole style for a scale; may be called again with another one."""
    style = imgui.get_style()
    style.font_size_base, style.font_scale_dpi = BODY, scale
    for name, value in {
        "window_padding": (12, 12), "frame_padding": (9, 5), "item_spacing": (8, 7), "item_inner_spacing": (7, 5),
        "cell_padding": (6, 4), "window_min_size": (16, 16),
    }.items():  # fmt: skip
        setattr(style, name, imgui.ImVec2(value[0] * scale, value[1] * scale))
    for name, value in {
        "window_rounding": 12, "child_rounding": 8, "frame_rounding": 6, "popup_rounding": 8, "grab_rounding": 5, "scrollbar_rounding": 5,
        "scrollbar_size": 9, "grab_min_size": 10, "indent_spacing": 14,
    }.items():  # fmt: skip
        setattr(style, name, value * scale)
    style.window_border_size = style.popup_border_size = 1.0
    style.frame_border_size = 0.0
    style.window_title_align = style.button_text_align = imgui.ImVec2(0.5, 0.5)
    style.hover_delay_normal, style.hover_stationary_delay = 0.35, 0.1
    style.disabled_alpha = 0.42
    _colours(style)
    _plot_style(scale)


def _colours(style) -> None:
    clear = imgui.ImVec4(0, 0, 0, 0)
    for name, colour in {
        "text": vec(TEXT), "text_disabled": vec(FAINT), "window_bg": vec(GLASS, GLASS_ALPHA), "child_bg": clear,
        "popup_bg": vec(POPUP, 0.98), "border": vec(LINE, 0.7), "frame_bg": vec(FIELD, 0.9),
        "frame_bg_hovered": vec(FIELD_HOVER), "frame_bg_active": vec(FIELD_ACTIVE),
        "button": vec(FIELD, 0.9), "button_hovered": vec(FIELD_HOVER), "button_active": vec(FIELD_ACTIVE),
        "header": vec(ACCENT, 0.16), "header_hovered": vec(FIELD_HOVER, 0.7), "header_active": vec(FIELD_ACTIVE, 0.8),
        "check_mark": vec(ACCENT), "slider_grab": vec(GRAB), "slider_grab_active": vec(GRAB_ACTIVE),
        "separator": vec(LINE, 0.8), "scrollbar_bg": clear, "scrollbar_grab": vec(FIELD_HOVER, 0.8),
        "scrollbar_grab_hovered": vec(FIELD_ACTIVE), "scrollbar_grab_active": vec(FIELD_ACTIVE),
        "text_selected_bg": vec(ACCENT, 0.3), "nav_cursor": vec(ACCENT, 0.8), "modal_window_dim_bg": vec("#03050a", 0.6),
        "resize_grip": clear, "plot_histogram": vec(ACCENT),
    }.items():  # fmt: skip
        style.set_color_(imgui.Col_[name], colour)


def _plot_style(scale: float) -> None:
    style = implot.get_style()
    clear = imgui.ImVec4(0, 0, 0, 0)
    for name, colour in {
        "frame_bg": clear, "plot_bg": vec("#060a14", 0.55), "plot_border": vec(LINE, 0.6), "axis_text": vec(FAINT),
        "axis_grid": vec(LINE, 0.55), "axis_tick": vec(LINE), "axis_bg_hovered": clear, "axis_bg_active": clear, "legend_bg": clear,
        "legend_border": clear, "legend_text": vec(DIM), "inlay_text": vec(DIM), "crosshairs": vec(DIM, 0.5),
    }.items():  # fmt: skip
        style.set_color_(implot.Col_[name], colour)
    style.plot_padding = imgui.ImVec2(7 * scale, 4 * scale)
    style.label_padding = imgui.ImVec2(4 * scale, 3 * scale)
    style.legend_padding = imgui.ImVec2(6 * scale, 4 * scale)
    style.plot_min_size = imgui.ImVec2(80 * scale, 40 * scale)
    style.plot_border_size = 0.0
