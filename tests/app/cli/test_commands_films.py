"""`record` and `encode` through the console script: a kill, shards, what is there already, what is refused before any work."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="films need the extra `video`")
COMMAND = str(Path(sys.executable).parent / "nnviz3d")
pytestmark = pytest.mark.gl
SMALL = ("--size", "320x240", "--fps", "30", "--duration", "3", "--set", "look.quality=low")


@pytest.fixture
def nnviz3d(tmp_path):
    def run(*arguments) -> subprocess.CompletedProcess:
        return subprocess.run([COMMAND, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, timeout=100)

    return run


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_film_that_was_killed_goes_on_and_is_the_same(nnviz3d, tmp_path):
    done = nnviz3d("record", "xor", "-o", "a.mp4", *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert reported == json.loads((tmp_path / "a.mp4.json").read_text()) and len(reported["frames"]) == 90
    words = [COMMAND, "record", "xor", "-o", "b.mp4", *SMALL, "-q"]
    killed = subprocess.Popen(words, cwd=tmp_path)
    raw = tmp_path / "b.mp4.parts" / "00000.raw"
    end = time.monotonic() + 60
    while not (raw.exists() and raw.stat().st_size > 5 * 320 * 240 * 3) and time.monotonic() < end and killed.poll() is None:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "b.mp4").exists()
    again = nnviz3d("record", "xor", "-o", "b.mp4", *SMALL)
    assert again.returncode == 2 and "--resume continues" in again.stderr
    assert nnviz3d("record", "xor", "-o", "b.mp4", *SMALL, "--resume").returncode == 0
    assert digest(tmp_path / "b.mp4") == digest(tmp_path / "a.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.mp4.json", "b.mp4", "b.mp4.json"]


def test_shards_are_joined_by_encode(nnviz3d, tmp_path):
    nnviz3d("record", "xor", "-o", "a.mkv", *SMALL)
    for part in ("2/2", "1/2"):
        early = nnviz3d("encode", "b.mkv.parts")
        assert early.returncode == 2
        assert nnviz3d("record", "xor", "-o", "b.mkv", *SMALL, "--shard", part).returncode == 0
    assert "missing: frames 0..59" in early.stderr
    assert nnviz3d("encode", "b.mkv.parts", "--json").returncode == 0
    assert digest(tmp_path / "a.mkv") == digest(tmp_path / "b.mkv")


def test_a_dry_run_tells_and_writes_nothing(nnviz3d, tmp_path):
    reported = json.loads(nnviz3d("record", "one-iteration", "-o", "a.mp4", "--preset", "4k60", "--dry-run", "--json").stdout)
    assert (reported["width"], reported["height"], reported["fps"], reported["frames"], len(reported["shots"])) == (
        3840,
        2160,
        60,
        21 * 60,
        6,
    )
    assert reported["shots"][1]["first_frame"] == 300 and reported["about_bytes"] > 1e6
    text = nnviz3d("record", "learning", "-o", "a.mp4", "--dry-run").stdout
    assert "shot 2: frames 150 to 629 (8 s), train 700 steps" in text and "MB" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "a.mp4", "--codec", "divx"], ["--codec", "h264, h265, av1"]),
        (["-o", "a.xyz"], ["xyz", "mp4, mkv"]),
        (["-o", "a"], ["no ending"]),
        (["-o", "a.mp4", "--size", "641x360"], ["must be even"]),
        (["-o", "there/a.mp4"], ["there/a.mp4", "no folder"]),
        (["-o", "a.gif", "--fps", "120"], ["50 frames per second"]),
        (["-o", "a.mp4", "--shard", "3/2"], ["--shard", "1 <= I <= N"]),
        (["-o", "a.mp4", "--shard", "x"], ["--shard"]),
        (["-o", "a.mp4", "--frames", "500..900"], ["--frames", "299"]),
        (["-o", "a.mp4", "--frames", "5..3"], ["--frames"]),
        (["-o", "a.mp4", "--step", "0"], ["--step"]),
        (["-o", "a.mp4", "--transparent"], ["--transparent", "prores"]),
        (["-o", "a.mp4", "--preset", "16k"], ["--preset", "8k30"]),
        (["-o", "a.mp4", "--ssaa", "3"], ["ssaa", "1, 2 or 4"]),
        (["-o", "a.mp4", "--motion-blur", "0"], ["motion_blur"]),
        (["-o", "a.mp4", "--shutter", "2"], ["shutter"]),
        (["-o", "a.mp4", "--shutter", "nan"], ["shutter"]),
        (["-o", "a.mp4", "--fps", "0"], ["fps"]),
        (["-o", "a.mp4", "--duration", "-1"], ["--duration"]),
        (["-o", "a.mp4", "--size", "99999x10"], ["--size"]),
        (["-o", "#-#.png"], ["two placeholders"]),
        (["-o", "a.mp4", "--resume", "--overwrite"], ["--resume --overwrite"]),
        (["-o", "a.mp4", "--set", "record.shot=[{camera=[{at=2.0},{at=1.0}]}]"], ["in order of time"]),
        (["-o", "a.mp4", "--set", "record.shot=[{camera=[{yaw=nan}]}]"], ["yaw"]),
        (["-o", "a.mp4", "--set", 'record.shot=[{does="iterate",start="forward:9"}]'], ["forward", "a layer from 1 to"]),
        (["-o", "a.mp4", "--set", 'record.shot=[{highlight="1:99"}]'], ["neurons 0 to"]),
    ],
)  # fmt: skip
def test_bad_wishes_are_reported_before_the_first_frame(nnviz3d, tmp_path, words, said):
    (tmp_path / "there").touch()
    done = nnviz3d("record", "xor", *words)
    assert done.returncode == 2 and done.stdout == ""
    assert [word for word in said if word not in done.stderr] == []
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_what_is_there_is_not_replaced_unasked(nnviz3d, tmp_path):
    (tmp_path / "a.gif").write_bytes(b"mine")
    done = nnviz3d("record", "xor", "-o", "a.gif", *SMALL)
    assert done.returncode == 2 and "--overwrite" in done.stderr and (tmp_path / "a.gif").read_bytes() == b"mine"


def test_without_the_extra_the_message_names_the_installation(tmp_path, monkeypatch):
    from nnviz3d.spec.errors import InputError
    from nnviz3d.video import codecs

    monkeypatch.setattr(codecs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "nnviz3d\[video\]"'):
        codecs.choose(tmp_path / "a.mp4", size=(64, 64), fps=30)


@pytest.mark.parametrize("plan", ["{}", "[]", '{"plan": {}, "about": {}}', "x" * 1000, '{"plan": 3}'])
def test_a_folder_that_is_no_film_is_reported(nnviz3d, tmp_path, plan):
    (tmp_path / "f.parts").mkdir()
    (tmp_path / "f.parts" / "plan.json").write_text(plan)
    done = nnviz3d("encode", "f.parts")
    assert done.returncode == 2 and "not a film parts folder" in done.stderr
