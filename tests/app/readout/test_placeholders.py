"""The numbers of captions: of the right answer, where one is asked for and where each token has its own."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.readout import placeholders
from nnviz3d.app.readout.placeholders import plain_values
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.number_text import percent, plain
from nnviz3d.spec.phases import Place


def walked(name: str, *edits: Edit):
    path = toml.find(name)
    session = new_session(toml.load(path, edits), path.parent, "cpu", path)
    session.run(3)
    session.start_walk(Place.parse("loss", session.source.topology))
    return session, session.walking.walk.tape


def test_of_one_answer_it_is_its_probability_and_its_error():
    session, tape = walked("digits")
    truth = tape.topology.output.neurons.start + int(tape.target)
    said, p = plain_values(session), float(tape.old.a[truth])
    assert (said["p"], said["share"]) == (plain(p), percent(p))
    assert said["output_error"] == plain(float(tape.old.delta[truth]))


@pytest.mark.parametrize("name", ["sort-gpt", "story-gpt"])
def test_of_a_sequence_it_is_what_the_loss_is_made_of(name):
    session, tape = walked(name, Edit("data.samples", 300), Edit("train.batch", 4))
    output, target_t = tape.topology.output, np.ravel(tape.target)
    asked_t = np.flatnonzero(target_t >= 0)
    assert len(asked_t) > 1
    a_tv, delta_tv = (x[output.neurons.slice].reshape(output.shape) for x in (tape.old.a, tape.old.delta))
    p_t = a_tv[asked_t, target_t[asked_t]].astype(float)
    said = plain_values(session)
    assert said["p"] == plain(float(np.exp(np.log(p_t).mean())))
    assert -np.log(np.exp(np.log(p_t).mean())) == pytest.approx(tape.old.loss, rel=1e-4)
    assert said["output_error"] == plain(float(delta_tv[asked_t, target_t[asked_t]].astype(float).mean()))
    assert plain_values(session, output.neurons.start).keys() | {"accuracy", "tested"} >= placeholders.CAPTION
