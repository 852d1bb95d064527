"""Attention: what every token looks at, in all layers and heads; one head large, with its arcs in the picture."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import percent, short
from nnviz3d.spec.readout import AttentionReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.texture import Bitmap, ramp
from nnviz3d.ui.core.widgets import icon_button, right_edge, show_tip, small, text_width, tip

TITLE, ICON, HINT, OPEN = "Attention", fa.ICON_FA_EYE, "What every token looks at, in every layer and head.", False
STAY = 4  # frames after a flight in which another section may open
GAP, NAME = 4.0, 20.0  # unscaled pixels between tiles; for the numbers of layers
LARGEST, WALL = 54.0, 400.0  # unscaled pixels of a tile's side; of the wall's height, beyond which tiles are smaller
NAMED = 9.0  # unscaled pixels of a cell from which on rows and columns have the words of tokens
_TEXT, _DIM, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT))
_ACCENT, _DEAD, _LINE = theme.packed(theme.ACCENT), theme.packed(theme.HOLD_COLOURS["killed"]), theme.packed(theme.LINE)
RAMP = ramp((0.0, "#111a30", 1), (0.25, "#3a3f6b", 1), (0.6, "#c98a4b", 1), (1.0, "#fff0cf", 1))
EXPLAINED = (
    "Row: the token that looks (query). Column: the token that it looks at (key). The brighter a cell, the larger the share; each row adds "
    "up to 100 %."
)


class AttentionPanel:
    """Remembers the head and the token that were chosen, and the cell that was clicked."""

    def __init__(self):
        self.layer, self.head, self.token, self.by = 0, 0, -1, False
        self.cell: tuple[int, int] | None = None
        self._wall, self._large, self._written, self._painted = Bitmap(), Bitmap(), None, None
        self._picked, self._stay = -1, 0

    def draw(self, f: Frame) -> None:
        self._follow(f)
        f.wants["attention"] = (self.layer, self.head, self.token, self.by)
        r = f.readout.attention
        if r is None:
            small(f, "…")
            return
        if r.reason or r.share_tt is None:
            small(f, r.reason, wrap=True)
            return
        self.layer = min(self.layer, len(r.layers) - 1)  # the reading is of what was asked for in the last frame
        self.head = min(self.head, r.layers[self.layer].heads - 1)
        if self.token >= len(r.words) or (self.cell is not None and max(self.cell) >= len(r.words)):
            self.token, self.cell = -1, None
        self._tiles(f, r)
        self._head(f, r)
        self._looks(f, r)
        self._steps(f, r)
        self._matrix(f, r)

    def _follow(self, f: Frame) -> None:
        """A neuron that is picked in the picture chooses its token."""
        n = f.readout.neuron if f.readout.pinned else None
        picked = -1 if n is None or n.network == "B" else n.neuron
        if n is not None and picked not in (-1, self._picked):
            node, j = f.readout.topology.locate(picked)
            if node.axes == ("token", "feature"):
                self.token, self.cell = j // node.shape[1], None
            elif node.axes == ("token",):
                self.token, self.cell = j, None
        self._picked = picked

    # ------------------------------------------------------------ the wall

    def _tiles(self, f: Frame, r: AttentionReading) -> None:
        """All heads of all layers; a click chooses one."""
        heads, layers = max(layer.heads for layer in r.layers), len(r.layers)
        gap, name = f.px(GAP), f.px(NAME)
        room = imgui.get_content_region_avail().x - name
        t = r.tiles[0].shape[1]
        side = min((room + gap) / heads - gap, f.px(LARGEST), max((f.px(WALL) + gap) / layers - gap, f.px(14)))
        grow = max(int(side / t), 1)
        if (r.version, grow) != self._written:
            self._written = r.version, grow
            self._wall.write(_atlas(r, heads, grow))
        corner, draw_list = imgui.get_cursor_screen_pos(), imgui.get_window_draw_list()
        for k, layer in enumerate(r.layers):
            y = corner.y + k * (side + gap)
            draw_list.add_text(f.fonts.regular, f.font(10), imgui.ImVec2(corner.x, y + side / 2 - f.px(6)), _FAINT, str(k + 1))
            for h in range(layer.heads):
                imgui.set_cursor_screen_pos(imgui.ImVec2(corner.x + name + h * (side + gap), y))
                self._tile(f, r, k, h, side, (h / heads, k / layers, (h + 1) / heads, (k + 1) / layers))
        imgui.set_cursor_screen_pos(imgui.ImVec2(corner.x, corner.y + layers * (side + gap)))
        imgui.dummy(imgui.ImVec2(1, 0))

    def _tile(self, f: Frame, r: AttentionReading, k: int, h: int, side: float, uv: tuple[float, float, float, float]) -> None:
        at = imgui.get_cursor_screen_pos()
        if imgui.invisible_button(f"##head{k}.{h}", imgui.ImVec2(side, side)):
            self.layer, self.head = k, h
        hovered, dead = imgui.is_item_hovered(), (k, h) in r.killed
        draw_list, end = imgui.get_window_draw_list(), imgui.ImVec2(at.x + side, at.y + side)
        draw_list.add_image(self._wall.ref, at, end, imgui.ImVec2(*uv[:2]), imgui.ImVec2(*uv[2:]))
        if dead:
            draw_list.add_line(at, end, _DEAD, f.px(2))
            draw_list.add_line(imgui.ImVec2(end.x, at.y), imgui.ImVec2(at.x, end.y), _DEAD, f.px(2))
        meant = (k, h) == (r.layer, r.head)
        draw_list.add_rect(at, end, _ACCENT if meant else _DIM if hovered else _LINE, f.px(2), f.px(2 if meant else 1))
        if imgui.begin_popup_context_item(f"head{k}.{h}"):
            self._switch(f, r, k, h)
            imgui.end_popup()
        elif hovered:
            t, mouse = r.tiles[k].shape[1], imgui.get_mouse_pos()
            query, key = (min(max(int((m - a) / side * t), 0), t - 1) for m, a in ((mouse.y, at.y), (mouse.x, at.x)))
            cells = "" if r.coarse == 1 else f" (the largest of {r.coarse} x {r.coarse})"
            what = f"{_token(r, query * r.coarse)} looks at {_token(r, key * r.coarse)}: {percent(float(r.tiles[k][h, query, key]))}{cells}"
            show_tip(f, f"{r.layers[k].name}, head {h}: {what}. Click to choose the head; right-click to switch it off.")

    def _switch(self, f: Frame, r: AttentionReading, k: int, h: int) -> None:
        dead, why = (k, h) in r.killed, f.readout.reasons.edit
        if imgui.menu_item("Switch this head on" if dead else "Switch this head off", "", False, not why)[0]:
            self.switch(f, r, k, h)
        tip(f, why)

    def switch(self, f: Frame, r: AttentionReading, k: int, h: int) -> None:
        """Kill the head, or release it, and show how the outputs answer."""
        node = f.readout.topology.nodes[r.layers[k].shares]
        size = node.size // r.layers[k].heads
        first = node.neurons.start + h * size
        f.do("kill", (tuple(range(first, first + size)), (k, h) not in r.killed))
        f.memory.ablated = node.number
        f.reveal("Ablation")

    # ------------------------------------------------------------ one head

    def _head(self, f: Frame, r: AttentionReading) -> None:
        """Its name, the switch, the way into the picture; and which arcs a token has."""
        dead, why = (r.layer, r.head) in r.killed, f.readout.reasons.edit
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(f"{r.layers[r.layer].name}, head {r.head}" + (": off" if dead else ""))
        tip(f, EXPLAINED)
        imgui.same_line(right_edge() - f.px(2 * 28 + 4))
        icon, text = (fa.ICON_FA_TOGGLE_OFF, "Switch this head on") if dead else (fa.ICON_FA_TOGGLE_ON, "Switch this head off")
        hint = why or f"{text}: its shares are 0 while it is off. The Ablation panel shows how the outputs answer."
        if icon_button(f, icon, "switch_head", hint, not why, size=28):
            self.switch(f, r, r.layer, r.head)
        imgui.same_line(0, f.px(4))
        self._fly(f, r)
        for by, text, hint in (
            (False, "looks at", "The arcs of the picked token to all that it looks at."),
            (True, "is looked at by", "The arcs to the picked token from all that look at it."),
        ):
            if imgui.radio_button(f"{text}##by{int(by)}", self.by == by):
                self.by = by
            tip(f, hint)
            if not by:
                imgui.same_line()

    def _fly(self, f: Frame, r: AttentionReading) -> None:
        """To the arcs, which stand beside the mixture's rows: from where the whole network is seen they are a few pixels. What is flown to
        is looked at, and its section opens; this one stays in sight."""
        layer = r.layers[r.layer]
        hint = "Fly to the arcs in the picture: they stand beside the rows of tokens of this layer's mixture. Backspace flies out again."
        if icon_button(f, fa.ICON_FA_LOCATION_ARROW, "fly_to_arcs", hint, size=28):
            f.do("fly_to", f.readout.topology.nodes[layer.mixture].name)
            self._stay = STAY
        if self._stay:
            self._stay -= 1
            f.reveal(TITLE)

    def _matrix(self, f: Frame, r: AttentionReading) -> None:
        """The chosen head, with the words of tokens where there is room."""
        assert r.share_tt is not None
        t, room = len(r.words), imgui.get_content_region_avail().x
        words = max((text_width(word, f.font(10)) for word in r.words), default=0.0) + f.px(6)
        margin = min(words, 0.28 * room)
        side = min(room - margin, f.px(300))
        named = side / t >= f.px(NAMED)
        if not named:
            margin, side = 0.0, min(room, f.px(300))
        top = margin if named and margin > f.px(18) else f.px(14) if named else 0.0
        if (r.version, t) != self._painted:
            self._painted = r.version, t
            self._large.write(_coloured(r.share_tt, max(int(side / t), 1)))
        corner = imgui.get_cursor_screen_pos()
        at = imgui.ImVec2(corner.x + margin, corner.y + top)
        if named:
            self._names(f, r, at, side / t, margin, top)
        imgui.set_cursor_screen_pos(at)
        clicked = imgui.invisible_button("##matrix", imgui.ImVec2(side, side))
        draw_list = imgui.get_window_draw_list()
        draw_list.add_image(self._large.ref, at, imgui.ImVec2(at.x + side, at.y + side))
        if self.token >= 0:
            self._band(f, at, side, t)
        if imgui.is_item_hovered():
            mouse = imgui.get_mouse_pos()
            query, key = (min(max(int((m - a) / side * t), 0), t - 1) for m, a in ((mouse.y, at.y), (mouse.x, at.x)))
            show_tip(f, f"{sentence(r, query, key)} Click for its equation.")
            if clicked:
                self.cell, self.token = (query, key), key if self.by else query
                self._open(f, r, r.layers[r.layer].scores)

    def _band(self, f: Frame, at: imgui.ImVec2, side: float, t: int) -> None:
        """Round the row or the column of the picked token, and round the cell."""
        cell, draw_list = side / t, imgui.get_window_draw_list()
        a, b = (0, self.token) if not self.by else (self.token, 0)
        c, d = (t, self.token + 1) if not self.by else (self.token + 1, t)
        low, high = imgui.ImVec2(at.x + a * cell, at.y + b * cell), imgui.ImVec2(at.x + c * cell, at.y + d * cell)
        draw_list.add_rect(low, high, _DIM, 0, f.px(1))
        if self.cell is not None:
            query, key = self.cell
            low = imgui.ImVec2(at.x + key * cell, at.y + query * cell)
            draw_list.add_rect(low, imgui.ImVec2(low.x + cell, low.y + cell), _ACCENT, 0, f.px(2))

    def _names(self, f: Frame, r: AttentionReading, at: imgui.ImVec2, cell: float, margin: float, top: float) -> None:
        """Words of the rows, which can be clicked, and of the columns as far as they have room."""
        draw_list, size = imgui.get_window_draw_list(), f.font(10)
        for k, word in enumerate(r.words):
            y = at.y + k * cell
            imgui.set_cursor_screen_pos(imgui.ImVec2(at.x - margin, y))
            if imgui.invisible_button(f"##row{k}", imgui.ImVec2(max(margin, 1), max(cell - 1, 1))):
                self.token, self.cell = -1 if self.token == k else k, None
            tip(f, f"Token {k + 1}: {word}. Click: its arcs alone.")
            ink = _ACCENT if k == self.token else _DIM
            draw_list.push_clip_rect(imgui.ImVec2(at.x - margin, y), imgui.ImVec2(at.x - f.px(2), y + cell), True)
            draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(at.x - margin, y + (cell - size) / 2 - f.px(1)), ink, word)
            draw_list.pop_clip_rect()
            if text_width(word, size) <= cell:
                x = at.x + k * cell + (cell - text_width(word, size)) / 2
                draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(x, at.y - size - f.px(3)), ink, word)

    def _looks(self, f: Frame, r: AttentionReading) -> None:
        """The clicked cell, or the picked token's largest shares, in words."""
        assert r.share_tt is not None
        if self.cell is not None:
            small(f, sentence(r, *self.cell), wrap=True)
            return
        if self.token < 0:
            small(f, "Click a token at the left to see its arcs alone, a cell for its equation.", _FAINT, wrap=True)
            return
        row = r.share_tt[:, self.token] if self.by else r.share_tt[self.token]
        order = [k for k in np.argsort(-row, kind="stable")[:4].tolist() if row[k] >= 0.005]
        listed = ", ".join(f"{_token(r, k)} {percent(float(row[k]))}" for k in order) or "nothing"
        small(f, f"{_token(r, self.token)} {'is looked at by' if self.by else 'looks at'} {listed}.", wrap=True)

    def _steps(self, f: Frame, r: AttentionReading) -> None:
        """From the score to the share and the mixture of the clicked cell: each opens its equation."""
        layer = r.layers[r.layer]
        if self.cell is None:
            imgui.begin_disabled()
        for k, (text, node, hint) in enumerate((
            ("Score", layer.scores, "Query times key, divided by √d: the largest terms."),
            ("Share", layer.shares, "Softmax over the row: each score's exponential by the sum of all."),
            ("Mixture", layer.mixture, "The values of all tokens, each times its share."),
        )):  # fmt: skip
            if k:
                imgui.same_line()
            if imgui.button(f"{text}##step{k}"):
                self._open(f, r, node)
            tip(f, hint)
        if self.cell is None:
            imgui.end_disabled()

    def _open(self, f: Frame, r: AttentionReading, number: int) -> None:
        """The equation of the clicked cell in that node; of a mixture, the first feature of the head."""
        assert self.cell is not None
        node, (query, key) = f.readout.topology.nodes[number], self.cell
        if node.kind == "mix":
            width = node.shape[1]
            j = query * width + r.head * (width // r.layers[r.layer].heads)
        else:
            j = (r.head * node.shape[1] + query) * node.shape[2] + key
        self._picked = node.neurons.start + j  # this very pick is not to choose another token
        f.do("pick", self._picked)


def sentence(r: AttentionReading, query: int, key: int) -> str:
    """ "How much B (token 4) looks at A (token 2): 12.3 %, from the score 1.2." """
    assert r.share_tt is not None
    if r.causal and key > query:
        return f"{_token(r, query)} cannot look at {_token(r, key)}: it stands behind it (mask)."
    score = "" if r.score_tt is None else f", from the score {short(float(r.score_tt[query, key]))}"
    return f"How much {_token(r, query)} looks at {_token(r, key)}: {percent(float(r.share_tt[query, key]))}{score}."


def _token(r: AttentionReading, k: int) -> str:
    k = min(k, len(r.words) - 1)
    return f"{r.words[k]} (token {k + 1})" if r.words[k] != str(k + 1) else f"token {k + 1}"


def _coloured(shares: np.ndarray, grow: int) -> np.ndarray:
    """(h * grow, w * grow, 4) uint8."""
    return RAMP[np.clip(np.round(255 * np.sqrt(np.clip(shares, 0, 1))), 0, 255).astype(np.intp)].repeat(grow, 0).repeat(grow, 1)


def _atlas(r: AttentionReading, heads: int, grow: int) -> np.ndarray:
    """All tiles as one picture: layers down, heads across."""
    t = r.tiles[0].shape[1]
    wall = np.zeros((len(r.layers) * t, heads * t), np.float32)
    for k, tile_htt in enumerate(r.tiles):
        for h, tile_tt in enumerate(tile_htt):
            wall[k * t : (k + 1) * t, h * t : (h + 1) * t] = tile_tt
    return _coloured(wall, grow)
