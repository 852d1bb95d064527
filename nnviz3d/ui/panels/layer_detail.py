"""A layer as a whole: its matrix form, with the numbers as a picture whose cells can be pointed at and chosen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.node_names import inside
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import MatrixReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import show_tip, small, tip
from nnviz3d.ui.equations import matrix
from nnviz3d.ui.equations.equation_draw import of_ink
from nnviz3d.ui.equations.matrix import GAP, STRIP, Strip

MODES = {  # name: (button, what it shows, ink)
    "weight": ("Weights", "W: the weights. Above them the activations of the previous layer, beside them b, z and a.", "w"),
    "sample": ("Gradient", "The gradient for the displayed sample: the error of each row times the activation of each column.", "d"),
    "batch": ("Batch mean", "G: the gradient of the last step, the mean over its batch.", "d"),
    "change": ("Change", "The change of each weight in the last step.", "w"),
}
BY_PHASE = {"loss": "sample", "backward": "sample", "update": "change"}
_FAINT, _DIM, _TEXT = (theme.packed(c) for c in (theme.FAINT, theme.DIM, theme.TEXT))


class Matrix:
    """The picture of a layer. Made again when its numbers or its size change."""

    def __init__(self):
        self._mode: tuple[str, str] = ("", "")  # (phase in which it was chosen, mode)
        self._made: tuple = ()
        self._texture: imgui.ImTextureData | None = None

    def release(self, f: Frame) -> None:
        if self._texture is not None:
            f.formulas.drop(self._texture)
            self._texture, self._made = None, ()

    def draw(self, f: Frame, r: MatrixReading) -> None:
        phase = _phase(f)
        modes = [mode for mode in MODES if _can(r, mode)]
        mode = self._mode[1] if self._mode[0] == phase and self._mode[1] in modes else BY_PHASE.get(phase, "weight")
        mode = mode if mode in modes else "weight"
        self._buttons(f, modes, mode, phase)
        imgui.dummy(imgui.ImVec2(0, f.px(2)))
        full = imgui.get_content_region_avail().x
        strips = _strips(r, mode)
        strip, gap = round(f.px(STRIP)), round(f.px(GAP))
        beside = len(strips) * strip + gap + (len(strips) - 1) * round(f.px(3)) if strips else 0
        grid = matrix.grid(r.weight.shape, int(full) - beside - 2, f.scale)
        key = (r, mode, grid, f.scene.look.palette)
        texture = self._texture
        if texture is None or key != self._made:
            texture = self._make(f, r, mode, grid, strips, strip, gap, key)
        self._show(f, r, mode, grid, strips, strip, gap, texture)
        self._legend(f, r, mode, grid)

    def _buttons(self, f: Frame, modes: list[str], mode: str, phase: str) -> None:
        imgui.push_font(None, theme.SMALL)
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(4), f.px(4)))
        imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(7), f.px(3)))
        edge = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
        for k, name in enumerate(modes):
            words, about, _ = MODES[name]
            if k:
                imgui.same_line()
                if imgui.get_cursor_screen_pos().x + imgui.calc_text_size(words).x + f.px(14) > edge:
                    imgui.new_line()
            imgui.push_style_color(imgui.Col_.button, theme.packed(theme.FIELD_ACTIVE if name == mode else theme.FIELD, 0.9))
            imgui.push_style_color(imgui.Col_.text, _TEXT if name == mode else _DIM)
            if imgui.button(f"{words}##matrix_{name}"):
                self._mode = (phase, name)
            imgui.pop_style_color(2)
            tip(f, about)
        imgui.pop_style_var(2)
        imgui.pop_font()

    def _make(self, f: Frame, r: MatrixReading, mode: str, grid, strips, strip: int, gap: int, key: tuple) -> imgui.ImTextureData:
        """Paint everything into one texture: the row above, the matrix, the columns beside it."""
        self.release(f)
        self._cells = _cells(r, mode, grid)
        self._scale = matrix.reach(self._cells)
        ink = theme.ERROR_SIGNS if MODES[mode][2] == "d" else f.signs
        width, height = grid.size
        space = round(f.px(3))
        total = width + (gap + len(strips) * (strip + space) - space if strips else 0)
        image = np.zeros((strip + gap + height, total, 4), np.uint8)
        x_1c = matrix.means(_x(r)[None, :: r.stride[1]], 1, grid.columns)
        image[:strip, :width] = matrix.spread(matrix.colours(x_1c, matrix.reach(x_1c), _inks(f, "a")), grid.cell_w, strip)
        image[strip + gap :, :width] = matrix.spread(matrix.colours(self._cells, self._scale, ink), grid.cell_w, grid.cell_h)
        x = width + gap
        for side in strips:
            v_r1 = matrix.means(side.values[:: r.stride[0], None], grid.rows, 1)
            colours = matrix.colours(v_r1, matrix.reach(v_r1), _inks(f, side.ink))
            image[strip + gap :, x : x + strip] = matrix.spread(colours, strip, grid.cell_h)
            x += strip + space
        self._texture = texture = f.formulas.upload(image)
        self._made = key
        self._reading = r  # its id is in the key
        return texture

    def _show(self, f: Frame, r: MatrixReading, mode: str, grid, strips, strip: int, gap: int, texture: imgui.ImTextureData) -> None:
        draw_list = imgui.get_window_draw_list()
        small_size = f.font(theme.SMALL)
        width = grid.size[0]
        corner = imgui.get_cursor_screen_pos()
        x, y = round(corner.x), round(corner.y)
        imgui.invisible_button("##matrix", imgui.ImVec2(max(texture.width, 1), texture.height))
        if not imgui.is_item_visible():
            return
        low, high = imgui.ImVec2(x, y), imgui.ImVec2(x + texture.width, y + texture.height)
        draw_list.add_image(texture.get_tex_ref(), low, high, imgui.ImVec2(0, 0), imgui.ImVec2(1, 1))
        step = strip + round(f.px(3))
        for k, side in enumerate(strips):  # names over the columns
            size = imgui.calc_text_size(side.name).x * theme.SMALL / theme.BODY
            at = imgui.ImVec2(x + width + gap + k * step + (strip - size) / 2, y + strip + gap - small_size - f.px(2))
            draw_list.add_text(f.fonts.regular, small_size, at, of_ink(f, side.ink, False) if side.ink else _DIM, side.name)
        if not imgui.is_item_hovered():
            return
        pointer = imgui.get_mouse_pos()
        px, py = pointer.x - x, pointer.y - y
        cell = grid.at(px, py - strip - gap)
        if cell is not None:
            self._cell(f, r, mode, grid, cell, draw_list, x, y + strip + gap)
        elif py < strip and 0 <= px < width and _there(r, "x"):
            self._vector(f, "a", int(px // grid.cell_w), grid.columns * r.stride[1], _x(r), r.first_source, f"{_before(f, r)}, neuron")
        elif px >= width + gap and py >= strip + gap and strips:
            side = strips[min(int((px - width - gap) // step), len(strips) - 1)]
            self._vector(
                f, side.name, int((py - strip - gap) // grid.cell_h), grid.rows * r.stride[0], side.values, r.first_neuron, "neuron"
            )

    def _cell(self, f: Frame, r: MatrixReading, mode: str, grid, cell, draw_list, x: float, y: float) -> None:
        """What is under the pointer: named, lit, and chosen by a click. Of a block its strongest weight."""
        row, column = cell
        rows, columns = grid.block(row, column)
        values = np.abs(_block(r, mode, rows, columns))
        at_r, at_c = np.unravel_index(int(np.nanargmax(values)) if np.isfinite(values).any() else 0, values.shape)
        at_r, at_c = rows.start + int(at_r), columns.start + int(at_c)
        j, i = at_r * r.stride[0], at_c * r.stride[1]
        parameter = r.first + j * r.shape[1] + i
        f.lit = parameter
        corner = imgui.ImVec2(x + column * grid.cell_w, y + row * grid.cell_h)
        draw_list.add_rect(corner, imgui.ImVec2(corner.x + grid.cell_w, corner.y + grid.cell_h), _TEXT, 0, f.px(1.5))
        value = float(_block(r, mode, slice(at_r, at_r + 1), slice(at_c, at_c + 1))[0, 0])
        name = {"weight": "w", "sample": "∂L/∂w", "batch": "∂L/∂w (batch)", "change": "Δw"}[mode]
        text = f"{name}[{j}, {i}] = {plain(value)}\nfrom neuron {i} to neuron {j}"
        if r.rows > 1:
            text = f"{text}, at each of {r.rows:,} tokens"
        elif mode == "weight" and _there(r, "x"):
            text += f"\n{plain(value)} × {plain(float(r.x[i]))} = {plain(value * float(r.x[i]))}"
        elif mode == "sample":
            text += f"\n{plain(float(_delta(r)[j]))} × {plain(float(r.x[i]))}"
        if grid.rows * grid.columns * r.stride[0] * r.stride[1] > 1:
            last = (
                min((row + 1) * grid.rows * r.stride[0], r.shape[0]) - 1,
                min((column + 1) * grid.columns * r.stride[1], r.shape[1]) - 1,
            )
            first = (row * grid.rows * r.stride[0], column * grid.columns * r.stride[1])
            text = (
                f"rows {first[0]} to {last[0]}, columns {first[1]} to {last[1]}: mean {plain(float(self._cells[cell]))}.\nStrongest: {text}"
            )
        show_tip(f, f"{text}\nClick to show this weight.")
        if imgui.is_item_clicked():
            f.do("choose", parameter)

    @staticmethod
    def _vector(f: Frame, name: str, k: int, per: int, values: np.ndarray, first: int, where: str) -> None:
        """An element of a vector: named; a click goes to its neuron."""
        start, stop = k * per, min((k + 1) * per, len(values))
        if not 0 <= start < stop:
            return
        if per == 1:
            show_tip(f, f"{name} of {where} {start}: {plain(float(values[start]))}\nClick to show this neuron.")
            if imgui.is_item_clicked():
                f.do("pick", first + start)
        else:
            mean = plain(float(values[start:stop].astype(np.float64).mean()))
            show_tip(f, f"{name} of {where}s {start} to {stop - 1}: mean {mean}")

    def _legend(self, f: Frame, r: MatrixReading, mode: str, grid) -> None:
        """What the colours stand for, and how many weights a cell is."""
        ink = theme.ERROR_SIGNS if MODES[mode][2] == "d" else f.signs
        draw_list = imgui.get_window_draw_list()
        imgui.dummy(imgui.ImVec2(0, f.px(1)))
        corner, wide, tall = imgui.get_cursor_screen_pos(), f.px(46), f.px(7)
        y = corner.y + f.px(5)
        for (a, b), (from_, to) in zip(pairwise((0, 0.5, 1)), ((ink[1], "#10182b"), ("#10182b", ink[0])), strict=True):
            left, right = theme.packed(from_), theme.packed(to)
            low, high = imgui.ImVec2(corner.x + a * wide, y), imgui.ImVec2(corner.x + b * wide, y + tall)
            draw_list.add_rect_filled_multi_color(low, high, left, right, right, left)
        imgui.dummy(imgui.ImVec2(wide, f.px(14)))
        imgui.same_line()
        per = (grid.rows * r.stride[0], grid.columns * r.stride[1])
        words = f"±{plain(self._scale)}" + ("" if per == (1, 1) else f"   a cell = mean of {per[0]} × {per[1]}")
        small(f, words, _FAINT)
        above = (
            f"above: {'mean over all tokens of ' if r.rows > 1 else ''}a of {'the ' if f.readout.topology.is_chain else ''}{_before(f, r)}"
        )
        sides = f"{above}; right: {', '.join(strip.name for strip in _strips(r, mode))}"
        about = "Full colour: the 99th percentile of the cells' size. Rows are this layer's neurons, columns those of the previous layer."
        if r.stride != (1, 1):
            about += f" Of this large matrix every {r.stride[0]}th row and every {r.stride[1]}th column is read."
        tip(f, about)
        small(f, sides if _strips(r, mode) else above, _FAINT, wrap=True)
        tip(f, "Each vector stands where the matrix uses it: above its columns, beside its rows, each in its own scale.")


def _before(f: Frame, r: MatrixReading) -> str:
    """The layer whose activations the matrix multiplies, as words."""
    return "previous layer" if f.readout.topology.is_chain else inside(r.sources[0].name)


def _phase(f: Frame) -> str:
    walk = f.readout.walk
    return "" if walk is None else walk.kinds[walk.phase]


def _strips(r: MatrixReading, mode: str) -> list[Strip]:
    """Vectors of the layer's neurons, beside the rows."""
    if r.rows > 1:  # of each token another vector
        return [Strip("b", r.bias_gradient if mode == "batch" else r.bias, "w")] if mode in ("weight", "batch") else []
    if mode == "weight":
        return [Strip("b", r.bias, "w"), *(Strip(name, values, "a") for name, values in (("z", r.z), ("a", r.a)) if _there(r, name))]
    if mode == "sample":
        name = "Wδ" if len(r.targets) == 1 else "Σδ"
        chain = [Strip(name, r.back, "d"), Strip("f'", r.slope, "a")] if r.back is not None and r.slope is not None else []
        return [*chain, Strip("δ", _delta(r), "d")]
    return [Strip("b", r.bias_gradient, "d")] if mode == "batch" else []


def _there(r: MatrixReading, name: str) -> bool:
    """Whether a walk has worked it out yet."""
    return r.known is None or name in r.known


def _can(r: MatrixReading, mode: str) -> bool:
    """Whether there is something to show."""
    match mode:
        case "sample":
            return r.delta is not None and _there(r, "gradient")
        case "batch":
            return bool(r.samples) and _there(r, "gradient")
        case "change":
            return bool(r.samples) and r.change is not None and _there(r, "update")
    return True


def _x(r: MatrixReading) -> np.ndarray:
    """What stands above the matrix, of tokens their mean: dark until it is known."""
    x = r.x.reshape(r.rows, -1).mean(0) if r.rows > 1 else r.x
    return x if _there(r, "x") else np.zeros_like(x)


def _delta(r: MatrixReading) -> np.ndarray:
    """The errors of its neurons, where the sample's gradient is shown: `_can` says that they are known."""
    assert r.delta is not None
    return r.delta


def _block(r: MatrixReading, mode: str, rows: slice, columns: slice) -> np.ndarray:
    """A part of what is shown. The sample's gradient is never stored: it is the outer product of two vectors."""
    if mode == "sample" and r.rows > 1:
        return _summed(r)[rows, columns]
    if mode == "sample":
        return np.multiply.outer(_delta(r)[:: r.stride[0]][rows], r.x[:: r.stride[1]][columns])
    if mode == "change" and r.change is not None:
        return r.change[rows, columns]
    return (r.gradient if mode == "batch" else r.weight)[rows, columns]


def _summed(r: MatrixReading) -> np.ndarray:
    """The sample's gradient where one matrix multiplies all tokens: the sum of their outer products."""
    delta, x = _delta(r).reshape(r.rows, -1), r.x.reshape(r.rows, -1)
    return delta[:, :: r.stride[0]].T @ x[:, :: r.stride[1]]


def _cells(r: MatrixReading, mode: str, grid) -> np.ndarray:
    """Block means; of an outer product they are the outer product of the means."""
    if mode == "sample" and r.rows == 1:
        delta = matrix.means(_delta(r)[:: r.stride[0], None], grid.rows, 1)
        return delta @ matrix.means(r.x[None, :: r.stride[1]], 1, grid.columns)
    return matrix.means(_block(r, mode, slice(None), slice(None)), grid.rows, grid.columns)


def _inks(f: Frame, ink: str) -> tuple[str, str]:
    return {"a": (theme.ACCENT, theme.NEGATIVE_NEURON), "d": theme.ERROR_SIGNS, "w": f.signs}[ink]
