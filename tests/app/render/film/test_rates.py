"""Fractional frame rates: exact in the container, in lengths, in times, in pieces; whole ones as ever."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.app.cli.commands.record import outline
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.frame_renderer import FrameRenderer
from nnviz3d.spec import frame_rates, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.video import gif, segment_folder
from tests.app.render.film.conftest import FilmRequest, job
from tests.helpers.segments import make, plan

av = pytest.importorskip("av", reason="films need the extra `video`")
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (30, 30), (30.0, 30), ("30", 30), ("60/2", 30), (29.97, NTSC), ("29.97", NTSC), ("30000/1001", NTSC), (NTSC, NTSC),
        (float(NTSC), NTSC),
        ("23.976", Fraction(24000, 1001)), ("23.98", Fraction(24000, 1001)), ("59.94", Fraction(60000, 1001)),
        ("119.88", Fraction(120000, 1001)), (47.952, Fraction(48000, 1001)),
        ("12.5", Fraction(25, 2)), ("1.5", Fraction(3, 2)), ("1", 1), ("1000", 1000), ("24.5", Fraction(49, 2)), (" 25 ", 25),
    ],
)  # fmt: skip
def test_rates(value, rate):
    assert frame_rates.exact(value) == rate
    kept = frame_rates.canonical(value)
    assert frame_rates.exact(kept) == rate and (type(kept) is int) == (Fraction(rate).denominator == 1)


@pytest.mark.parametrize("value", ["0", 0, -1, "0.5", 1001, "1000.5", "1/0", "30/", "/30", "a", "", "29,97", "nan", "inf",
                                   float("nan"), "1e3", True,
                                   None, [30], "30000/1001/2", "29.97/1", "1/1000000000", "-30"])  # fmt: skip
def test_what_is_no_rate(value):
    with pytest.raises(ValueError, match="expected frames per second, 1 to 1,000: 30, 29"):
        frame_rates.canonical(value)


def test_in_scenes(tmp_path):
    for text, fps in (("29.97", "30000/1001"), ('"30000/1001"', "30000/1001"), ("25", 25), ("25.0", 25)):
        path = tmp_path / "a.toml"
        path.write_text(f'[data]\nkind = "xor"\n[record]\nfps = {text}\n')
        scene = toml.load(path)
        assert scene.record.fps == fps and toml.validate(toml.parse(toml.dump(scene).encode(), "x")) == scene
    path.write_text('[data]\nkind = "xor"\n[record]\nfps = 0.1\nwidth = 3\n')
    with pytest.raises(InputError) as caught:
        toml.load(path)
    assert {problem.key for problem in caught.value.problems} == {"record.fps", "record.width"}
    assert "1 to 1,000" in str(caught.value)


@pytest.mark.parametrize(("format", "codec"), [("mp4", "h264"), ("mkv", "ffv1"), ("webm", "vp9"), ("mov", "prores")])
@pytest.mark.parametrize("fps", ["30000/1001", "24000/1001", "60000/1001", "25/2"])
def test_the_container_has_the_exact_rate(tmp_path, monkeypatch, format, codec, fps):
    monkeypatch.setattr(segment_folder, "PIECE_FRAMES", 8)
    rate, target = Fraction(fps), tmp_path / f"a.{format}"
    make(tmp_path / "p", plan(format, codec, 20, fps=fps)).join(target)
    with av.open(str(target)) as film:
        stream = film.streams.video[0]
        times = [frame.pts * frame.time_base for frame in film.decode(video=0)]
        assert len(times) == 20 and abs(stream.average_rate - rate) < rate / 2000
        if format in ("mp4", "mov"):  # Matroska counts in milliseconds
            assert stream.average_rate == rate and times == [k / rate for k in range(20)]
        else:
            assert all(abs(time - k / rate) <= Fraction(1, 1000) for k, time in enumerate(times))


def test_whole_rates_are_the_same_bytes_as_their_ratio(tmp_path):
    for name, fps in (("a", 30), ("b", frame_rates.canonical("60/2"))):
        make(tmp_path / name, plan("mp4", "h264", 20, fps=fps)).join(tmp_path / f"{name}.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_gif_keeps_the_length_and_its_limit():
    delays = gif.delays(2997, NTSC)
    assert sum(delays) == round(Fraction(2997) / NTSC * 100) * 10 and set(delays) == {30, 40}
    assert gif.delays(300, 30) == gif.delays(300, Fraction(30))


@pytest.mark.gl
def test_times_and_lengths_of_a_film(tmp_path):
    """The frame numbered k shows the moment k / rate, also with motion blur; ten minutes are 17,982 frames."""
    made = job(tmp_path / "f.mp4", request=FilmRequest(size="64x64", fps="29.97", duration=600.0))
    reported = outline(made)
    assert (made.count, reported["fps"], reported["frames"]) == (17982, "30000/1001", 17982) and reported["seconds"] == pytest.approx(
        600, abs=0.02
    )
    assert made.plan().rate == NTSC
    seen = []
    record = made.scene.record
    painter = SimpleNamespace(job=made, play=SimpleNamespace(seek=seen.append), stage=None)
    for number in (0, 1, 1001, 17981):
        seen.clear()
        with suppress(AttributeError):  # there is no stage
            FrameRenderer._prepare(painter, number, 0.25)
        assert seen and seen[0] == pytest.approx((number + 0.25) * 1001 / 30000, abs=1e-12)
    assert record.frames(1001.0) == 30000


@pytest.mark.gl
def test_commands(tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "nnviz3d", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )

    for fps, rate in (("29.97", NTSC), ("23.976", Fraction(24000, 1001)), ("30000/1001", NTSC)):
        done = run(
            "record", "xor", "-o", "f.mp4", "--fps", fps, "--duration", "1", "--size", "64x64", "--overwrite", "-q", "--motion-blur", "2"
        )
        assert done.returncode == 0, done.stderr
        with av.open(str(tmp_path / "f.mp4")) as film:
            assert film.streams.video[0].average_rate == rate and film.streams.video[0].frames == round(rate)
        assert Fraction(json.loads((tmp_path / "f.mp4.json").read_text())["fps"]) == rate
    done = run("record", "xor", "-o", "f.gif", "--fps", "59.94", "--size", "64x64")
    assert done.returncode == 2 and "at most 50 frames per second" in done.stderr and "59.94 (60000/1001)" in done.stderr
    done = run("record", "xor", "-o", "g.mp4", "--fps", "0.1", "--size", "641x361")
    assert done.returncode == 2 and "--fps: expected frames per second, 1 to 1,000" in done.stderr
    done = run("record", "xor", "-o", "g.mp4", "--size", "641x361")
    assert done.returncode == 2 and "must be even for h264, found 641x361; 642x362 is" in done.stderr
    done = run("record", "xor", "-o", "g.mp4", "--fps", "29.97", "--dry-run")
    assert "at 29.97 (30000/1001) frames per second" in done.stdout
    done = run("record", "xor", "-o", "p/##.png", "--fps", "29.97", "--duration", "0.2", "--size", "64x64", "-q")
    assert done.returncode == 0 and run("encode", "p/##.png", "-o", "p.mp4", "-q").returncode == 0
    with av.open(str(tmp_path / "p.mp4")) as film:
        assert film.streams.video[0].average_rate == NTSC


@pytest.mark.gl
def test_shards_make_the_film_of_one_run(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_folder, "PIECE_FRAMES", 8)
    request = FilmRequest(size="64x64", fps=29.97, duration=0.9)
    one, many = job(tmp_path / "one.mp4", request=request), job(tmp_path / "many.mp4", request=request)
    reported = pipeline.record(one)
    for part in (2, 1):
        pipeline.shard(many, part, 2)
    assert pipeline.finish(segment_folder.Parts.load(many.folder), many.target, many.sidecar)["frames"] == reported["frames"]
    assert many.target.read_bytes() == one.target.read_bytes()


@pytest.mark.gl
def test_from_python(tmp_path):
    film = nv.record("xor", tmp_path / "f.mp4", fps=Fraction(24000, 1001), size=(64, 64), duration=0.5, progress=False)
    assert film.fps == Fraction(24000, 1001) and film.frames == 12 and film.seconds == pytest.approx(0.5005)
    assert nv.record("xor", tmp_path / "g.mp4", fps=20, size=(64, 64), duration=0.5, progress=False).fps == 20
    with pytest.raises(InputError, match="fps: expected frames per second"):
        nv.record("xor", tmp_path / "h.mp4", fps="many")
    assert np.isfinite(film.seconds)
