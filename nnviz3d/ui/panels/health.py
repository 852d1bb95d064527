"""Health: what looks unusual about the network, how that is known, and what to try. Quiet while all is well.

The same sign in several layers of one part is one line, which opens where the part opens in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.node_names import short_name
from nnviz3d.spec.number_text import percent
from nnviz3d.spec.readout import Finding
from nnviz3d.ui.core import part_groups, part_rows, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small, tip

TITLE, ICON, HINT, OPEN = "Health", fa.ICON_FA_HEART_PULSE, "Problems found, and the evidence for them.", True
_WARN, _GOOD, _TEXT, _DIM = (theme.packed(c) for c in (theme.WARN, theme.GOOD, theme.TEXT, theme.DIM))


def draw(f: Frame) -> None:
    findings = f.readout.findings
    if not findings and f.readout.reasons.data and f.readout.watched is None:  # weights and gradients of a loop can be judged
        small(f, f.readout.reasons.data, wrap=True)
    elif not findings:
        _row(f, fa.ICON_FA_CHECK, _GOOD, "Nothing unusual", _DIM)
        tip(f, "Checked every two seconds: inputs out of scale, neurons that are copies, dead or saturated, gradients that vanish or "
               "explode, a loss that jumps or does not decrease, always the same predicted class, overfitting.")  # fmt: skip
    for k, (part, members) in enumerate(grouped(f, findings)):
        if k:
            imgui.dummy(imgui.ImVec2(0, f.px(3)))
        if part:
            _part(f, part, members)
        else:
            _finding(f, members[0])


def grouped(f: Frame, findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """(part, findings of one sign in it) for parts that have several, in the order in which they come; ("", [one]) for all else. The
    outermost closed part counts; what lies in open ones stands by itself."""
    topology, found = f.readout.topology, {}
    for k, finding in enumerate(findings):
        there = 0 <= finding.layer < len(topology.nodes)
        part = part_groups.closed_part(topology, finding.layer, f.readout.opened) if there else ""
        found.setdefault((finding.sign, part) if part else k, []).append(finding)
    return [(key[1], members) if isinstance(key, tuple) and len(members) > 1 else ("", members) for key, members in found.items()]


def _part(f: Frame, part: str, members: list[Finding]) -> None:
    """Several layers of a closed part: the worst of them, with the way to see each."""
    worst, total = max(members, key=lambda finding: finding.share), len(members)
    label = part_groups.part_label(f.readout.topology, part)
    _row(f, fa.ICON_FA_TRIANGLE_EXCLAMATION, _WARN, f"{worst.sign} in {total:,} layers of {label}", _TEXT)
    imgui.indent(f.px(26))
    shares = sum(finding.share for finding in members) / total
    name = short_name(f.readout.topology, worst.layer)
    if worst.share > 0:
        small(f, f"Worst: {name} with {percent(worst.share, 0)} of it; the mean of the {total:,} is {percent(shares, 0)}.", wrap=True)
    small(f, worst.how, wrap=True)
    small(f, worst.remedy, _TEXT, wrap=True)
    part_rows.opener(f, part, "Show each layer")
    imgui.unindent(f.px(26))


def _finding(f: Frame, finding: Finding) -> None:
    _row(f, fa.ICON_FA_TRIANGLE_EXCLAMATION, _WARN, finding.title, _TEXT)
    imgui.indent(f.px(26))
    small(f, finding.how, wrap=True)
    small(f, finding.remedy, _TEXT, wrap=True)
    imgui.unindent(f.px(26))


def _row(f: Frame, icon: str, ink: int, text: str, colour: int) -> None:
    """Words stand under the section's name, as its icon stands over theirs."""
    start = imgui.get_cursor_pos_x()
    small(f, icon, ink)
    imgui.same_line(start + f.px(26))
    imgui.push_style_color(imgui.Col_.text, colour)
    imgui.push_text_wrap_pos(0)
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()
    imgui.pop_style_color()
