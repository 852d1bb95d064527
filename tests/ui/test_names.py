"""Names: cut where they do not differ, with their numbers kept; in scripts that the typeface lacks, still distinguished."""

from __future__ import annotations

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.ui.core import font_fallback, name_shortening
from nnviz3d.ui.core.font_fallback import Legible
from tests.ui import readouts
from tests.ui.conftest import Driver

LONG = tuple(f"class with a rather long name no. {k}" for k in range(27))


@pytest.fixture
def frame():
    """Within a frame of imgui, so that texts can be measured."""
    driver = Driver()
    driver.frame()
    driver.host.begin_overlay(1 / 60)
    yield driver
    imgui.end_frame()
    driver.close()


def test_where_a_name_begins_to_differ():
    found = name_shortening.differences(("petal length", "petal width", "sepal", "no. 1", "no. 12"))
    assert found == {"petal length": 6, "petal width": 6, "sepal": 0, "no. 1": 5, "no. 12": 5}


@pytest.mark.gl
@pytest.mark.parametrize("width", [90, 120, 190])
def test_names_that_begin_alike_are_cut_in_the_middle(frame, width):
    made = [name_shortening.cut(name, width, LONG) for name in LONG]
    assert len(set(made)) == len(LONG) and all("…" in text for text in made)
    assert all(text.endswith(str(k)) for k, text in enumerate(made))
    assert all(imgui.calc_text_size(text).x <= width for text in made)


@pytest.mark.gl
def test_others_are_cut_at_their_end_and_what_fits_is_not_cut(frame):
    names = ("Bundesministerium für Ernährung, Landwirtschaft", "setosa")
    assert name_shortening.cut("setosa", 200, names) == "setosa"
    assert name_shortening.cut(names[0], 120, names).startswith("Bundesmin") and name_shortening.cut(names[0], 120, names).endswith("…")


@pytest.mark.gl
@pytest.mark.parametrize("width", [170, 220, 300])
def test_a_share_stays_behind_a_name_that_is_cut(frame, width):
    text = name_shortening.kept("the network says ", f"{LONG[12]} (97.2 %)", width, LONG)
    assert text.endswith("12 (97.2 %)") and imgui.calc_text_size(text).x <= width
    assert name_shortening.kept("", "a long name of a target = 1.42", 120).endswith(" = 1.42")
    pair = name_shortening.both(LONG[3], " → ", LONG[21], width, LONG)
    left, _, right = pair.partition(" → ")
    assert left.endswith("3") and right.endswith("21") and imgui.calc_text_size(pair).x <= width


@pytest.mark.gl
def test_scripts_without_glyphs_are_distinguished(frame, monkeypatch):
    monkeypatch.setattr(font_fallback, "system_fonts", lambda _character: [])
    names = Legible(frame.overlay._fonts)
    assert names.text("山鸢尾") == "ShanYuanWei" and names.text("变色鸢尾") == "BianSeYuanWei"
    assert names.text("花瓣 length") == "HuaBan length" and names.text("größer als ½") == "größer als ½"
    assert names.text("שלום").isascii() and names.text("서울").isascii()
    assert names.text("是") != names.text("事"), "what sounds the same too"
    hard = [names.text(text) for text in ("山", "\U000323af", "🜁", "𓀀")]
    assert len(set(hard)) == 4 and all(text.strip() for text in hard)
    readout = readouts.readout()
    assert names.of(readout) is readout, "nothing is made anew where all can be read"


@pytest.mark.gl
def test_a_readout_has_legible_names_and_parts_that_stay_keep_their_identity(frame, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(font_fallback, "system_fonts", lambda _character: [])
    names = Legible(frame.overlay._fonts)
    readout = readouts.readout(neuron=readouts.neuron(2, 5))
    reported = replace(
        readout, class_names=("山鸢尾", "变色鸢尾"), sample_label="山鸢尾", sample_answer="变色鸢尾 (72.0 %)", features=("花瓣",)
    )
    made = names.of(reported)
    assert made.class_names == ("ShanYuanWei", "BianSeYuanWei") and made.sample_answer == "BianSeYuanWei (72.0 %)"
    assert made.features == ("花瓣",), "these are written back into scenes"
    assert made.neuron is names.of(reported).neuron and made.topology is names.of(reported).topology
    assert np.array_equal(made.charts.train_step, reported.charts.train_step)


@pytest.mark.gl
def test_a_font_of_the_system_is_taken_on(frame, monkeypatch, tmp_path):
    broken = tmp_path / "no.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setattr(font_fallback, "system_fonts", lambda _character: [broken])
    names = Legible(frame.overlay._fonts)
    assert names.text("山") == "Shan"
    asked = []
    monkeypatch.setattr(font_fallback, "system_fonts", lambda character: asked.append(character) or [tmp_path / "cjk.otf"])
    monkeypatch.setattr(font_fallback.theme, "merge", lambda _fonts, path: monkeypatch.setattr(names, "_has", lambda _c: True))
    assert names.text("川") == "川" and asked == ["川"]
