"""How a cell of a map arises, as pictures: patch × weights = products, channel by channel, the strongest first.

For convolutions, pools, and dense layers that read maps. A cell under the pointer is shown to all digits; a click leads to it.
"""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec import node_names
from nnviz3d.spec.number_text import MINUS, plain
from nnviz3d.spec.readout import NeuronReading, PatchReading, WindowReading
from nnviz3d.ui.core import cell_grid, theme
from nnviz3d.ui.core.cell_grid import CellGrid, Place
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import elide, show_tip, small, text_width

LARGEST, TALL, HEAD, SIGN, PAD = 30.0, 330.0, 19.0, 17.0, 7.0  # unscaled pixels: a cell, all channels before they scroll, a line, "×"
NEURON = (theme.ACCENT, theme.NEGATIVE_NEURON)
_TEXT, _DIM, _FAINT, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT))
HEADS = {"sum": ("cells", "weights", "products"), "maximum": ("cells",), "mean": ("cells",)}


def draw(f: Frame, r: NeuronReading, w: WindowReading) -> None:
    """In the panel."""
    full = imgui.get_content_region_avail().x - imgui.get_style().scrollbar_size
    side = side_of(f, w, full)
    high = block_height(f, w, side)
    _caption(f, w)
    shown = min(len(w.patches) * high, f.px(TALL))
    imgui.begin_child("##window", imgui.ImVec2(0, shown), 0)
    clipper = imgui.ListClipper()
    clipper.begin(len(w.patches), high)
    while clipper.step():
        for k in range(clipper.display_start, clipper.display_end):
            at = imgui.get_cursor_screen_pos()
            imgui.dummy(imgui.ImVec2(full, high - imgui.get_style().item_spacing.y))
            patch(f, imgui.get_window_draw_list(), (at.x, at.y), full, side, w, w.patches[k])
    imgui.end_child()
    if w.rest_count:
        small(f, f"{w.rest_count:,} more channels: {plain(w.rest, sign=True)}")
    small(f, closing(r, w), wrap=True)


def closing(r: NeuronReading, w: WindowReading) -> str:
    """The last line: all channels, the bias, z, a."""
    applied = "" if r.activation == "linear" or w.how != "sum" else f";  {r.activation}(z) = a = {plain(r.a)}"
    return summed(r, w) + applied


def summed(r: NeuronReading, w: WindowReading) -> str:
    """All channels, the bias, z."""
    z = plain(r.z)
    if w.how != "sum":
        return f"{'largest' if w.how == 'maximum' else 'mean'} = {z}"
    count = len(w.patches) + w.rest_count
    channels = f"{plain(w.total)} over {count:,} channels" if count > 1 else f"{plain(w.total)}"
    bias = "" if r.bias is None else f" {MINUS if r.bias < 0 else '+'} {plain(abs(r.bias))}"
    return f"{channels}{bias} = z = {z}"


def signed(value: float) -> str:
    return plain(value, sign=True)


def block_height(f: Frame, w: WindowReading, side: float) -> float:
    """Of one channel."""
    return f.px(HEAD) + side * len(w.row_r) + f.px(PAD)


def side_of(f: Frame, w: WindowReading, width: float) -> float:
    """Of a cell, so that all grids have room beside each other."""
    grids = len(HEADS[w.how])
    room = (width - (grids - 1) * f.px(SIGN)) / (grids * len(w.column_c))
    return max(float(int(min(room, f.px(LARGEST)))), 2.0)


def _caption(f: Frame, w: WindowReading) -> None:
    rows, columns = (f"{int(x[0])} to {int(x[-1])}" if len(x) > 1 else str(int(x[0])) for x in (w.row_r, w.column_c))
    what = "All cells" if w.whole else f"Rows {rows}, columns {columns}"
    small(f, f"{what} of {node_names.inside(w.source_name)}", _FAINT, wrap=True)


def patch(f: Frame, draw_list, corner: tuple[float, float], width: float, side: float, w: WindowReading, p: PatchReading) -> None:
    """One channel: its name with what it adds, below that its grids."""
    x, y = corner
    pixels = f.font(theme.SMALL)
    total = plain(p.total, sign=w.how == "sum")
    name = channel_name(f, w, p)
    right = text_width(total, pixels)
    ink = _TEXT if w.how != "sum" else theme.packed(f.signs[0] if p.total >= 0 else f.signs[1])
    draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(x, y + f.px(2)), _DIM, elide(name, (width - right) * theme.BODY / theme.SMALL))
    draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(x + width - right, y + f.px(2)), ink, total)
    y += f.px(HEAD)
    empty = p.outside
    a, v, product = w.largest  # of all channels: grids can be compared
    winner = divmod(int(p.w.argmax()), p.w.shape[1]) if w.how == "maximum" else None
    grids = [CellGrid(p.a, a, NEURON, empty, winner)]
    if w.how == "sum":
        grids += [CellGrid(p.w, v, f.signs), CellGrid(p.product, product, f.signs, empty)]
    for k, (cells, sign) in enumerate(zip(grids, ("", "×", "="), strict=False)):
        if sign:
            middle = imgui.ImVec2(x + (f.px(SIGN) - text_width(sign, pixels)) / 2, y + (side * len(w.row_r) - pixels) / 2)
            draw_list.add_text(f.fonts.regular, pixels, middle, _DIM, sign)
            x += f.px(SIGN)
        under = cell_grid.draw(f, draw_list, (x, y), side, cells)
        if under is not None:
            cell_grid.frame(draw_list, (x, y), side, under, _ACCENT, f.px(1.5))
            _point(f, w, p, under, k)
        x += side * len(w.column_c)


def channel_name(f: Frame, w: WindowReading, p: PatchReading) -> str:
    """ "map 3 of pool1"; of a picture its layer's name."""
    node = f.readout.topology.nodes[w.source]
    name = node_names.inside(w.source_name)
    return f"map {p.channel} of {name}" if node.axes[0] == "channel" else name


def _point(f: Frame, w: WindowReading, p: PatchReading, cell: Place, grid: int) -> None:
    """The cell under the pointer: its numbers, and where a click leads."""
    neuron, a, weight = int(p.neuron[cell]), float(p.a[cell]), float(p.w[cell])
    if neuron < 0 and grid != 1:
        show_tip(
            f, "In the padding: an empty cell outside the map, which counts as 0." if w.how == "sum" else "Outside the map: not counted."
        )
        return
    row, column = int(w.row_r[cell[0]]), int(w.column_c[cell[1]])
    text = f"{channel_name(f, w, p)}, row {row}, column {column}: a = {plain(a)}" if neuron >= 0 else "Over the padding: a = 0"
    if w.whole:
        text = f"Number {neuron - w.first:,} of the flattened vector is {text}"
    if w.how == "sum":
        text += f"\nweight {plain(weight)} × {plain(a)} = {plain(weight * a)}"
    elif w.how == "maximum":
        text += "\nThe winner: it alone is passed on." if weight else "\nNot the largest of its window."
    else:
        text += f"\nits share: {plain(a)} / {round(1 / weight)} = {plain(weight * a)}"
    parameter = -1 if p.parameter is None else int(p.parameter[cell])
    if parameter >= 0:
        f.lit = parameter
    if imgui.is_mouse_clicked(imgui.MouseButton_.left):
        f.do("choose", parameter) if grid == 1 and parameter >= 0 else f.do("pick", neuron)
    show_tip(f, f"{text}\nClick for {'this weight' if grid == 1 else 'this cell'}.")
