"""Numeric targets with a unit: learned with mean 0 and deviation 1, and every error reported in the unit; against plain numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.backend import choose
from nnviz3d.engine import data
from nnviz3d.engine.data import dataset, split
from nnviz3d.engine.per_sample import errors
from nnviz3d.engine.trainer import Trainer
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.toml import validate

PRICES = "area,age,price\n" + "".join(
    f"{40 + 7 * k % 150},{3 * k % 40},{60_000 + 1_500 * (40 + 7 * k % 150) - 700 * (3 * k % 40)}\n" for k in range(90)
)


def scene(layers=((6, "tanh"),), train=None, output="auto", **data_):
    return validate({
        "network": {"layers": [{"units": n, "activation": kind} for n, kind in layers], "output": {"activation": output}},
        "data": {"kind": "csv", "file": "homes.csv", "standardize": True} | data_,
        "train": {"batch": 8, "learning_rate": 0.01} | (train or {}),
    })  # fmt: skip


@pytest.fixture
def homes(tmp_path):
    (tmp_path / "homes.csv").write_text(PRICES)
    return tmp_path


def trainer(base, dtype="float32", **tables) -> Trainer:
    made = scene(**tables)
    return Trainer(made, data.load(made.data, base), choose("cpu", dtype=dtype))


def test_prices_train_within_some_hundred_steps(homes):
    t = trainer(homes, layers=((16, "relu"), (8, "relu")), train={"learning_rate": 0.01})
    spread = t.data.t_train.std()
    t.run(300)
    rmse_o, mae_o = errors(t, "test")
    assert spread > 50_000 and rmse_o[0] < 0.1 * spread and mae_o[0] <= rmse_o[0]
    unscaled = trainer(homes, layers=((16, "relu"), (8, "relu")), train={"learning_rate": 0.01}, standardize_target="no")
    unscaled.run(300)
    assert errors(unscaled, "test")[0][0] > 0.5 * spread  # what was wrong


@pytest.mark.parametrize("loss", ["mse", "half_mse", "huber"])
def test_one_step_is_the_step_of_standardised_targets_in_numpy(homes, loss):
    t = trainer(homes, "float64", train={"batch": 0, "optimizer": "sgd", "loss": loss, "learning_rate": 0.1, "huber_delta": 0.5})
    w1, b1, w2, b2 = (array.astype(np.float64).copy() for array in t.parameters().values())
    x, prices = t.data.x_train.astype(np.float64), t.data.t_train
    target = (prices - prices.mean()) / prices.std()
    h = np.tanh(x @ w1.T + b1)
    e = h @ w2.T + b2 - target
    n = len(x)
    c = np.clip(e, -0.5, 0.5)
    value, slope = {
        "mse": ((e * e).mean(), 2 * e / n),
        "half_mse": ((e * e).sum() / 2 / n, e / n),
        "huber": ((c * (e - c / 2)).mean(), c / n),
    }[loss]
    back = (slope @ w2) * (1 - h * h)
    t.run(1)
    expected = (w1 - 0.1 * back.T @ x, b1 - 0.1 * back.sum(0), w2 - 0.1 * slope.T @ h, b2 - 0.1 * slope.sum(0))
    assert t.loss == pytest.approx(value, rel=1e-10)
    for now, wanted in zip(t.parameters().values(), expected, strict=True):
        np.testing.assert_allclose(now, wanted, rtol=1e-6, atol=1e-9)  # parameters are reported in float32


def test_the_errors_in_the_unit_have_their_closed_forms(homes):
    t = trainer(homes)
    t.run(50)
    source = OwnTraining(scene(), homes, choose("cpu"))
    source.run(50)
    for part in ("train", "test"):
        prices = getattr(t.data, f"t_{part}")[:, 0]
        answers = np.concatenate([source.objective.own(out) for _, out, _ in source.judging(part, np.arange(len(prices)))])[:, 0]
        (rmse,), (mae,) = errors(t, part)
        assert rmse == pytest.approx(math.sqrt(((answers - prices) ** 2).mean()), rel=1e-12)
        assert mae == pytest.approx(np.abs(answers - prices).mean(), rel=1e-12)
        assert t.objective.error.rmse(t.evaluate(part)[0]) == pytest.approx(rmse, rel=1e-5)  # the loss alone says it too
    assert t.objective.units[0].deviation == t.data.t_train.std() and t.objective.units[0].mean == t.data.t_train.mean()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)), min_size=1, max_size=4),
    st.sampled_from(["mse", "half_mse", "huber"]),
    st.integers(0, 10**6),
)
def test_scale_invariance(scales, loss, seed):
    """Other units of the targets change neither what is learned nor the loss, and answers by exactly those units."""
    rng = np.random.default_rng(seed)
    x, plain = rng.normal(size=(30, 3)).astype(np.float32), rng.normal(size=(30, len(scales)))
    mean_o, scale_o = np.array(scales).T

    def made(t):
        names = tuple(f"t{k}" for k in range(t.shape[1]))
        samples = dataset.Samples("numbers", "regression", (3,), x, t, names)
        found = split.finish(samples, seed=1, test_fraction=0.2, standardize=False, units=True)
        document = scene(train={"loss": loss, "batch": 0})
        return Trainer(document, found, choose("cpu", dtype="float64"))

    a, b = made(plain), made(mean_o + scale_o * plain)
    for t in (a, b):
        t.run(5)
    assert a.loss == pytest.approx(b.loss, rel=1e-4)
    for one, other in zip(errors(a, "test"), errors(b, "test"), strict=True):
        np.testing.assert_allclose(one * scale_o, other, rtol=1e-3)
    for t in (a, b):
        for k, unit in enumerate(t.objective.units):
            out = rng.normal(size=(4, len(scales)))
            np.testing.assert_allclose(t.objective.own(out)[:, k], unit.mean + unit.deviation * out[:, k], rtol=1e-12)


def test_generated_sets_and_classes_are_as_they_were():
    for kind in ("reg-plane", "reg-gauss", "iris"):
        document = validate({"data": {"kind": kind}})
        t = Trainer(document, data.load(document.data, None), choose("cpu"))
        assert t.objective.units == () and t.objective.error is None and not t.objective.scaled
        if kind != "iris":
            assert t.data.t_train.dtype == np.float32
            assert np.array_equal(t.looking.part("train")[1], t.data.t_train)
    wanted = validate({"data": {"kind": "reg-plane", "standardize_target": "yes"}})
    t = Trainer(wanted, data.load(wanted.data, None), choose("cpu"))
    rows = t.looking.part("train")[1]
    assert t.objective.scaled and abs(rows.mean()) < 1e-6 and abs(rows.std() - 1) < 1e-6


@pytest.mark.parametrize(
    ("output", "loss", "scaled"), [("auto", "auto", True), ("linear", "huber", True), ("tanh", "mse", False), ("relu", "mse", False)]
)
def test_auto_scales_where_the_output_can_be_any_number(homes, output, loss, scaled):
    assert trainer(homes, output=output, train={"loss": loss}).objective.scaled is scaled
    assert trainer(homes, output=output, train={"loss": loss}, standardize_target="no").objective.scaled is False
    assert trainer(homes, output=output, train={"loss": loss}, standardize_target="yes").objective.scaled is True


def test_auto_leaves_targets_that_the_first_outputs_are_near_to(tmp_path):
    """Inputs of 300 that are not standardised, and targets of 300: as they are they are learned at once, scaled they are not."""
    rows = "".join(f"{300 + 40 * (k % 7)},{280 + 30 * (k % 5)},{300 + 20 * (k % 7) + 15 * (k % 5)}\n" for k in range(80))
    (tmp_path / "homes.csv").write_text("a,b,y\n" + rows)
    raw = {"layers": ((16, "relu"),), "train": {"learning_rate": 0.001}, "standardize": False}
    auto, scaled = trainer(tmp_path, **raw), trainer(tmp_path, **raw, standardize_target="yes")
    assert not auto.objective.scaled and trainer(tmp_path).objective.scaled
    for t in (auto, scaled):
        t.run(1000)
    assert errors(auto, "test")[0][0] < errors(scaled, "test")[0][0]


def test_bce_takes_shares_as_they_are(tmp_path):
    (tmp_path / "homes.csv").write_text("x,share\n" + "".join(f"{k},{k % 7 / 10}\n" for k in range(30)))
    t = trainer(tmp_path, train={"loss": "bce"})
    assert not t.objective.scaled and t.objective.output == "sigmoid"
    with pytest.raises(InputError, match=r"data\.standardize_target: .*as they are"):
        trainer(tmp_path, train={"loss": "bce"}, standardize_target="yes")


def test_constant_and_huge_targets(tmp_path):
    (tmp_path / "homes.csv").write_text("x,y\n" + "".join(f"{k / 10},4.25\n" for k in range(20)))
    source = OwnTraining(scene(task="regression"), tmp_path, choose("cpu"))
    source.run(300)
    source.show()
    assert source.objective.units[0].deviation == 1 and abs(source.objective.own(source.tensors("activation")[-1:])[0] - 4.25) < 0.5
    (tmp_path / "homes.csv").write_text("x,y\n" + "".join(f"{k / 10},{1_700_000_000 + 60 * k}\n" for k in range(200)))
    source = OwnTraining(scene(), tmp_path, choose("cpu"))
    assert len(np.unique(source.trainer.looking.part("train")[1])) == len(source.data.x_train)  # float64 until standardised
    assert source.sample.label == f"y = {int(source.data.t_test[0, 0]):,}"


def test_the_sample_and_the_answer_are_in_the_unit(homes):
    source = OwnTraining(scene(), homes, choose("cpu"))
    source.run(200)
    source.show_sample(3)
    price = source.data.t_test[3, 0]
    output = float(source.tensors("activation")[-1])
    unit = source.objective.units[0]
    assert source.sample.label == f"price = {price:,.0f}"
    assert source.answer() == (f"price = {unit.mean + unit.deviation * output:,.0f}", None)
    assert source.targets()[0] == pytest.approx((price - unit.mean) / unit.deviation)
