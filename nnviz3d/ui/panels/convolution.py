"""Convolution: size of the input, kernel, padding, stride and dilation of a layer in place, and the size that comes out of them.

The part of a slider that leaves no room for a window is greyed; there it says why, and changes nothing.
"""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.window_table import WindowTable
from nnviz3d.spec.layer_table import BadShape, Shape
from nnviz3d.spec.number_text import shape as sizes
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.sliding_windows import Windows
from nnviz3d.spec.topology import Node
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import changing, combo, label, small, tip
from nnviz3d.ui.equations.equation_draw import Lines

TITLE, ICON, HINT, OPEN = "Convolution", fa.ICON_FA_TABLE_CELLS, "Kernel, padding, stride and dilation, and the size that results.", False
SIDES = (4, 28)  # of an input that can be set
MOST = 12  # of a setting: a slider for more could not be aimed at
KEYS = {
    "kernel": "k: rows and columns of the window of weights.",
    "padding": "p: rows and columns of zeros around the input, so that windows can stand at its edge.",
    "stride": "s: how far the window moves from one output cell to the next.",
    "dilation": "d: the distance between the cells that the window reads; 1: neighbours.",
}
LOWEST = {"padding": 0}
_WARN, _TEXT, _IMPOSSIBLE = theme.packed(theme.WARN), theme.packed(theme.TEXT), theme.packed(theme.GLASS, 0.8)


def layers(scene: Scene) -> list[int]:
    """Places of the layers in the scene's list that look through windows."""
    return [k for k, layer in enumerate(scene.network.layers) if isinstance(layer, WindowTable)]


def alone(scene: Scene) -> bool:
    """One such layer is all that the network has besides its output: its settings are what the scene is about."""
    return len(scene.network.layers) == 1 == len(layers(scene))


def possible(table: WindowTable, key: str, shape: Shape, values: range) -> dict[int, str]:
    """For each value of a setting why it cannot be; "" where it can."""
    found = {}
    for value in values:
        try:
            table.model_copy(update={key: value}).windows(shape)
            found[value] = ""
        except BadShape as bad:
            found[value] = f"{bad.key}: {bad.message}"
    return found


class ConvolutionPanel:
    """Remembers which layer is looked at, where there are several, and what was tried in vain."""

    def __init__(self):
        self.layer, self.refused = -1, ""
        self._lines = Lines()

    def draw(self, f: Frame) -> None:
        found = layers(f.scene)
        nodes = f.readout.topology.by_layer
        if not found or len(nodes) != len(f.scene.network.layers):
            small(f, "This network has no layer that looks through windows.", wrap=True)
            return
        self._choose(f, found)
        node, table = nodes[self.layer][-1], f.scene.network.layers[self.layer]
        (source,) = f.readout.topology.sources(node)
        assert isinstance(table, WindowTable)
        with changing(f):
            self._settings(f, table, source)
        if self.refused:
            small(f, self.refused, _WARN, wrap=True)
        self._formula(f, table.windows(source.shape), node)

    def _settings(self, f: Frame, table: WindowTable, source: Node) -> None:
        if source is f.readout.topology.input and f.scene.data.kind in ("digits", "mnist"):
            self._side(f, table, source)
        for key in [key for key in KEYS if key in type(table).model_fields]:
            self._setting(f, table, key, source.shape)

    def _choose(self, f: Frame, found: list[int]) -> None:
        """The layer of the picked cell, else the one that was chosen."""
        picked = f.readout.topology.nodes[f.readout.neuron.layer].layer if f.readout.neuron is not None and f.readout.pinned else None
        if picked in found and f.readout.neuron is not None:
            self.layer = picked
        if self.layer not in found:
            self.layer = found[0]
        if len(found) > 1:
            names = {str(k): f.readout.topology.by_layer[k][-1].name for k in found}
            label(f, "Layer")
            chosen = combo("##convolution.layer", str(self.layer), list(names), names)
            if chosen is not None:
                self.layer, self.refused = int(chosen), ""
                f.do("pick", None)

    def _side(self, f: Frame, table: WindowTable, source: Node) -> None:
        why = {}
        for n in range(SIDES[0], SIDES[1] + 1):
            try:
                table.windows((n, n))
                why[n] = ""
            except BadShape as bad:
                why[n] = f"{bad.key}: {bad.message}"
        value = self._slider(f, "input n", source.shape[-1], why, "n: rows and columns of the input picture, which is scaled to them.")
        if value is not None:
            f.edit("data.side", value)

    def _setting(self, f: Frame, table: WindowTable, key: str, shape: Shape) -> None:
        now, low = _now(table, key, shape), LOWEST.get(key, 1)
        values = range(low, max(min(MOST, max(shape[-2:]) + 2), now) + 1)
        value = self._slider(f, f"{key} {KEYS[key][0]}", now, possible(table, key, shape, values), KEYS[key])
        if value is not None:
            f.edit(f"network.layers.{self.layer}.{key}", value)

    def _slider(self, f: Frame, name: str, now: int, why: dict[int, str], hint: str) -> int | None:
        """A slider over whole numbers with the impossible ones greyed. Returns another possible value that was chosen."""
        low, high = min(why), max(why)
        imgui.begin_group()
        label(f, name)
        flags = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
        changed, value = imgui.slider_int(f"##convolution.{name}", now, low, high, "", flags)
        corner, end = imgui.get_item_rect_min(), imgui.get_item_rect_max()
        step = (end.x - corner.x) / (high - low + 1)
        draw_list = imgui.get_window_draw_list()
        for k in (k for k, reason in why.items() if reason):
            left = corner.x + (k - low) * step
            draw_list.add_rect_filled(imgui.ImVec2(left, corner.y), imgui.ImVec2(left + step, end.y), _IMPOSSIBLE)
        size = imgui.calc_text_size(str(now))
        at = imgui.ImVec2(round((corner.x + end.x - size.x) / 2), round((corner.y + end.y - size.y) / 2))
        draw_list.add_text(at, _TEXT, str(now))
        active = imgui.is_item_active()
        imgui.end_group()
        blocked = [reason.removeprefix(f"{name.split()[0]}: ") for reason in why.values() if reason]
        tip(f, hint + (f"\nThe dark part cannot be: {blocked[0]}." if blocked else ""))
        if not changed or value == now:
            return None
        self.refused = why.get(value, "") and f"{name} = {value} cannot be: {why[value]}." if active else ""
        return None if why.get(value, "") else value

    def _formula(self, f: Frame, g: Windows, node: Node) -> None:
        """The size of the result in symbols and with the numbers of rows, and of columns where these are others."""
        lines = [Line(r"\lfloor (n + 2p - d\,(k-1) - 1)\,/\,s \rfloor + 1", tip="How many windows fit: the size of the result.")]
        for axis in (0, 1) if g.size[0] > 1 and numbers(g, 0) != numbers(g, 1) else (1,):
            lines.append(Line(numbers(g, axis), (), tip=("Rows", "Columns")[axis]))
        self._lines.draw(f, "formula", lines)
        text = f"{sizes(node.shape)} cells come out; each reads {g.taps:,} cells of each map, in a window of {sizes(g.reach)}"
        small(f, text, _TEXT, wrap=True)
        tip(f, "Click a cell of the result in the picture to see which cells it reads.")


def _now(table: WindowTable, key: str, shape: Shape) -> int:
    """A setting as one number; of one that is not, what stands for columns."""
    g = table.windows(shape)
    return {"kernel": g.kernel[1], "padding": g.padding[1][0], "stride": g.stride[1], "dilation": g.dilation[1]}[key]


def numbers(g: Windows, axis: int) -> str:
    before, after = g.padding[axis]
    around = rf"2 \cdot {before}" if before == after else f"{before} + {after}"
    return (
        rf"\lfloor ({g.size[axis]} + {around} - {g.dilation[axis]} \cdot ({g.kernel[axis]} - 1) - 1)\,/\,{g.stride[axis]} \rfloor + 1 "
        rf"= {g.places[axis]}"
    )
