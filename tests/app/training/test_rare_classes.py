"""Rare classes and small batches: what is wrong is named, and the learning rate is not blamed; what Health says is of now."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands import train as command
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.probes import health, health_rules
from nnviz3d.app.readout.build import _findings
from nnviz3d.app.session.opening import new_session
from nnviz3d.engine.data import load
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Charts
from nnviz3d.spec.scene import Data
from nnviz3d.spec.score import Classes, Score

SCENE = """
[[network.layers]]
units = 12
[data]
kind = "csv"
file = "d.csv"
standardize = true
"""
FAST = "The learning rate is too high"
ONE = "Always predicts one class"


@pytest.fixture
def rare(tmp_path):
    """3 in 100 are faulty; how loud and how warm it is says nothing of that, as in many a real table."""
    rng = np.random.default_rng(8)
    faulty = rng.permutation(1500) < 45
    rows = (f"{a:.3f},{b:.3f},{'faulty' if c else 'fine'}" for a, b, c in zip(*rng.standard_normal((2, 1500)), faulty, strict=True))
    (tmp_path / "d.csv").write_text("noise,heat,state\n" + "\n".join(rows) + "\n")
    (tmp_path / "s.toml").write_text(SCENE)
    return tmp_path / "s.toml"


def session(path, *sets):
    path = toml.find(path)
    return new_session(toml.load(path, [toml.parse_set(item) for item in sets]), path.parent, "cpu", path)


def named(s, steps, every=100):
    """Titles at each look of a run."""
    found = []
    for _ in range(steps // every):
        s.run(every)
        s.evaluate()
        s.diagnosis.pass_time(health.EVERY)
        found.append([finding.title for finding in _findings(s)])
    return found


@pytest.mark.parametrize("sets", [
    ["train.learning_rate=0.01"], ["train.learning_rate=0.003"], ["train.learning_rate=0.0005"], ["train.batch=8"], ["train.batch=200"],
    ["train.seed=4"], ["train.optimizer=sgd", "train.learning_rate=0.05"],
])  # fmt: skip
def test_one_class_only_is_named_and_the_rate_is_not_blamed(rare, sets):
    s = session(rare, *sets)
    found = named(s, 1500)
    assert not any(FAST in titles for titles in found)
    assert found[-1] == [ONE]
    (finding,) = _findings(s)
    assert '"fine" is the answer to 300 of 300 samples, and 97.0 % belong to that class' in finding.how
    assert (
        'Balanced accuracy 50.0 %; of "faulty" 0.0 % are recognised.' in finding.how and "set Class weights to balanced" in finding.remedy
    )


@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize("scene", ["xor", "spiral", "iris", "digits"])
def test_small_batches_do_not_make_the_rate_too_high(scene, batch):
    noise = ["data.noise=0.5"] if scene in ("xor", "spiral") else []
    assert not any(FAST in titles for titles in named(session(scene, f"train.batch={batch}", *noise), 600))


@pytest.mark.parametrize("scene", ["digits", "iris", "spiral", "xor", "too-fast"])
def test_a_rate_of_ten_is_named_all_the_time(scene):
    assert all(FAST in titles for titles in named(session(scene, "train.learning_rate=10"), 600))


def test_balanced_weights_end_it(rare):
    s = session(rare, "train.class_weights=balanced", "train.batch=0", "train.learning_rate=0.01")
    assert not any(ONE in titles for titles in named(s, 600)[2:]) and s.scores.test.classes.said_c.min() > 30


def test_weights_and_another_batch_in_one_edit(rare):
    s = session(rare)
    s.run(20)
    before = s.scene.train.batch
    s.apply([Edit("train.batch", 64), Edit("train.class_weights", {"fine": 1.0, "wrong": 2.0})])
    assert "no class wrong" in s.banner and s.source.trainer.train.batch == s.scene.train.batch == before
    s.apply([Edit("train.batch", 64), Edit("train.class_weights", "balanced")])
    assert s.source.trainer.train.batch == 64 and len(s.source.objective.weights) == 2
    s.undo()
    assert s.source.trainer.train.batch == before and not s.source.objective.weights


def test_classes_that_are_equally_frequent_are_no_matter_of_one_class():
    def scored(said, right, count=(50, 50)):
        return Score(1.0, sum(right) / sum(count), sum(count), sum(count), Classes(*map(np.array, (count, right, said))))

    assert health_rules.one_class(scored((100, 0), (50, 0)), ("a", "b"), False) is None
    assert health_rules.one_class(scored((95, 5), (90, 5), (90, 10)), ("a", "b"), False) is None, "half of them are found"
    assert health_rules.one_class(scored((100, 0), (90, 0), (90, 10)), ("a", "b"), False).title == ONE
    assert health_rules.one_class(scored((99, 1), (90, 1), (90, 10)), ("a", "b"), True).title == "Nearly always predicts one class"
    assert "Class weights" not in health_rules.one_class(scored((99, 1), (90, 1), (90, 10)), ("a", "b"), True).remedy
    assert health_rules.one_class(scored((90, 0), (90, 0), (90, 0)), ("a", "b"), False) is None, "there is no other class in it"
    assert health_rules.one_class(Score(1.0, None, 9, 9), (), False) is None


def test_batches_without_looks_are_judged_by_how_they_scatter():
    nothing = np.zeros(0, np.float32)
    loss = np.full(200, 0.1, np.float32)
    loss[::8] = 0.4  # a batch with two of the rare
    charts = Charts(np.arange(1, 201, dtype=np.float32), loss, nothing, nothing, nothing, nothing)
    assert health_rules.too_fast(charts, 0.1, None, 40) is not None
    assert health_rules.too_fast(charts, 0.1, None, 40, noise=0.1) is None
    assert health_rules.too_fast(charts, 0.1, None, 40, looks=[0.1, 0.099, 0.1]) is None, "as a whole it stands still"
    assert "jump" not in health_rules.too_fast(charts, 0.1, None, 40, looks=[0.1, 0.3, 0.2, 0.4]).how


# ---------------------------------------------------------------- of now


def train(s, frames):
    s.running = True
    for _ in range(frames):
        s.source.run(10)
        s.curves.add_train(s.source.step, s.source.loss)
        s.advance(0.5, lambda: False)
    s.running = False


def titles(s):
    return [finding.title for finding in _findings(s)]


def test_after_undo_the_rate_is_not_blamed_and_what_it_left_is_named():
    s = session("digits")
    train(s, 30)
    assert titles(s) == []
    s.apply([Edit("train.learning_rate", 10.0)])
    train(s, 20)
    s.diagnosis.pass_time(health.EVERY)
    assert titles(s) == [FAST]
    s.undo()
    assert all(title.startswith("Dead ReLUs") for title in titles(s)) and titles(s), "at once, though it rests"
    train(s, 6)
    s.diagnosis.pass_time(health.EVERY)
    assert FAST not in titles(s) and any(title.startswith("Dead ReLUs") for title in titles(s))
    s.reset()
    assert titles(s) == []


def test_what_lies_beyond_the_present_step_is_no_evidence():
    s = session("too-fast")
    s.source.run(3)
    steps = np.arange(1, 400, dtype=np.float32)
    loss = np.where(steps > 200, np.tile([0.1, 9.0], 200)[:399], 0.1).astype(np.float32)
    nothing = np.zeros(0, np.float32)
    reported = s.diagnosis.findings(s.source, Charts(steps, loss, nothing, nothing, nothing, nothing))
    assert FAST not in [finding.title for finding in reported]


@pytest.mark.parametrize("kind", ["breast_cancer", "wine"])
def test_deviations_are_of_all_rows(kind, tmp_path):
    data = load(Data(kind=kind), tmp_path)
    deviation = data.x_train.astype(float).std(0)
    finding = health_rules.unscaled(data, health.spread(data.x_train, 20))
    assert f"training set: {deviation.max():.3g} ({data.feature_names[int(deviation.argmax())]})" in finding.how
    assert f"{deviation.min():.2g} ({data.feature_names[int(deviation.argmin())]})" in finding.how


def test_of_a_part_that_is_too_large_the_rows_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(health_rules, "ALL", 1000)
    data = load(Data(kind="wine"), tmp_path)
    assert f"training set, of 50 of {len(data.x_train)} rows:" in health_rules.unscaled(data, health.spread(data.x_train, 50)).how


def test_the_summary_of_a_training_tells_what_the_accuracy_hides(rare, capsys):
    options = Options(quiet=True, backend="cpu")
    assert command.train(options, str(rare), TrainRequest(steps=300)) == 0
    assert 'test accuracy 97.0 % (balanced 50.0 %; of "faulty" 0.0 %)' in capsys.readouterr().out
    assert command.train(options, "iris", TrainRequest(steps=300)) == 0
    assert "balanced" not in capsys.readouterr().out, "classes that are equally frequent"
