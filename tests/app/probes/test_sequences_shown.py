"""A network of sequences in a session: samples and answers in words, what counts as right, confusions by token, logits of any row, and a
recording of it that says the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.probes.confusion_matrix import Confusion
from nnviz3d.app.probes.sample_browser import Browser
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.readout import SampleQuery
from tests.sources.test_recorded import opened, trained

DOCUMENT = {
    "network": {
        "layers": [
            {"kind": "embedding", "units": 12, "name": "tokens"},
            {"kind": "position", "name": "places"},
            {"kind": "transformer_block", "heads": 2, "causal": True, "name": "block"},
        ]
    },
    "data": {"kind": "sort", "letters": 3, "length": 4},
    "train": {"batch": 16, "learning_rate": 0.01},
}


def scene():
    return toml.validate(DOCUMENT)


@pytest.fixture(scope="module")
def session():
    made = new_session(scene(), Path(), "cpu")
    made.source.run(40)
    made.source.show_sample(5)
    return made


def test_a_sample_and_its_answer_are_read_token_by_token(session):
    source = session.source
    x, t, words = source.sample.x.astype(int), source.sample.target, source.data.vocabulary
    given, wanted = [words[k] for k in x[:4]], [words[k] for k in t[3:]]
    assert source.sample.label == f"{' '.join(given)} → {' '.join(wanted)}" and sorted(given) == wanted
    a = source.tensors("activation")[source.topology.output.neurons.slice].reshape(7, 3)
    said = [words[k] for k in a.argmax(1)[3:]]
    assert source.answer() == (" ".join(said), said == wanted)
    assert source.targets().reshape(7, 3).sum(1).tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_logits_are_those_that_the_answers_are_of(session):
    source = session.source
    ids = source.data.x_test[:3].astype(int)
    z = source.logits(ids)
    assert z.shape == (3, 7, 3)
    shown = source.tensors("activation")[source.topology.output.neurons.slice].reshape(7, 3)
    e = np.exp(source.logits(source.sample.x[None].astype(int))[0])
    assert e / e.sum(1, keepdims=True) == pytest.approx(shown, abs=1e-5)
    source.run(1)
    assert not np.allclose(source.logits(ids), z), "of the parameters of now"
    for wrong in (ids[:, :3], ids + 9, ids.astype(float), ids[:0]):
        with pytest.raises(ValueError, match="token"):
            source.logits(wrong)


def test_confusions_are_counted_by_token_and_found_by_sequence(session):
    confusion, reading = Confusion(), None
    while reading is None:
        reading = confusion.reading(session.source, True)
    score, t = session.source.score("test"), session.source.data.t_test
    assert reading.count_cc.sum() == (t >= 0).sum() and np.trace(reading.count_cc) == score.classes.right_c.sum()
    assert score.accuracy == pytest.approx(np.trace(reading.count_cc) / (t >= 0).sum())
    for truth, said in np.argwhere(reading.count_cc > 0):
        place = confusion.find(int(truth), int(said), -1)
        assert place is not None and (t[place] == truth).any()


def test_the_browser_calls_a_sequence_wrong_if_one_token_is(session):
    browser, source = Browser(), session.source
    query = SampleQuery(show="all", order="number", page=0, size=200)
    for _ in range(50):
        browser.ask(query)
        browser.work(source, source, 1.0)
    reading, score = browser.reading(source, source), source.score("test")
    assert reading is not None and reading.wrong == round((1 - score.sequences) * len(source.data.x_test))
    assert all("→" in row.label for row in reading.rows)
    assert reading.loss == pytest.approx(score.loss, rel=1e-5), "every sequence has as many scored tokens"


def test_a_recording_says_the_same(tmp_path):
    trainer = trained(scene(), tmp_path / "r.nnrec", steps=12)
    source = opened(tmp_path / "r.nnrec")
    assert not source.gone and source.topology == trainer.topology
    source.history.enter(12)
    assert np.array_equal(source.tensors("parameter"), trainer.arenas.parameters)
    source.show_sample(3)
    trainer.show(source.sample.x, source.sample.target)
    assert source.sample_loss == pytest.approx(trainer.looking.shown.loss)
    assert source.score("test").sequences == trainer.score("test").sequences
