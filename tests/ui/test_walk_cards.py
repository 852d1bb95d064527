"""The walk's own parts of the overlay, driven as a person drives them: the switch of the weights, and cards that cover nothing."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.spec.readout import Label
from nnviz3d.spec.step_annotations import ActivationCurve, Inset, Moment, Outputs, OutputsTable, WeightsShown
from nnviz3d.ui.hud import activation_inset, header, labels, output_table, weightbar
from tests.helpers.walk_reading import WALK
from tests.ui import readouts
from tests.ui.where import find

pytestmark = pytest.mark.gl
BOXES = np.array([[80.0, 200, 220, 500], [380, 180, 500, 420], [700, 140, 740, 380]])


def reported(kind="loss", n=10, mode="phase", loss="cross_entropy", total=None, share=1.0):
    k = np.arange(n)
    before = np.full(n, 0.2 / max(n - 1, 1))
    before[3 % n] = 0.8
    target = (k == 3 % n).astype(float)
    o = Outputs(
        tuple(f"class {j}" for j in k), k, before, target, before - target, before * 0.9, total or n, True, True, 3 % n, loss,
        0.2231, 0.2109, 1.0, 0.8,
    )  # fmt: skip
    y = tuple(160 + 200 * j / max(n - 1, 1) for j in k)
    z = np.linspace(-3, 3, 49)
    curve = ActivationCurve("relu", z, np.maximum(z, 0), 1.2, 1.2, 1.0, (1.3, 1.3))
    card = Inset(curve, 2, 5, "picked", 1.0, 1.0, 0.0, True, 440.0, 300.0, 9.0)
    shown = WeightsShown(mode, 240.0, 240.0, mode != "phase")
    return Moment(shown, BOXES, OutputsTable(o, kind, share, (720.0,) * n, y, 10.0) if kind else None, card)


@pytest.fixture
def walking(driver):
    driver.readout = readouts.readout(walk=WALK, moment=reported())
    driver.frame(3)
    return driver


def test_buttons_choose_the_weights(walking):
    for mode in weightbar.MODES:
        walking.forget()
        walking.click(*find(walking, f"weights.{mode}"))
        assert walking.edits == ([] if mode == "phase" else [("look.weights", mode)])  # that one is on already


def test_the_key_goes_round(walking):
    walking.key(imgui.Key.v)
    assert walking.edits == [("look.weights", "before")]
    walking.forget()
    walking.scene = walking.scene.model_copy(update={"look": walking.scene.look.model_copy(update={"weights": "difference"})})
    walking.key(imgui.Key.v)
    assert walking.edits == [("look.weights", "phase")]
    walking.forget()
    walking.readout = readouts.readout()
    walking.key(imgui.Key.v)
    assert walking.edits == []


def test_the_slider_goes_from_1_to_auto(walking):
    x, y = find(walking, "look.exaggeration")
    for at, low, high in ((x - 200, 1, 1), (x, 12, 20), (x + 200, 0, 0)):
        walking.readout = readouts.readout(
            walk=WALK, moment=Moment(WeightsShown("phase", 240.0 if at < x + 200 else 15.0, 240.0, False), BOXES)
        )
        walking.forget()
        walking.move(x, y)
        walking.button(True)
        walking.move(at, y)
        walking.button(False)
        path, value = walking.edits[-1]
        assert path == "look.exaggeration" and low <= value <= high


def test_where_nothing_changed_there_is_nothing_to_magnify(walking):
    walking.readout = readouts.readout(walk=WALK, moment=Moment(WeightsShown("phase", 1.0, 1.0, False), BOXES))
    walking.forget()
    walking.click(*find(walking, "look.exaggeration"))
    assert walking.edits == []


def drawn(driver, monkeypatch, compact=False):
    """Rectangles of the cards, the header and the labels of one frame."""
    found = {}
    for module, name in ((output_table, "table"), (activation_inset, "inset"), (header, "header")):
        monkeypatch.setattr(module, "draw", _keeping(module.draw, found, name))
    placed = []
    plain = labels.place
    monkeypatch.setattr(labels, "place", lambda *a, **k: placed.extend(plain(*a, **k)) or placed)
    driver.frame(1, compact)
    rects = {name: rect for name, rect in found.items() if rect}
    for k, item in enumerate(placed):
        rects[f"label {k}"] = (item.left, item.top, item.left + item.width, item.top + item.height)
    return rects


def _keeping(draw, found, name):
    def kept(*arguments):
        found[name] = draw(*arguments)
        return found[name]

    return kept


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(
    ("kind", "n", "total"), [("loss", 10, 10), ("after", 10, 10), ("loss", 1, 1), ("after", 40, 40), ("loss", 8, 1000)]
)
def test_nothing_covers_anything(driver, monkeypatch, kind, n, total, compact):
    names = [Label(735, 160 + 22 * k, f"class {k}", 0.5) for k in range(10)] + [Label(440, 430, "48 relu", 0.8, "centre", "layer")]
    numbers = [Label(330, 290 + 6 * k, "0.0123 · 0.5 = 0.0062", 0.9, "centre", "value") for k in range(4)]
    driver.readout = readouts.readout(walk=WALK, moment=reported(kind, n, total=total), labels=(*names, *numbers))
    driver.frame(3, compact)
    rects = drawn(driver, monkeypatch, compact)
    assert {"table", "inset"} <= set(rects) and any(name.startswith("label") for name in rects)
    for (a, p), (b, q) in combinations(rects.items(), 2):
        if a == "header" and b.startswith("label"):
            continue  # labels lie behind panels
        apart = p[2] <= q[0] + 0.5 or q[2] <= p[0] + 0.5 or p[3] <= q[1] + 0.5 or q[3] <= p[1] + 0.5
        assert apart, (a, p, b, q)
    for name in ("table", "inset"):
        assert (
            rects[name][0] >= 0 and rects[name][2] <= driver.host.size[0] and rects[name][1] >= 0 and rects[name][3] <= driver.host.size[1]
        )


def test_the_table_names_the_outputs_instead_of_the_labels(driver, monkeypatch):
    driver.readout = readouts.readout(walk=WALK, moment=reported())
    driver.frame(3)
    kept = []
    monkeypatch.setattr(labels, "place", lambda reported, *a, **k: kept.extend(reported) or [])
    driver.frame()
    assert kept and not any(label.kind == "class" for label in kept)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce", "mse", "half_mse", "huber"])
@pytest.mark.parametrize("n", [1, 3])
def test_every_loss_is_typeset(driver, loss, n):
    driver.readout = readouts.readout(walk=WALK, moment=reported(n=n, loss=loss))
    driver.frame(3)
    assert not driver.overlay._formulas._failed and len(driver.overlay._formulas) > 0


@pytest.mark.parametrize("mode", weightbar.MODES)
def test_the_legend_says_the_factor(driver, monkeypatch, mode):
    said = []
    plain = header.times
    monkeypatch.setattr(header, "times", lambda value: said.append(plain(value)) or said[-1])
    driver.readout = readouts.readout(walk=WALK, moment=reported(mode=mode))
    driver.frame(2)
    assert set(said) == ({"×240"} if mode in ("after", "difference") else set())


@pytest.mark.parametrize("at", [(800, 250), (800, 165), (300, 20), (-50, -50)])
def test_hovering_anywhere_is_harmless(walking, at):
    walking.move(*at)
    walking.frame(40)
    assert walking.edits == []
