"""The layers' history: numbers against plain numpy, bounded memory, and faithful to the run through rewind, reset and change."""

import numpy as np
import pytest

from nnviz3d.app.probes import layer_history
from nnviz3d.app.probes.health import spread as evenly
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit

QUANTITIES = ("weight", "gradient", "activation")


def session(name="digits", *sets, remember=64 << 20):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(item) for item in sets]), path.parent, "cpu", path, remember)


def look(s, quantity="weight", layer=0, frames=1):
    for _ in range(frames):
        s.layers.pass_time(1e6)
        reading = s.layers.reading(s.source, (quantity, layer))
    return reading


def numbers(s, quantity, layer):
    """Those that a histogram of this moment is of, by hand; small ReLU networks only."""
    node, arenas = s.source.topology.nodes[layer + 1], s.source.trainer.arenas
    if quantity == "activation":
        p, a = s.source.parameters(), evenly(s.source.data.x_test, layer_history.ROWS)
        for k in range(layer + 1):
            a = a @ p[f"layers.{k}.weight"].T + p[f"layers.{k}.bias"]
            if k < len(s.source.topology.nodes) - 2:
                a = np.maximum(a, 0)
        e = np.exp(a - a.max(1, keepdims=True))
        return (e / e.sum(1, keepdims=True) if node is s.source.topology.output else a).ravel()
    return (arenas.parameters if quantity == "weight" else arenas.gradients)[node.weight.slice]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_histogram_is_that_of_the_arena(quantity, layer):
    s = session()
    s.source.run(25)
    r = look(s, quantity, layer)
    values = numbers(s, quantity, layer).astype(np.float64)
    values = values if len(values) == r.seen else values[layer_history.spots(len(values), layer_history.VALUES // 3)]
    assert (r.quantity, r.layer, r.total) == (quantity, layer, numbers(s, quantity, layer).size)
    np.testing.assert_allclose([r.low_t[-1], r.high_t[-1]], [values.min(), values.max()], rtol=1e-4, atol=1e-6)
    expected, _ = np.histogram(values, r.count_tb.shape[1], (r.low_t[-1], r.high_t[-1]))
    assert r.count_tb[-1].sum() == len(values) == r.seen and np.abs(r.count_tb[-1] - expected).sum() <= 0.01 * len(values)
    np.testing.assert_allclose(r.rms_t[-1], np.sqrt(np.mean(values**2)), rtol=1e-4)


def test_ratios_and_gradients_are_root_mean_squares_of_whole_small_layers():
    s = session("xor")
    s.source.run(10)
    before = s.source.parameters()
    s.source.run(1)
    r, after = look(s), s.source.parameters()
    for k in range(len(r.names)):
        w, old = (p[f"layers.{k}.weight"].astype(np.float64) for p in (after, before))
        np.testing.assert_allclose(r.ratio_tl[-1, k], np.sqrt(np.mean((w - old) ** 2) / np.mean(w**2)), rtol=1e-6)
        g = s.source.topology.nodes[k + 1].weight.view(s.source.tensors("gradient")).astype(np.float64)
        np.testing.assert_allclose(r.gradient_tl[-1, k], np.sqrt(np.mean(g**2)), rtol=1e-6)
    assert r.names == ("hidden 1", "hidden 2", "output") and r.step_t[-1] == 11


def test_before_the_first_step_there_are_weights_and_activations_but_no_gradient():
    s = session()
    r = look(s)
    assert r.step_t.tolist() == r.seen_t.tolist() == [0] and np.isnan(r.gradient_tl).all() and np.isnan(r.ratio_tl).all()
    assert len(look(s, "gradient").seen_t) == 0 and len(look(s, "activation").seen_t) == 1


def test_nobody_looks_nothing_is_done(monkeypatch):
    s = session()
    monkeypatch.setattr(layer_history, "Probe", lambda source: pytest.fail("probed"))
    for _ in range(5):
        s.source.run(1)
        s.layers.pass_time(10.0)
        assert s.layers.reading(s.source, None) is None


def test_samples_come_at_a_steady_cadence_and_only_where_something_has_changed():
    s = session(remember=0)
    first = s.layers.reading(s.source, ("weight", 0))
    for k in range(12):  # 0.6 s
        s.source.run(1)
        s.layers.pass_time(0.05)
        r = s.layers.reading(s.source, ("weight", 0))
        assert (r is first) == (k < 2)
    assert r.step_t.tolist() == [0, 3, 6, 9, 12]
    s.layers.pass_time(9.0)
    assert s.layers.reading(s.source, ("weight", 0)) is r


def test_memory_is_bounded_and_the_first_and_last_moment_stay():
    s = session("xor", remember=0)
    for _ in range(400):
        s.source.run(1)
        r = look(s)
        assert len(r.step_t) <= layer_history.MOST
    gaps = np.diff(r.step_t[:-1])
    assert r.step_t[0] == 1 and r.step_t[-1] == 400 and gaps.max() <= 8 and (np.diff(r.step_t) > 0).all()
    assert s.layers._every == layer_history.EVERY * 8, "the longer the run, the rarer the looks"


def test_a_panel_that_opens_late_sees_the_past_and_it_is_true():
    early, late = session(), session()
    for _ in range(8):
        early.source.run(100)
        look(early, frames=1)
        late.source.run(100)
    for quantity in QUANTITIES:
        r = look(late, quantity, 1, frames=layer_history.PAST)
        assert len(r.step_t) > 4 and r.step_t[0] == 0 and r.step_t[-1] == 800
        held = dict(late.source.history.moments())
        mine = look(early, quantity, 1)
        for k, step in enumerate(r.seen_t):
            if step in mine.seen_t:
                there = int(np.flatnonzero(mine.seen_t == step)[0])
                assert (mine.count_tb[there] == r.count_tb[k]).all() and mine.rms_t[there] == r.rms_t[k]
            else:
                assert step in held
    live = look(late, "weight", 0)
    for k, step in enumerate(live.step_t[:-1]):
        w = late.source.topology.nodes[1].weight.view(held[int(step)]["arenas"]["parameters"]).astype(np.float64)
        np.testing.assert_allclose(live.rms_t[k], np.sqrt(np.mean(w**2)), rtol=1e-9)


def test_going_back_keeps_the_future_and_another_future_replaces_it():
    s = session()
    for _ in range(6):
        s.source.run(50)
        look(s)
    s.rewind(125)
    r = look(s, frames=3)
    assert s.source.step == 125 and 125 in r.step_t and r.step_t[-1] == 300, "what was seen of this branch is still true"
    s.apply([Edit("train.learning_rate", 0.5)])
    s.source.run(10)
    r = look(s, frames=3)
    assert r.step_t[-1] == 135 and r.step_t.max() == 135 and 100 in r.step_t


def test_a_change_while_the_panel_is_closed_is_noticed_when_it_opens():
    s = session()
    for _ in range(4):
        s.source.run(50)
        look(s)
    s.layers.reading(s.source, None)
    s.rewind(100)
    s.apply([Edit("train.learning_rate", 0.5)])
    s.source.run(400)
    r = look(s, frames=layer_history.PAST)
    held = dict(s.source.history.moments())
    for k, step in enumerate(r.step_t):
        if 100 < step < 500:
            w = s.source.topology.nodes[1].weight.view(held[int(step)]["arenas"]["parameters"]).astype(np.float64)
            np.testing.assert_allclose(r.rms_t[k], np.sqrt(np.mean(w**2)), rtol=1e-9)


def test_reset_and_another_network_begin_anew():
    s = session()
    for _ in range(3):
        s.source.run(20)
        look(s)
    s.reset()
    assert look(s).step_t.tolist() == [0]
    s.source.run(5)
    look(s)
    s.apply([Edit("network.layers", [])])
    r = look(s, "activation", 7)
    assert r.names == ("output",) and r.layer == 0 and r.step_t.tolist() == [0]


def test_other_data_for_the_same_network_keep_what_was():
    s = session(remember=0)
    s.source.run(20)
    look(s)
    s.apply([Edit("data.test_fraction", 0.5)])
    s.source.run(20)
    assert look(s).step_t.tolist() == [20, 40]


def test_a_killed_neuron_s_activations_are_zero_and_the_past_keeps_its_own():
    s = session()
    s.source.run(600)
    look(s, "activation", 0, frames=layer_history.PAST)
    before = look(s, "activation", 0)
    hidden = s.source.topology.nodes[1].neurons
    s.source.hold(s.source.holds.having("killed", range(hidden.start, hidden.stop), True))
    after = look(s, "activation", 0, frames=layer_history.PAST)
    assert after.rms_t[-1] == 0 < before.rms_t[-1] and (after.rms_t[:-1] > 0).all()
    late = session()
    late.source.run(600)
    late.source.hold(late.source.holds.having("killed", range(hidden.start, hidden.stop), True))
    late.source.run(10)
    r = look(late, "activation", 0, frames=layer_history.PAST)
    assert r.seen_t.min() >= 600, "what it said before it was silent is not known, and not made up"
    assert look(late).step_t[0] == 0


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("xor", ["data.kind=reg-plane"]),
        ("digits", ["data.test_fraction=0", "network.layers=[]"]),
        ("xor", ["data.samples=1", "data.test_fraction=0"]),
        ("digits", ["train.optimizer=sgd", "train.learning_rate=1e9"]),
        ("zero-init", []),
        ("dead-relu", []),
    ],
)
def test_edges_give_numbers_or_nothing_but_never_an_error(name, sets):
    s = session(name, *sets)
    for _ in range(6):
        s.source.run(5)
        for quantity in QUANTITIES:
            r = look(s, quantity, len(s.source.topology.nodes))
            assert np.isfinite(r.low_t).all() and (r.high_t > r.low_t).all() and (r.count_tb.sum(1) == r.seen).all()
            assert not np.isinf(r.ratio_tl).any() and not np.isinf(r.gradient_tl).any()


def test_a_wide_network_is_thinned_evenly_and_few_samples_pass(monkeypatch):
    s = session("wide", "data.samples=200")
    s.source.run(1)
    copied = []
    to_host = s.source.ops.to_host
    monkeypatch.setattr(s.source.ops, "to_host", lambda array: copied.append(array.size) or to_host(array))
    r = look(s)
    p, whole = s.layers._probe, s.source.topology.nodes[2].weight.view(s.source.tensors("parameter")).astype(np.float64)
    assert (
        sum(p.seen["weight"]) <= layer_history.VALUES and p.rows * s.source.topology.n_parameters <= layer_history.WORK and r.seen < r.total
    )
    assert copied[0] == 3 * len(p.where) and sum(copied[1:]) <= p.rows * s.source.topology.n_neurons, "one small copy of the arenas"
    np.testing.assert_allclose(look(s, "weight", 1).rms_t[-1], np.sqrt(np.mean(whole**2)), rtol=0.05)


def test_a_network_too_large_for_passes_shows_the_shown_sample_s_activations(monkeypatch):
    monkeypatch.setattr(layer_history, "WORK", 1000.0)
    s = session()
    s.source.run(5)
    s.source.show()
    r = look(s, "activation", 0)
    a = s.source.tensors("activation")[s.source.topology.nodes[1].neurons.slice].astype(np.float64)
    assert r.rows == 0 and r.seen == r.total == len(a)
    np.testing.assert_allclose(r.rms_t[-1], np.sqrt(np.mean(a**2)), rtol=1e-9)
