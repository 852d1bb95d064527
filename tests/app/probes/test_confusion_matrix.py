"""The confusion matrix: against a loop over samples, in pieces, of one moment, and without a trace in what is learned."""

import numpy as np
import pytest

from nnviz3d.app.probes import confusion_matrix
from nnviz3d.app.probes.confusion_matrix import Confusion, tally
from nnviz3d.app.session.opening import new_session
from nnviz3d.engine import per_sample
from nnviz3d.spec import toml


def session(name="digits", *sets):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(item) for item in sets]), path.parent, "cpu", path)


def count(s, limit=200):
    """The reading once it is complete, and how many frames it took."""
    for frame in range(1, limit):
        reading = s.confusion.reading(s.source, True)
        if reading is not None:
            return reading, frame
    raise AssertionError("never complete")


def by_loop(s, part="test"):
    """Forward of a ReLU network by hand, sample by sample."""
    p, x, t = s.source.parameters(), getattr(s.source.data, f"x_{part}"), getattr(s.source.data, f"t_{part}")
    layers, classes = len(p) // 2, len(s.source.data.class_names)
    out = np.zeros((classes, classes), int)
    for row, truth in zip(x, t, strict=True):
        a = row
        for k in range(layers):
            a = p[f"layers.{k}.weight"] @ a + p[f"layers.{k}.bias"]
            a = np.maximum(a, 0) if k < layers - 1 else a
        out[truth, int(a.argmax())] += 1
    return out


def test_counts_are_those_of_a_loop_over_all_samples():
    s = session()
    s.source.run(60)
    reading, _ = count(s)
    assert (reading.count_cc == by_loop(s)).all()
    assert reading.part == "test" and reading.first == reading.last == 60 and reading.mute == 0
    assert np.trace(reading.count_cc) / reading.count_cc.sum() == pytest.approx(s.source.evaluate("test")[1])


def test_without_a_test_part_the_train_part_is_counted():
    s = session("digits", "data.test_fraction=0", "network.layers=[]")
    s.source.run(20)
    reading, _ = count(s)
    assert reading.part == "train" and (reading.count_cc == by_loop(s, "train")).all()


def test_a_large_count_takes_many_frames_and_is_still_of_one_moment(monkeypatch):
    monkeypatch.setattr(per_sample, "WORK", 1e5)  # 20 rows a frame
    s = session()
    s.source.run(30)
    expected = by_loop(s)
    assert s.confusion.reading(s.source, True) is None
    while (reading := s.confusion.reading(s.source, True)) is None:
        s.source.run(1)  # it learns on
    assert s.source.step > 40 and reading.first == reading.last == 30 and (reading.count_cc == expected).all()


def test_a_network_too_large_to_copy_tells_the_steps_that_the_count_took(monkeypatch):
    monkeypatch.setattr(per_sample, "WORK", 1e5)
    monkeypatch.setattr(confusion_matrix, "COPY", 0)
    s = session()
    s.source.run(30)
    while (reading := s.confusion.reading(s.source, True)) is None:
        s.source.run(1)
    assert reading.first == 30 and reading.last == s.source.step > 40
    s.confusion.pass_time(confusion_matrix.EVERY)
    while (again := s.confusion.reading(s.source, True)) is reading:
        pass
    assert again.first == again.last == s.source.step and (again.count_cc == by_loop(s)).all(), "at rest it is counted once more"


def test_it_is_renewed_at_its_cadence_and_only_where_something_has_changed(monkeypatch):
    s = session()
    first, _ = count(s)
    looked = []
    judge = s.source.judging
    monkeypatch.setattr(s.source, "judging", lambda *rows: looked.append(s.source.step) or judge(*rows))
    for _ in range(5):
        s.confusion.pass_time(1.0)
        assert s.confusion.reading(s.source, True) is first
    s.source.run(10)
    assert any(s.confusion.reading(s.source, True) is not first for _ in range(5)) and looked == [10]
    s.source.run(10)
    s.confusion.pass_time(0.4)
    second = s.confusion.reading(s.source, True)
    s.confusion.pass_time(0.2)
    assert any(s.confusion.reading(s.source, True) is not second for _ in range(5)) and looked == [10, 20]


def test_nobody_looks_nothing_is_done(monkeypatch):
    s = session()
    monkeypatch.setattr(s.confusion, "_bind", lambda source: pytest.fail("bound"))
    assert s.confusion.reading(s.source, False) is None
    numbers = session("xor", "data.kind=reg-plane")
    monkeypatch.setattr(numbers.confusion, "_bind", lambda source: pytest.fail("bound"))
    assert numbers.confusion.reading(numbers.source, True) is None, "numbers have no classes"


def test_looking_changes_nothing_that_is_learned():
    seen, blind = session("digits", "network.layers.0.dropout=0.2"), session("digits", "network.layers.0.dropout=0.2")
    for _ in range(12):
        for s in (seen, blind):
            s.source.run(3)
        seen.confusion.pass_time(1.0)
        seen.confusion.reading(seen.source, True)
        seen.layers.pass_time(1.0)
        seen.layers.reading(seen.source, ("gradient", 0))
    mine, other = seen.source.trainer.arenas.copies(), blind.source.trainer.arenas.copies()
    assert seen.source.step == 36 and all(mine[name].tobytes() == other[name].tobytes() for name in other)


def test_an_answer_that_is_no_number_is_counted_apart():
    s = session("iris")
    s.source.trainer.arenas.parameters[:] = np.nan
    reading, _ = count(s)
    assert reading.count_cc.sum() == 0 and reading.mute == len(s.source.data.x_test) > 0
    assert tally(np.array([0, 1, 1]), np.array([1, -1, 1]), 2).tolist() == [[0, 1], [0, 1]]


def test_another_network_is_counted_anew():
    s = session()
    old, _ = count(s)
    s.reset(5)
    new, _ = count(s)
    assert new is not old and (new.count_cc == by_loop(s)).all()


def test_a_killed_neuron_is_silent_in_the_count_too():
    s = session("iris", "data.test_fraction=0")
    s.source.run(50)
    before, _ = count(s)
    hidden = s.source.topology.nodes[1].neurons
    s.source.hold(s.source.holds.having("killed", range(hidden.start, hidden.stop), True))
    s.confusion.pass_time(confusion_matrix.EVERY)
    after = next(r for _ in range(20) if (r := s.confusion.reading(s.source, True)) is not before)
    assert (after.count_cc.sum(0) > 0).sum() == 1, "without its only way in, all samples look the same to it"


def test_finding_goes_through_all_samples_of_a_cell_and_starts_over():
    s = session()
    reading, _ = count(s)
    i, j = np.unravel_index(reading.count_cc.argmax(), reading.count_cc.shape)
    seen, at = [], -1
    for _ in range(reading.count_cc[i, j]):
        at = s.confusion.find(i, j, at)
        seen.append(at)
        assert s.source.data.t_test[at] == i
    assert seen == sorted(set(seen)) and s.confusion.find(i, j, at) == seen[0]
    none = np.argwhere(reading.count_cc == 0)[0]
    assert s.confusion.find(*none, 0) is None and Confusion().find(0, 0, 0) is None
