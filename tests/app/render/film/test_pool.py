"""A film by several processes of one machine is that of one, whatever becomes of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from nnviz3d.app.render.film import pipeline, process_planner, process_worker
from nnviz3d.app.render.film.frame_renderer import open_session
from nnviz3d.app.render.film.pool import Pool, WorkerLost
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video import segment_folder
from nnviz3d.video.segment_folder import Parts
from tests.app.render.film.conftest import PLAIN, job, same

pytest.importorskip("av", reason="films need the extra `video`")
pytestmark = pytest.mark.gl


@pytest.fixture
def helpers(monkeypatch):
    """The processes that were started."""
    made = []
    start = process_worker.ProcessWorker.__init__

    def watched(self, *arguments):
        start(self, *arguments)
        made.append(self.process)

    monkeypatch.setattr(process_worker.ProcessWorker, "__init__", watched)
    return made


def slowly(monkeypatch, until):
    """This process waits before its first piece is done, so that the others have something to do."""
    render = pipeline.PieceRenderer.render

    def waits(self, number, rendered=lambda done: None):
        end = time.monotonic() + 60
        while not until() and time.monotonic() < end:
            time.sleep(0.02)
        render(self, number, rendered)

    monkeypatch.setattr(pipeline.PieceRenderer, "render", waits)


@pytest.mark.parametrize("target", ["film.mp4", "film.gif", "film/####.png"])
def test_several_processes_make_the_film_of_one(tmp_path, alone, helpers, monkeypatch, target):
    one, seen = job(tmp_path / target), []
    reference = alone[0] if target == "film.mp4" else pipeline.record(job(tmp_path / "alone" / target))
    slowly(monkeypatch, lambda: len(list(one.folder.glob("*.json"))) > 2)  # a plan, and two pieces of somebody else
    reported = pipeline.record(one, jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert reported["frames"] == reference["frames"] and len(reported["renderer"]) == 1
    assert seen[-1] == (300, 300) and [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(helpers) == 1 and helpers[0].poll() == 0, "it has ended by itself"
    if target == "film.mp4":
        assert one.target.read_bytes() == alone[1]
    elif target == "film.gif":
        assert one.target.read_bytes() == (tmp_path / "alone" / target).read_bytes()


def test_a_process_that_is_killed_costs_its_piece_and_not_the_film(tmp_path, alone, helpers, monkeypatch):
    one, said, killed = job(tmp_path / "film.mp4"), [], []

    def until():
        if not killed and any(path.stat().st_size > 50_000 for path in one.folder.glob("0000[1-4].raw")):
            killed.append(helpers[0].pid)
            os.kill(killed[0], signal.SIGKILL)
        return killed

    slowly(monkeypatch, until)
    same(pipeline.record(one, jobs=2, say=said.append), one.target, alone)
    assert re.fullmatch(r"process 2 has stopped \(killed\); frames [\d.]+ go to another", said[0]) and killed and len(said) == 1


def test_a_process_that_cannot_paint_says_why_and_the_others_go_on(tmp_path, alone, helpers, monkeypatch):
    one, said = job(tmp_path / "film.mp4"), []
    start = subprocess.Popen

    def blind(*words, **named):
        named["env"] = named["env"] | {"PYOPENGL_PLATFORM": "nonsense"}
        return start(*words, **named)

    monkeypatch.setattr(process_worker.subprocess, "Popen", blind)
    slowly(monkeypatch, lambda: said)
    same(pipeline.record(one, jobs=2, say=said.append), one.target, alone)
    assert len(said) == 1 and "process 2 has stopped" in said[0] and "PYOPENGL_PLATFORM" in said[0]


def test_ctrl_c_ends_everybody_and_resume_goes_on(tmp_path, alone, helpers, monkeypatch):
    one, said = job(tmp_path / "film.mp4"), []

    def stop(done, total):
        if done >= 80:
            raise KeyboardInterrupt

    slowly(monkeypatch, lambda: list(one.folder.glob("0000[1-4].raw")))
    with pytest.raises(KeyboardInterrupt):
        pipeline.record(one, jobs=2, progress=stop, say=said.append)
    assert helpers and all(process.poll() is not None for process in helpers) and not said
    parts = Parts.load(one.folder)
    kept = sum(len(parts.note(k)["frames"]) for k in parts.finished())
    seen = []
    reported = pipeline.record(one, resume=True, jobs=3, progress=lambda done, total: seen.append(total))
    same(reported, one.target, alone)
    assert seen[-1] == 300 - kept


@pytest.mark.skipif(not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="looks for processes in /proc")
def test_nobody_is_left_behind_when_the_program_is_killed(tmp_path, alone):
    one = job(tmp_path / "film.mp4")
    words = ["record", "xor", "-o", str(one.target), "--size", "96x54", "--fps", "50", "--duration", "6", "--set", "record.steps=200"]
    running = subprocess.Popen([sys.executable, "-m", "nnviz3d", *words, "--jobs", "2", "-q"], cwd=tmp_path)
    end = time.monotonic() + 60
    children: list[int] = []
    while not (children and any(one.folder.glob("*.raw"))) and running.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
        children = [int(pid) for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]
    running.kill()
    running.wait()
    assert children
    while any(_alive(pid) for pid in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in children)
    reported = pipeline.record(one, resume=True)
    same(reported, one.target, alone)


def _alive(pid):
    try:
        return "nnviz3d" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_a_process_without_an_order_ends_quietly():
    done = subprocess.run(
        [sys.executable, "-m", "nnviz3d.app.render.film.process_worker"], input=b"", capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# ---------------------------------------------------------------- how many

LARGE = FilmRequest(size="1280x720", fps=60, duration=10.0)


def worth(monkeypatch, tmp_path, scene="digits", request=LARGE, sets=(), cores=2):
    monkeypatch.setattr(process_planner, "cores", lambda: cores)
    what = job(tmp_path / "film.mp4", scene, request, sets)
    return process_planner.worth(what, what.count, open_session(what))


def test_help_comes_where_it_comes_in_time(tmp_path, monkeypatch):
    assert process_planner.memory() > 1e6
    monkeypatch.setattr(process_planner, "memory", lambda: float("inf"))
    assert worth(monkeypatch, tmp_path) == 2
    assert worth(monkeypatch, tmp_path, cores=8) == 8
    assert worth(monkeypatch, tmp_path, cores=1) == 1
    assert worth(monkeypatch, tmp_path, cores=100) <= process_planner.ENOUGH
    assert worth(monkeypatch, tmp_path, request=PLAIN) == 1, "done before anybody has come"
    heavy = ("network.layers=[{units=2048},{units=2048}]", "record.steps=4000")
    assert worth(monkeypatch, tmp_path, sets=heavy) == 1, "training takes the time, and everybody would have to train"
    huge = FilmRequest(size="7680x4320", fps=60, duration=10.0)
    monkeypatch.setattr(process_planner, "memory", lambda: 2.0**32)
    assert worth(monkeypatch, tmp_path, request=huge, cores=16) == 1
    assert worth(monkeypatch, tmp_path, cores=16) == 4


def test_on_a_graphics_card_one_process_feeds_it(tmp_path, helpers, monkeypatch):
    from nnviz3d.gfx.context import Context

    monkeypatch.setattr(Context, "software", property(lambda self: False))
    monkeypatch.setattr(pipeline, "worth", lambda *_: 3)
    monkeypatch.setattr(pipeline, "graphics", lambda: True)
    reported = pipeline.record(
        job(tmp_path / "film.mp4", request=FilmRequest(size="96x54", fps=30, frames="0..99", duration=5.0)), jobs=None
    )
    assert not helpers and reported["count"] == 100


def test_the_rasterisers_share_is_given_back(monkeypatch):
    monkeypatch.delenv(process_planner.RASTER, raising=False)
    monkeypatch.setattr(process_planner, "cores", lambda: 8)
    with process_planner.shared(4):
        assert os.environ[process_planner.RASTER] == "2"
    assert process_planner.RASTER not in os.environ
    monkeypatch.setenv(process_planner.RASTER, "3")
    with process_planner.shared(4):
        assert os.environ[process_planner.RASTER] == "3", "a person knows better"
    assert os.environ[process_planner.RASTER] == "3"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--jobs", "0"], "expected 1 to 256 processes, found 0"),
        (["--jobs", "999"], "expected 1 to 256 processes, found 999"),
        (["--jobs", "2", "--farm", "local:2"], "a farm has its own workers"),
    ],
)
def test_wrong_numbers_are_reported_before_any_work(tmp_path, words, problem):
    done = subprocess.run(
        [sys.executable, "-m", "nnviz3d", "record", "xor", "-o", "a.mp4", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2 and problem in done.stderr and not list(tmp_path.iterdir())


def test_from_python(tmp_path):
    import nnviz3d as nv

    with pytest.raises(InputError, match="jobs: expected 1 to 256"):
        nv.record("xor", tmp_path / "a.mp4", jobs=0)
    film = nv.record("xor", tmp_path / "b.mkv", size=(96, 54), fps=30, duration=4.0, jobs=2, progress=False)
    assert json.loads((tmp_path / "b.mkv.json").read_text())["count"] == 120 and Path(film.path).stat().st_size


# ---------------------------------------------------------------- the pool by itself


class Hand:
    """A worker that does what `act(number)` says: files, or an error."""

    def __init__(self, name, act):
        self.name, self.act, self.closed = name, act, False

    def render(self, number, progress):
        progress(1)
        return self.act(number)

    def stop(self):
        pass

    def close(self):
        self.closed = True


def lost(number):
    raise WorkerLost("is gone")


@pytest.fixture
def folder(tmp_path):
    plan = segment_folder.FilmPlan("s", 16, 16, 30, 0, 1, 150, "mkv", "h264")
    return Parts(tmp_path / "a.mkv.parts", plan)


def until_finished(pool):
    end = time.monotonic() + 20
    while not pool.finished and time.monotonic() < end:
        pool.wait(0.05)
    assert pool.finished


def test_the_piece_of_a_lost_worker_goes_to_another_and_is_stored_whole(folder):
    said, begun = [], Event()

    def first_loses(number):
        begun.set()
        return lost(number)

    with Pool(folder, range(3), said.append) as pool:
        bad, good = Hand("a", first_loses), Hand("b", lambda number: [b"film", b"{}"])
        pool.add(bad)
        assert begun.wait(10)
        pool.add(good)
        until_finished(pool)
        assert bad.closed and pool.ready == pool.total == 150
    assert len(said) == 1 and said[0].startswith("a is gone; frames ")
    assert all(folder.file(k).read_bytes() == b"film" and folder.file(k, "json").read_bytes() == b"{}" for k in range(3))


def test_a_piece_that_ends_every_worker_ends_the_film(folder):
    with Pool(folder, [1]) as pool:
        for k in range(3):
            pool.add(Hand(f"w{k}", lost))
        with pytest.raises(RunError, match=r"frames 60\.\.119 stopped 3 workers; finished pieces are kept"):
            until_finished(pool)


def test_a_full_disk_here_ends_the_film_and_says_so(folder, monkeypatch):
    def full(path, raw):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "replace", full)
    with Pool(folder, [0]) as pool:
        pool.add(Hand("a", lambda number: [b"film", b"{}"]))
        with pytest.raises(RunError, match="No space left on device; finished pieces are kept"):
            until_finished(pool)
