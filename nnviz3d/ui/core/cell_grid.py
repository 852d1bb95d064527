"""A small grid of numbers: a cell for each, in the colour of its sign, with the number inside where it is large enough to be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import MINUS
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame

READABLE = 15.0  # unscaled pixels of a cell that has a number in it
LARGEST_TEXT, SHARE = 12.5, 0.47  # unscaled pixels of its digits; of the cell's side
_DARK, _LIGHT = np.array(theme.rgb("#10182b")), 0.62  # the colour of 0; how bright a cell is that has dark digits
_GRID, _EMPTY, _MARK = theme.packed(theme.LINE), theme.packed(theme.FAINT, 0.45), theme.packed(theme.TEXT)
_ON_DARK, _ON_LIGHT = theme.packed(theme.TEXT, 0.95), theme.packed("#0a1020")

Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Cells:
    """`values` (rows, columns); `scale`: which |value| has full colour; `signs`: colours of positive and negative. `empty`: cells without a
    number, drawn as a rim. `mark`: the one that is framed."""

    values: np.ndarray
    scale: float
    signs: tuple[str, str]
    empty: np.ndarray | None = None
    mark: Place | None = None


def brief(value: float) -> str:
    """At most four characters: "−.42", "1.3", "12"; the exact number is a tip's."""
    size = abs(value)
    if not np.isfinite(value):
        return "?"
    if value == 0:
        return "0"
    if size >= 1000:
        text = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    else:
        text = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}" if size >= 0.995 else f"{size:.2f}"[1:]
    return (MINUS if value < 0 else "") + text


def draw(f: Frame, draw_list, corner: tuple[float, float], side: float, cells: Cells) -> Place | None:
    """Draws the grid with its left top corner there. Returns the cell under the pointer, if the pointer is over this window."""
    rows, columns = cells.values.shape
    x0, y0 = corner
    readable = side >= f.px(READABLE)
    size = min(max(side * SHARE, 6.0), f.px(LARGEST_TEXT))
    gap = 1.0 if side >= 5 else 0.0
    tint, bright = _tints(cells)
    for r in range(rows):
        y = y0 + r * side
        for c in range(columns):
            x = x0 + c * side
            low, high = imgui.ImVec2(x, y), imgui.ImVec2(x + side - gap, y + side - gap)
            if cells.empty is not None and cells.empty[r, c]:
                draw_list.add_rect(low, high, _EMPTY)
                continue
            draw_list.add_rect_filled(low, high, int(tint[r, c]))
            if readable:
                text = brief(float(cells.values[r, c]))
                width = imgui.calc_text_size(text).x * size / imgui.get_font_size()
                at = imgui.ImVec2(round(x + (side - gap - width) / 2), round(y + (side - gap - size) / 2))
                draw_list.add_text(f.fonts.regular, size, at, _ON_LIGHT if bright[r, c] else _ON_DARK, text)
    draw_list.add_rect(imgui.ImVec2(x0 - 1, y0 - 1), imgui.ImVec2(x0 + columns * side, y0 + rows * side), _GRID)
    if cells.mark is not None:
        frame(draw_list, corner, side, cells.mark, _MARK, f.px(2))
    return _under(corner, side, rows, columns)


def frame(draw_list, corner: tuple[float, float], side: float, cell: Place, ink: int, width: float) -> None:
    """A frame around one cell."""
    x, y = corner[0] + cell[1] * side, corner[1] + cell[0] * side
    draw_list.add_rect(imgui.ImVec2(x, y), imgui.ImVec2(x + side - 1, y + side - 1), ink, 0, width)


def _tints(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) imgui's packed colours, and which are so bright that digits on them are dark."""
    values = np.nan_to_num(cells.values)
    strength = np.clip(np.abs(values) / cells.scale if cells.scale > 0 else np.zeros_like(values), 0, 1)[..., None] ** 0.75
    rgb = _DARK + (np.where(values[..., None] >= 0, theme.rgb(cells.signs[0]), theme.rgb(cells.signs[1])) - _DARK) * strength
    byte = np.round(255 * rgb).astype(np.int64)
    return byte[..., 0] | byte[..., 1] << 8 | byte[..., 2] << 16 | 0xFF << 24, rgb @ np.array([0.3, 0.59, 0.11]) > _LIGHT * 0.72


def _under(corner: tuple[float, float], side: float, rows: int, columns: int) -> Place | None:
    pointer = imgui.get_mouse_pos()
    row, column = int((pointer.y - corner[1]) // side), int((pointer.x - corner[0]) // side)
    inside = 0 <= row < rows and 0 <= column < columns
    return (row, column) if inside and imgui.is_window_hovered() else None
