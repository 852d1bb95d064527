"""What looks unhealthy is found and named, what is healthy is left in peace, and looking changes nothing. No OpenGL anywhere."""

import itertools

import numpy as np
import pytest

from nnviz3d.app.probes import health, health_rules
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.readout import Charts

NOTHING = np.zeros(0, np.float32)


def session(tmp_path, name, *sets):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(item) for item in sets]), path.parent if not sets else tmp_path, "cpu", path)


def found(s):
    return s.diagnosis.findings(s.source, s.curves.charts)


def titles(s):
    return [finding.title for finding in found(s)]


def charts(train, test=()):
    train, test = np.asarray(train, np.float32), np.asarray(test, np.float32)
    steps = np.arange(1, len(train) + 1, dtype=np.float32)
    every = np.linspace(1, max(len(train), 1), len(test), dtype=np.float32)
    return Charts(steps, train, every, test, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("name", "title", "numbers"),
    [
        ("dead-relu", "Dead ReLUs in hidden layer 2", "of 64 ReLUs"),
        ("overfit", "Overfitting", "Test loss"),
        ("too-fast", "The learning rate is too high", "of the last 40 points"),
        ("zero-init", "Neurons of hidden layer 1 are identical", "12 neurons"),
        ("saturated", "Saturated tanh in hidden layer 1", "256 samples"),
        ("unscaled", "Inputs are not scaled", "proline"),
        ("deep", "The gradient vanishes", "Root mean square"),
        ("exploding", "The gradient explodes", "-fold on the way back"),
    ],
)
def test_an_instructive_scene_shows_exactly_its_finding(tmp_path, name, title, numbers):
    s = session(tmp_path, name)
    s.run(s.scene.test.steps)
    (finding,) = found(s)
    assert finding.title == title and numbers in finding.how and finding.remedy.endswith(".")


@pytest.mark.parametrize("name", ["digits", "xor", "circle", "iris", "sparse", "spiral", "gauss", "reg-plane"])
def test_a_healthy_scene_shows_none_at_any_time(tmp_path, name):
    s = session(tmp_path, name)
    assert titles(s) == []
    for _ in range(4):
        s.run(s.scene.test.steps // 4)
        s.diagnosis.pass_time(health.EVERY)
        assert titles(s) == []


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("dead-relu", "network.layers.1.bias=0"),
        ("too-fast", "train.learning_rate=0.3"),
        ("zero-init", "network.layers.0.init=auto"),
        ("saturated", "network.layers.0.init_scale=1"),
        ("unscaled", "data.standardize=true"),
        ("exploding", "network.layers.*.init_scale=1"),
    ],
)
def test_the_remedy_cures_and_the_network_learns_better(tmp_path, name, cure):
    every = range(len(toml.load(name).network.layers)) if "*" in cure else (0,)
    ill, cured = session(tmp_path, name), session(tmp_path, name, *(cure.replace("*", str(k)) for k in every))
    for s in (ill, cured):
        s.run(s.scene.test.steps)
    assert titles(cured) == []
    assert cured.evaluate().test_accuracy > ill.evaluate().test_accuracy + 0.1


@pytest.mark.parametrize("seed", range(4))
def test_exploding_is_named_from_the_first_steps_on_for_any_seed(tmp_path, seed):
    s = session(tmp_path, "exploding", f"train.seed={seed}")
    for steps in (1, 20, 179):
        s.run(steps)
        s.diagnosis.pass_time(health.EVERY)
        assert titles(s) == ["The gradient explodes"]
    nodes, g = s.source.topology.nodes[1:], s.source.tensors("gradient")
    first, last = (float(np.sqrt(np.mean(g[node.weight.slice].astype(float) ** 2))) for node in (nodes[0], nodes[-1]))
    assert f"{float(f'{first / last:.3g}'):,.0f}-fold" in found(s)[0].how and f"{first:.2g} in the first" in found(s)[0].how


def test_sparse_keeps_one_weight_in_ten_and_what_it_knows(tmp_path):
    s = session(tmp_path, "sparse")
    s.run(s.scene.test.steps)
    left = sum(int((value != 0).sum()) for name, value in s.source.parameters().items() if name.endswith("weight"))
    assert 10 < left < 0.1 * s.source.topology.n_edges and s.evaluate().test_accuracy > 0.95


def test_the_number_of_dead_relus_is_true(tmp_path):
    s = session(tmp_path, "dead-relu")
    (finding,) = found(s)
    p, x = s.source.parameters(), health.spread(s.source.data.x_test, health.ROWS)
    a = np.maximum(x @ p["layers.0.weight"].T + p["layers.0.bias"], 0)
    dead = (a @ p["layers.1.weight"].T + p["layers.1.bias"] <= 0).all(0).sum()
    assert len(x) == 256 and finding.how.startswith(f"{dead} of 64 ReLUs")


def test_looking_changes_nothing_that_is_learned(tmp_path):
    seen, blind = session(tmp_path, "dead-relu"), session(tmp_path, "dead-relu")
    for _ in range(5):
        for s in (seen, blind):
            s.source.run(7)
        seen.diagnosis.pass_time(health.EVERY)
        assert found(seen)
    mine, other = seen.source.trainer.arenas.copies(), blind.source.trainer.arenas.copies()
    assert all(mine[name].tobytes() == other[name].tobytes() for name in other)
    assert seen.source.loss == blind.source.loss


def test_it_looks_every_two_seconds_and_at_once_at_another_network(tmp_path, monkeypatch):
    s = session(tmp_path, "xor")
    looks = []
    monkeypatch.setattr(s.diagnosis, "_look", lambda source, curves: looks.append(source.step) or ())
    for _ in range(10):  # 5 seconds
        s.single_step()
        s.advance(0.5, lambda: False)
        found(s)
    assert looks == [1, 5, 9]
    s.reset()
    found(s)
    assert looks[-1] == 0
    for _ in range(10):
        s.advance(0.5, lambda: False)
        found(s)
    assert len(looks) == 4, "nothing has changed since"


@pytest.mark.parametrize("name", ["digits", "wide"])
def test_a_look_is_one_pass_over_as_many_samples_as_are_affordable(tmp_path, monkeypatch, name):
    s = session(tmp_path, name)
    s.run(2)
    found(s)
    response, parameters = s.diagnosis._response, s.source.topology.n_parameters
    rows = len(response.activations()[0])
    assert health.FEWEST <= rows <= health.ROWS and rows * parameters <= health.WORK
    passes, read = [], []
    run, to_host = response.run, s.ops.to_host
    monkeypatch.setattr(response, "run", lambda: passes.append(run()))
    monkeypatch.setattr(s.ops, "to_host", lambda array: read.append(array.size) or to_host(array))
    s.diagnosis._look(s.source, s.curves.charts)
    assert len(passes) == 1
    assert sum(read) <= rows * s.source.topology.n_neurons + health.VALUES * 3 * len(s.source.topology.nodes)


def test_divergence_is_named(tmp_path):
    s = session(tmp_path, "digits", "train.optimizer=sgd", "train.learning_rate=1e9")
    while s.source.diverged is None:
        s.diagnosis.pass_time(health.EVERY)
        assert len(found(s)) < 3
        s.single_step()
    s.diagnosis.pass_time(health.EVERY)
    assert "values overflowed" in found(s)[0].how


@pytest.mark.parametrize(
    ("sets", "last"),
    [
        (["data.samples=1"], []),
        (["data.samples=2", "data.test_fraction=0.9"], ["Overfitting"]),
        (["train.loss=huber"], []),
        (["network.layers=[]"], []),
    ],
)
def test_the_smallest_data_and_networks_are_looked_at_too(tmp_path, sets, last):
    s = session(tmp_path, "xor", *sets)
    for _ in range(3):
        s.run(20)
        s.diagnosis.pass_time(health.EVERY)
        assert all(finding.how.strip(". ") and "nan" not in finding.how for finding in found(s))
    assert titles(s) == last


def test_gradients_from_their_sizes():
    assert health_rules.gradient(1e-5, 0.1, 1.0, 1.0).title == "The gradient vanishes"
    assert health_rules.gradient(0.1, 1e-5, 1.0, 1.0).title == "The gradient explodes"
    assert health_rules.gradient(9.0, 9.0, 500.0, 2.0).title == "The gradient grows"
    assert health_rules.gradient(0.01, 0.1, 50.0, 0.1) is None and health_rules.gradient(0.0, 0.0, 0.0, 0.0) is None


def test_curves_that_overshoot_stand_still_and_part():
    falling, noise = np.geomspace(2, 0.01, 400), np.tile([0.5, 1.5], 200)
    assert health_rules.too_fast(charts(falling * noise), 2.3, None, 40) is None
    assert health_rules.too_fast(charts(np.geomspace(90, 3, 400)), 2.3, None, 40) is None, "a bad start that gets better"
    assert health_rules.too_fast(charts([1.0] * 300 + [1.0, 9.0] * 20), 2.3, None, 40)
    assert health_rules.unmoved(charts([2.3] * 400), 2.3) and health_rules.unmoved(charts(falling), 2.3) is None
    assert health_rules.unmoved(charts([2.3] * 100), 2.3) is None, "too early to tell"
    assert health_rules.unmoved(charts([2.3] + [1.2, 1.3] * 200), 2.3) is None, "a plateau of noisy data"
    assert health_rules.overfitting(charts(falling, np.linspace(0.5, 2, 20)), 2.3)
    assert health_rules.overfitting(charts(falling, falling[::20] * 3), 2.3) is None, "above, but not rising"
    assert health_rules.overfitting(charts(falling, np.linspace(0.05, 0.2, 20)), 2.3) is None, "too small to matter"


def _looks(tmp_path, name, steps, *sets):
    """Whether overfitting is named at each look of a long run: a look every 200 steps, evaluations four times as often."""
    s, named = session(tmp_path, name, *sets), []
    while s.source.step < steps:
        for _ in range(4):
            for _ in range(10):
                s.source.run(5)
                s.curves.add_train(s.source.step, s.source.loss)
            s.evaluate()
        s.diagnosis.pass_time(health.EVERY)
        named.append("Overfitting" in titles(s))
    return named


@pytest.mark.parametrize(("name", "noise", "steps"), [("xor", 0.3, 15_000), ("spiral", 0.2, 3600)])
def test_overfitting_once_named_stays_while_it_lasts(tmp_path, name, noise, steps):
    named = _looks(tmp_path, name, steps, f"data.noise={noise}")
    assert named[-1] and sum(a != b for a, b in itertools.pairwise(named)) == 1


def test_overfitting_is_let_go_well_below_the_line_where_it_is_named():
    falling = np.geomspace(2, 0.01, 400)

    def parted(last, known):
        return health_rules.overfitting(charts(falling, [0.9, 0.8, 0.7, 0.6, 0.5, *[last] * 5]), 2.3, known) is not None

    assert [parted(last, False) for last in (0.7, 0.6, 0.52)] == [True, False, False]
    assert [parted(last, True) for last in (0.7, 0.6, 0.52)] == [True, True, False]


def test_a_spike_of_the_train_loss_hides_no_overfitting():
    falling = np.geomspace(2, 0.01, 400)
    falling[-3] = 400.0  # Adam does that
    assert health_rules.overfitting(charts(falling, np.linspace(0.5, 2, 20)), 2.3)


def test_kernels_are_compared_with_each_other_and_not_places_of_one(tmp_path):
    assert titles(session(tmp_path, "conv-toy")) == [], "one kernel is like no other"
    alike = session(tmp_path, "conv-toy", "network.layers.0.channels=3", "network.layers.0.init=zeros")
    assert "Channels of conv are identical" in titles(alike)
