"""The benchmarks run and report what they promise. Numbers are looked at by people, never asserted: machines are noisy."""

import json
import subprocess
import sys
from contextlib import closing

import pytest

KEYS = {"edges": {"ms", "floor_ms", "ratio", "edges"}, "neurons": {"ms", "floor_ms", "ratio", "neurons"}}


@pytest.mark.gl
@pytest.mark.parametrize("section", KEYS)
def test_a_section_reports_a_ratio_to_its_floor(section, monkeypatch):
    from nnviz3d.app import bench
    from nnviz3d.app.bench import floors

    monkeypatch.setattr(floors, "REPEATS", 1)
    monkeypatch.setattr(floors, "SECONDS", 0.0)
    report = bench.measure(section)[section]
    assert set(report) == KEYS[section] and all(value > 0 for value in report.values())


@pytest.mark.gl
def test_the_frame_report_tells_python_from_the_driver():
    from nnviz3d.app.bench import frame_times

    report = frame_times.frame(frames=8, warm=4, names=("convnet", "200 x 64"))
    assert 0 < report["python_ms"] < report["p50_ms"] <= report["p99_ms"]
    assert {"draw", "overlay", "train", "present"} <= set(report["stages_p50_ms"])
    for name in ("convnet", "200 x 64"):
        large = report[name]
        assert 0 < large["p50_ms"] <= large["p99_ms"] <= large["max_ms"] and 0 < large["thread_p50_ms"] <= large["thread_max_ms"]


@pytest.mark.gl
def test_the_readings_report_has_all_of_them_open(monkeypatch):
    from nnviz3d.app.bench import frame_times
    from nnviz3d.ui.overlay import Overlay

    opened = []
    monkeypatch.setattr(Overlay, "open", lambda self, *titles: opened.append(titles))
    report = frame_times.readings(frames=3)
    assert opened == [(), ("Charts", "Confusion matrix", "Layers", "Samples", "Moments", "Performance")]
    assert {"closed_p50_ms", "open_p50_ms", "ratio"} <= set(report) and report["ratio"] > 0


@pytest.mark.gl
def test_the_equations_report_stands_beside_its_floor():
    from nnviz3d.app.bench.equations import equations

    report = equations(frames=24, warm=2)
    assert report["learning_floor_ms"] > 0 and report["walk_floor_ms"] > 0
    assert {"learning_neuron_ms", "learning_layer_ms", "walk_weight_ms"} <= set(report)
    assert all(report[f"{family}_reading_ms"] > 0 for family in ("convnet", "resnet-tiny", "sort-gpt"))


@pytest.mark.gl
def test_the_report_of_scale_draws_as_much_however_large_the_network_is(monkeypatch):
    """Once budgets are reached, and all that is large has been looked through in the frames that are not counted."""
    from nnviz3d.app.bench import SIZE, scale
    from nnviz3d.gfx.hosts import open_host

    monkeypatch.setattr(scale, "SIZES", (10**4, 10**6, 10**7, 10**9))
    with closing(open_host(*SIZE, headless=True)) as host:
        report = scale.scale(host, frames=4, largest=10**7)
    assert report["1e+09"] == "left out: not asked for"
    sizes = [report[name] for name in ("1e+04", "1e+06", "1e+07", "1e6 neurons")]
    assert all(0 < each["publish_p50_ms"] <= each["p50_ms"] <= each["max_ms"] for each in sizes)
    assert len({each["edges"] + each["ribbons"] for each in sizes}) == 1 and sizes[0]["edges"] > 0
    assert [each["parameters"] for each in sizes[:3]] == sorted(each["parameters"] for each in sizes[:3])


def test_an_unknown_section_is_bad_usage():
    done = subprocess.run(
        [sys.executable, "-m", "nnviz3d", "bench", "--json", "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "expected one of start" in done.stderr
    assert json.loads(done.stdout)["ok"] is False


@pytest.mark.gl
def test_a_soak_reports_slopes_of_each_part_and_a_line_has_its_slope():
    done = subprocess.run(
        [sys.executable, "-m", "nnviz3d", "bench", "soak", "--hours", "0.001", "--json"], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)["soak"]
    assert done.returncode == 0 and {"learning", "walking", "comparing"} <= set(report)
    for part in ("learning", "walking", "comparing"):
        assert report[part]["frames"] > 0 and report[part]["files"][0] == report[part]["files"][1]
    from nnviz3d.app.bench.soak import line

    slope, error = line([0, 1800, 3600], [5.0, 6.0, 7.0])
    assert slope == pytest.approx(2.0) and error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("words", [["soak", "--hours", "0"], ["nothing"], ["--hours", "1"], ["soak", "--only", "edges"]])
def test_a_soak_of_nothing_is_bad_usage(words):
    done = subprocess.run([sys.executable, "-m", "nnviz3d", "bench", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr


@pytest.mark.parametrize("part", ["learning", "walking", "comparing"])
def test_a_soak_begins_when_what_is_kept_for_going_back_is_full(part):
    from nnviz3d.app.bench import soak

    session = soak.full_session(part)
    for source in [session.source] + ([session.second.source] if session.second else []):
        rewind = source.history
        held = len(rewind._keys)
        assert held > 1 and rewind.spacing == rewind.longest
        source.run(5 * rewind.spacing)
        assert len(rewind._keys) <= held and rewind.bytes <= rewind.budget
