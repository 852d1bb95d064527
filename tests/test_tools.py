"""The tools that measure and make: each section of tools/bench.py runs in its shortest form and reports what it promises; what
tools/make_datasets.py writes is what is shipped. Numbers are looked at by people, never asserted: machines are noisy."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
RATIOS = {
    "train": {"network", "batch", "own_us", "goal"},
    "transformer": {"network", "batch", "own_us", "goal"},
    "convolution": {"batch", "own_per_s", "goal"},
    "tape": {"step_us", "tape_us", "ratio", "enter_p50_ms", "history_mb"},
    "timeline": {"step_ms", "kept_ms", "mb_per_1000", "jump_ms", "back_to_forth"},
    "threads": {"network", "one_s", "more_s", "ratio"},
    "watch": {"loop", "plain", "watched", "ratio", "cpu_ratio", "goal"},
}
BY_HAND = {"models"}  # writes half a gigabyte; "onnx" makes a graph of 10,000 nodes
FILMS = {
    "record": (4, {"film_against_both", "by_all_cores_against_both", "ms_a_frame"}),
    "memory": (400, {"mb_for_1000_frames", "mb_at_end"}),
    "codecs": (2, {"h264", "ffv1", "gif"}),
    "farm": (4, {"against_half_of_one_core", "cpu_s"}),
}


def load(name: str, monkeypatch):
    """A tool as a module; what it puts on the path is gone after the test."""
    monkeypatch.syspath_prepend(str(TOOLS))
    found = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_these_are_all_sections(monkeypatch):
    tool = load("bench", monkeypatch)
    assert set(tool.SECTIONS) == set(RATIOS) | BY_HAND and set(tool.FILMS) == {*FILMS, "gif", "onnx"}


@pytest.mark.parametrize("section", RATIOS)
def test_a_section_reports_each_case(section):
    command = [sys.executable, TOOLS / "bench.py", section, "--json", "--seconds", "0.01", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)[section]
    assert report["threads"] == 1 and len(report["cases"]) >= 2
    assert all(RATIOS[section] <= set(case) for case in report["cases"])


@pytest.mark.gl
@pytest.mark.parametrize("section", FILMS)
def test_a_section_of_films_reports(section, monkeypatch):
    frames, keys = FILMS[section]
    run = load("bench", monkeypatch).FILMS[section]
    some = {"only": frozenset(keys)} if section == "codecs" else {}  # two frames are too few for the look-ahead of x265
    assert keys <= set(run(frames, **some))


@pytest.mark.gl
def test_the_gif_stands_beside_matplotlibs(monkeypatch):
    tool = load("bench_gif", monkeypatch)
    job_of = tool.bench_films.job_of
    monkeypatch.setattr(tool, "ROUNDS", 1)
    monkeypatch.setattr(tool, "PEER_FRAMES", 1)
    monkeypatch.setattr(tool, "alone", functools.partial(tool.alone, 2))
    monkeypatch.setattr(tool, "compile_dir", lambda *_, **__: None)
    monkeypatch.setattr(tool.bench_films, "job_of", lambda *where, **settings: job_of(*where, **settings | {"record__fps": 1}))
    report = tool.section()
    assert report["ms_a_frame"] > 0 and report["bytes_a_frame"] > 0 and "matplotlib_ms" in report


def test_the_shipped_data_sets_are_what_the_tool_writes(monkeypatch, tmp_path):
    """Read, and written again: the same arrays in the same bytes, but for the version of zlib."""
    tool = load("make_datasets", monkeypatch)
    shipped = sorted(tool.SETS.glob("*.npz"))
    assert [path.stem for path in shipped] == ["breast_cancer", "digits", "iris", "mnist", "wine"]
    monkeypatch.setattr(tool, "SETS", tmp_path)
    for path in shipped:
        with np.load(path, allow_pickle=False) as arrays:
            tool.write(path.stem, **arrays)
            with np.load(tmp_path / path.name, allow_pickle=False) as again:
                assert list(again) == list(arrays)
                assert all(np.array_equal(again[key], arrays[key]) and again[key].dtype == arrays[key].dtype for key in arrays)


def test_the_data_sets_are_scikit_learns(monkeypatch, tmp_path):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    tool = load("make_datasets", monkeypatch)
    shipped = tool.SETS
    monkeypatch.setattr(tool, "SETS", tmp_path)
    tool.main()
    for path in sorted(tmp_path.iterdir()):
        with np.load(path) as made, np.load(shipped / path.name) as there:
            assert all(np.array_equal(made[key], there[key]) for key in there)
