"""Playing recordings: through the commands, in a session, and in the window by synthetic events."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from imgui_bundle import imgui

import nnviz3d as nv
from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.probes import explain_parameter
from nnviz3d.app.session import opening
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.training import evaluator, metric_log
from nnviz3d.app.window.loop import Loop
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Command
from tests.helpers.person import Person, change

K = imgui.Key
STEPS = 120


def nnviz3d(*words, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nnviz3d", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=os.environ | {"PYTHONPATH": str(Path.cwd())}, capture_output=True, text=True, timeout=100)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("playing") / "iris.nnrec"
    assert train(Options(quiet=True), "iris", TrainRequest(steps=STEPS, record=folder)) == 0
    return folder


@pytest.fixture(scope="module")
def gaps(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("playing") / "gaps.nnrec"
    assert train(Options(quiet=True), "iris", TrainRequest(steps=STEPS, record=folder, every=50, half=True)) == 0
    return folder


@pytest.fixture
def session(recorded):
    return opening.read(recorded, [Edit("train.steps_per_second", 60.0)]).session("cpu", REMEMBER)


def more() -> bool:
    return True


# ---------------------------------------------------------------- commands


def test_train_records_and_learns_the_same(tmp_path):
    plain = nnviz3d("train", "iris", "--steps", 50, "--save", "a.safetensors", cwd=tmp_path)
    done = nnviz3d(
        "train", "iris", "--steps", 50, "--save", "b.safetensors", "--log", "l.jsonl", "--record", "r.nnrec", "--json", cwd=tmp_path
    )  # fmt: skip
    assert (plain.returncode, done.returncode) == (0, 0), done.stderr
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert json.loads(done.stdout)["recording"]["kept"] == 51
    losses = [json.loads(line)["loss"] for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert np.array_equal(Recording(tmp_path / "r.nnrec").loss, np.float32(losses))

    facts = json.loads(nnviz3d("inspect", "r.nnrec", "--json", cwd=tmp_path).stdout)
    assert (facts["kind"], facts["steps"], facts["kept"], facts["every"], facts["dtype"]) == ("recording", 50, 51, 1, "F32")
    assert facts["ended"] and facts["loss"] == pytest.approx(losses[-1]) and facts["scene"]["data"]["kind"] == "iris"
    assert "51 kept, every step, 32 bits" in nnviz3d("inspect", "r.nnrec", cwd=tmp_path).stdout

    again = nnviz3d("train", "iris", "--steps", 9, "--record", "r.nnrec", cwd=tmp_path)
    assert again.returncode == 2 and "--overwrite replaces it" in again.stderr and not again.stdout
    again = nnviz3d("train", "iris", "--steps", 9, "--record", "r.nnrec", "--overwrite", "--every", 4, cwd=tmp_path)
    assert again.returncode == 0 and Recording(tmp_path / "r.nnrec").steps.tolist() == [0, 4, 8, 9]
    bad = nnviz3d("train", "iris", "--every", 3, "--half", cwd=tmp_path)
    assert bad.returncode == 2 and "--every --half: is an option for recordings; give the file with --record" in bad.stderr
    weights = nnviz3d("export", "r.nnrec", "--step", 8, "-o", "w.safetensors", cwd=tmp_path)
    assert weights.returncode == 0 and (tmp_path / "w.safetensors").is_file()


@pytest.mark.gl
def test_the_recording_runs_and_is_shot(recorded, gaps, tmp_path):
    done = nnviz3d("run", recorded, "--headless", "--frames", 8, "--size", "320x200", "--screenshot", "p.png", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "p.png").stat().st_size > 1000, done.stderr
    for name, source, step in (("a", "iris", 60), ("b", recorded, 60)):
        words = ("shot", source, "--step", step, "--no-ui", "--size", "320x200", "-o", f"{name}.png", "--set", "view.labels=false")
        assert nnviz3d(*words, cwd=tmp_path).returncode == 0
    from PIL import Image

    a, b = (np.asarray(Image.open(tmp_path / f"{name}.png"))[:110].astype(int) for name in "ab")  # above the captions
    assert np.array_equal(a, b), "the network of a recording is drawn as the trained one"
    walk = nnviz3d("shot", recorded, "--phase", "forward:1", "-o", "x.png", cwd=tmp_path)
    assert walk.returncode == 2 and "cannot be shown phase by phase" in walk.stderr and not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("command", ["run --headless --frames 2", "shot -o x.png", "inspect", "train", "export -o x.toml"])
def test_every_command_tells_a_bad_recording(command, recorded, tmp_path):
    bad = tmp_path / "bad.nnrec"
    bad.mkdir()
    (bad / "index.jsonl").write_text((recorded / "index.jsonl").read_text())
    name, *rest = command.split()
    done = nnviz3d(name, bad, *rest, cwd=tmp_path)
    assert done.returncode == 2 and "000000.safetensors: no such file" in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.glob("x.*"))


def test_learning_settings_of_a_recording_cannot_be_set(recorded):
    with pytest.raises(InputError) as error:
        opening.read(recorded, [Edit("train.learning_rate", 1.0), Edit("network.layers.0.units", 3), Edit("look.glow", 2.0)])
    assert [problem.key for problem in error.value.problems] == ["network.layers", "train.learning_rate"]
    assert opening.read(recorded, [Edit("look.glow", 2.0)]).scene.look.glow == 2.0


def test_a_kill_in_the_middle_leaves_what_was_finished(tmp_path):
    words = [sys.executable, "-m", "nnviz3d", "train", "digits", "--steps", "1000000", "--record", "r.nnrec", "-q"]
    run = subprocess.Popen(words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    try:
        folder, end = tmp_path / "r.nnrec", time.monotonic() + 60
        while not (folder / "000001.safetensors").exists():
            assert time.monotonic() < end and run.poll() is None
            time.sleep(0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    recording = Recording(folder)
    assert recording.end is None and len(recording.steps) > 0
    source = opening.read(folder).session("cpu").source
    source.enter(int(recording.steps[-1]))
    assert "was interrupted, or is still being written" in nnviz3d("inspect", "r.nnrec", cwd=tmp_path).stdout


def test_an_interrupted_and_a_diverged_run_end_cleanly(tmp_path):
    loud = Options(quiet=True, sets=("train.learning_rate=1e9", "train.optimizer=sgd"))
    assert train(loud, "reg-plane", TrainRequest(steps=STEPS, record=tmp_path / "d.nnrec")) == 3
    recording = Recording(tmp_path / "d.nnrec")
    assert recording.end.end == "diverged" and recording.end.diverged is not None
    session = opening.read(tmp_path / "d.nnrec").session("cpu")
    session.run_to(10**6)
    assert f"training diverged at step {recording.end.diverged:,}" in session.player.sentence()


def test_a_full_disk_ends_with_3(tmp_path):
    code = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.argv = ["nnviz3d", "train", "digits", "--steps", "3000", "--record", "r.nnrec"]
from nnviz3d.app.cli.main import main
main()
"""
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "cannot be written: File too large; 1 recorded steps are complete" in done.stderr, done.stderr
    assert "digits: 1,575 steps" in done.stdout and Recording(tmp_path / "r.nnrec").steps.tolist() == [0]


def test_from_python(recorded):
    recording = nv.load_recording(recorded)
    assert recording.steps.shape == (STEPS + 1,) and recording.loss.shape == (STEPS,)
    assert recording.parameters(7).shape == (recording.head.parameters,)
    assert recording.activations(7).shape == (recording.head.neurons,)


# ---------------------------------------------------------------- a session


def test_it_plays_at_the_pace_and_holds_at_its_end(session):
    session.running = True
    session.advance(0.5, more)
    assert session.source.step == 30
    for _ in range(60):
        session.advance(1 / 60, more)
    assert session.source.step == 90
    session.advance(9.0, more)
    assert session.source.step == STEPS and not session.running and "End of the recording" in session.player.sentence()
    session.play()
    assert session.running and session.source.step == 0, "from the start again"


def test_full_speed_is_the_whole_in_ten_seconds(session):
    session.apply([Edit("train.steps_per_second", 0.0)])
    assert session.banner == ""
    session.running = True
    session.advance(5.0, more)
    assert session.source.step == STEPS // 2
    session.advance(0.001, more)
    assert session.source.step == STEPS // 2 + 1, "a kept step a frame at least"


def test_gaps_wait_until_the_next_kept_step(gaps):
    session = opening.read(gaps, [Edit("train.steps_per_second", 10.0)]).session("cpu", REMEMBER)
    session.running = True
    seen = []
    for _ in range(13):
        session.advance(1.0, more)
        seen.append(session.source.step)
    assert seen == [0] * 4 + [50] * 5 + [100] * 2 + [STEPS] * 2


def test_going_anywhere_gives_the_same_numbers(session):
    session.run_to(77)
    there = session.source.tensors("parameter").copy()
    for step in (3, 110, 77):
        session.rewind(step)
    assert session.source.step == 77 and np.array_equal(session.source.tensors("parameter"), there)
    session.refresh()
    assert session.evaluate().test_accuracy == session.source.evaluate("test")[1]


def test_the_curves_are_of_the_whole_and_stay_so(session):
    charts = session.curves.charts
    assert charts.train_step[-1] == STEPS and len(charts.test_step) > 2
    session.running = True
    for _ in range(40):
        session.advance(0.02, more)
    session.evaluate()
    assert session.curves.charts is charts
    past = metric_log.between(charts, 0, session.source.step)
    assert past.train_step[-1] == session.source.step < STEPS and past.test_step[-1] <= session.source.step


def test_a_look_that_lasts_many_frames_ends_while_it_plays(session, monkeypatch):
    monkeypatch.setattr(evaluator, "BLOCKS", 1)
    session.play()
    seen = set()
    for _ in range(100):
        session.advance(1 / 60, more)
        seen.add(session.scores.step)
    assert len(seen - {-1}) >= 2 and session.running
    scores = session.scores
    session.go_to(lambda: session.source.enter(scores.step), session.curves)
    assert session.source.evaluate("test") == (scores.test_loss, scores.test_accuracy)  # of one step, whatever has played since


def test_moves_go_by_kept_steps_and_epochs(gaps):
    session = opening.read(gaps).session("cpu", REMEMBER)
    session.running = True
    places = []
    for unit, count in (("step", 1), ("step", 1), ("step", -1), ("epoch", 1), ("epoch", -1), ("step", -1), ("step", -1), ("phase", 1)):
        session.player.move(unit, count)
        places.append(session.source.step)
    whole = session.source.of_epoch[1]
    assert places[:3] == [50, 100, 50] and not session.running
    assert places[3] == session.source.recording.at(50 // whole * whole + whole) and places[-1] == 0
    session.single_step()
    assert session.source.step == 50


def test_what_needs_training_is_reported_and_changes_nothing(session):
    session.run_to(40)
    scene, before = session.scene, session.source.tensors("parameter").copy()
    acts = (
        lambda: session.apply([Edit("train.learning_rate", 1.0)]),
        lambda: session.apply([Edit("network.layers.0.units", 3)]),
        lambda: session.apply([Edit("data.kind", "wine")]),
        lambda: session.reset(7),
        lambda: session.start_walk(),
        lambda: session.editing.set_parameter(0, 1.0),
        lambda: session.editing.hold("killed", (5,), True),
    )
    for act in acts:
        session.banner = ""
        session.running = True
        act()
        assert "recording" in session.banner and session.running and session.walking is None
        assert session.scene == scene and session.source.step == 40 and not session.history.can_undo
        assert np.array_equal(session.source.tensors("parameter"), before) and session.curves.charts.train_step[-1] == STEPS
    with pytest.raises(InputError, match="This is a recording"):
        nv_load(session)
    session.reset()
    assert session.source.step == 0


def nv_load(session):
    from nnviz3d.app.session import scene_files

    scene_files.load_weights(session, Path("any.safetensors"))


def test_two_moments_of_a_recording_are_compared(session):
    session.run_to(10)
    session.moments.keep(session, "A")
    session.run_to(100)
    session.moments.keep(session, "B")
    a, b = (session.source.recording.parameters(step) for step in (10, 100))
    largest = session.moments.reading(session.source).largest
    assert abs(largest[0].after - largest[0].before) == np.abs(b - a).max()
    session.moments.enter(session, "A")
    assert session.source.step == 10 and session.banner == ""
    session.running = True
    session.advance(0.1, more)
    assert session.source.step == 16, "the play head follows"


def test_a_kept_moment_of_a_recording_tells_what_the_recording_tells(session):
    session.run_to(60)
    p = session.source.topology.nodes[1].weight.start
    reported = explain_parameter.read(session.pictured, p)
    session.moments.keep(session, "A")
    session.run_to(80)
    session.moments.watch("A")
    assert reported.gradient and reported.change and explain_parameter.read(session.pictured, p) == reported


def test_layers_show_the_whole_recording(session):
    for _ in range(130):
        session.layers.pass_time(1 / 60)
        reading = session.layers.reading(session.source, ("weight", 0))
    assert session.source.step == 0 and reading.step_t[0] == 0 and reading.step_t[-1] == STEPS and len(reading.step_t) > 50
    assert np.isfinite(reading.gradient_tl[1:]).all() and np.isfinite(reading.ratio_tl[1:]).all()


def test_the_scene_of_a_recording_is_saved_beside_nothing_of_it(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert session.save() == tmp_path / "iris.toml"
    assert nv.Scene.load(tmp_path / "iris.toml").data.kind == "iris"


# ---------------------------------------------------------------- the window


class Viewer(Person):
    def __init__(self, recorded: Path, edits=(), size=(1000, 640)):
        self.host = open_host(*size, headless=True)
        still = [Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "balanced")]
        session = opening.read(recorded, [*still, Edit("train.steps_per_second", 60.0), *edits]).session("cpu", REMEMBER)
        self.loop = Loop(self.host, session, False)
        self.loop.overlay.memory.hint = False
        self.frames(3)


@pytest.fixture
def viewer(recorded):
    opened = Viewer(recorded)
    yield opened
    opened.close()


@pytest.mark.gl
def test_play_pause_and_the_line_in_the_window(viewer):
    session = viewer.session
    start = viewer.look()
    viewer.click(*viewer.where("play"))
    viewer.frames(30)
    assert session.running and session.source.step > 20
    viewer.click(*viewer.where("play"))
    held = session.source.step
    viewer.frames(5)
    assert not session.running and session.source.step == held
    x, y = viewer.where("history")
    imgui.get_io().add_mouse_pos_event(x, y)
    viewer.frames(2)
    imgui.get_io().add_mouse_button_event(0, True)
    viewer.frames(2)
    places = []
    for shift in (0, 60, 120, 40, -80, -200):
        imgui.get_io().add_mouse_pos_event(x + shift, y)
        viewer.frames(2)
        places.append(session.source.step)
    imgui.get_io().add_mouse_button_event(0, False)
    viewer.frames(2)
    assert places[0] == STEPS // 2 and places[1] < places[2] > places[3] > places[4] > places[5]
    viewer.key(K.end)
    assert session.source.step == STEPS and change(start, viewer.look()) > 0.003
    viewer.key(K.home)
    assert session.source.step == 0 and change(start, viewer.look()) == 0, "back is the same picture"
    viewer.key(K.period)
    viewer.key(K.period)
    viewer.key(K.comma)
    assert session.source.step == 1


@pytest.mark.gl
def test_walk_and_seed_are_off_and_say_why(viewer):
    for key in (K.i, K.n):
        viewer.session.banner = ""
        viewer.key(key)
        assert "recording" in viewer.session.banner and viewer.session.walking is None
    viewer.session.banner = ""
    for label in ("walk", "new_seed"):
        viewer.click(*viewer.where(label))
        assert viewer.session.walking is None and viewer.session.banner == "" and viewer.session.source.step == 0


@pytest.mark.gl
def test_every_panel_draws_a_recording_with_and_without_its_data(recorded, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,way\n" + "".join(f"{k % 7},{k % 5},{'up' if k % 2 else 'down'}\n" for k in range(60)))
    (tmp_path / "t.toml").write_text(
        '[[network.layers]]\nunits = 4\n[data]\nkind = "csv"\nfile = "t.csv"\n[view]\nplate_x = "a"\nplate_y = "b"\n'
    )
    assert train(Options(quiet=True), str(tmp_path / "t.toml"), TrainRequest(steps=STEPS, record=tmp_path / "t.nnrec")) == 0
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "t.nnrec").rename(away / "t.nnrec")
    for folder, gone in ((recorded, False), (away / "t.nnrec", True)):
        viewer = Viewer(folder, size=(1000, 2400))
        try:
            viewer.open(*viewer.loop.overlay._dock.opened)
            viewer.session.running = True
            viewer.loop.stage.pointer.pick(viewer.session.source.topology.n_neurons - 1)
            for kind in ("weight", "gradient", "change", "signal"):
                viewer.session.apply([Edit("look.edges", kind)])
                viewer.frames(6)
            assert bool(viewer.session.source.gone) == gone and viewer.session.banner == "" and viewer.session.source.step > 10
            viewer.session.apply([Edit("view.plate_x", "a")])
            viewer.frames(2)
        finally:
            viewer.close()


@pytest.mark.gl
def test_another_scene_and_a_recording_open_in_the_window(viewer, recorded):
    viewer.loop.do(Command("open", "xor"))
    viewer.frames(3)
    assert viewer.session.player is None and viewer.session.source.step > 0
    viewer.host.dropped.append(str(recorded))
    viewer.frames(3)
    assert viewer.session.player is not None and viewer.session.running


@pytest.mark.gl
def test_a_chunk_that_goes_while_it_plays_holds_it(tmp_path, recorded):
    import shutil

    copy = tmp_path / "r.nnrec"
    shutil.copytree(recorded, copy)
    viewer = Viewer(copy)
    try:
        (copy / "000001.safetensors").unlink()
        viewer.session.source.recording._open.clear()  # what is mapped can still be read
        viewer.key(K.end)
        assert "can no longer be read" in viewer.session.banner and viewer.session.source.step == 0 and not viewer.session.running
    finally:
        viewer.close()


@pytest.mark.gl
def test_a_film_of_a_recording_has_the_frames_of_the_training(recorded, tmp_path):
    for name, source in (("live", "iris"), ("played", recorded)):
        words = ("record", source, "-o", f"{name}.apng", "--size", "240x160", "--fps", 5, "--duration", 1, "-q")
        done = nnviz3d(*words, "--set", "record.steps=60", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    live, played = (json.loads((tmp_path / f"{name}.apng.json").read_text())["frames"] for name in ("live", "played"))
    assert len(live) == 5 and live == played


def test_a_film_cannot_walk_through_a_recording(recorded, tmp_path):
    shot = '[{does="iterate", seconds=1.0}]'
    done = nnviz3d("record", recorded, "-o", "x.apng", "--set", f"record.shot={shot}", cwd=tmp_path)
    assert done.returncode == 2 and "record.shot.0.does: A recording contains neither mini-batches" in done.stderr
    assert not list(tmp_path.iterdir())
