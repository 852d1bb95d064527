"""What the menu of a layer in the Network section sets, whatever its kind: its name, the layers that it reads, the numbers of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from imgui_bundle import imgui

from nnviz3d.spec import limits
from nnviz3d.spec.layer_edits import Layers, inserted, renamed, simple
from nnviz3d.spec.layer_table import INPUT, LayerTable
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.number_field import dragged
from nnviz3d.ui.core.strings import LAYER_HINTS
from nnviz3d.ui.core.widgets import accepted_in, dim, small, tidy, tip
from nnviz3d.ui.panels import layer_fields

MOST = 400.0  # pixels of the list of layers that can be read, before it scrolls
Change = Callable[[Callable[[Layers], Layers]], None]


def insert(f: Frame, k: int, change: Change) -> None:
    """A new layer after this one."""
    if imgui.begin_menu("Insert after it", len(f.scene.network.layers) < limits.LAYERS):
        for kind, layer in simple(f.scene.network.layers, k).items():
            if imgui.menu_item(kind, "", False)[0]:
                change(lambda layers, layer=layer: inserted(layers, k + 1, layer))
        imgui.end_menu()


def draw(f: Frame, k: int, layer: LayerTable, names: tuple[str, ...], change: Change) -> None:
    """`names`: what the layers of the list are called."""
    if imgui.begin_menu("Reads"):
        _reads(f, k, layer, names, change)
        imgui.end_menu()
    tip(f, "The layers that this layer reads: the one above it, unless others are chosen.")
    imgui.separator()
    _name(f, k, layer, names, change)
    if "dropout" in type(layer).model_fields and "units" not in type(layer).model_fields:
        _share(f, k, layer)
    layer_fields.draw(f, k, layer)
    if layer.fixed:
        small(f, layer.fixed)
        tip(f, "Set in the scene file.")


def _name(f: Frame, k: int, layer: LayerTable, names: tuple[str, ...], change: Change) -> None:
    imgui.push_item_width(f.px(130))
    hint = names[k] if k < len(names) else ""
    done, text = imgui.input_text_with_hint("name", hint, layer.name, imgui.InputTextFlags_.enter_returns_true)
    tip(f, "The name by which other layers refer to it. Letters, digits, and _ . - ; press Enter to apply.")
    if done and text != layer.name:
        change(lambda layers: renamed(layers, k, text))
    imgui.pop_item_width()


def _share(f: Frame, k: int, layer: LayerTable) -> None:
    """The share that a dropout layer sets to 0."""
    now, flags = layer.dropped, imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
    imgui.push_item_width(f.px(130))
    changed, value = dragged(f, f"share##{k}", now, accepted_in(type(layer), "dropout"), partial(_slide, now, flags))
    tip(f, LAYER_HINTS["dropout"])
    if changed:
        f.edit(f"network.layers.{k}.dropout", value)
    imgui.pop_item_width()


def _slide(now: float, flags: int) -> tuple[bool, float]:
    changed, value = imgui.slider_float("share", now, 0, 0.9, "%.2f", flags)
    return changed, tidy(value)


def _reads(f: Frame, k: int, layer: LayerTable, names: tuple[str, ...], change: Change) -> None:
    """Every layer above, marked where it is read. A click chooses it: instead of the other, or as one more."""
    above = (INPUT, *names[:k])
    chosen = layer.from_ or above[-1:]
    dim("one of" if layer.most == 1 else f"at least {layer.fewest} of")
    imgui.begin_child("##above", imgui.ImVec2(f.px(160), min(len(above) * imgui.get_text_line_height_with_spacing(), f.px(MOST))))
    for name in reversed(above):
        if imgui.selectable(name, name in chosen, imgui.SelectableFlags_.no_auto_close_popups)[0]:
            wanted = _chosen(layer, chosen, name)
            if wanted != chosen:
                change(lambda layers, wanted=wanted: _set(layers, k, wanted))
    imgui.end_child()


def _chosen(layer: LayerTable, chosen: tuple[str, ...], name: str) -> tuple[str, ...]:
    """What it reads after a click on a name: never fewer than it needs, never more than it can."""
    if layer.most == 1:
        return (name,)
    if name not in chosen:
        return (*chosen, name) if len(chosen) < layer.most else chosen
    return tuple(other for other in chosen if other != name) if len(chosen) > layer.fewest else chosen


def _set(layers: Layers, k: int, names: tuple[str, ...]) -> Layers:
    out = list(layers)
    out[k] = ({**out[k][0], "from": list(names)}, out[k][1])
    return out
