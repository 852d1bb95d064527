"""Norms that do not work are found: batches too small for their statistics, scales at 0. Those that do are left in peace."""

from __future__ import annotations

import pytest

from nnviz3d.app.probes import norm_rules
from nnviz3d.app.session.opening import new_session
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.scene import Data, Network, Scene, Train

LAYERS = [{"units": 6, "activation": "tanh"}, {"kind": "batch_norm", "name": "n"}, {"kind": "layer_norm", "name": "m"}]


def source(tmp_path, batch: int):
    scene = Scene(network=Network.model_validate({"layers": LAYERS}), data=Data(kind="iris"), train=Train(batch=batch))
    session = new_session(scene, tmp_path, "cpu")
    session.run(3)
    return session.source


def test_batches_of_a_few_rows_are_too_small(tmp_path):
    (finding,) = norm_rules.norms(source(tmp_path, 2))
    assert finding.title == "The batches are too small for n" and "of 2 numbers each" in finding.how


def test_norms_that_work_are_left_in_peace(tmp_path):
    assert norm_rules.norms(source(tmp_path, 8)) == []


@pytest.mark.parametrize("name", ["n", "m"])
def test_scales_at_0_are_named(tmp_path, name):
    found = source(tmp_path, 30)
    parameters = found.trainer.parameters()
    parameters[f"{name}.weight"][:1] = 0
    found.trainer.load_parameters(parameters)
    assert norm_rules.norms(found) == [], "one of six is ordinary"
    parameters[f"{name}.weight"][:2] = 0
    found.trainer.load_parameters(parameters)
    (finding,) = norm_rules.norms(found)
    assert finding.title == f"Scales of {name} are 0" and "2 of 6 scales" in finding.how


def test_a_batch_of_one_row_is_refused_in_the_window_and_nothing_is_lost(tmp_path):
    scene = Scene(network=Network.model_validate({"layers": LAYERS}), data=Data(kind="iris"), train=Train(batch=8))
    session = new_session(scene, tmp_path, "cpu")
    session.run(3)
    session.apply([Edit("train.batch", 1)])
    assert session.banner.startswith('train.batch: "n" (batch_norm) compares the rows of a batch')
    assert session.scene.train.batch == 8
    session.run(2)
    assert session.source.step == 5
