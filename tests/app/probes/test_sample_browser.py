"""The sample browser: what is asked when, in which order it is reported, and what a click does to the session."""

import numpy as np
import pytest

from nnviz3d.app.probes.sample_browser import RENEW, Browser, find_wrong
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import Session
from nnviz3d.engine import per_sample
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import SampleQuery
from tests.helpers.per_sample import judged

STEP = 1 / 60
ALL, WRONG = SampleQuery(size=10**6), SampleQuery("wrong", "number", size=10**6)


def session(name="iris", *edits, steps=20) -> Session:
    path = toml.find(name)
    made = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path)
    made.run(steps)
    return made


def look(s: Session, query=ALL, frames=400, dt=STEP):
    """What somebody sees who looks until the list is complete."""
    for _ in range(frames):
        s.browser.ask(query)
        s.browser.work(s.source, s.seen, dt)
        reading = s.browser.reading(s.source, s.seen)
        if reading is not None and reading.known == reading.total:
            return reading
    raise AssertionError("the list never became complete")


def test_the_worst_come_first_with_their_own_losses():
    s = session()
    r = look(s)
    outputs, loss = judged(s.source)
    assert [row.index for row in r.rows] == np.argsort(-loss, kind="stable").tolist()
    assert [row.loss for row in r.rows] == np.sort(loss)[::-1].tolist()
    wrong = outputs.argmax(1) != s.source.data.t_test
    assert r.wrong == wrong.sum() and r.total == r.found == 45 and r.step == 20 and r.part == "test"
    assert r.loss == pytest.approx(loss.mean())
    for row in r.rows:
        assert row.right == (not wrong[row.index]) and row.label == s.source.data.class_names[s.source.data.t_test[row.index]]
        assert row.said.startswith(s.source.data.class_names[outputs[row.index].argmax()])
        assert (row.x == s.source.data.x_test[row.index]).all()


def test_wrong_answers_a_class_and_pages():
    s = session(steps=5)
    outputs, _ = judged(s.source)
    t = s.source.data.t_test
    assert [row.index for row in look(s, WRONG).rows] == np.flatnonzero(outputs.argmax(1) != t).tolist()
    assert [row.index for row in look(s, SampleQuery("1", "number", size=99)).rows] == np.flatnonzero(t == 1).tolist()
    pages = [look(s, SampleQuery("all", "number", page, 20)) for page in range(4)]
    assert [page.rows[0].index for page in pages] == [0, 20, 40, 40]  # a page too far is the last one
    assert [page.query.page for page in pages] == [0, 1, 2, 2] and len(pages[2].rows) == 5


def test_nothing_is_asked_while_nobody_looks(monkeypatch):
    s = session()
    asked = []
    real = s.source.judging
    monkeypatch.setattr(s.source, "judging", lambda *a, **k: asked.append(a) or real(*a, **k))
    for _ in range(5):
        s.advance(STEP, lambda: False)
    assert not asked and s.browser.reading(s.source, s.seen) is None
    look(s)
    assert len(asked) == 1
    for _ in range(5):
        s.browser.work(s.source, s.seen, STEP)
    assert s.browser.reading(s.source, s.seen) is None and len(asked) == 1


def test_one_block_a_frame_and_a_calm_list(monkeypatch):
    monkeypatch.setattr(per_sample, "MOST", 10)
    s = session()
    known = []
    for _ in range(5):
        s.browser.ask(ALL)
        s.browser.work(s.source, s.seen, STEP)
        known.append(s.browser.reading(s.source, s.seen).known)
    assert known == [10, 20, 30, 40, 45]
    first = look(s)
    assert look(s) is first  # nothing changed: not even a new object
    s.run(1)
    assert look(s, frames=3) is first  # learned on, but the list stays for a while
    for _ in range(int(RENEW / STEP) + 10):
        s.browser.ask(ALL)
        s.browser.work(s.source, s.seen, STEP)
    assert s.browser.reading(s.source, s.seen).step == 21


def test_another_network_starts_at_once_and_never_shows_the_old_one():
    s = session()
    first = look(s)
    s.apply([Edit("network.layers.0.units", 3)])
    s.browser.ask(ALL)
    assert s.browser.reading(s.source, s.seen) is None
    second = look(s)
    assert second.subject != first.subject and second.step == 0
    s.apply([Edit("data.kind", "wine")])
    third = look(s)
    assert third.total == len(s.source.data.x_test) and third.rows[0].x.shape == (13,) and third.low.shape == (13,)
    s.undo()
    assert look(s).rows[0].x.shape == (4,)


def test_numbers_have_a_worst_error_and_no_right_or_wrong():
    s = session("xor", "data.kind=reg-plane")
    r = look(s, WRONG)
    assert r.wrong is None and r.found == r.total and all(row.right is None for row in r.rows)
    assert look(s).rows[0].loss == judged(s.source)[1].max()
    assert s.show_wrong(1).startswith("regression has no wrong answers")


def test_without_a_test_part_the_training_part_and_a_single_sample(tmp_path):
    s = session("iris", "data.test_fraction=0.0")
    assert look(s).part == "train" and look(s).total == 150
    (tmp_path / "one.csv").write_text("a,b,y\n1,2,0.5\n")
    scene = toml.validate({"data": {"kind": "csv", "file": "one.csv", "task": "regression"}})
    one = new_session(scene, tmp_path, "cpu")
    r = look(one)
    assert (r.total, r.found, r.shown) == (1, 1, 0) and len(r.rows) == 1


def test_weights_that_are_no_numbers_are_reported_as_such():
    s = session()
    s.source.trainer.arenas.parameters.fill(np.nan)
    r = look(s)
    assert r.wrong == r.total and {row.said for row in r.rows} == {"not a number"} and np.isnan(r.loss)


def test_ten_thousand_samples_in_bounded_pieces():
    s = session("iris", "data.kind=blobs", "data.samples=12500", "data.test_fraction=0.8", "data.inputs=9", "data.classes=3", steps=1)
    blocks = []
    real = s.source.judging
    s.source.judging = lambda *a: (blocks.append(len(out)) or (where, out, loss) for where, out, loss in real(*a))
    r = look(s, SampleQuery())
    assert r.total == len(s.source.data.x_test) == 10_000 and max(blocks) <= per_sample.MOST and len(r.rows) == 24
    assert r.wrong == (judged(s.source)[0].argmax(1) != s.source.data.t_test).sum()


def test_a_walk_shows_its_batch_with_the_weights_before_and_after():
    s = session()
    s.start_walk()
    walk = s.walking.walk
    r = look(s)
    assert r.part == "batch" and r.total == 15 and r.shown == 0
    before, _ = judged(s.source, "train", walk.tape.rows, parameters=walk.tape.before)
    said = {row.index: row.said for row in r.rows}
    assert all(said[k].startswith(s.source.data.class_names[a.argmax()]) for k, a in enumerate(before))
    s.show_sample(7)
    assert walk.shown == 7 and look(s).shown == 7 and (walk.sample.x == s.source.data.x_train[walk.tape.rows[7]]).all()
    walk.go(99.0)
    s.browser._since = RENEW
    after = look(s, frames=900)
    while after.rows[0].loss == r.rows[0].loss:
        s.browser.ask(ALL)
        s.browser.work(s.source, s.seen, STEP)
        after = s.browser.reading(s.source, s.seen)
    assert [row.loss for row in after.rows] == sorted(judged(s.source, "train", walk.tape.rows)[1], reverse=True)
    s.leave_walk()
    assert look(s).part == "test"


def test_the_next_wrong_answer_either_way_round_the_end():
    s = session(steps=5)
    outputs, _ = judged(s.source)
    wrong = np.flatnonzero(outputs.argmax(1) != s.source.data.t_test).tolist()
    assert len(wrong) > 2
    s.show_sample(wrong[0])
    for k in (*wrong[1:], wrong[0]):
        assert s.show_wrong(1) == "" and s.source.sample.index == s.scene.view.sample == k
    assert s.show_wrong(-1) == "" and s.source.sample.index == wrong[-1]
    assert not s.history.can_undo  # looking at another sample is no change worth an undo step


def test_where_all_is_right_there_is_no_next():
    s = session("xor", steps=400)
    assert find_wrong(s.source, s.seen, 1) is None and s.show_wrong(1) == "no misclassified sample found"
    before = s.source.sample.index
    assert s.source.sample.index == before


def test_looking_never_changes_learning():
    plain, watched = session(steps=0), session(steps=0)
    plain.run(30)
    for _ in range(30):
        watched.source.run(1)
        look(watched, frames=9000)
        find_wrong(watched.source, watched.seen, 1)
    pairs = zip(plain.source.parameters().values(), watched.source.parameters().values(), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_a_browser_that_nobody_asked_says_nothing():
    assert Browser().reading((s := session(steps=0)).source, s.seen) is None
