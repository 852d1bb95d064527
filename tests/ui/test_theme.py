"""The theme: contrast, glyphs, and words for everything that can be changed."""

from __future__ import annotations

import itertools

import pytest
from imgui_bundle import imgui

from nnviz3d.layers.shared.equation_line import plain_text
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.key_bindings import ROWS
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.core import strings, theme
from nnviz3d.ui.core.widgets import bounds, tidy

TEXTS = (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT, theme.GOOD, theme.BAD, *itertools.chain(*theme.SIGNS.values()))


def contrast(front: str, back: str) -> float:
    """Contrast ratio of WCAG 2.1, from 1 to 21."""

    def luminance(hex_colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in theme.rgb(hex_colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(front), luminance(back)))
    return (high + 0.05) / (low + 0.05)


def _over(front: str, alpha: float, back: str) -> str:
    mixed = [a * alpha + b * (1 - alpha) for a, b in zip(theme.rgb(front), theme.rgb(back), strict=True)]
    return "#" + "".join(f"{round(255 * c):02x}" for c in mixed)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", [theme.GLASS, theme.POPUP, _over(theme.GLASS, theme.GLASS_ALPHA, "#12182e")])
def test_text_has_contrast_on_every_ground(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("ground", [theme.FIELD, theme.FIELD_HOVER, theme.FIELD_ACTIVE, theme.GRAB, theme.GRAB_ACTIVE])
def test_text_has_contrast_in_fields_and_over_a_slider_s_grab(ground):
    assert contrast(theme.TEXT, ground) >= 4.5


def test_text_has_contrast_on_the_accent():
    assert contrast(theme.ON_ACCENT, theme.ACCENT) >= 4.5


def test_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("path", strings.HINTS)
def test_every_word_names_a_key_of_the_scene(path):
    model = Scene
    for part in path.split("."):
        model = model.model_fields[part].annotation
    label, hint = strings.HINTS[path]
    assert 0 < len(label) <= 16 and hint.endswith(".")


def test_bounds_come_from_the_scene():
    assert bounds("train.batch") == (0, 65_536)
    low, high = bounds("train.momentum")
    assert low == 0 and 0.999 < high < 1
    assert tidy(0.029999999329447746) == 0.03


@pytest.mark.gl
def test_the_fonts_hold_every_character_that_we_print(driver):
    texts = [
        *itertools.chain(*strings.HINTS.values()),
        *(text for row in ROWS for text in (row.shown, row.words)),
        *strings.LAYER_HINTS.values(),
        *strings.QUANTITIES.values(),
    ]
    texts += [plain_text(row.tex) for row in ACTIVATIONS.values()] + ["δ∂Σ·×−–…∞?0123456789e√"]
    driver.host.begin_overlay(0.01)
    font = imgui.get_font_baked()
    missing = {c for c in "".join(texts) if c not in "\n" and font.find_glyph_no_fallback(ord(c)) is None}
    driver.host.end_overlay()
    assert not missing
