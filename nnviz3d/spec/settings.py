"""A person's own settings: how this machine's window shows any scene. Scenes do not carry them, and nothing headless reads them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.spec.model_base import Table

PANEL = (280.0, 640.0)  # unscaled pixels


class Settings(Table):
    """`palette` and `language` "scene": what the scene says. `panel_width` in unscaled pixels."""

    palette: Literal["scene", "blue_orange", "safe"] = "scene"
    language: Literal["scene", "en", "de"] = "scene"
    text_size: float = Field(default=1.0, ge=0.5, le=4)
    panel_width: float = Field(default=344.0, ge=PANEL[0], le=PANEL[1])
    reduced_motion: bool = False
