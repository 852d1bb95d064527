"""tools/compare_trees.py starts, sees one pixel that differs, and tells slower from as fast."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOOL = Path(__file__).resolve().parents[1] / "tools" / "compare_trees.py"


@pytest.fixture(scope="module")
def tool():
    found = importlib.util.spec_from_file_location("compare_trees", TOOL)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_it_says_how_it_is_used():
    reported = subprocess.run([sys.executable, TOOL, "--help"], capture_output=True, text=True, check=True).stdout
    assert "--frames" in reported and "--bench" in reported
    assert subprocess.run([sys.executable, TOOL, "."], capture_output=True, check=False).returncode == 2


def save(path: Path, image: np.ndarray) -> Path:
    Image.fromarray(image).save(path)
    return path


@pytest.mark.parametrize("channels", [3, 4])
def test_one_pixel_by_one_level_is_a_difference_and_its_place_is_shown(tool, tmp_path, channels):
    image = np.full((27, 48, channels), 7, np.uint8)
    first, same = save(tmp_path / "a.png", image), save(tmp_path / "b.png", image)
    assert tool.difference(first, same, tmp_path / "d.png") == "" and not (tmp_path / "d.png").exists()
    image[5, 40, channels - 1] += 1
    reported = tool.difference(first, save(tmp_path / "c.png", image), tmp_path / "d.png")
    assert reported == "1 of 1,296 pixels differ, by at most 1 levels; x 40..40, y 5..5"
    shown = np.asarray(Image.open(tmp_path / "d.png"))
    assert np.argwhere(shown).tolist() == [[5, 40]]


def test_no_pair_is_a_difference(tool, tmp_path):
    first = save(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert "missing" in tool.difference(first, tmp_path / "none.png", tmp_path / "d.png")
    assert "sizes differ" in tool.difference(first, save(tmp_path / "b.png", np.zeros((4, 5, 3), np.uint8)), tmp_path / "d.png")


@pytest.fixture
def drawing(tool, monkeypatch):
    """Trees whose commands write a picture of one grey: 10 in the tree `same`, 10 in `this`, 11 in `other`; `broken` ends with 3."""

    def run(tree: Path, words: str, folder: Path):
        save(folder / words.split()[-1], np.full((2, 2, 3), 11 if tree.name == "other" else 10, np.uint8))
        return subprocess.CompletedProcess([], 3 if tree.name == "broken" else 0, "", "no")

    monkeypatch.setattr(tool, "run", run)


@pytest.mark.parametrize(("tree", "same"), [("same", True), ("other", False), ("broken", False)])
def test_pictures_that_differ_are_reported_and_decide(tool, drawing, tree, same, tmp_path, capsys):
    assert tool.compare_frames(Path("this"), Path(tree), tmp_path, "plate") is same
    reported = capsys.readouterr().out
    assert ("all identical" in reported) is same and {"other": "4 of 4 pixels", "broken": "ends with 3"}.get(tree, "plate") in reported
    assert not tool.compare_frames(Path("this"), Path(tree), tmp_path, "no such picture")


def test_every_time_of_a_report_has_its_line(tool):
    report = {"size": [1280, 720], "frame": {"p50_ms": 20.0, "stages_p50_ms": {"draw": 6.5}, "level": "auto 2", "frames": 3}}
    report["cases"] = [{"network": "64-10", "batch": 32, "own_us": 46.4}]
    assert dict(tool.times(report)) == {"frame p50_ms": 20.0, "frame stages_p50_ms draw": 6.5, "cases 64-10 own_us": 46.4}


def test_a_ratio_is_of_medians_and_coarse_times_have_none(tool):
    assert tool.ratios([11.0, 12.5, 30.0], [10.0, 10.0, 10.0]) == pytest.approx((1.25, 1.1, 3.0))
    assert tool.ratios([0.02, 0.03], [0.01, 0.02]) is None


def test_slower_is_what_was_slower_in_every_round(tool, monkeypatch, capsys):
    found = iter([100, 120, 100, 90, 100, 130, *[100, 120] * 3, *[100, 105] * 3])  # other and this, in turns

    def run(tree: Path, words: str, folder: Path):
        return subprocess.CompletedProcess([], 0, f'{{"x": {{"a_ms": {next(found)}, "b": 1.0}}}}', "")

    monkeypatch.setattr(tool, "run", run)
    for _ in range(3):
        tool.compare_benches(Path("this"), Path("other"), 3, "bench edges")
    reported = capsys.readouterr().out.splitlines()
    assert [line.partition(")")[2].strip() for line in reported] == ["slower, or chance", "SLOWER", ""]
    assert "1.200  (0.900 to 1.300)" in reported[0]


def test_a_part_that_fails_in_one_tree_is_reported_and_the_others_are_measured(tool, monkeypatch, capsys):
    def run(tree: Path, words: str, folder: Path):
        slower = tree.name == "this"
        return subprocess.CompletedProcess([], int("edges" in words and slower), f'{{"x": {{"a_ms": {11.25 if slower else 10.0}}}}}', "no")

    monkeypatch.setattr(tool, "run", run)
    tool.compare_benches(Path("this"), Path("other"), 3, "bench ")
    reported = capsys.readouterr().out
    assert reported.count("this ends with 1: no") == 3
    assert reported.count("1.125  (1.125 to 1.125)  SLOWER") == len(tool.OWN) - 1
