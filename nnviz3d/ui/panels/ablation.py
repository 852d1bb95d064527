"""Ablation: kill a channel, a head or a neuron with one click, and see how every output's z answers."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import count, plain, short
from nnviz3d.spec.readout import AblationReading
from nnviz3d.ui.core import bars, theme
from nnviz3d.ui.core.bars import Bar
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import layer_name
from nnviz3d.ui.core.widgets import combo, label, show_tip, small, tip

TITLE, ICON, HINT, OPEN = "Ablation", fa.ICON_FA_SKULL, "Kill a channel, a head or a neuron, and see the outputs answer.", False
CELL, GAP = 24.0, 3.0  # unscaled pixels
OUTPUTS = 10
_TEXT, _DIM, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT))
_DEAD = theme.packed(theme.HOLD_COLOURS["killed"])
_ACCENT, _OTHER = theme.packed(theme.ACCENT), theme.packed(theme.CURVE_TEST, 0.75)
DARK, LIGHT = np.array(theme.rgb("#17203a")), np.array(theme.rgb("#ffdf9e"))


class AblationPanel:
    """Remembers the layer that was chosen here."""

    def __init__(self):
        self.node = -1

    def draw(self, f: Frame) -> None:
        hidden = f.readout.topology.nodes[1:-1]
        if not hidden:
            small(f, "This network has no hidden layer.", wrap=True)
            return
        numbers = [node.number for node in hidden]
        if f.memory.ablated in numbers:
            self.node, f.memory.ablated = f.memory.ablated, -1
        if self.node not in numbers:
            grouped = [node.number for node in hidden if node.groups > 1]
            self.node = (grouped or numbers)[0]
        names = {str(number): layer_name(f, number) for number in numbers}
        imgui.begin_group()
        label(f, "Layer")
        picked = combo("##ablation.layer", str(self.node), list(names), names)
        imgui.end_group()
        tip(f, "Whose channels, heads or neurons can be killed.")
        if picked is not None:
            self.node = int(picked)
        f.wants["ablation"] = self.node
        r = f.readout.ablation
        if r is None or r.node != self.node:
            small(f, "…")
            return
        _cells(f, r)
        _outputs(f, r)


def unit(f: Frame, r: AblationReading) -> str:
    """What a cell stands for."""
    return "neuron" if r.size == 1 else f.readout.topology.nodes[r.node].axes[0]


def _cells(f: Frame, r: AblationReading) -> None:
    """One cell for each unit, as bright as its activation; the killed ones crossed out."""
    node, why, killed = f.readout.topology.nodes[r.node], f.readout.reasons.edit, set(f.readout.holds.killed)
    total = node.size // r.size
    small(
        f,
        f"{count(total)} {unit(f, r)}s, as bright as their mean |a|"
        + (f"; the first {len(r.strength_g)}" if total > len(r.strength_g) else ""),
    )
    side, gap, room = f.px(CELL), f.px(GAP), imgui.get_content_region_avail().x
    across, most = max(1, int((room + gap) / (side + gap))), max(float(r.strength_g.max()), 1e-12)
    draw_list = imgui.get_window_draw_list()
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
    for k, strength in enumerate(r.strength_g.tolist()):
        if k % across:
            imgui.same_line()
        first = node.neurons.start + k * r.size
        ids = range(first, first + r.size)
        dead, at = killed.issuperset(ids), imgui.get_cursor_screen_pos()
        if imgui.invisible_button(f"##unit{k}", imgui.ImVec2(side, side)) and not why:
            f.do("kill", (tuple(ids), not dead))
        hovered = imgui.is_item_hovered()
        _cell(f, draw_list, at, side, strength / most, dead, hovered)
        if hovered:
            state = "killed: it outputs 0. Click to release it." if dead else f"mean |a| {plain(strength)}. Click to kill it."
            show_tip(f, why or f"{unit(f, r).capitalize()} {k}, {state}")
    imgui.pop_style_var()


def _cell(f: Frame, draw_list, at: imgui.ImVec2, side: float, share: float, dead: bool, hovered: bool) -> None:
    red, green, blue = (round(255 * float(c)) for c in DARK + (LIGHT - DARK) * min(share, 1.0) ** 0.8)
    end = imgui.ImVec2(at.x + side, at.y + side)
    draw_list.add_rect_filled(at, end, 255 << 24 | blue << 16 | green << 8 | red, f.px(3))
    if dead:
        inset = side * 0.25
        for a, b in ((inset, side - inset), (side - inset, inset)):
            draw_list.add_line(imgui.ImVec2(at.x + a, at.y + inset), imgui.ImVec2(at.x + b, at.y + side - inset), _DEAD, f.px(2))
    if dead or hovered:
        draw_list.add_rect(at, end, _DEAD if dead else _TEXT, f.px(3), f.px(1))


def _outputs(f: Frame, r: AblationReading) -> None:
    """z of the outputs with what the killed have changed of it; of many, those that changed most."""
    change_o, killed = r.z_o - r.whole_o, f.readout.holds.killed
    many = len(r.z_o) > OUTPUTS
    order = (
        np.argsort(-np.abs(change_o), kind="stable")
        if many and killed
        else np.argsort(-r.z_o, kind="stable")
        if many
        else np.arange(len(r.z_o))
    )
    names, best, was = f.readout.class_names, int(r.z_o.argmax()), int(r.whole_o.argmax())
    most = max(float(np.abs(np.concatenate([r.z_o, r.whole_o])).max()), 1e-12)
    rows = []
    for k in np.sort(order[:OUTPUTS]).tolist():
        name, z, change = names[k] if k < len(names) else str(k), float(r.z_o[k]), float(change_o[k])
        number = short(z) if not killed else f"{z:.2f} ({change:+.2f})"
        hint = f"Output {name}: z = {plain(z)}" + (f"; with nothing killed {plain(float(r.whole_o[k]))}." if killed else ".")
        rows.append(Bar(name, z / most, number, _ACCENT if k == best else _OTHER, hint, k == best))
    small(f, "Outputs: z, and its change by what is killed" if killed else "Outputs: z, before the activation", _FAINT)
    bars.draw(f, "ablation", rows)
    if killed:
        name = lambda k: names[k] if k < len(names) else str(k)  # noqa: E731
        small(f, f"The answer changes from {name(was)} to {name(best)}" if was != best else f"The answer stays {name(best)}", _DIM)
        if imgui.button(f"{fa.ICON_FA_LOCK_OPEN}  Release all {count(len(killed))} killed", imgui.ImVec2(-1, 0)):
            f.do("kill", (killed, False))
        tip(f, "Undo takes single clicks back (Ctrl+Z). What is killed stays dead while the network learns, too.")
