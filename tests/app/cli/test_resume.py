"""Checkpoints: a run that was interrupted and went on is, to the byte, the run that was not; files that cannot be gone on from."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.probes.explain import last_step
from nnviz3d.app.session import checkpoint_resume
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.formats import checkpoint, weights
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from tests.helpers.runs import OPTIMIZERS, whole

FULL = ("train.clip_norm=1.0", "train.l2=0.001", "train.schedule=cosine", "train.warmup=9", "train.schedule_steps=40")
DROPOUT = ('network.layers=[{units=9,activation="tanh",dropout=0.3},{units=5,dropout=0.1}]',)


def run(scene, *sets, steps, code=0, **files):
    assert train(Options(backend="cpu", sets=sets, quiet=True), str(scene), TrainRequest(steps=steps, **files)) == code


@pytest.mark.parametrize(
    ("scene", "sets"),
    [
        *(("iris", (f"train.optimizer={name}", "train.batch=7", *FULL, *DROPOUT)) for name in OPTIMIZERS),
        ("digits", ("train.order=sequential", "train.batch=100")),
        ("xor", ("train.batch=0", "train.schedule=step", "train.schedule_steps=20")),
        ("reg-plane", ("train.l1=0.01", "train.l1_dead_at_zero=true", "train.optimizer=sgd")),
        ("compare", ()),
        ("residual", ("train.optimizer=adamw", "network.layers.2.dropout=0.2")),
        ("residual", ("compare.network.layers.2.activation=relu",)),
        ("xor", ("compare.train.batch=3", "compare.train.optimizer=rmsprop")),
    ],
)
def test_an_interrupted_run_that_goes_on_is_the_uninterrupted_one(scene, sets, tmp_path, capsys):
    whole, parts, log, tail = (tmp_path / name for name in ("whole.safetensors", "parts.safetensors", "whole.jsonl", "parts.jsonl"))
    run(scene, *sets, steps=57, save=whole, log=log)
    run(scene, *sets, steps=13, save=parts, log=tail)
    run(scene, *sets, steps=21, save=parts, log=tail, resume=parts)
    run(scene, *sets, steps=23, save=parts, log=tail, resume=parts)
    assert parts.read_bytes() == whole.read_bytes()
    mine, theirs = ([json.loads(line) for line in path.read_text().splitlines()] for path in (tail, log))
    assert sorted(mine, key=str) == sorted(theirs, key=str) and len(mine) >= 57
    if "network" not in mine[0]:
        assert tail.read_bytes() == log.read_bytes() and mine[-1]["step"] == 57


def test_a_checkpoint_is_written_on_the_way_and_a_log_that_went_further_goes_on_from_it(tmp_path, capsys):
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    run("iris", steps=50, save=a, log=tmp_path / "a.jsonl")
    kept = []
    save = checkpoint_resume.save
    try:
        checkpoint_resume.save = lambda path, *rest: (save(path, *rest), kept.append(path.read_bytes()))
        run("iris", steps=35, save=b, log=tmp_path / "b.jsonl", checkpoint=10)
    finally:
        checkpoint_resume.save = save
    assert len(kept) == 4 and len(set(kept)) == 4
    b.write_bytes(kept[1])  # the machine failed after step 35: what is there is of step 20
    with (tmp_path / "b.jsonl").open("a") as file:
        file.write('{"step": 36, "lo')
    run("iris", steps=30, save=b, log=tmp_path / "b.jsonl", resume=b)
    assert a.read_bytes() == b.read_bytes() and (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_steps_of_the_scene_are_a_total_and_those_of_the_command_are_more(tmp_path, capsys):
    path, scene = tmp_path / "f.safetensors", ("iris", "train.steps=40")
    run(*scene, steps=25, save=path)
    run(*scene, steps=None, save=path, resume=path)
    assert checkpoint.head(path).state.a.step == 40
    run(*scene, steps=5, save=path, resume=path)
    assert checkpoint.head(path).state.a.step == 45


def test_readers_of_weights_read_a_checkpoint(tmp_path, capsys):
    path = tmp_path / "f.safetensors"
    run("iris", steps=25, save=path)
    scene = toml.load("iris")
    session = new_session(scene, toml.find("iris").parent, "cpu")
    named = weights.load(path, session.source.topology)
    session.source.run(25)
    assert all(np.array_equal(named[name], value) for name, value in session.source.parameters().items())
    with safe_open(path, "numpy") as file:
        assert toml.validate(toml.parse(file.metadata()["nnviz3d"].encode(), "")) == scene
    facts = weights.describe(path)
    assert facts["parameters"] == session.source.topology.n_parameters
    run("iris", steps=5, init=path, save=tmp_path / "again.safetensors")
    assert checkpoint.head(tmp_path / "again.safetensors").state.a.step == 5, "weights alone begin at step 0"


def refused(scene, *sets, tmp_path, resume, **files):
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError) as reported:
        run(scene, *sets, steps=5, resume=resume, save=tmp_path / "new.safetensors", log=tmp_path / "new.jsonl", **files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before, "nothing is written"
    return str(reported.value)


def test_another_scene_or_other_data_are_refused_with_what_differs(tmp_path, capsys):
    path = tmp_path / "f.safetensors"
    run("iris", steps=25, save=path)
    reported = refused("iris", "train.optimizer=sgd", "train.batch=4", "network.layers=[{units=3}]", tmp_path=tmp_path, resume=path)
    assert all(key in reported for key in ("train.optimizer", "train.batch", "network.layers")) and "sgd" in reported and "adam" in reported
    assert "data.kind" in refused("xor", tmp_path=tmp_path, resume=path)
    assert "data.seed" in refused("iris", "data.seed=9", tmp_path=tmp_path, resume=path)
    assert "compare" in refused("iris", "compare.train.optimizer=sgd", tmp_path=tmp_path, resume=path)
    assert "--init --resume" in refused("iris", tmp_path=tmp_path, resume=path, init=path)
    weights.save(tmp_path / "w.safetensors", load_weights(path), toml.load("iris"))
    assert "only weights" in refused("iris", tmp_path=tmp_path, resume=tmp_path / "w.safetensors")
    csv = tmp_path / "t.csv"
    csv.write_text("a,b\n" + "".join(f"{k},{k * k}\n" for k in range(20)))
    (tmp_path / "t.toml").write_text('[data]\nkind = "csv"\nfile = "t.csv"\n')
    run(tmp_path / "t.toml", steps=5, save=path)
    csv.write_text(csv.read_text().replace("7,49", "7,50"))
    assert "data differ" in refused(tmp_path / "t.toml", tmp_path=tmp_path, resume=path)


def load_weights(path):
    return {name: value for name, value in load_file(path).items() if not name.startswith("checkpoint.")}


def test_a_rate_may_be_another_where_somebody_says_so(tmp_path, capsys):
    path, scene = tmp_path / "f.safetensors", tmp_path / "s.toml"
    run("iris", steps=25, save=path)
    text = toml.dump(toml.load("iris"))
    scene.write_text(text.replace("learning_rate = 0.02", "learning_rate = 0.5"))
    assert scene.read_text() != text
    assert "--set train.learning_rate=0.5" in refused(scene, tmp_path=tmp_path, resume=path)
    run("iris", "train.learning_rate=0.5", steps=10, resume=path, save=path)
    session = new_session(toml.load("iris"), toml.find("iris").parent, "cpu")
    session.source.run(25)
    session.source.trainer.configure(session.scene.train.model_copy(update={"learning_rate": 0.5}))
    session.source.run(10)
    assert all(np.array_equal(load_file(path)[name], value) for name, value in session.source.parameters().items())


def test_class_weights_may_be_others_where_somebody_says_so(tmp_path, capsys):
    path, mine, theirs = tmp_path / "f.safetensors", "train.class_weights={setosa=4.0}", "train.class_weights={setosa=2.0}"
    run("iris", mine, steps=25, save=path)
    text = toml.dump(toml.load("iris", [toml.parse_set(theirs)]))
    (tmp_path / "s.toml").write_text(text)
    assert """use --set train.class_weights='{"setosa" = 2.0}'""" in refused(tmp_path / "s.toml", tmp_path=tmp_path, resume=path)
    run("iris", 'train.class_weights={"setosa" = 2.0}', steps=5, resume=path)
    run("iris", "train.class_weights.setosa=2.0", steps=5, resume=path)


def _json(file, **changes):
    state = json.loads(file["checkpoint.state"].tobytes())
    for key, value in changes.items():
        part = state if key in state else state["a"]
        part[key] = value
    file["checkpoint.state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)


def _array(name, change):
    return lambda file: file.update({name: change(file[name].copy())})


def _put(at, value):
    def change(array):
        array[at] = value
        return array

    return change


HOSTILE = {
    "a slot of another shape": _array("checkpoint.slot0", lambda a: a[:-1]),
    "a slot too many": lambda f: f.update({"checkpoint.slot2": f["checkpoint.slot0"]}),
    "a slot that is missing": lambda f: f.pop("checkpoint.slot1"),
    "a slot that is not finite": _array("checkpoint.slot0", _put(3, np.nan)),
    "negative means of squares": _array("checkpoint.slot1", _put(3, -1.0)),
    "weights that are not finite": _array("layers.0.weight", _put((0, 0), np.inf)),
    "a row twice": _array("checkpoint.order", _put(0, 1)),
    "a row that is not there": _array("checkpoint.order", _put(0, 1 << 40)),
    "rows as floats": _array("checkpoint.order", lambda a: a.astype(np.float64)),
    "a step below 0": lambda f: _json(f, step=-1),
    "a step that is huge": lambda f: _json(f, step=10**30),
    "a step that is no number": lambda f: _json(f, step="9"),
    "a loss that is infinite": lambda f: _json(f, loss=float("inf")),
    "more epochs than steps": lambda f: _json(f, epochs=26),
    "a place inside a batch": lambda f: _json(f, position=1),
    "a place behind the end": lambda f: _json(f, position=10**8),
    "a generator of another kind": lambda f: _json(f, noise={"state": "zz", "inc": "1", "has_uint32": 0, "uinteger": 0}),
    "a batch of nothing": lambda f: _json(f, rows=0),
    "a batch of more than there is": lambda f: _json(f, rows=106),
    "a hand on a weight that is not there": lambda f: _json(f, edited=[{"parameter": 10**6, "before": 0.0, "after": 0.0}]),
    "a hand on what no float32 holds": lambda f: _json(f, edited=[{"parameter": 0, "before": 1e39, "after": 0.0}]),
    "a neuron that is not there": lambda f: _json(f, frozen=[10**9]),
    "an input that is frozen": lambda f: _json(f, frozen=[0]),
    "an unknown key": lambda f: _json(f, a={"surprise": 1}),
    "an unknown version": lambda f: _json(f, version=2),
    "no JSON": lambda f: f.update({"checkpoint.state": np.frombuffer(b"{" * 40_000, np.uint8)}),
    "a state of another type": lambda f: f.update({"checkpoint.state": np.zeros(9, np.float32)}),
    "a curve that falls back": lambda f: f.update({"checkpoint.curve.train": np.array([[5.0, 1.0], [4.0, 1.0]])}),
    "a curve of the future": lambda f: f.update({"checkpoint.curve.train": np.array([[5.0, 1.0], [99.0, 1.0]])}),
    "a curve of nothing": lambda f: f.update({"checkpoint.curve.train": np.array([[5.0, np.nan]])}),
    "a curve of another shape": lambda f: f.update({"checkpoint.curve.test": np.zeros((4, 2))}),
    "half of a second network": lambda f: f.update({"checkpoint.b.slot0": f["checkpoint.slot0"]}),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_lies_changes_nothing(what, tmp_path, capsys):
    path = tmp_path / "f.safetensors"
    run("iris", steps=25, save=path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    arrays = load_file(path)
    HOSTILE[what](arrays)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, metadata)
    assert "f.safetensors" in refused("iris", tmp_path=tmp_path, resume=path)
    scene = toml.find("iris")
    s = new_session(toml.load("iris"), scene.parent, "cpu", scene, REMEMBER)
    s.source.run(3)
    before = whole(s.source.trainer)
    with pytest.raises(InputError):
        checkpoint_resume.enter(s, checkpoint_resume.find(path))
    assert whole(s.source.trainer) == before and not s.history.can_undo


@pytest.mark.parametrize("raw", [b"", b"\x80\x04K\x01.", struct.pack("<Q", 1 << 60) + b"{}", struct.pack("<Q", 2) + b"{}" + b"x" * 9])
def test_what_is_no_checkpoint_is_reported(raw, tmp_path):
    path = tmp_path / "f.safetensors"
    path.write_bytes(raw)
    refused("iris", tmp_path=tmp_path, resume=path)


def test_a_log_that_is_none_is_left_alone(tmp_path, capsys):
    path, log = tmp_path / "f.safetensors", tmp_path / "notes.jsonl"
    run("iris", steps=5, save=path)
    log.write_text("my notes\n")
    with pytest.raises(InputError, match="line 1 does not belong to a log"):
        run("iris", steps=5, resume=path, log=log)
    assert log.read_text() == "my notes\n"


@pytest.mark.parametrize("remember", [0, REMEMBER])
@pytest.mark.parametrize("sets", [(), ("compare.train.optimizer=sgd",)])
def test_a_window_goes_on_from_a_checkpoint(sets, remember, tmp_path, capsys):
    path, after = tmp_path / "f.safetensors", tmp_path / "g.safetensors"
    run("iris", *sets, steps=300, save=path)
    run("iris", *sets, steps=320, save=after)
    home = toml.find("iris")
    s = new_session(toml.load("iris", [toml.parse_set(text) for text in sets]), home.parent, "cpu", home, remember)
    s.run(40)
    at, curve = whole(s.source.trainer), s.curves.charts
    found = checkpoint_resume.find(path)
    assert checkpoint_resume.fits(s, found)
    checkpoint_resume.enter(s, found)
    assert s.source.step == 300 and s.curves.charts.train_step[-1] == 300 and len(s.curves.charts.train_step) == 30
    s.run(20)
    named = load_file(after)
    assert all(np.array_equal(named[name], value) for name, value in s.source.parameters().items())
    if sets:
        assert np.array_equal(named["checkpoint.b.parameters"], s.second.source.trainer.arenas.parameters)
    if remember:
        s.rewind(0)
        assert s.source.step == 300, "what led to it is not remembered"
    s.undo()
    assert whole(s.source.trainer) == at and np.array_equal(s.curves.charts.train_loss, curve.train_loss)
    s.redo()
    assert s.source.step in (300, 320)


def test_what_a_window_saves_trains_on_as_it_would_have(tmp_path, capsys):
    """With what was changed by hand on the way: a weight, a frozen neuron, a rate."""
    home = toml.find("iris")
    s = new_session(toml.load("iris"), home.parent, "cpu", home, REMEMBER)
    s.run(30)
    s.editing.set_parameter(3, 0.5)
    s.editing.hold("frozen", [s.source.topology.nodes[1].neurons.start], True)
    s.change([toml.parse_set("train.learning_rate=0.1")])
    s.run(10)
    path = tmp_path / "f.safetensors"
    saving_checkpoint(s, path)
    s.run(25)
    run("iris", "train.learning_rate=0.1", steps=25, resume=path, save=path)
    assert all(np.array_equal(load_file(path)[name], value) for name, value in s.source.parameters().items())
    assert checkpoint.head(path).state.a.frozen == (s.source.topology.nodes[1].neurons.start,)


@pytest.mark.parametrize("steps", [0, 4])
@pytest.mark.parametrize("by_hand", [True, False])
def test_what_the_last_step_did_is_known_after_a_checkpoint(steps, by_hand, tmp_path):
    """Its rows, of which the last batch of an epoch has fewer, and what it made of weights that a hand has turned since."""
    home, path = toml.find("iris"), tmp_path / "f.safetensors"
    s, other = (new_session(toml.load("iris", [toml.parse_set("train.batch=32")]), home.parent, "cpu", home) for _ in range(2))
    s.source.run(steps)
    if by_hand:
        s.editing.set_parameter(3, 0.5)
        s.editing.set_parameter(7, -0.25)
    else:
        s.source.trainer.load_parameters(s.source.parameters())
    saving_checkpoint(s, path)
    checkpoint_resume.enter(other, checkpoint_resume.find(path))
    assert other.source.last_batch == s.source.last_batch == {0: 0, 4: 9}[steps]
    assert other.source.edited == s.source.edited and len(s.source.edited or ()) == (2 if by_hand else 0)
    assert last_step(other.source, 3) == last_step(s.source, 3)


def saving_checkpoint(session, path):
    from nnviz3d.app.session import scene_files

    scene_files.checkpoint(session, path)
