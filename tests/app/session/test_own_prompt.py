"""A person's own prompt as the shown sample: token after token, through training, changes, rewinding, recordings and session logs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnviz3d.app.readout import build
from nnviz3d.app.render.film import log_player
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.own_prompt import NO_TOKENS
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.sources.viewable import OWN
from nnviz3d.spec import session_log, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.session_log import Event, Timeline
from tests.app.session.test_own_sample import recorded_of

PLAIN = (1.0, 0, 1.0, -1, 1)
SMALL = ("network.layers.2.repeat=1", "network.layers.2.heads=2", "network.layers.0.units=16")


def session(name="sort-gpt", *edits) -> Session:
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


@pytest.fixture
def s():
    return session("sort-gpt", *SMALL)


@pytest.fixture(scope="module")
def trained():
    s = session("sort-gpt", "network.layers.2.repeat=2", "train.learning_rate=0.002")
    s.run(220)
    s.refresh()
    return s


def reading(s: Session, asked=PLAIN):
    found = s.prompt.reading(asked)
    assert found is not None
    return found


def complete(s: Session, asked=PLAIN) -> str:
    for _ in range(20):
        r = reading(s, asked)
        if r.drawn < 0:
            return "".join(r.words)
        s.prompt.add(r.drawn)
    raise AssertionError("it never ends")


def test_a_trained_sorter_writes_the_letters_in_order(trained):
    for text in ("CABBAC", "BBBCAA", "CCBBAA"):
        trained.prompt.write(text)
        assert reading(trained).typed == 6
        assert complete(trained, (0.0, 0, 1.0, -1, 1)) == text + "".join(sorted(text))
        assert "complete" in reading(trained).over and reading(trained).known == 11
    trained.prompt.leave()
    r = reading(trained)
    assert not r.shown and trained.source.sample.part == "test" and r.begin == " ".join(r.words[:6])
    trained.prompt.add(r.drawn)
    r = reading(trained)
    assert r.shown and len(r.ids) == 7 and r.typed == 6, "the sample's own beginning goes on"
    trained.prompt.leave()


def test_the_prompt_goes_through_the_network_without_target_loss_and_errors(s):
    s.run(5)
    s.prompt.write("cab")
    source = s.source
    sample = source.sample
    assert sample.part == OWN and sample.target is None and sample.x.tolist() == [2, 0, 1] + [0] * 8
    passed = ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), sample.x[None]).activations()
    for node, a_1n in zip(source.topology.nodes, passed, strict=True):
        np.testing.assert_allclose(source.tensors("activation")[node.neurons.slice], a_1n[0], rtol=1e-5, atol=1e-6)
    assert source.tensors("delta") is None and math.isnan(source.sample_loss)
    a_tv = source.tensors("activation")[source.topology.output.neurons.slice].reshape(11, 3)
    r = reading(s)
    assert r.place == 2 and (r.known, r.first, r.context, r.given) == (3, 0, 11, 6)
    np.testing.assert_allclose(r.probability_v, a_tv[2], rtol=1e-5)
    np.testing.assert_allclose(reading(s, (1.0, 0, 1.0, 0, 1)).probability_v, a_tv[0], rtol=1e-5)
    said, right = s.prompt.answer()
    assert said.startswith("ABC"[int(a_tv[2].argmax())]) and right is None
    assert source.answer()[1] is None and source.answer()[0]


def test_the_draw_follows_the_seed_and_the_place(s):
    s.prompt.write("CABBAC")
    drawn = {seed: reading(s, (3.0, 0, 1.0, -1, seed)).drawn for seed in range(40)}
    assert set(drawn.values()) == {0, 1, 2}
    assert all(reading(s, (3.0, 0, 1.0, place, seed)).drawn == drawn[seed] for seed in (0, 1) for place in (-1, 2))


def test_bad_prompts_are_reported_and_what_is_shown_stays(s):
    s.prompt.write("CAB")
    x = s.source.sample.x
    for text, word in (("CAX", "'X'"), ("A" * 12, "at most 11"), (" ", "empty")):
        s.prompt.write(text)
        assert word in reading(s).problem and s.source.sample.x is x
    s.prompt.write("CA")
    assert not reading(s).problem
    s.prompt.add(7)
    assert "no token 7" in s.banner and len(s.prompt.ids) == 2
    s.prompt.write("")
    assert s.source.sample.part == "test" and not reading(s).problem


def test_it_stays_while_the_network_learns_is_changed_and_goes_back(s):
    s.prompt.write("CABBAC")
    s.prompt.add(0)
    x = s.source.sample.x.copy()
    s.run(20)
    s.apply([Edit("train.learning_rate", 0.01)])
    s.rewind(10)
    s.refresh()
    for change in (lambda: s.apply([Edit("network.layers.0.units", 24)]), s.reset, s.undo):
        change()
        assert s.source.sample.part == OWN
        np.testing.assert_array_equal(s.source.sample.x, x)
    s.moments.keep(s, "A")
    s.run(20)
    s.moments.watch("A")
    assert s.pictured.sample is s.source.sample and reading(s).probability_v is not None
    s.moments.watch("")
    s.start_walk()
    assert s.walking is not None and not reading(s).shown, "a walk is of the batch"
    s.prompt.add(1)
    assert s.walking is None and len(s.prompt.ids) == 8
    s.show_next(1)
    assert s.source.sample.part == "test" and s.prompt.ids is None


def test_other_data_end_it_and_other_networks_have_none(s):
    s.prompt.write("CAB")
    s.apply([Edit("data.length", 7)])
    assert s.source.sample.part == OWN and len(s.source.sample.x) == 13
    s.apply([Edit("data.letters", 2)])
    assert s.source.sample.part == "test" and s.prompt.ids is None
    other = session("digits")
    other.prompt.write("A")
    assert other.banner == NO_TOKENS == reading(other).reason and other.source.sample.part != OWN


def test_training_is_the_same_to_the_bit_with_and_without_a_prompt(s):
    other = session("sort-gpt", *SMALL)
    for text in ("CAB", "BBA", "C"):
        s.prompt.write(text)
        s.run(7)
        other.run(7)
    assert np.array_equal(s.source.tensors("parameter"), other.source.tensors("parameter"))


def test_a_second_network_sees_it(s):
    s.apply([Edit("compare", {"train.learning_rate": 0.01})])
    s.prompt.write("CAB")
    assert s.second is not None and s.second.source.sample.part == OWN
    np.testing.assert_array_equal(s.second.source.sample.x, s.source.sample.x)
    s.show_next(1)
    assert s.second.source.sample.part == "test"


def test_a_session_log_plays_it_and_a_recording_shows_it(tmp_path, s):
    events = (Event(0.1, "do", "CAB", 0, "prompt"), Event(0.3, "do", 2, 0, "add_token"), Event(0.5, "do", "", 0, "prompt"))
    session_log.save(tmp_path / "a.timeline", Timeline(s.scene, tmp_path, events, remember=1 << 20))
    played, play = log_player.open(tmp_path / "a.timeline", "cpu")
    for time, ids in ((0.2, [2, 0, 1]), (0.4, [2, 0, 1, 2])):
        play.seek(time)
        assert played.prompt.ids.tolist() == ids
    play.seek(0.6)
    assert played.prompt.ids is None and played.source.sample.part == "test"
    source = recorded_of(tmp_path, s.scene)
    recorded = Session(s.scene, source)
    recorded.prompt.write("CAB")
    assert source.sample.part == OWN and reading(recorded).drawn >= 0
    recorded.rewind(0)
    assert source.sample.part == OWN and len(recorded.prompt.ids) == 3


def test_everything_that_is_reported_of_a_sample_can_be_reported_of_a_prompt(s):
    s.run(3)
    s.prompt.write("CAB")
    s.refresh()
    s.wants = {"prompt": PLAIN, "attention": (0, 0, 1, False), "tracing": (-1, True, 4, -1), "ablation": 1}
    topology = s.source.topology
    for picked in (0, 80, topology.n_neurons - 1):
        r = build.readout(s, StageReading(picked=picked, hovered=picked, chosen=5, layer=1))
        assert r.sample_part == OWN and r.sample_words == ("C", "A", "B") and r.prompt is not None and r.prompt.shown
        assert r.attention is not None and r.attention.words == ("C", "A", "B") and r.sample_answer == s.prompt.answer()[0]
