"""A session that watches a loop: what it follows, holds, says; and the whole way through the commands, with a loop in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.readout import build
from nnviz3d.app.session.loop_watcher import LoopWatcher
from nnviz3d.app.session.session import Session
from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.app.window.loop import Loop
from nnviz3d.backend import choose
from nnviz3d.gfx.hosts import open_host
from nnviz3d.live import wire
from nnviz3d.sources.watching.feed import WatchedFeed
from nnviz3d.sources.watching.loop import WatchedLoop
from nnviz3d.spec.edit import Edit, Rebuild
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Command
from nnviz3d.spec.reasons import WATCHED
from nnviz3d.spec.scene import Scene
from tests.helpers.loop_stand_in import StandIn

STEP = 1 / 60


def always() -> bool:
    return True


@pytest.fixture
def session() -> Session:
    feed = WatchedFeed(Scene(title="Watch"), 64 << 20)
    made = Session(feed.look, WatchedLoop(feed.look, Path(), choose("cpu"), feed))
    made.running = True
    return made


def hear(session: Session, *messages: bytes) -> None:
    for raw in messages:
        for message in wire.Reader().feed(raw):
            session.source.feed.hear(message, "unix:/loop")


def frames(session: Session, count: int = 1) -> Rebuild:
    """As the window's, without a picture. Returns what was to be rebuilt."""
    level = Rebuild.NOTHING
    for _ in range(count):
        level = max(level, session.take_rebuild())
        session.refresh(gradually=True)
        session.advance(STEP, always)
    session.refresh()
    return level


def said(session: Session) -> str:
    return build.sentence(session)


def test_it_waits_follows_holds_and_follows_again(session):
    assert isinstance(session.mode, LoopWatcher) and session.mode.empty
    frames(session)
    assert "Waiting" in said(session) and "nv.watch" in session.player.watched.code
    loop = StandIn()
    hear(session, loop.hello, loop.structure(), *loop.steps(6, 2, metrics={"val_loss": 0.4, "val_accuracy": 0.7, "acc": 0.8}))
    assert frames(session, 2) == Rebuild.NET and session.source.step == 6 and not session.mode.empty
    assert session.scene.title == "stand-in" and "Following stand-in" in said(session) and session.name == "stand-in"
    charts = session.curves.charts
    assert charts.train_step.tolist() == [1, 2, 3, 4, 5, 6] and charts.train_loss[-1] == np.float32(loop.trainer.loss)
    assert charts.test_step.tolist() == [2, 4, 6] and charts.test_accuracy[-1] == np.float32(0.7)
    assert (session.scores.test_loss, session.scores.test_accuracy, session.scores.train_accuracy) == (0.4, 0.7, 0.8)
    session.running = False
    hear(session, *loop.steps(4, 2))
    frames(session, 3)
    assert session.source.step == 6 and "Held" in said(session) and session.curves.charts.train_step[-1] == 10
    session.single_step()
    frames(session)
    assert session.source.step == 8
    session.rewind(3)
    assert session.source.step == 2 and not session.running
    session.play()
    frames(session)
    assert session.source.step == 10 and np.array_equal(session.source.tensors("parameter"), loop.trainer.arenas.parameters)


def test_another_network_takes_its_place(session):
    first, second = StandIn(), StandIn("wider", name="second")
    hear(session, first.hello, first.structure(), *first.steps(5))
    frames(session)
    session.running = False
    hear(session, second.hello, second.structure(), *second.steps(3))
    assert frames(session) == Rebuild.NET and session.running and session.source.step == 3
    assert session.scene.network == second.scene.network and session.scene.title == "second"
    assert session.curves.charts.train_step.tolist() == [1, 2, 3] and "gone" in session.banner


def test_ends_are_told(session):
    loop = StandIn()
    hear(session, loop.hello, loop.structure(), *loop.steps(2), loop.end("error", "ValueError: bad label"))
    frames(session, 2)
    assert "ValueError: bad label" in session.banner and "stopped with an error" in said(session)
    for state, words in (("lost", "trying again"), ("finished", "finished"), ("refused", "Not connected"), ("restarted", "another")):
        session.source.feed.say(state, "why")
        frames(session)
        assert words in said(session), state
        assert session.source.step == 2


def test_what_it_cannot_says_why(session):
    loop = StandIn()
    hear(session, loop.hello, loop.structure(), *loop.steps(2))
    frames(session)
    before = session.source.tensors("parameter").copy()
    for act in (
        lambda: session.editing.set_parameter(0, 1.0),
        lambda: session.apply([Edit("train.learning_rate", 0.5)]),
        lambda: session.apply([Edit("network.layers", ())]),
        lambda: session.apply([Edit("compare", {"train.optimizer": "sgd"})]),
    ):
        session.banner = ""
        act()
        assert WATCHED.edit in session.banner
    session.reset(3)
    assert np.array_equal(session.source.tensors("parameter"), before)
    session.apply([Edit("look.ui_scale", 1.2)])
    assert session.scene.look.ui_scale == 1.2


def test_a_step_can_be_walked_through_and_left(session):
    loop = StandIn()
    hear(session, loop.hello, loop.structure(), *loop.steps(4))
    frames(session)
    session.start_walk(Place(1, 0.5))
    assert isinstance(session.mode, StepPlayer) and session.walking.walk.tape.step == 5
    session.move("phase", 1)
    hear(session, *loop.steps(2))
    frames(session, 3)
    reading = session.walking.reading()
    assert reading.batch == 1 and session.seen.sample.x.tolist() == loop.data.x_train[3].tolist()
    session.play()
    frames(session)
    assert isinstance(session.mode, LoopWatcher) and session.source.step == 6
    session.start_walk(None)
    session.rewind(2)
    assert isinstance(session.mode, LoopWatcher) and session.source.step == 2


def test_moments_histograms_and_health(session):
    loop = StandIn()
    hear(session, loop.hello, loop.structure(), *loop.steps(20))
    frames(session)
    session.moments.keep(session, "A")
    hear(session, *loop.steps(200))
    session.wants = {"layers": ("gradient", 0)}
    frames(session, 30)
    session.moments.keep(session, "B")
    session.moments.watch("B - A")
    assert session.pictured.tensors("parameter").any() and len(session.moments.reading(session.source).largest)
    session.moments.enter(session, "A")
    assert session.source.step == 20
    session.play()
    for _ in range(20):
        frames(session)
        readout = build.readout(session, StageReading())
    assert len(readout.layers.step_t) > 5 and np.isfinite(readout.layers.gradient_tl[-1]).all()
    assert readout.findings == ()
    broken = StandIn()
    broken.trainer.arenas.parameters[...] = 0.0
    hear(session, broken.hello, broken.structure(), broken.frame())
    frames(session)
    assert any("identical" in found.title for found in build.readout(session, StageReading()).findings)


def test_the_window_draws_every_state_of_the_link():
    feed = WatchedFeed(Scene(title="Watch"), 64 << 20)
    session = Session(feed.look, WatchedLoop(feed.look, Path(), choose("cpu"), feed))
    loop = Loop(open_host(960, 640, headless=True), session)

    def wait(count: int) -> None:
        for _ in range(count):
            loop.frame(STEP)

    try:
        wait(3)
        empty = loop.host.read().astype(int)
        for network in ("dense", "conv", "wider"):
            told = StandIn(network)
            hear(session, told.hello, told.structure(), *told.steps(6, 2, dropped=3, metrics={"lr": 0.1}))
            wait(4)
            assert session.source.step == 6 and loop.readout().watched.dropped == 3
        assert np.abs(loop.host.read() - empty).mean() > 1
        for state in ("lost", "finished", "failed", "refused", "restarted", "waiting"):
            feed.say(state, "why")
            wait(1)
        for command in (Command("walk"), Command("rewind", 2), Command("move", ("step", 1)), Command("reset"), Command("play")):
            loop.do(command)
            wait(2)
            assert (session.walking is not None) == (command.name == "walk")
        hear(session, told.hello, told.structure(scene="", why="an LSTM is not drawn"), told.frame())
        wait(3)
        assert loop.readout().watched.why and session.mode.empty and not loop.stage.labels()
    finally:
        loop.close()


# ---------------------------------------------------------------- commands


def command(*words, folder: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "XDG_RUNTIME_DIR": str(folder)}
    line = [sys.executable, "-m", "nnviz3d", "watch", *map(str, words)]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(("network", "crash"), [("dense", True), ("conv", False)])
def test_a_loop_in_another_process_is_listed_and_watched(tmp_path, network, crash):
    environment = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    line = [sys.executable, "-m", "tests.helpers.loop_stand_in", network, "10", *(["crash"] if crash else [])]
    loop = subprocess.Popen(line, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert loop.stdout.readline() == "ready\n"
        found = json.loads(command("--list", "--json", folder=tmp_path).stdout)
        assert [each["run"] for each in found] == [f"{network} loop"] and "parameters" in found[0]["what"]
        done = command("--headless", "--frames", 60, "--size", "640x480", "--screenshot", "a.png", "--stats", "s.json", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "a.png").stat().st_size > 20_000 and json.loads((tmp_path / "s.json").read_text())["frames"] == 60
        done = command(found[0]["address"], "--headless", "--frames", 2, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    finally:
        loop.stdin.close()
        loop.wait(20)


def test_bad_words(tmp_path):
    for words, text in (
        (["http://x"], "expected tcp://"),
        (["tcp://x:99999999", "--headless", "--frames", "1"], "expected tcp://"),
        (["--headless"], "--frames"),
        (["--headless", "--frames", "2", "--screenshot", "a.mp4"], "a.mp4"),
    ):
        done = command(*words, folder=tmp_path)
        assert done.returncode == 2 and text in done.stderr, done.stderr
    assert "no loop" not in command("--list", folder=tmp_path).stdout.lower()
