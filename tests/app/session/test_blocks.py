"""Blocks in a session: an edit of one keeps the weights of what stays, undo leads back, a walk and a file change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene


@pytest.fixture
def session():
    path = toml.find("resnet-tiny")
    s = new_session(toml.load(path), path.parent, "cpu")
    s.run(3)
    return s


def test_another_block_keeps_the_weights_of_those_that_are_there(session):
    kept = session.source.parameters()
    session.apply([Edit("network.layers.1.repeat", 3)])
    now = session.source.parameters()
    assert session.scene.network.layers[1].kind == "residual_block" and "blocks.2.conv2.weight" in now
    for name in ("stem.conv.weight", "blocks.0.conv1.weight", "blocks.1.norm2.weight", "blocks.1.norm2.running_var"):
        assert np.array_equal(now[name], kept[name]), name
    session.run(2)
    session.undo()
    assert "blocks.2.conv2.weight" not in session.source.parameters()
    session.run(2)


def test_one_block_is_called_without_its_number_and_is_the_first_of_two(session):
    kept = session.source.parameters()
    session.apply([Edit("network.layers.1.repeat", 1)])
    assert np.array_equal(session.source.parameters()["blocks.conv1.weight"], kept["blocks.0.conv1.weight"])


def test_an_edit_that_cannot_be_changes_nothing(session):
    before = session.scene
    with pytest.raises(InputError, match="odd"):
        toml.apply(before, [Edit("network.layers.1.kernel", 4)])
    session.apply([Edit("network.layers.1.kernel", 4)])
    assert session.scene == before and "network.layers.1.kernel" in session.banner


def test_a_walk_through_a_step_of_blocks_ends_where_training_does(session):
    """Every phase of every part; with batch norm and a sum of two branches."""
    other = new_session(session.scene, session.base, "cpu")
    other.run(4)
    session.start_walk()
    session.move("phase", 5)
    session.leave_walk()
    while session.source.step < 4:
        session.run(1)
    wanted, got = other.source.parameters(), session.source.parameters()
    assert all(np.array_equal(got[name], wanted[name]) for name in wanted)


def test_a_scene_keeps_blocks_as_they_were_written(session, tmp_path):
    session.scene.save(tmp_path / "s.toml")
    text = (tmp_path / "s.toml").read_text()
    assert text.count("residual_block") == 2 and "conv1" not in text
    assert Scene.load(tmp_path / "s.toml") == session.scene
