"""A small grid of numbers: a cell for each, in the colour of its sign, with the number inside where it is large enough to be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import MINUS
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame

KEPT = 200  # grids
READABLE = 15.0  # unscaled pixels of a cell that has a number in it
LARGEST_TEXT, SHARE = 12.5, 0.47  # unscaled pixels of its digits; of the cell's side
_DARK, _LIGHT = np.array(theme.rgb("#10182b")), 0.62  # the colour of 0; how bright a cell is that has dark digits
_GRID, _EMPTY, _MARK = theme.packed(theme.LINE), theme.packed(theme.FAINT, 0.45), theme.packed(theme.TEXT)
_ON_DARK, _ON_LIGHT = theme.packed(theme.TEXT, 0.95), theme.packed("#0a1020")

Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class CellGrid:
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
    if not isfinite(value):
        return "?"
    if value == 0:
        return "0"
    if size >= 1000:
        text = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    else:
        text = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}" if size >= 0.995 else f"{size:.2f}"[1:]
    return (MINUS if value < 0 else "") + text


class Painted(NamedTuple):
    """What is drawn of a grid at one place, as arguments of imgui's calls; kept while the same numbers stand there."""

    cells: CellGrid
    fills: list[tuple]
    rims: list[tuple]
    digits: list[tuple]


def draw(f: Frame, draw_list, corner: tuple[float, float], side: float, cells: CellGrid) -> Place | None:
    """Draws the grid with its left top corner there. Returns the cell under the pointer, if the pointer is over this window."""
    rows, columns = cells.values.shape
    x0, y0 = corner
    key = id(cells.values), corner, side, imgui.get_font_size(), f.scale
    found = _KEPT.pop(key, None)
    if found is None or not _same(found.cells, cells):
        found = _painted(f, corner, side, cells)
    _KEPT[key] = found  # the newest last
    if len(_KEPT) > KEPT:
        del _KEPT[next(iter(_KEPT))]
    for call, several in (
        (draw_list.add_rect, found.rims),
        (draw_list.add_rect_filled, found.fills),
        (draw_list.add_text, found.digits),
    ):
        for each in several:
            call(*each)
    draw_list.add_rect(imgui.ImVec2(x0 - 1, y0 - 1), imgui.ImVec2(x0 + columns * side, y0 + rows * side), _GRID)
    if cells.mark is not None:
        frame(draw_list, corner, side, cells.mark, _MARK, f.px(2))
    return _under(corner, side, rows, columns)


_KEPT: dict[tuple, Painted] = {}


def _same(a: CellGrid, b: CellGrid) -> bool:
    """The very arrays: what a reading tells does not change, a newer moment is another reading. `a` holds them, so no other can have their
    place in memory."""
    return a.values is b.values and a.empty is b.empty and (a.scale, a.signs) == (b.scale, b.signs)


def _painted(f: Frame, corner: tuple[float, float], side: float, cells: CellGrid) -> Painted:
    x0, y0 = corner
    size = min(max(side * SHARE, 6.0), f.px(LARGEST_TEXT))
    tint_rc, bright_rc = _tints(cells)
    at, font, inner, now = imgui.ImVec2, f.fonts.regular, side - (1.0 if side >= 5 else 0.0), imgui.get_font_size()
    share, made = size / now, Painted(cells, [], [], [])
    for r, (tints, brights, values) in enumerate(zip(tint_rc.tolist(), bright_rc.tolist(), cells.values.tolist(), strict=True)):
        y = y0 + r * side
        for c, (tint, bright, value) in enumerate(zip(tints, brights, values, strict=True)):
            x = x0 + c * side
            if cells.empty is not None and cells.empty[r, c]:
                made.rims.append((at(x, y), at(x + inner, y + inner), _EMPTY))
                continue
            made.fills.append((at(x, y), at(x + inner, y + inner), tint))
            if side >= f.px(READABLE):
                text = brief(value)
                left = x + (inner - _width(text, now) * share) / 2
                place = at(int(left + 0.5), int(y + (inner - size) / 2 + 0.5))
                made.digits.append((font, size, place, _ON_LIGHT if bright else _ON_DARK, text))
    return made


@lru_cache(4096)
def _width(text: str, font_size: float) -> float:
    """In the current letters, which have this size; of few different texts."""
    return imgui.calc_text_size(text).x


def frame(draw_list, corner: tuple[float, float], side: float, cell: Place, ink: int, width: float) -> None:
    """A frame around one cell."""
    x, y = corner[0] + cell[1] * side, corner[1] + cell[0] * side
    draw_list.add_rect(imgui.ImVec2(x, y), imgui.ImVec2(x + side - 1, y + side - 1), ink, 0, width)


def _tints(cells: CellGrid) -> tuple[np.ndarray, np.ndarray]:
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
