"""The settings of a layer that only its own kind has (channels, kernel, heads, ...): a control for each, made from the table's fields."""

from __future__ import annotations

import typing
from functools import partial
from typing import Any

from imgui_bundle import imgui

from nnviz3d.spec.layer_table import LayerTable
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.number_field import dragged
from nnviz3d.ui.core.widgets import accepted_in, combo, tidy, tip

ELSEWHERE = frozenset({"kind", "name", "from_", "units", "activation", "init", "init_scale", "bias", "dropout", "shape"})  # have controls
_FLAGS = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input


def own(layer: LayerTable) -> list[str]:
    """Names of the fields that are set here: numbers, choices and switches."""
    fields = type(layer).model_fields
    return [name for name in fields if name not in ELSEWHERE and isinstance(getattr(layer, name), (bool, int, float, str))]


def draw(f: Frame, k: int, layer: LayerTable) -> None:
    """Of layer `k` of the list."""
    imgui.push_item_width(f.px(130))
    for name in own(layer):
        value, field = getattr(layer, name), type(layer).model_fields[name]
        changed, new = _control(f, k, layer, name, value)
        tip(f, field.description or "")
        if changed and new != value:
            f.edit(f"network.layers.{k}.{name}", new)
    imgui.pop_item_width()


def _control(f: Frame, k: int, layer: LayerTable, name: str, value: Any) -> tuple[bool, Any]:
    text = name.replace("_", " ")
    if isinstance(value, bool):
        return imgui.checkbox(text, value)
    if isinstance(value, str):
        choices = _choices(type(layer).model_fields[name].annotation)
        picked = combo(text, value, choices) if choices else None
        return picked is not None, picked
    accepted = accepted_in(type(layer), name)
    return dragged(f, f"{name}##{k}", value, accepted, partial(_drag, text, value, accepted.low, accepted.high))


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words of a field's type, wherever they stand in it."""
    parts = typing.get_args(annotation)
    return tuple(word for part in parts for word in ((part,) if isinstance(part, str) else _choices(part)))


def _drag(text: str, value: int | float, low: float, high: float) -> tuple[bool, int | float]:
    if isinstance(value, int):
        return imgui.drag_int(text, value, 0.1, int(low), int(min(high, 1 << 20)), "%d", _FLAGS)
    changed, new = imgui.drag_float(text, value, 0.01, low, min(high, 1e6), "%.2f", _FLAGS)
    return changed, tidy(new)
