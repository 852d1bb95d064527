"""Killing a whole group: what it costs every output, exactly; undo; the panel's cells."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes.ablation import MOST, Ablation, units
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.spec import toml
from nnviz3d.spec.topology import Node, Range
from tests.helpers.fake_source import FakeSource
from tests.helpers.person import Person


def session(name="digits", *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, REMEMBER)


@pytest.fixture
def s():
    s = session()
    s.run(100)
    s.refresh()
    return s


def test_the_change_of_every_output_is_that_of_its_own_weights(s):
    probe, source = Ablation(), s.source
    node, output = source.topology.nodes[2], source.topology.output
    before = probe.reading(source, 2)
    assert np.array_equal(before.z_o, before.whole_o) and before.size == 1 and len(before.strength_g) == 32
    a = source.tensors("activation")[node.neurons.slice].copy()
    np.testing.assert_allclose(before.strength_g, np.abs(a), rtol=1e-6)
    ids = tuple(node.neurons.start + k for k in (3, 5, 11))
    s.editing.hold("killed", ids, True)
    after = probe.reading(source, 2)
    w = output.weight.view(source.tensors("parameter"))
    np.testing.assert_allclose(after.z_o - after.whole_o, -(w[:, [3, 5, 11]] @ a[[3, 5, 11]]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after.whole_o, before.z_o, rtol=1e-5, atol=1e-5)
    s.undo()
    assert np.allclose(probe.reading(source, 2).z_o, before.z_o)
    s.redo()
    s.show_next(1)
    other = probe.reading(source, 2)
    assert not np.allclose(other.whole_o, after.whole_o)
    s.own.draw([[0.1, False, [0.5, 0.1, 0.5, 0.9]]])
    assert np.isfinite(probe.reading(source, 2).z_o).all()


def test_groups_are_channels_tokens_or_heads_and_else_neurons():
    maps = Node("m", "dense", ("x",), (4, 5, 6), Range(10, (120,)), axes=("channel", "row", "column"))
    assert units(maps) == [range(10 + 30 * k, 40 + 30 * k) for k in range(4)]
    plain = Node("p", "dense", ("x",), (500,), Range(0, (500,)))
    assert units(plain) == [range(k, k + 1) for k in range(MOST)]


def test_what_is_not_known_is_not_reported(s):
    probe = Ablation()
    assert probe.reading(s.source, None) is None and probe.reading(s.source, 0) is None and probe.reading(s.source, 99) is None
    assert probe.reading(FakeSource(), 1) is not None, "an opened network has z, too"


def test_a_click_kills_and_another_one_releases():
    person = Person("digits", size=(1000, 700))
    person.session.run(100)
    person.open("Ablation")
    person.loop.overlay.memory.reveal = "Ablation"
    person.frames(6)
    node = person.session.source.topology.nodes[1]
    person.click(*person.where("unit4"))
    assert person.session.source.holds.killed == (node.neurons.start + 4,)
    r = person.loop.readout().ablation
    assert not np.array_equal(r.z_o, r.whole_o)
    person.click(*person.where("unit4"))
    assert not person.session.source.holds.killed
    person.close()
