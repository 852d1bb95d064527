"""The shown sample and the looks at a large network, worked out over several frames: of one moment, whole, and in time."""

import numpy as np
import pytest

from nnviz3d.app.session import gradual_show, session
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.training import evaluator
from nnviz3d.engine import plan
from nnviz3d.spec import toml


@pytest.fixture
def large(monkeypatch):
    """`digits` as if it had millions of weights, learning."""
    for module in (gradual_show, session):
        monkeypatch.setattr(module, "LARGE", 0)
    monkeypatch.setattr(plan, "SMALL_FLOP", 0.0)
    monkeypatch.setattr(evaluator, "COPIED", 500)
    path = toml.find("digits")
    made = new_session(toml.load(path), path.parent, "cpu")
    made.running = True
    return made


def frame(s, pieces=3):
    """As the window's: what is shown, then so many pieces of what is to be done."""
    s.refresh(gradually=True)
    shown = s.source.tensors("activation").copy() if s.whole else None
    left = iter(range(pieces - 1))
    s.advance(1 / 60, lambda: next(left, None) is not None)
    return shown


def test_a_moment_is_shown_when_all_of_it_is_worked_out(large):
    source, seen, waited = large.source, 0, 0
    version = -1
    for _ in range(300):
        large.refresh(gradually=True)
        if large.whole and source.version != version:
            version, seen = source.version, seen + 1
            shown = [source.tensors(kind).copy() for kind in ("activation", "delta")]
            source.looking.shown.show(source.sample.x, source.sample.target)
            assert all(np.array_equal(a, source.tensors(kind)) for a, kind in zip(shown, ("activation", "delta"), strict=True))
        waited += large.gradual.pending
        frame(large)
    assert seen > 5 and waited > 5 and source.step > 5


def test_another_sample_and_a_pause_are_shown_at_once(large):
    while not large.gradual.pending:
        frame(large)
    large.show_sample(7)
    large.running = False
    shown = frame(large)
    assert shown is not None and np.array_equal(shown[:64], large.source.sample.x.ravel()) and not large.gradual.pending


def test_a_look_is_of_the_parameters_of_one_step(large, monkeypatch):
    """Training rests while they are copied a piece at a time, and goes on as if nobody looked."""
    kept = {}
    history = large.source.history
    assert history is None
    looked = 0
    for _ in range(600):
        if large.source.at_boundary:
            kept[large.source.step] = large.source.tensors("parameter").copy()
        before = large.scoring.step
        frame(large)
        if large.scoring.step != before:
            looked += 1
            assert np.array_equal(large.scoring._copy, kept[large.scoring.step])
    assert looked > 3
    path = toml.find("digits")
    alone = new_session(toml.load(path), path.parent, "cpu")
    alone.settle()
    alone.source.run(large.source.step)
    large.settle()
    alone.source.run(large.source.step - alone.source.step)
    assert np.array_equal(alone.source.tensors("parameter"), large.source.tensors("parameter"))
