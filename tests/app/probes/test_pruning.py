"""Pruning: exactly the smallest weights, scores of copies in slices, the picture without them, an edit that undo takes back."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes import pruning
from nnviz3d.app.probes.pruning import SHARES, Pruning
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.engine.pruning import prune, weights
from nnviz3d.spec import toml
from tests.helpers.fake_source import FakeSource


def session(name="digits", *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


@pytest.fixture
def s():
    s = session()
    s.run(200)
    s.refresh()
    return s


def parameters(s) -> np.ndarray:
    return s.source.tensors("parameter").copy()


def look(probe, s, wanted, times=400):
    for _ in range(times):
        r = probe.reading(s.source, wanted)
    return r


@pytest.mark.parametrize("node", [-1, 1, 3])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99, 1.0])
def test_exactly_the_smallest_weights_are_0_and_biases_stay(s, node, share):
    topology, p = s.source.topology, parameters(s)
    found = prune(topology, p, share, node)
    mine = np.concatenate([p[r.slice] for r in weights(topology, node)])
    left = np.concatenate([found.parameters[r.slice] for r in weights(topology, node)])
    assert found.total == len(mine) and found.count == round(share * len(mine)) == (left != mine).sum() == (left == 0).sum()
    if 0 < found.count < found.total:
        assert found.threshold == np.abs(mine[left == 0]).max() <= np.abs(left[left != 0]).min()
    others = np.ones(len(p), bool)
    for r in weights(topology, node):
        others[r.slice] = False
    assert np.array_equal(found.parameters[others], p[others]) and np.array_equal(p, parameters(s))


def test_equal_weights_are_counted_exactly(s):
    topology = s.source.topology
    found = prune(topology, np.ones(topology.n_parameters, np.float32), 0.25)
    assert (found.parameters == 0).sum() == found.count == round(0.25 * topology.n_weights)


def test_the_score_is_that_of_a_network_with_these_weights_and_training_is_untouched(s):
    before, probe = parameters(s), Pruning()
    r = look(probe, s, (-1, 0.8))
    assert np.array_equal(parameters(s), before)
    s.source.learner.load(
        {n: x.view(prune(s.source.topology, before, 0.8).parameters) for n, x in s.source.topology.parameter_ranges.items()}
    )
    score = s.source.score("test")
    assert r.loss == pytest.approx(score.loss, rel=1e-5) and r.accuracy == score.accuracy
    assert r.rows == r.of == len(s.source.data.x_test) and r.count == round(0.8 * r.total)


def test_the_curve_is_found_in_slices_and_its_ends_are_known(s):
    probe = Pruning()
    r = probe.reading(s.source, (-1, 0.5))
    assert r is None or len(r.share_c) == 0, "not all in one frame"
    r = look(probe, s, (-1, 0.5))
    np.testing.assert_allclose(r.share_c, SHARES)
    assert r.before == r.value_c[0] == s.source.score("test").accuracy and r.value_c[-1] < r.value_c[0]
    other = look(probe, s, (3, 0.5))
    assert other.total == 320 and not np.array_equal(other.value_c, r.value_c)


def test_the_picture_shows_the_pruned_network_and_follows_the_sample(s):
    probe = s.pruning
    look(probe, s, (-1, 0.9), 3)
    view = s.pictured
    assert view is probe.view and view is not s.source and s.pictured_numbers is view
    assert (view.tensors("parameter") == 0).sum() >= round(0.9 * s.source.topology.n_weights)
    a, version = view.tensors("activation").copy(), view.version
    assert not np.array_equal(a, s.source.tensors("activation"))
    s.show_next(1)
    assert not np.array_equal(view.tensors("activation"), a) and view.version != version
    s.own.draw([[0.1, False, [0.5, 0.1, 0.5, 0.9]]])
    assert view.tensors("delta") is None and view.targets() is None and view.answer()[1] is None
    probe.reading(s.source, (-1, 0.0))
    probe.reading(s.source, (-1, 0.0))
    assert s.pictured is s.source
    look(probe, s, (-1, 0.9), 3)
    probe.reading(s.source, None)
    assert s.pictured is s.source, "nobody looks"


def test_while_it_learns_the_pruned_network_follows(s):
    look(s.pruning, s, (-1, 0.5), 3)
    first = s.pictured.tensors("parameter").copy()
    s.run(10)
    look(s.pruning, s, (-1, 0.5), 3)
    assert np.array_equal(s.pictured.tensors("parameter"), first), "not in every frame"
    s.pruning.pass_time(pruning.RENEW)
    look(s.pruning, s, (-1, 0.5), 3)
    assert np.array_equal(s.pictured.tensors("parameter"), prune(s.source.topology, parameters(s), 0.5).parameters)


def test_apply_is_an_edit_that_undo_takes_back_and_training_goes_on_from_it(s):
    before = parameters(s)
    s.editing.prune(-1, 0.5)
    after = parameters(s)
    assert np.array_equal(after, prune(s.source.topology, before, 0.5).parameters)
    assert s.editing.reading().kind == "prune" and s.editing.reading().test_now != s.editing.reading().test_before
    s.undo()
    assert np.array_equal(parameters(s), before)
    s.redo()
    assert np.array_equal(parameters(s), after)
    s.run(1)
    assert (parameters(s) == 0).sum() < (after == 0).sum(), "pruned weights may come back"
    s.rewind(s.source.step - 1)
    assert np.array_equal(parameters(s), after)


def test_a_layer_without_weights_is_reported_and_a_walk_is_finished_first(s):
    s.editing.prune(99, 0.5)
    assert "99" in s.banner and not s.history.can_undo
    s.start_walk()
    step = s.source.step
    s.editing.prune(1, 0.5)
    assert s.walking is None and s.source.step == step


def test_large_networks_are_sorted_on_a_thread(s, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 10)
    probe = Pruning()
    for _ in range(20_000):
        r = probe.reading(s.source, (-1, 0.3))
        if r is not None and r.accuracy is not None:
            break
    assert r is not None and r.count == round(0.3 * r.total)


def test_what_has_no_rows_has_no_score():
    assert Pruning().reading(FakeSource(), (-1, 0.5)) is None
