"""Health: what looks unusual about the network, how that is known, and what to try. Quiet while all is well."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small, tip

TITLE, ICON, HINT, OPEN = "Health", fa.ICON_FA_HEART_PULSE, "Problems found, and the evidence for them.", True
_WARN, _GOOD, _TEXT, _DIM = (theme.packed(c) for c in (theme.WARN, theme.GOOD, theme.TEXT, theme.DIM))


def draw(f: Frame) -> None:
    findings = f.readout.findings
    if not findings and f.readout.reasons.data:
        small(f, f.readout.reasons.data, wrap=True)
    elif not findings:
        _row(f, fa.ICON_FA_CHECK, _GOOD, "Nothing unusual", _DIM)
        tip(f, "Checked every two seconds: inputs out of scale, neurons that are copies, dead or saturated, gradients that vanish or "
               "explode, a loss that jumps or does not decrease, always the same predicted class, overfitting.")  # fmt: skip
    for k, finding in enumerate(findings):
        if k:
            imgui.dummy(imgui.ImVec2(0, f.px(3)))
        _row(f, fa.ICON_FA_TRIANGLE_EXCLAMATION, _WARN, finding.title, _TEXT)
        imgui.indent(f.px(26))
        small(f, finding.how, wrap=True)
        small(f, finding.remedy, _TEXT, wrap=True)
        imgui.unindent(f.px(26))


def _row(f: Frame, icon: str, ink: int, text: str, colour: int) -> None:
    """Words stand under the section's name, as its icon stands over theirs."""
    start = imgui.get_cursor_pos_x()
    small(f, icon, ink)
    imgui.same_line(start + f.px(26))
    imgui.push_style_color(imgui.Col_.text, colour)
    imgui.push_text_wrap_pos(0)
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()
    imgui.pop_style_color()
