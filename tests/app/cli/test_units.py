"""Numbers in the unit of their data wherever they are shown, written or carried: window, table, equations, log, scripts, recordings."""

from __future__ import annotations

import io
import json
import math
import re
import runpy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.app.api import module_scene
from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands import train as command
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.readout import build
from nnviz3d.app.session.network_export import export
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import Session
from nnviz3d.app.view.annotations import outputs
from nnviz3d.app.view.decision_plate import _levels, scale_words
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.backend import choose
from nnviz3d.bridge import plate_colors
from nnviz3d.engine import data
from nnviz3d.engine.per_sample import errors
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.formats import weights
from nnviz3d.formats.nnrec.index import INDEX
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.answer_text import verdict
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import SampleQuery
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import percent
from nnviz3d.spec.step_annotations import OutputsTable
from nnviz3d.ui.equations import losses, neuron_equations
from nnviz3d.ui.hud.output_table import columns

PRICES = "area,age,price\n" + "".join(
    f"{40 + 7 * k % 150},{3 * k % 40},{60_000 + 1_500 * (40 + 7 * k % 150) - 700 * (3 * k % 40)}\n" for k in range(90)
)
SCENE = """
[[network.layers]]
units = 6
[data]
kind = "csv"
file = "homes.csv"
standardize = true
[train]
learning_rate = 0.02
batch = 16
"""


@pytest.fixture
def homes(tmp_path):
    (tmp_path / "homes.csv").write_text(PRICES)
    (tmp_path / "homes.toml").write_text(SCENE)
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 10, (60, 3))
    np.savez(tmp_path / "three.npz", x=x, y=x * [30_000, 0.01, 3])
    return tmp_path


def session(homes, steps=120, *edits) -> Session:
    scene = toml.load(homes / "homes.toml", [toml.parse_set(edit) for edit in edits])
    made = new_session(scene, homes, "cpu", homes / "homes.toml")
    made.run(steps)
    made.evaluate()
    return made


def reported(s: Session, picked: int = -1):
    return build.readout(s, StageReading(picked=picked))


def test_the_window_is_reported_everything_in_the_unit(homes):
    s = session(homes)
    r = reported(s)
    unit = s.source.objective.units[0]
    assert r.units == (unit,) and unit.name == "price" and r.error.scaled
    assert r.sample_label == f"price = {s.source.data.t_test[0, 0]:,.0f}" and r.sample_answer.startswith("price = ")
    said = float(r.sample_answer.removeprefix("price = ").replace(",", ""))
    assert abs(said - unit.own(float(s.source.tensors("activation")[-1]))) <= 0.5
    assert float(r.error.text(r.test_loss).replace(",", "")) == pytest.approx(errors(s.source.trainer, "test")[0][0], abs=0.6)


def test_the_plate_spans_the_range_of_the_data(homes):
    s = session(homes, 300)
    unit, source = s.source.data.units[0], s.source
    levels = _levels(source, source.answers(48))
    assert levels.shape == (48 * 48, 1) and levels.min() < -0.5 and levels.max() > 0.5  # not one flat colour
    given = source.answers(48)[:, 0].astype(float)
    np.testing.assert_allclose(
        levels[:, 0], (unit.mean + unit.deviation * given - (unit.low + unit.high) / 2) / ((unit.high - unit.low) / 2)
    )
    cells = plate_colors.cells(levels, "regression", "linear")
    assert len(np.unique(np.round(cells[:, 3], 2))) > 20
    dots = plate_colors.dots(replace(source.plane, targets=unit.level(source.plane.targets)), 1, "regression")
    assert len(np.unique(dots[:, 2])) > 20
    assert scale_words(unit) == f"{unit.low:,.0f} to {unit.high:,.0f} price"


def test_the_table_at_the_outputs_and_its_formula(homes):
    s = session(homes)
    tape = record(s.source.trainer)
    o = outputs(tape)
    unit = s.source.objective.units[0]
    output, target, error = columns(OutputsTable(o, "loss", 1.0, (0.0,), (0.0,), 1.0))
    price = s.source.data.t_train[tape.row, 0]
    assert target.text(0) == f"{price:,.0f}" and output.text(0) == unit.text(unit.own(float(o.before_k[0]))).replace("-", "−")
    assert error.values == (o.delta_k[0],)  # the error is of the network's own numbers
    latex, text = losses.formula(o)
    said, wanted, deviation = (float(word.replace(",", "")) for word in re.findall(r"[\d,.]+", text.removesuffix("²")))
    assert ((said - wanted) / deviation) ** 2 == pytest.approx(o.loss_before, rel=1e-3, abs=1e-9)
    assert "{,}" in latex
    before, after, change = columns(OutputsTable(o, "after", 1.0, (0.0,), (0.0,), 1.0))
    assert change.values[0] == pytest.approx(after.values[0] - before.values[0])


@pytest.mark.parametrize("loss", ["mse", "half_mse", "huber"])
def test_formulas_of_several_numbers(homes, loss):
    s = session(homes, 5, "data.kind=npz", "data.file=three.npz", f"train.loss={loss}")
    o = outputs(record(s.source.trainer))
    latex, text = losses.formula(o)
    assert "s_k" in latex and "/ s" in text and o.units == s.source.objective.units


def test_the_equations_of_the_output_say_where_the_scale_enters(homes):
    s = session(homes)
    neuron = s.source.topology.output.neurons.start
    reading = reported(s, neuron).neuron
    unit = s.source.objective.units[0]
    lines = neuron_equations.activation(reading)
    note, result, wanted = lines[-3:]
    assert note.text == "price = mean + deviation · a"
    mean, rest = result.text.replace("−", "-").split(" + ")
    deviation, a = rest.replace("(", "").replace(")", "").split(" · ")
    value = float(mean.replace(",", "")) + float(deviation.replace(",", "")) * float(a)
    assert abs(value - float(result.printed.replace(",", "").replace("−", "-"))) <= 1
    assert result.printed == s.source.answer()[0].removeprefix("price = ")
    assert s.source.sample.label.removeprefix("price = ") in wanted.text
    hidden = reported(s, neuron - 1).neuron
    assert hidden.unit is None and neuron_equations.answer(hidden) == []
    plain = session(homes, 5, "data.standardize_target=no")
    assert neuron_equations.answer(reported(plain, neuron).neuron) == [] and unit.scaled


def test_samples_tell_the_errors_of_each_number(homes):
    for edits, names in (((), ("price",)), (("data.kind=npz", "data.file=three.npz"), ("target 0", "target 1", "target 2"))):
        s = session(homes, 60, *edits)
        for _ in range(200):
            s.browser.ask(SampleQuery())
            s.browser.work(s.source, s.seen, 1 / 60)
            reading = s.browser.reading(s.source, s.seen)
            if reading is not None and reading.known == reading.total:
                break
        rmse_o, mae_o = errors(s.source.trainer, "test")
        expected = [(u.name, u.error(a), u.error(b)) for u, a, b in zip(s.source.objective.units, rmse_o, mae_o, strict=True)]
        assert list(reading.errors) == expected and tuple(name for name, *_ in expected) == names
        assert all(row.label.startswith(names[0]) and row.said.startswith(names[0]) for row in reading.rows)


def run(homes, capsys, *edits, **options):
    as_json, request = options.pop("as_json", False), TrainRequest(**({"steps": 150} | options))
    code = command.train(Options(sets=tuple(edits), quiet=True, backend="cpu"), str(homes / "homes.toml"), request, as_json=as_json)
    return code, capsys.readouterr().out


def test_train_tells_the_errors_in_the_unit(homes, capsys):
    code, out = run(homes, capsys, as_json=True, log=homes / "l.jsonl")
    summary = json.loads(out)
    trainer = Trainer(toml.load(homes / "homes.toml"), data.load(toml.load(homes / "homes.toml").data, homes), choose("cpu"))
    trainer.run(150)
    rmse, mae = (float(e[0]) for e in errors(trainer, "test"))
    assert code == 0 and summary["test_rmse"] == pytest.approx(rmse) and summary["test_mae"] == pytest.approx(mae)
    assert summary["loss_of"] == "standardised targets" and summary["targets"][0]["deviation"] == trainer.data.t_train.std()
    last = json.loads((homes / "l.jsonl").read_text().splitlines()[-1])
    assert last["rmse"] == pytest.approx(math.sqrt(last["loss"]) * trainer.data.t_train.std())
    _, out = run(homes, capsys)
    assert f"test RMSE of price {rmse:,.0f} " in out and "loss of standardised targets" in out
    _, out = run(homes, capsys, "data.standardize_target=no")
    assert "standardised" not in out and "test RMSE of price" in out
    _, out = run(homes, capsys, "data.kind=npz", f"data.file={homes / 'three.npz'}", as_json=True)
    summary = json.loads(out)
    assert summary["test_rmse"] is None and [target["name"] for target in summary["targets"]] == ["target 0", "target 1", "target 2"]
    _, out = run(homes, capsys, "data.kind=iris", "data.file=", as_json=True)
    assert "targets" not in json.loads(out)


def test_a_stop_condition_says_its_unit(homes, capsys):
    _, out = run(homes, capsys, "train.stop_test_loss=0.05", steps=2000)
    assert "the test loss of standardised targets is 0.0" in out and "(RMSE " in out and "below 0.05" in out


@pytest.mark.parametrize("edits", [(), ("data.kind=npz", "data.file=three.npz")])
def test_a_script_answers_in_the_unit(homes, edits):
    s = session(homes, 100, *edits)
    export(s.source, homes / "s.py", "numpy")
    script = runpy.run_path(str(homes / "s.py"))
    x = s.source.data.x_test[: len(script["ROWS"])]
    _, raw, _ = next(s.source.judging("test", np.arange(len(x))))
    np.testing.assert_allclose(script["predict"](script["ROWS"]), s.source.objective.own(raw), rtol=1e-5)
    export(s.source, homes / "t.py", "torch")
    assert "torch.tensor(TARGET_MEAN) + torch.tensor(TARGET_SCALE) * network(" in (homes / "t.py").read_text()
    plain = session(homes, 5, *edits, "data.standardize_target=no")
    export(plain.source, homes / "p.py", "numpy")
    assert "TARGET_MEAN" not in (homes / "p.py").read_text()


def test_weights_keep_their_answers_under_another_scale(homes):
    s = session(homes)
    export(s.source, homes / "w.safetensors", "weights")
    own = s.source.objective.units[0]
    assert json.loads(weights.describe(homes / "w.safetensors")["targets"]) == [[own.mean, own.deviation]]
    given = s.source.parameters()
    for edits in ((), ("data.standardize_target=no",), ("data.seed=9",)):
        other = session(homes, 0, *edits).source
        unit = other.objective.units[0]
        found = weights.load(homes / "w.safetensors", other.topology, other.objective.units)
        assert np.array_equal(found["layers.0.weight"], given["layers.0.weight"])
        np.testing.assert_allclose(unit.deviation * found["layers.1.weight"], own.deviation * given["layers.1.weight"], rtol=1e-6)
        np.testing.assert_allclose(unit.own(found["layers.1.bias"]), own.own(given["layers.1.bias"]), rtol=1e-6)
        assert edits or all(np.array_equal(found[name], given[name]) for name in given)
        assert (unit.mean, unit.deviation) != (own.mean, own.deviation) or not edits
    arrays = {name: np.asarray(value) for name, value in s.source.parameters().items()}
    for scale in ("[[1, 0]]", "[[1, 2], [3, 4]]", "{", "[[NaN, 1]]", '"x"', "[" * 100_000):
        save_file(arrays, homes / "b.safetensors", {weights.TARGETS_KEY: scale})
        with pytest.raises(InputError, match=r"nnviz3d\.targets"):
            weights.load(homes / "b.safetensors", s.source.topology, s.source.objective.units)


def test_a_recording_plays_in_the_unit_also_without_its_data(homes, capsys):
    run(homes, capsys, steps=40, record=homes / "r.nnrec")
    trained = session(homes, 40)
    trained.source.show()

    def opened() -> RecordedTraining:
        recording = Recording(homes / "r.nnrec")
        played = RecordedTraining(recording, scene_of(recording), homes, choose("cpu"))
        played.enter(40)
        return played

    assert opened().answer() == trained.source.answer() and opened().gone == ""
    (homes / "homes.csv").rename(homes / "away.csv")
    gone = opened()
    assert gone.gone and gone.answer() == trained.source.answer() and gone.sample.label == trained.source.sample.label
    (homes / "away.csv").rename(homes / "homes.csv")
    index = (homes / "r.nnrec" / INDEX).read_text().splitlines()  # one that was made before targets were scaled
    head = json.loads(index[0])
    del head["data"]["targets"]
    (homes / "r.nnrec" / INDEX).write_text("\n".join([json.dumps(head), *index[1:]]) + "\n")
    assert not opened().objective.scaled


def test_kept_moments_and_two_networks(homes):
    s = session(homes, 50, 'compare={"data.standardize_target"="no"}')
    r = reported(s).compare
    a, b = r.networks
    assert a.error.scaled and not b.error.scaled
    assert b.error.rmse(b.test_loss) == pytest.approx(errors(s.second.source.trainer, "test")[0][0], rel=1e-4)
    assert a.answer.startswith("price = ") and b.answer.startswith("price = ")


# ---------------------------------------------------------------- a single logit


class _Numbers:
    def __init__(self, array):
        self.array = np.asarray(array, np.float32)

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return self.array


_Module = type("Module", (), {"__module__": "torch.nn.modules.module"})


def _layer(kind: str, **attributes):
    made = type(kind, (_Module,), {"__module__": "torch.nn.modules"})()
    vars(made).update(attributes)
    return made


def _linear(inputs: int, outputs: int):
    rng = np.random.default_rng(inputs)
    weight = rng.normal(size=(outputs, inputs)) / math.sqrt(inputs)
    return _layer("Linear", in_features=inputs, out_features=outputs, weight=_Numbers(weight), bias=_Numbers(np.zeros(outputs)))


def _model(outputs=1, *ends):
    parts = [_linear(2, 5), _layer("Tanh"), _linear(5, outputs), *(_layer(end) for end in ends)]
    return _layer("Sequential", _modules={str(k): part for k, part in enumerate(parts)})


X = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
SIDE = X.sum(1) > 0


@pytest.mark.parametrize(
    ("y", "model", "loss", "wanted", "words"),
    [
        (SIDE, _model(), None, "bce", "two classes by a single logit"),
        (SIDE.astype(np.float32)[:, None], _model(), None, "bce", "two classes by a single logit"),
        (SIDE.astype(int), _model(1, "Sigmoid"), "bce", "bce", "two classes by a single logit"),
        (np.array(["no", "yes"])[SIDE.astype(int)], _model(), None, "bce", "(0 is no, 1 is yes)"),
        (SIDE.astype(int), _model(), "mse", "mse", "one number, trained with the mean squared error"),
        (X.sum(1), _model(), None, "auto", "one number, trained with the mean squared error"),
        (SIDE.astype(int) + 1, _model(), None, "auto", "one number, trained with the mean squared error"),
        (SIDE.astype(int), _model(2), None, "auto", "2 classes, trained with cross-entropy"),
        (np.eye(2)[SIDE.astype(int)], _model(2), None, "auto", "2 classes from one-hot targets, trained with cross-entropy"),
        (X, _model(2), None, "auto", "2 numbers, trained with the mean squared error"),
    ],
)
def test_a_model_says_what_it_is_taken_for(tmp_path, monkeypatch, y, model, loss, wanted, words):
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    opened, _ = module_scene.of_model(model, (X, y), tmp_path, loss)
    assert words in said.getvalue() and words.lower() in opened.scene.about.lower() and opened.scene.train.loss == wanted
    source = OwnTraining(opened.scene, tmp_path, choose("cpu"))
    assert not source.objective.scaled  # the model's own numbers stay its own
    assert source.objective.loss == (
        "mse" if wanted == "auto" and not source.objective.classes else wanted if wanted != "auto" else "cross_entropy"
    )
    if "single logit" in words or "is yes" in words:
        assert source.objective.output == "sigmoid"
        source.run(300)
        source.show()
        p, target = float(source.tensors("activation")[-1]), int(source.data.t_test[0, 0])
        assert source.answer() == (f"{int(p > 0.5)} ({percent(max(p, 1 - p))})", int(p > 0.5) == target)


def test_a_single_logit_is_never_all_sure():
    two = SimpleNamespace(task="regression", two_classes=True, reconstructs=False)
    assert [verdict(two, "sigmoid", np.array([p]), 1) for p in (0.9998, 0.0004, 1.0)] == [
        ("1 (99.98 %)", True), ("0 (99.96 %)", False), ("1 (100.0 %)", True),
    ]  # fmt: skip


def test_a_loss_of_several_outputs_is_refused_for_one(tmp_path):
    with pytest.raises(InputError, match='use loss="bce"'):
        module_scene.of_model(_model(), (X, SIDE), tmp_path, "cross_entropy")


def test_a_default_scene_is_what_it_was():
    assert Scene().data.standardize_target == "auto" and Scene().data.lags == () and Scene().data.split == "auto"
