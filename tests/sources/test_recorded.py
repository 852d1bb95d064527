"""A recorded run as a source: the same numbers as training gave, at any kept step; and what it cannot do changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.data import load
from nnviz3d.engine.trainer import Trainer
from nnviz3d.formats.nnrec.index import INDEX
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.sources.training_recorder import TrainingRecorder
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.toml import validate

STEPS = 60


def scene(**tables):
    document = {"network": {"layers": [{"units": 6, "activation": "tanh", "dropout": 0.2}]}, "data": {"kind": "iris"}}
    return validate({**document, "train": {"batch": 16}, "view": {"sample": 3}, **tables})


def trained(scene, folder: Path | None, steps: int = STEPS, base: Path = Path(), **options):
    """A trainer after so many steps, recorded or not."""
    trainer = Trainer(scene, load(scene.data, base), choose("cpu"))
    recorder = TrainingRecorder(trainer, scene, base, folder, steps=steps, **options) if folder else None
    for _ in range(steps):
        trainer.run(1)
        if recorder:
            recorder.note()
    if recorder:
        recorder.close("steps")
    return trainer


def opened(folder: Path, base: Path = Path()) -> RecordedTraining:
    recording = Recording(folder)
    return RecordedTraining(recording, scene_of(recording), base, choose("cpu"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "r.nnrec"
    trained(scene(), folder)
    return folder


def test_recording_changes_nothing_of_what_is_learned(tmp_path):
    plain, recorded = trained(scene(), None), trained(scene(), tmp_path / "r.nnrec")
    a, b = plain.state(), recorded.state()
    assert all(np.array_equal(a["arenas"][name], b["arenas"][name]) for name in a["arenas"])
    assert (a["loss"], a["noise"], a["batches"]["random"]) == (b["loss"], b["noise"], b["batches"]["random"])


def test_every_step_is_the_same_as_in_training(folder):
    own, source = OwnTraining(scene(), Path(), choose("cpu")), opened(folder)
    for step in range(STEPS + 1):
        if step:
            own.run(1)
        own.show()
        source.enter(step)
        assert (source.step, source.epoch, source.of_epoch) == (step, own.epoch, own.of_epoch)
        for kind in ("parameter", "change", "z", "activation", "delta"):
            assert np.array_equal(source.tensors(kind), own.tensors(kind)), (step, kind)
        assert source.loss == np.float32(own.loss) or (step == 0 and np.isnan(source.loss))
        assert source.answer() == own.answer()
    assert source.evaluate("test") == own.evaluate("test")
    assert source.recording.loss.shape == (STEPS,)


def test_back_is_the_same_as_forth_and_other_samples_work(folder):
    source = opened(folder)
    source.enter(40)
    there = source.tensors("parameter").copy()
    source.enter(7)
    assert not np.array_equal(source.tensors("parameter"), there)
    source.enter(40)
    assert np.array_equal(source.tensors("parameter"), there)
    own = OwnTraining(scene(), Path(), choose("cpu"))
    own.run(40)
    for source_ in (own, source):
        source_.show_sample(11)
    assert np.array_equal(source.tensors("activation"), own.tensors("activation"))
    rows = np.arange(20)
    assert np.array_equal(next(iter(source.judging("test", rows)))[1], next(iter(own.judging("test", rows)))[1])


def test_recorded_activations_are_those_of_the_shown_sample(folder):
    source = opened(folder)
    source.enter(25)
    assert source.sample.index == 3
    assert np.array_equal(source.recording.activations(25), source.tensors("activation"))
    assert np.array_equal(source.recording.z(25), source.tensors("z"))


def test_gradients_are_worked_out_of_evenly_drawn_rows(folder):
    source = opened(folder)
    source.enter(30)
    assert source.batch_size == 16
    rows = source.numbers("train", 16)
    g, p = source.tensors("gradient").copy(), source.tensors("parameter")
    node = source.topology.nodes[1]
    place = node.weight.start + 5
    h = 1e-2
    losses = []
    for sign in (1, -1):
        kept = p[place]
        p[place] = kept + sign * h
        losses.append(np.mean([loss for _, _, loss in source.judging("train", rows)]))
        p[place] = kept
    assert g[place] == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=0.02, abs=1e-4)
    source.enter(31)
    assert not np.array_equal(source.tensors("gradient"), g)
    then = dict(source.history.moments())[30]
    assert np.allclose(then["arenas"]["gradients"], g, atol=1e-6), "the same, looked at from elsewhere"
    assert source.step == 31


def test_gaps_show_the_kept_step_before_and_the_last_one_is_kept(tmp_path):
    trained(scene(), tmp_path / "r.nnrec", 25, every=10)
    source = opened(tmp_path / "r.nnrec")
    assert source.recording.steps.tolist() == [0, 10, 20, 25]
    assert [source.go(step) for step in (0, 9, 10, 19, 24, 25, 99)] == [0, 0, 10, 10, 20, 25, 25]
    source.go(20)
    p10, p20 = (source.recording.parameters(step) for step in (10, 20))
    assert np.array_equal(source.tensors("change"), p20 - p10)
    assert source.history.nearest(17) == 10 and (source.history.oldest, source.history.newest) == (0, 25)
    assert source.loss == source.recording.loss[19]
    source.go(0)
    assert source.run(12) == 10 and source.step == 10 and source.tensors("change").any()


def test_half_is_near(tmp_path):
    own = trained(scene(), tmp_path / "r.nnrec", 20, half=True)
    source = opened(tmp_path / "r.nnrec")
    source.enter(20)
    assert np.allclose(source.tensors("parameter"), own.arenas.parameters, rtol=1e-3, atol=1e-6)
    assert not source.gone


def test_regression_and_numbers_of_other_kinds(tmp_path):
    one = validate({"network": {"layers": [{"units": 4}]}, "data": {"kind": "reg-plane"}, "train": {"batch": 8}})
    own = trained(one, tmp_path / "r.nnrec", 12)
    source = opened(tmp_path / "r.nnrec")
    source.enter(12)
    assert np.array_equal(source.tensors("parameter"), own.arenas.parameters) and not source.gone
    assert source.plane is not None and source.answers(8).shape == (64, 1)


def test_what_it_cannot_changes_nothing(folder):
    source = opened(folder)
    source.enter(12)
    before = source.tensors("parameter").copy()
    assert source.learner is None
    assert "cannot be shown phase by phase" in source.reasons.walk and "This is a recording" in source.reasons.edit
    assert source.step == 12 and np.array_equal(source.tensors("parameter"), before)


def test_a_moment_can_be_kept_and_entered(folder):
    source = opened(folder)
    source.enter(12)
    kept = source.history.snapshot("A")
    assert np.array_equal(kept.state["arenas"]["gradients"], source.tensors("gradient"))
    source.enter(50)
    source.history.enter_snapshot("A")
    assert source.step == 12 and np.array_equal(source.tensors("parameter"), kept.parameters)


# ---------------------------------------------------------------- data that are gone, and files that lie


def table(folder: Path, shift: float = 0.0) -> None:
    random = np.random.Generator(np.random.PCG64(4))
    rows = [f"{a + shift:.3f},{b:.3f},{'up' if a > b else 'down'}" for a, b in random.random((60, 2))]
    (folder / "t.csv").write_text("a,b,way\n" + "\n".join(rows) + "\n")


@pytest.fixture
def own_data(tmp_path):
    table(tmp_path)
    one = scene(data={"kind": "csv", "file": "t.csv"}, view={"sample": 2})
    trained(one, tmp_path / "r.nnrec", 20, base=tmp_path)
    return tmp_path


def test_data_beside_the_recording_are_used(own_data):
    source = opened(own_data / "r.nnrec", own_data)
    assert not source.gone and source.sample.count == len(source.data.x_test) > 5


@pytest.mark.parametrize("change", ["gone", "other", "shorter"])
def test_without_its_data_the_recorded_sample_is_shown(own_data, change):
    with_data = opened(own_data / "r.nnrec", own_data)
    if change == "gone":
        (own_data / "t.csv").unlink()
    elif change == "other":
        table(own_data, shift=0.5)
    else:
        (own_data / "t.csv").write_text("\n".join((own_data / "t.csv").read_text().splitlines()[:30]) + "\n")
    source = opened(own_data / "r.nnrec", own_data)
    assert source.gone and (source.sample.count, source.plane) == (1, None)
    for step in (0, 13, 20):
        for one in (with_data, source):
            one.enter(step)
        assert np.array_equal(source.tensors("activation"), with_data.tensors("activation"))
        assert np.array_equal(source.recording.activations(step), source.tensors("activation"))
        assert (source.epoch, source.of_epoch[1], source.answer()) == (with_data.epoch, with_data.of_epoch[1], with_data.answer())


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("units = 6", "units = 60", "51 parameters and 13 neurons are recorded; the scene in it has"),
        ("units = 6", "units = -6", "network.layers.0.units"),
        ('kind = \\"iris\\"', "kind = [", "scene: not valid TOML"),
        ('"target":', '"target":1e99,"x":', "line 1.data"),
        ('"target":1', '"target":7', "is no target of 3 outputs"),
        ('"shape":[4]', '"shape":[4000000,4000000]', "line 1.data.shape"),
        ('"shape":[4]', '"shape":[-4]', "line 1.data.shape"),
        ('"train":', '"train":-', "line 1.data.train"),
    ],
)
def test_a_head_that_lies_is_reported(folder, tmp_path, old, new, reported):
    copy = tmp_path / "r.nnrec"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    text = (copy / INDEX).read_text()
    if old not in text:
        old = old.replace('"target":1', f'"target":{opened(folder).recording.head.data.target}')
    assert old in text
    (copy / INDEX).write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        opened(copy)
    assert reported in str(error.value)


def test_weights_that_are_no_numbers_reach_no_picture(folder, tmp_path):
    from safetensors.numpy import load_file, save_file

    copy = tmp_path / "r.nnrec"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    chunk = sorted(copy.glob("*.safetensors"))[-1]
    held = load_file(chunk)
    held["parameter"][4, :3] = np.nan, np.inf, 1e30
    save_file(held, chunk)
    source = opened(copy)
    source.enter(int(held["step"][4]))
    assert source.unsound and source.tensors("parameter")[:3].tolist() == [0, 0, np.float32(1e30)]
    assert np.isfinite(source.tensors("change")).all() and np.isfinite(source.tensors("gradient")).all()
    source.enter(int(held["step"][6]))
    assert not source.unsound
