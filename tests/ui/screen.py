"""What a window shows, as text: every line of an equation and every word that is drawn in a frame; and what must hold of it.

Nothing is asked of the engine: only what is printed is compared with what is printed.
"""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass, field
from itertools import pairwise

from imgui_bundle import imgui

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.spec.number_text import plain
from nnviz3d.ui.equations import losses
from nnviz3d.ui.equations.equation_draw import Lines
from nnviz3d.ui.equations.sections import ACTIVATION, ERROR, SUM, UPDATE
from nnviz3d.ui.hud import output_table
from tests.ui.printed import Printed, evaluate, number, numbers

FLOAT32 = 3e-6  # relative to what is added up: what rounding to 32 bits may have moved
SHARES = re.compile(r"\(\S+ − \S+\)$")
FORMULA = re.compile(r"[\d.,e()\s·/^√+−-]*(?:(?:exp|ln|tanh|sin|max|σ|Φ|elu|gelu|clip)?[\d.,e()\s·/^√+−-]+)+")


@dataclass
class Screen:
    """Of one frame. `lines`: (section, its lines); `texts`: all other words; `loss`: (formula, value) of the walk's table."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    loss: tuple[str, str] | None = None
    table: dict[str, list[str]] = field(default_factory=dict)  # columns of the walk's table that can be read, by title
    whole: bool = False  # all outputs are in it

    def find(self, pattern: str) -> list[str]:
        """What the pattern's group holds, in every text that has it."""
        return [m[1] for text in self.texts for m in re.finditer(pattern, text)]

    def all(self) -> str:
        """Everything, to look for a number that must not be there."""
        reported = [
            f"{line.text} {line.printed} {'' if line.second is None else plain(line.second)}"
            for those in self.lines.values()
            for line in those
        ]
        return " \n ".join([*reported, *self.texts, *(self.loss or ())])

    def end(self, title: str, start: str) -> str | None:
        """The number at the right end of the section's line that begins so."""
        return next(
            (line.printed for line in self.lines.get(title, ()) if line.text.replace(" ", "").startswith(start) and line.printed), None
        )


@contextlib.contextmanager
def reading():
    """Within the context every frame that is drawn is written down, from `begin` on."""
    screen = Screen()
    columns = output_table.columns
    add_text, unformatted, draw, formula = imgui.ImDrawList.add_text, imgui.text_unformatted, Lines.draw, losses.formula

    def drawn(self, *args):
        screen.texts.append(str(args[-1]))
        return add_text(self, *args)

    def written(text, *args):
        screen.texts.append(text)
        return unformatted(text, *args)

    def lined(self, f, title, lines, *args):
        screen.lines[title] = list(lines)
        return draw(self, f, title, lines, *args)

    def reported(o):
        latex, text = formula(o)
        screen.loss = text, plain(o.loss_before)
        return latex, text

    def tabled(table):
        made = columns(table)
        seen = [column for column in made if column.alpha > 0]
        screen.table = {c.title: [(output_table.number if c.bars else output_table.signed)(float(v)) for v in c.values] for c in seen}
        screen.whole = table.outputs.total == len(table.outputs.names)
        return made

    output_table.columns = tabled
    imgui.ImDrawList.add_text, imgui.text_unformatted, Lines.draw, losses.formula = drawn, written, lined, reported
    assert output_table.losses is losses
    try:
        yield screen
    finally:
        imgui.ImDrawList.add_text, imgui.text_unformatted, Lines.draw, losses.formula = add_text, unformatted, draw, formula
        output_table.columns = columns


def begin(screen: Screen) -> None:
    """The next frame."""
    screen.lines.clear()
    screen.texts.clear()
    screen.loss = None
    screen.table = {}


def check(screen: Screen, clip: float = 1.0) -> int:
    """Every printed formula gives what stands behind it, to the printed digits. Returns how many there were. `clip`: huber's delta."""
    count = 0
    for title, lines in screen.lines.items():
        for line in lines:
            count += _formula(title, line, lines, clip)
            if line.kind == "change":
                count += _moved(line)
        count += _sum(title, lines) + _lengths(title, lines)
    for text in screen.texts:
        for a, b, product in re.findall(r"= (\S+) × (\S+) = (\S+)$", text):
            _agree(text, *_product(number(a), number(b)), number(product))
            count += 1
    return count + _loss(screen) + _table(screen)


def _table(screen: Screen) -> int:
    """Differences of its columns; the largest share is the one that the header says."""
    reported = {title: [number(text) for text in cells] for title, cells in screen.table.items()}
    for first, second, difference in (("target", "output", "p − y"), ("before", "after", "change")):
        if difference in reported:
            for a, b, d in zip(reported[first], reported[second], reported[difference], strict=True):
                _agree(f"{screen.table}", b.value - a.value, (a.unit + b.unit) / 2 + 1e-7 * abs(a.value), d)
    now = reported.get("after") if "before" in reported else reported.get("output")
    if now and (share := screen.find(r"the network says .*\((\d+\.\d) %\)$")):
        best = max(now)
        assert abs(best.value - float(share[0]) / 100) <= 0.00051 + best.unit / 2, (share, screen.table)
        if screen.whole:  # softmax
            assert abs(sum(n.value for n in now) - 1) <= sum(n.unit for n in now) / 2 + 1e-6
    return len(reported)


def _agree(text: str, result: float, slack: float, printed: Printed) -> None:
    assert abs(result - printed.value) <= 1.02 * (slack + printed.unit / 2) + 1e-5 * abs(result) + 1e-37, (text, result, slack, printed)


def _product(a: Printed, b: Printed) -> tuple[float, float]:
    return a.value * b.value, abs(a.value) * b.unit / 2 + abs(b.value) * a.unit / 2


def _formula(title: str, line: Line, lines: list[Line], clip: float) -> int:
    """A line of numbers that has a result: term, result or step."""
    text = line.text
    if line.tex or line.value is None or line.kind not in ("term", "result", "step") or not math.isfinite(line.value):
        return 0
    if not any(c.isdigit() for c in text) or not FORMULA.fullmatch(text):
        return 0
    result, slack = evaluate(text, clip=lambda e: min(max(e, -clip), clip))
    slack += 3e-5 * abs(result) if line.kind == "step" else 0.0  # constants are printed to six digits
    slack += FLOAT32 * _size(lines) if title == ERROR else 0.0
    slack += FLOAT32 * sum(abs(n.value) for n in numbers(line))  # differences of numbers that are nearly equal
    _agree(f"{title}: {text} = {line.printed}", result, slack, number(line.printed))
    return 1


def _size(lines: list[Line]) -> float:
    return sum(abs(line.value) for line in lines if line.kind in ("term", "rest", "bias"))


def _sum(title: str, lines: list[Line]) -> int:
    """Terms, the rest and the bias give z; terms and the rest give what the slope multiplies."""
    parts = [line for line in lines if line.kind in ("term", "rest", "bias")]
    if title not in (SUM, ERROR, "Its contribution to z") or not parts or not lines[-1].printed:
        return 0
    last = _summed(lines[-1]) if title == ERROR else number(lines[-1].printed)
    reported = [number(line.printed) for line in parts]
    slack = sum(n.unit for n in reported) / 2 + 4 * FLOAT32 * _size(parts)
    _agree(f"{title}: {[line.printed for line in parts]}", sum(n.value for n in reported), slack, last)
    return 1


def _summed(line: Line) -> Printed:
    """What the terms of an error add up to: "slope · sum"; "a · (sum − mean)" of shares; the result itself where there is no slope."""
    if line.tex:
        return number(line.printed)
    return numbers(line)[-2 if " · (" in line.text and line.text.endswith(")") and SHARES.search(line.text) else -1]


def _moved(line: Line) -> int:
    """Old and change give the new one."""
    old, new = numbers(line)[-2:]
    change = number(line.printed)
    _agree(f"{line.text} {line.lead} {line.printed}", old.value + change.value, old.unit / 2 + change.unit / 2 + 1e-7 * abs(old.value), new)
    return 1


def _lengths(title: str, lines: list[Line]) -> int:
    """‖ΔW‖ = η ‖...‖, where that is what is printed."""
    if title != UPDATE:
        return 0
    for length, change in pairwise(lines):
        text = change.text.replace(" ", "")
        if text.startswith("‖ΔW‖="):
            reported = {line.text.replace(" ", ""): number(line.printed) for line in lines if line.kind == "number"}
            name = text.removeprefix("‖ΔW‖=η")
            given = reported.get(name)
            if given is None:  # G stands with the gradient
                return 0
            _agree(
                f"{length.text} {change.text}",
                *_product(reported["η"], given),
                Printed(number(change.printed).value, 0.01 * number(change.printed).value),
            )
            return 1
    return 0


def _loss(screen: Screen) -> int:
    """L = −ln p = −ln 0.22 = 1.51"""
    if screen.loss is None:
        return 0
    text, value = screen.loss
    formula = text.split("=")[-1].strip().replace("²", "^2").replace("½", "0.5 ·").replace("|", "")
    formula = re.sub(r"e\^\((−[\d.]+)\)", r"exp(\1)", formula)
    formula = re.sub(r"ln (\((?:[^()]*)\)|exp\([^()]*\)|[\d.e−]+)", r"ln(\1)", formula)
    if "Σ" in formula or not FORMULA.fullmatch(formula):
        return 0
    result, slack = evaluate(formula)
    _agree(f"{text} = {value}", result, slack + 1e-6, number(value))
    return 1


def one_value(screen: Screen, picked: bool, hovered: bool) -> None:
    """Where z and a of the `picked` neuron are reported in more than one place, it is one number; so are the answer and the loss.
    `hovered`: the card at the pointer is of it too."""
    z, a = set(), set()
    if picked:
        z = {screen.end(SUM, "z["), *screen.find(r"^z = (\S+)")}
        a = {screen.lines[ACTIVATION][-1].printed} if ACTIVATION in screen.lines else set()
        a |= {*screen.find(r"^a = (\S+)$"), *screen.find(r"^z = \S+   a = (\S+)")}
    if hovered:
        z |= set(screen.find(r"^a = \S+     z = (\S+)$"))
        a |= set(screen.find(r"^a = (\S+)     z = "))
    for name, reported in (("z", z - {None, ""}), ("a", a - {None, ""})):
        assert len(reported) <= 1, (name, reported)
    says = screen.find(r"the network says (.+)$") + screen.find(r"   ·   says (.+)$")
    verdict = [text.split("   ·   ") for text in screen.texts if "   ·   " in text and ", sample" in text]
    for parts in verdict:
        says += [parts[2].split(" → ")[-1]] if len(parts) > 2 else []
        lost = [parts[1].removeprefix("its loss ")] if len(parts) > 1 and "loss" in parts[1] else []
        lost += screen.find(r"^loss (.+)$")
        assert len(set(lost)) <= 1, lost
        if screen.loss is not None and lost:
            assert lost[0].split(" → ")[0] == screen.loss[1], (lost, screen.loss)
    assert len(set(says)) <= 1, says
