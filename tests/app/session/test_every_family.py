"""Networks with convolutions, norms, residual paths, tokens and attention in a session: moments, the way back, comparing, edits by hand,
frozen and killed channels and cells, undo, checkpoints, recordings and scripts, all to the byte. One shipped scene a family, made small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.probes.explain import last_step
from nnviz3d.app.session import opening
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine.frozen_ranges import frozen_stretches
from nnviz3d.formats import weights
from nnviz3d.spec import toml
from nnviz3d.ui.hud import speed
from tests.helpers.runs import whole

SMALL = {
    "convnet": ("network.layers.0.channels=2", "network.layers.2.channels=3"),
    "resnet-tiny": ("network.layers.0.channels=2", "network.layers.1.repeat=1", "network.layers.2.channels=3"),
    "sort-gpt": ("network.layers.0.units=6", "network.layers.2.repeat=1", "data.samples=300", "network.layers.2.dropout=0.2"),
    "vit-digits": ("network.layers.1.units=6", "network.layers.3.repeat=1"),
    "autoencoder": (),
}
FAMILIES = tuple(SMALL)


def sets(name: str, *more: str) -> tuple[str, ...]:
    return *SMALL[name], "train.batch=5", *more


def session(name: str, *more: str, remember: int = REMEMBER):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(text) for text in sets(name, *more)]), path.parent, "cpu", path, remember)


def parameters(source) -> np.ndarray:
    return source.trainer.arenas.parameters.copy()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_kept_moment_and_the_way_back_are_the_run_that_was(name):
    s = session(name)
    s.run(4)
    s.moments.keep(s, "A")
    at_a = whole(s.source.trainer)
    s.run(5)
    later = whole(s.source.trainer)
    s.rewind(4)
    assert s.source.step == 4 and whole(s.source.trainer) == at_a
    s.run(5)
    assert whole(s.source.trainer) == later
    s.moments.enter(s, "A")
    assert whole(s.source.trainer) == at_a
    s.start_walk()  # one step more
    s.leave_walk()
    s.run(4)
    assert whole(s.source.trainer) == later


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("other", ["train.optimizer=sgd", "network.output.init=zeros"])
def test_each_of_two_networks_learns_as_it_would_alone(name, other):
    s = session(name, f"compare.{other}", remember=0)
    s.run(6)
    assert s.source.step == s.second.source.step == 6 and s.even
    for source, more in ((s.source, ()), (s.second.source, (other,))):
        lone = session(name, *more, remember=0)
        lone.source.run(6)
        assert np.array_equal(parameters(source), parameters(lone.source))


def shared(topology) -> list[int]:
    """A neuron of the first layer that can be frozen, one in the middle, and one whose layer has no parameters, if there is such a one."""
    learning = [topology.nodes[k] for k in topology.learning if topology.nodes[k].unit_axis is not None]
    bare = next((node for node in topology.nodes[1:] if not node.parameters), learning[1])
    return [node.neurons.start + node.size // 2 for node in (learning[-1], learning[len(learning) // 2], bare)]


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_frozen_stays_and_what_is_killed_is_silent(name):
    s = session(name)
    topology = s.source.topology
    s.run(2)
    first, middle, bare = shared(topology)
    s.editing.hold("frozen", [first, middle], True)
    held, before = frozen_stretches(topology, (first, middle)), parameters(s.source)
    s.run(4)
    after = parameters(s.source)
    assert all(np.array_equal(before[r], after[r]) for r in held) and not np.array_equal(before, after)
    s.editing.hold("killed", [first, bare], True)
    s.source.show()
    assert all(s.source.tensors("activation")[n] == 0 for n in (first, bare))
    s.run(2)
    s.source.show()
    assert all(s.source.tensors("activation")[n] == 0 for n in (first, bare))
    assert s.source.diverged is None and np.isfinite(parameters(s.source)).all()
    s.editing.release()
    assert s.source.holds.frozen == s.source.holds.killed == ()


@pytest.mark.parametrize("name", FAMILIES)
def test_an_edit_by_hand_of_each_kind_of_array_is_undone_to_the_byte(name):
    s = session(name)
    s.run(2)
    seen = set()
    for node in s.source.topology.nodes[1:]:
        for part, r in node.parameters:
            if (node.kind, part) in seen:
                continue
            seen.add((node.kind, part))
            s.refresh()
            p, was, loss = r.start + r.size // 2, parameters(s.source), s.source.sample_loss
            s.editing.set_parameter(p, float(was[p]) + 0.5, now=1.0)
            s.history.let_go()
            if r not in [learned for _, learned in node.learned]:
                assert "kept up by training" in s.banner and np.array_equal(parameters(s.source), was)
                continue
            s.refresh()
            now = parameters(s.source)
            assert now[p] == np.float32(was[p] + np.float32(0.5)), (node.name, part, s.banner)
            assert np.flatnonzero(now != was).tolist() == [p]
            s.undo()
            s.refresh()
            assert np.array_equal(parameters(s.source), was) and s.source.sample_loss == loss
    assert len(seen) >= 2


@pytest.mark.parametrize("name", FAMILIES)
def test_commands_go_on_record_and_export_the_same_numbers(name, tmp_path, capsys):
    def run(steps: int, **files) -> None:
        assert train(Options(backend="cpu", sets=sets(name), quiet=True), name, TrainRequest(steps=steps, **files)) == 0

    a, b, film = tmp_path / "a.safetensors", tmp_path / "b.safetensors", tmp_path / "r.nnrec"
    run(9, save=a, record=film, every=3)
    run(4, save=b)
    run(5, save=b, resume=b)
    assert a.read_bytes() == b.read_bytes()
    live, played = session(name, remember=0), opening.read(film, []).session("cpu", REMEMBER)
    for step in (0, 3, 9):
        live.source.run(step - live.source.step)
        played.run_to(step)
        assert played.source.step == step
        assert np.array_equal(played.source.tensors("parameter"), parameters(live.source)), step
    assert last_step(played.source, 0) is not None
    live.source.show()
    played.source.show()
    np.testing.assert_allclose(played.source.tensors("activation"), live.source.tensors("activation"), rtol=1e-5, atol=1e-6)
    kept = weights.load(a, live.source.topology)
    assert all(np.array_equal(kept[key], array) for key, array in live.source.parameters().items())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_script_of_numpy_gives_the_same_answers(name, tmp_path):
    s = session(name, remember=0)
    s.run(3)
    weights.save(tmp_path / "w.safetensors", s.source.parameters(), s.scene)
    toml.save(s.scene, tmp_path / "scene.toml")
    words = [sys.executable, "-m", "nnviz3d", "export", "scene.toml", "--weights", "w.safetensors", "--as", "numpy", "-o", "net.py"]
    done = subprocess.run(
        words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path.cwd())}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    code = "import runpy, json; s = runpy.run_path('net.py'); print(json.dumps(s['predict'](s['ROWS']).tolist()))"
    said = json.loads(subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    data = s.source.data
    for row, x, target in zip(said, data.x_test, data.t_test, strict=False):
        s.source.trainer.show(x, target)
        reported = s.source.tensors("activation")[s.source.topology.output.neurons.slice]
        np.testing.assert_allclose(np.ravel(row), reported, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["autoencoder", "resnet-tiny", "sort-gpt"])
def test_a_walk_of_many_layers_does_not_take_minutes(name):
    path = toml.find(name)
    s = new_session(toml.load(path, [toml.parse_set("train.batch=2")]), path.parent, "cpu")
    s.start_walk()
    walking, seconds = s.walking, 0.0
    count = len(walking.phases)
    while walking.playing and seconds < 300:
        walking.pass_time(0.5)
        seconds += 0.5
    assert walking.over and seconds <= 90 and seconds == pytest.approx(count / walking.reading().speed, abs=1)
    assert speed.lasts(walking.reading()).endswith(f"the {count} phases of the step take {count / walking.speed:.0f} s.")
    assert walking.speed == 0.5 or count > 45
    s.walk_settings.speed = 0.25
    assert walking.reading().speed == 0.25
