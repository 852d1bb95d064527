"""A person's own picture as the shown sample: without target, loss and errors, through training, changes, rewinding and session logs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.readout import build
from nnviz3d.app.render.film import log_player
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.backend import choose
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.sources.viewable import OWN
from nnviz3d.spec import session_log, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import SampleQuery
from nnviz3d.spec.session_log import Event, Timeline
from tests.sources.test_contract import recording

SEVEN = [[0.12, False, [0.3, 0.2, 0.7, 0.2, 0.45, 0.85]]]
ONE = [[0.12, False, [0.5, 0.1, 0.5, 0.9]]]


def session(name="digits", *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


@pytest.fixture
def s():
    return session()


def own(s) -> np.ndarray:
    sample = s.source.sample
    assert sample.part == OWN and sample.target is None and sample.label == "your drawing"
    return sample.x


def test_a_drawing_goes_through_the_network_and_has_no_loss_and_no_errors(s):
    s.run(50)
    index = s.source.sample.index
    s.own.draw(SEVEN)
    x = own(s)
    source = s.source
    passed = ForwardPass.of_rows(source.ops, source.topology, source.objective, source.tensors("parameter"), x[None]).activations()
    for node, a_1n in zip(source.topology.nodes, passed, strict=True):
        np.testing.assert_allclose(source.tensors("activation")[node.neurons.slice], a_1n[0], rtol=1e-5, atol=1e-6)
    assert source.tensors("delta") is None and source.targets() is None and math.isnan(source.sample_loss)
    assert source.answer()[1] is None and source.answer()[0]
    s.own.draw([])
    assert source.sample.index == index and source.sample.target is not None and source.tensors("delta").any()
    assert not math.isnan(source.sample_loss)


def test_a_well_drawn_seven_is_found(s):
    s.run(600)
    s.own.draw(SEVEN)
    assert s.source.answer()[0].startswith("7")
    s.own.draw(ONE)
    assert s.source.answer()[0].startswith("1")


def test_it_stays_while_the_network_learns_is_changed_and_goes_back(s):
    s.own.draw(SEVEN)
    x = own(s).copy()
    s.running = True
    s.run(30)
    s.apply([Edit("train.learning_rate", 0.01), Edit("view.camera", "front")])
    s.rewind(10)
    s.refresh()
    np.testing.assert_array_equal(own(s), x)
    s.apply([Edit("network.layers", [{"units": 5}])])
    np.testing.assert_array_equal(own(s), x)
    s.reset()
    np.testing.assert_array_equal(own(s), x)
    s.undo()
    np.testing.assert_array_equal(own(s), x)
    s.apply([Edit("data.standardize", not s.scene.data.standardize)])
    assert not np.array_equal(own(s), x), "in the scale of the inputs of now"


def test_choosing_a_sample_leaves_it_and_so_do_other_data(s):
    s.own.draw(SEVEN)
    s.show_next(1)
    assert s.source.sample.part == "test" and s.own.ink_hw is None
    s.own.draw(SEVEN)
    s.apply([Edit("view.sample", 5)])
    assert s.source.sample.part == "test" and s.source.sample.index == 5
    s.own.draw(SEVEN)
    s.apply([Edit("data.kind", "iris")])
    assert s.source.sample.part == "test" and s.own.ink_hw is None and s.own.reason


def test_training_is_the_same_to_the_bit_with_and_without_a_drawing(s):
    other = session()
    for k in range(5):
        s.own.draw(SEVEN if k % 2 else ONE)
        s.run(10)
        other.run(10)
    assert np.array_equal(s.source.tensors("parameter"), other.source.tensors("parameter"))


def test_auto_advance_waits_and_kept_moments_and_a_second_network_see_it():
    s = session("digits", "view.follow=true")
    s.run(5)

    s.own.draw(SEVEN)
    for _ in range(600):
        s.follow_samples(0.1)
    own(s)
    s.apply([Edit("compare", {"train.learning_rate": 0.5})])
    assert s.second is not None and s.second.source.sample.part == OWN
    np.testing.assert_array_equal(s.second.source.sample.x, own(s))
    s.show_next(1)
    assert s.second.source.sample.part == "test"


@pytest.mark.parametrize("name", ["iris", "spiral", "xor"])
def test_what_is_no_picture_says_why(name):
    s = session(name)
    s.own.draw(SEVEN)
    assert s.banner == s.own.reason != "" and s.source.sample.part != OWN


def test_drawing_in_a_walk_finishes_its_step(s):
    s.start_walk()
    assert s.walking is not None
    s.own.draw(SEVEN)
    assert s.walking is None and s.source.step == 1
    own(s)
    s.start_walk()
    assert s.seen.sample.part == "train" and s.seen.sample.target is not None, "a walk is of the batch"
    s.leave_walk()
    own(s)


def test_everything_that_is_reported_of_a_shown_sample_can_be_reported_of_a_drawing(s):
    s.run(3)
    s.own.draw(SEVEN)
    s.refresh()
    s.wants = {"own": True, "confusion": True}
    s.browser.ask(SampleQuery())
    s.advance(0.1, lambda: False)
    for picked in (0, 80, s.source.topology.n_neurons - 1):
        seen = StageReading(picked=picked, hovered=picked, chosen=5, layer=1)
        r = build.readout(s, seen)
        assert r.sample_part == "own" and r.sample_right is None and r.neuron is not None and r.neuron.a == r.neuron.a
        assert r.own is not None and r.own.shown and r.own.outputs_o.sum() == pytest.approx(1, abs=1e-5)
        assert r.whole is not None and r.whole.delta is None
    s.inspector.check(5)
    s.editing.set_parameter(5, 0.5)
    s.editing.hold("killed", [80], True)
    build.readout(s, StageReading(picked=80, hovered=-1, chosen=5, layer=-1))
    assert s.show_wrong(1) == "" and s.source.sample.part == "test"


def test_a_session_log_plays_a_drawing(tmp_path, s):
    hexes = (np.arange(64, dtype=np.uint8) * 4).tobytes().hex()
    events = (Event(0.1, "do", SEVEN, 3, "draw"), Event(0.3, "do", hexes, 3, "show_picture"), Event(0.5, "step", None, 3))
    log = tmp_path / "a.timeline"
    session_log.save(log, Timeline(s.scene, tmp_path, events, remember=1 << 20))
    played, play = log_player.open(log, "cpu")
    play.seek(0.2)
    s.own.draw(SEVEN)
    np.testing.assert_array_equal(played.source.sample.x, s.source.sample.x)
    play.seek(play.seconds)
    assert played.source.sample.label == "your picture"
    np.testing.assert_allclose(played.source.sample.x, np.arange(64) * 4 / 255, atol=1e-6)


def test_a_picture_of_another_size_is_refused(s):
    s.own.picture("00" * 63)
    assert "8 x 8" in s.banner and s.source.sample.part == "test"


def test_a_recording_and_a_kept_moment_show_a_drawing(tmp_path, s):
    scene = s.scene
    source = recorded_of(tmp_path, scene)
    played = Session(scene, source)
    played.own.draw(SEVEN)
    x = own(played).copy()
    assert source.tensors("delta") is None and source.answer()[1] is None
    played.rewind(0)
    np.testing.assert_array_equal(own(played), x)
    s.moments.keep(s, "A")
    s.run(20)
    s.moments.watch("A")
    s.own.draw(SEVEN)
    kept = s.pictured
    assert kept is not s.source and kept.sample is s.source.sample and kept.tensors("delta") is None and kept.targets() is None
    assert not np.array_equal(kept.tensors("activation"), s.source.tensors("activation"))


def recorded_of(folder, scene) -> RecordedTraining:
    made = recording(folder, scene)
    return RecordedTraining(made, scene_of(made), Path(), choose("cpu"))
