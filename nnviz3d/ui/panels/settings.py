"""Settings: what this person wants of every scene. Kept in a file of their own; scenes do not carry them."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.settings import Settings
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import combo, label, small, tip

TITLE, ICON, HINT, OPEN = "Settings", fa.ICON_FA_GEAR, "Personal settings for all scenes: colours, language, text size, motion.", False
SIZES = (0.75, 1.0, 1.25, 1.5, 2.0)
ROWS = (
    ("palette", "Palette", {"scene": "as in the scene", "blue_orange": "blue and orange", "safe": "colour-blind safe"},
     "Colours for positive and negative values. safe: distinguishable with any type of colour vision."),
    ("language", "Language", {"scene": "as the system", "en": "English", "de": "Deutsch"}, "Language of the guided tour."),
)  # fmt: skip


def draw(f: Frame) -> None:
    mine: Settings = f.readout.settings
    for name, text, options, hint in ROWS:
        imgui.begin_group()
        label(f, text)
        picked = combo(f"##settings.{name}", getattr(mine, name), list(options), options)
        imgui.end_group()
        tip(f, hint)
        if picked is not None and picked != getattr(mine, name):
            f.do("setting", (name, picked))
    _size(f, mine)
    imgui.begin_group()
    label(f, "Reduced motion")
    changed, on = imgui.checkbox("##settings.reduced_motion", mine.reduced_motion)
    imgui.end_group()
    tip(f, "The camera does not sway, and fewer signals travel at half the speed.")
    if changed:
        f.do("setting", ("reduced_motion", on))
    small(f, "Saved on this computer. Films and stills made without the window do not use them.", wrap=True)


def _size(f: Frame, mine: Settings) -> None:
    """Steps, not a slider: a slider would move under the pointer while it changes the size of everything."""
    options = {f"{size:g}": f"{100 * size:.0f} %" for size in sorted({*SIZES, mine.text_size})}
    imgui.begin_group()
    label(f, "Text size")
    picked = combo("##settings.text_size", f"{mine.text_size:g}", list(options), options)
    imgui.end_group()
    tip(f, "Size of all text and panels.")
    if picked is not None and float(picked) != mine.text_size:
        f.do("setting", ("text_size", float(picked)))
