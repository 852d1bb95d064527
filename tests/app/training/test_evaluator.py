"""Loss and accuracy are of the whole part, or of evenly drawn rows, of one step, and nothing else is said anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.app.readout.build import readout
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.training import evaluator, stop_conditions
from nnviz3d.app.training.evaluator import affordable, quick
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.engine.evaluation import Evaluation, block_rows, drawn
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.ui.hud.transport import metrics

SORTED = """
[[network.layers]]
units = 8
[data]
kind = "npz"
file = "d.npz"
test_fraction = {fraction}
[train]
learning_rate = 0.01
"""


@pytest.fixture
def ordered(tmp_path):
    """The path of a scene whose table is sorted by class: of five classes two are easy. 8,000 rows train, 4,000 test."""
    rng = np.random.default_rng(0)
    t = np.sort(np.arange(12_000) % 5)
    centre = rng.standard_normal((5, 4)) * np.array([[3], [3], [0.1], [0.1], [0.1]])
    np.savez(tmp_path / "d.npz", x=(centre[t] + rng.standard_normal((12_000, 4)) * 0.6).astype(np.float32), t=t)
    path = tmp_path / "s.toml"
    path.write_text(SORTED.format(fraction=1 / 3))
    return path


def session(path, *sets):
    return new_session(toml.load(path, [toml.parse_set(item) for item in sets]), path.parent, "cpu", path)


def truth(source, part="test"):
    """(loss, accuracy) of the whole part, worked out here in float64."""
    p = {name: value.astype(float) for name, value in source.parameters().items()}
    x, t = getattr(source.data, f"x_{part}").astype(float), getattr(source.data, f"t_{part}")
    z = np.maximum(x @ p["layers.0.weight"].T + p["layers.0.bias"], 0) @ p["layers.1.weight"].T + p["layers.1.bias"]
    logs = np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - z[np.arange(len(t)), t]
    return logs.mean(), (z.argmax(1) == t).mean()


def command(path, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "nnviz3d", "train", path, *map(str, arguments), "--json", "-q", "--backend", "cpu"],
        capture_output=True, text=True, check=True, cwd=path.parent, env=os.environ,
    )  # fmt: skip
    return json.loads(done.stdout)


# ---------------------------------------------------------------- which rows


@pytest.mark.parametrize("limit", [1, 7, 50, 333])
def test_rows_are_drawn_evenly_by_class_and_always_the_same(limit):
    t = np.repeat([0, 1, 2], [600, 330, 70])
    rows = drawn(1000, t, limit)
    assert len(rows) == limit and (np.diff(rows) > 0).all() and (rows == drawn(1000, t, limit)).all()
    assert np.abs(np.bincount(t[rows], minlength=3) - limit * np.array([0.6, 0.33, 0.07])).max() < 2
    assert drawn(1000, t, 1000) is None and drawn(1000, t, None) is None


def test_numbers_are_drawn_from_everywhere():
    rows = drawn(10_000, None, 500)
    assert np.histogram(rows, 10, (0, 10_000))[0].min() > 25


def test_a_score_of_some_rows_is_near_that_of_all_though_the_table_is_sorted(ordered):
    s = session(ordered)
    s.source.run(300)
    loss, accuracy = truth(s.source)
    whole, some = s.source.score("test"), s.source.score("test", 1000)
    assert (whole.loss, whole.accuracy) == (pytest.approx(loss, rel=1e-5), accuracy) and whole.whole
    assert (some.rows, some.of) == (1000, 4000) and abs(some.accuracy - accuracy) < 0.04 and abs(some.loss - loss) < 0.1 * loss
    assert whole.classes.count_c.sum() == 4000 and whole.classes.right_c.sum() == round(accuracy * 4000)


def test_train_says_all_rows_everywhere(ordered, tmp_path):
    facts = command(ordered, "--steps", 150, "--log", "l.jsonl", "--save", "w.safetensors", "--record", "r.nnrec", "--every", 50)
    s = session(ordered)
    s.source.run(150)
    loss, accuracy = truth(s.source)
    assert facts["test_loss"] == pytest.approx(loss, rel=1e-5) and facts["test_accuracy"] == accuracy
    assert (facts["test_rows"], facts["test_of"], facts["train_rows"], facts["train_of"]) == (4000, 4000, 8000, 8000)
    assert facts["train_accuracy"] == truth(s.source, "train")[1]
    assert np.mean(list(facts["test_recall"].values())) == pytest.approx(facts["test_balanced_accuracy"])
    line = json.loads((tmp_path / "l.jsonl").read_text().splitlines()[-1])
    assert (line["rows"], line["of"]) == (500, 4000) and abs(line["accuracy"] - accuracy) < 0.06
    from nnviz3d.formats.nnrec.reader import Recording

    assert Recording(tmp_path / "r.nnrec").scores[-1][3] == accuracy


def test_a_stop_condition_is_checked_on_all_rows(ordered, monkeypatch):
    monkeypatch.setattr(stop_conditions, "LIMIT", 40)  # of so few rows many looks seem good enough
    s = session(ordered)
    train = s.scene.train.model_copy(update={"stop_accuracy": 0.6})
    found, ends = Stops(), []
    while s.source.step < 4000 and not ends:
        s.source.run(found.left(s.source.trainer, train))
        if found.met(s.source.trainer, train):
            ends.append(truth(s.source)[1])
    assert ends and ends[0] >= 0.6
    asked = []
    scoring_of = s.source.trainer.scoring
    monkeypatch.setattr(type(s.source.trainer), "scoring", lambda self, part, limit: asked.append(limit) or scoring_of(part, limit))
    fresh = Stops()
    assert fresh.met(s.source.trainer, train) and asked == [40, None] and "of the test samples are correct" in fresh.reason


# ---------------------------------------------------------------- in a window


def test_large_networks_get_enough_rows():
    for sizes in ((784, 1024, 1024, 10), (784, 128, 10), (784, 4096, 4096, 10)):
        topology = build_topology(
            toml.validate({"network": {"layers": [{"units": n} for n in sizes[1:-1]]}}).network, sizes[:1], sizes[-1], "softmax"
        )
        source = type("Source", (), {"topology": topology})
        assert affordable(source) >= 500 and 32 <= quick(source) <= 2000
        assert block_rows(topology) * topology.n_parameters <= max(1.1e8, 8 * topology.n_parameters)


def test_a_look_is_of_one_step_though_it_lasts_many_frames(ordered, monkeypatch):
    monkeypatch.setattr(evaluator, "BLOCKS", 1)
    s = session(ordered)
    s.running = True
    s.source.run(20)
    began = truth(s.source, "train"), truth(s.source)
    frames = 0
    while s.scoring.step < 0:
        s.advance(1 / 60, lambda: False)  # a step a frame
        frames += 1
    assert frames > 30 and s.source.step > 40
    assert s.scores.step in (20, 21) and s.scores.whole
    if s.scores.step == 20:
        assert (s.scores.train_accuracy, s.scores.test_accuracy) == (began[0][1], began[1][1])


def test_no_frame_looks_at_more_than_its_share(ordered, monkeypatch):
    s = session(ordered)
    passed = []
    pieces = Evaluation.pieces

    def counted(self, *arguments):
        for found in pieces(self, *arguments):
            passed.append(1)
            yield found

    monkeypatch.setattr(Evaluation, "pieces", counted)
    s.running = True
    for _ in range(60):
        before = len(passed)
        s.advance(1 / 60, lambda: False)
        assert len(passed) - before <= evaluator.BLOCKS
    s.running = False
    for _ in range(60):
        before = len(passed)
        s.advance(1 / 60, lambda: False)
        assert len(passed) - before <= 1, "at rest, as long as the frame has time"
    assert passed


def test_while_it_learns_the_line_says_which_step_and_rows_the_score_is_of(ordered, monkeypatch):
    monkeypatch.setattr(evaluator, "MOST", 1000)
    s = session(ordered)
    s.running = True
    for _ in range(90):
        s.advance(1 / 60, lambda: False)
    assert (s.scores.test.rows, s.scores.test.of) == (1000, 4000) and s.scores.step < s.source.step
    assert f"of 1,000 of 4,000 at step {s.scores.step:,}" in metrics(_frame(s))
    s.running = False
    for _ in range(300):
        s.advance(1 / 60, lambda: False)
    assert s.scoring.settled(s.source) and s.scores.test_accuracy == truth(s.source)[1]
    assert metrics(_frame(s)).endswith(f"test {100 * truth(s.source)[1]:.1f} %"), "at rest it is exact, and of this step"


def test_a_weight_turned_by_hand_at_rest_is_scored_anew(ordered):
    s = session(ordered)
    s.source.run(30)
    for _ in range(100):
        s.advance(1 / 60, lambda: True)
    before = s.scores.test_loss
    s.editing.set_parameter(3, 9.0, 0.0)
    for _ in range(100):
        s.advance(1 / 60, lambda: True)
    assert s.scores.step == 30 and s.scores.test_loss != before and s.scores.test_accuracy == truth(s.source)[1]


def test_an_edit_in_the_middle_of_a_look_begins_it_anew(ordered, monkeypatch):
    monkeypatch.setattr(evaluator, "BLOCKS", 1)
    s = session(ordered)
    s.running = True
    for _ in range(5):
        s.advance(1 / 60, lambda: False)
    assert s.scoring.pending
    s.editing.set_parameter(3, 9.0, 0.0)
    s.running = False
    for _ in range(400):
        s.advance(1 / 60, lambda: False)
    assert s.scores.test_accuracy == truth(s.source)[1] and s.scores.step == s.source.step


def test_looking_in_pieces_changes_nothing_that_is_learned(ordered):
    seen, blind = session(ordered), session(ordered)
    seen.running = True
    for _ in range(40):
        seen.advance(0.1, lambda: False)
    blind.source.run(seen.source.step)
    assert np.array_equal(seen.source.tensors("parameter"), blind.source.tensors("parameter"))


def test_the_second_networks_score_is_of_its_own_step_too(tmp_path, ordered):
    s = session(ordered, "compare={train.optimizer='sgd'}")
    s.running = True
    for _ in range(40):
        s.advance(0.1, lambda: False)
    s.running = False
    for _ in range(60):
        s.advance(0.1, lambda: True)
    for source, scores in ((s.source, s.scores), (s.second.source, s.second.scoring.scores)):
        assert scores.test_accuracy == truth(source)[1] and scores.step == source.step and scores.whole


def test_the_browser_of_a_long_part_looks_through_rows_from_everywhere(ordered, monkeypatch):
    from nnviz3d.app.probes import sample_browser
    from nnviz3d.spec.readout import SampleQuery

    monkeypatch.setattr(sample_browser, "MOST", 200)
    s = session(ordered)
    s.source.run(20)
    reading = None
    while reading is None or reading.known < reading.total:
        s.browser.ask(SampleQuery())
        s.browser.work(s.source, s.seen, 0.1)
        reading = s.browser.reading(s.source, s.seen)
    assert reading.total == 200 and reading.rows
    rows = sample_browser._rows(s.source, s.source)[1]
    assert np.bincount(s.source.data.t_test[rows]).tolist() == [40] * 5
    row = reading.rows[-1]
    s.show_sample(row.index)
    assert s.source.sample.index == row.index in rows and s.source.sample.label == row.label


def test_rows_are_drawn_once_for_all_networks_that_learn_the_same_data(ordered, monkeypatch):
    from nnviz3d.engine import shown_evaluation

    asked = []
    draw = shown_evaluation.drawn
    monkeypatch.setattr(shown_evaluation, "drawn", lambda *of: (asked.append(of[0]), draw(*of))[1])
    s = session(ordered)
    before = s.source.score("train", 333).loss
    s.apply([Edit("network.layers", [{"units": 3}])])
    assert s.source.score("train", 333).loss != before and asked == [8000]
    s.apply([Edit("data.seed", 5)])
    s.source.score("train", 333)
    assert asked == [8000, 8000]


def test_the_next_wrong_answer_of_a_long_part_is_among_the_rows_that_are_looked_through(ordered, monkeypatch):
    from nnviz3d.app.probes import sample_browser

    monkeypatch.setattr(sample_browser, "MOST", 200)
    s = session(ordered)
    s.source.run(20)
    rows = sample_browser._rows(s.source, s.source)[1]
    outputs = np.concatenate([out for _, out, _ in s.source.judging("test", rows)])
    wrong = rows[outputs.argmax(1) != s.source.data.t_test[rows]].tolist()
    between = next(k for k in range(wrong[1], wrong[2]) if k not in rows)  # of no row that is looked through
    for start, by, found in ((wrong[0], 1, wrong[1]), (wrong[-1], 1, wrong[0]), (wrong[0], -1, wrong[-1]), (between, 1, wrong[2]),
                             (between, -1, wrong[1])):  # fmt: skip
        s.show_sample(start)
        assert s.show_wrong(by) == "" and s.source.sample.index == found


def _frame(s):
    return type("F", (), {"readout": readout(s, StageReading())})


def test_a_caption_says_how_many_samples(ordered, monkeypatch):
    from nnviz3d.app.readout.placeholders import plain_values

    s = session(ordered)
    s.evaluate(500)
    assert plain_values(s)["test_count"] == "500 of 4,000"
    s.evaluate()
    assert plain_values(s)["test_count"] == "4,000" and plain_values(s)["tested"] == "0"


def test_whole_numbers_in_long_blocks_are_classes(tmp_path):
    """By evenly spread rows: the first 100,000 of a sorted column may all be one class."""
    from nnviz3d.engine.data.targets import from_array

    t = np.repeat([0, 1, 2], 150_000)
    assert from_array(t, "auto", "t")[0] == "classification"
    assert from_array(np.arange(300_000), "auto", "t")[0] == "regression"


def test_apply_of_a_setting_keeps_the_newest_scores(ordered):
    s = session(ordered)
    s.evaluate()
    s.apply([Edit("train.learning_rate", 0.5)])
    assert s.scores.step == 0
