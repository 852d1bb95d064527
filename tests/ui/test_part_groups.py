"""Panels of networks with parts: what is closed is one line with the mean and the range of what is in it, and opens here as elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nnviz3d.engine.data import load
from nnviz3d.spec import toml
from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.readout import Finding
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.ui.core import part_groups
from nnviz3d.ui.panels import health
from nnviz3d.ui.panels.folded_layers import folded
from tests.helpers.person import Person
from tests.ui import readouts
from tests.ui.conftest import Driver
from tests.ui.test_readings import history
from tests.ui.where import find

CLOSED = frozenset()


@pytest.fixture
def tall():
    driver = Driver(1280, 1100)
    yield driver
    driver.close()


def network(name: str):
    path = toml.find(name)
    scene = toml.load(path)
    data = load(scene.data, path.parent)
    return build_topology(scene.network, data.shape, data.n_outputs, "softmax", input_axes=data.axes)


@pytest.fixture(scope="module")
def topology():
    return network("sort-gpt")


def weighted(topology):
    nodes = tuple(node.number for node in topology.nodes if node.weight is not None)
    return nodes, tuple(topology.nodes[k].name for k in nodes)


def reading(topology):
    nodes, names = weighted(topology)
    made = history(layers=len(nodes))
    return dataclasses.replace(made, names=names, nodes=nodes, rms_tl=np.abs(made.gradient_tl))


def test_every_layer_is_in_one_line_whatever_is_open(topology):
    nodes, names = weighted(topology)
    for opened in (CLOSED, frozenset({"blocks"}), frozenset(NetworkParts(topology).by_name)):
        lines = part_groups.lines(topology, nodes, names, opened)
        charted = part_groups.charted(lines)
        assert sorted(k for line in charted for k in line.members) == list(range(len(nodes)))
        assert all(line.closed == (line.name not in opened) for line in lines if line.part)
    assert len(part_groups.charted(part_groups.lines(topology, nodes, names, CLOSED))) < 6 < len(nodes)


def test_a_chain_has_nothing_to_fold():
    topology = network("digits")
    nodes, names = weighted(topology)
    lines = part_groups.lines(topology, nodes, names, CLOSED)
    assert not part_groups.folds(lines) and [line.label for line in lines] == list(names)
    assert folded(dataclasses.replace(history(layers=len(nodes)), nodes=nodes), topology, CLOSED) is None


def test_a_closed_part_has_the_mean_and_the_range_of_its_layers(topology):
    r = reading(topology)
    found = folded(r, topology, CLOSED)
    assert found is not None
    for k, line in enumerate(found.charted):
        inside = r.gradient_tl[1:, list(line.members)]
        assert np.allclose(found.gradient_tl[1:, k], inside.mean(1)) and np.isnan(found.gradient_tl[0, k])
        assert np.array_equal(found.least_tl[1:, k], inside.min(1)) and np.array_equal(found.largest_tl[1:, k], inside.max(1))
        assert np.allclose(found.ratio_tl[1:, k], r.ratio_tl[1:, list(line.members)].mean(1))
    single = next(k for k, line in enumerate(found.charted) if len(line.members) == 1)
    assert np.array_equal(found.ratio_tl[1:, single], r.ratio_tl[1:, found.charted[single].members[0]])


@pytest.mark.gl
@pytest.mark.parametrize("view", ["values", "flow", "ratio"])
def test_the_layers_section_opens_a_part_and_chooses_a_layer(tall, topology, view):
    panel = next(s.draw.__self__ for s in tall.overlay._dock.sections if s.title == "Layers")
    panel.view = view
    tall.readout = readouts.readout(topology=topology, layers=reading(topology), opened=CLOSED, step=900)
    tall.only("Layers")
    tall.frame(3)
    tall.click(*find(tall, "parts blocks"))
    assert tall.commands[-1] == ("open_part", "blocks")
    _, names = weighted(topology)
    tall.readout = dataclasses.replace(tall.readout, opened=frozenset({"blocks", "blocks.0"}))
    tall.frame(2)
    tall.click(*find(tall, "parts blocks.0"))
    assert tall.commands[-1] == ("close_part", "blocks.0")
    tall.click(*find(tall, "parts blocks.0.value"))
    assert panel.layer == names.index("blocks.0.value") and panel.view == "values"


@pytest.mark.gl
def test_one_sign_in_many_layers_of_a_part_is_one_line(tall, topology, monkeypatch):
    mlps = [node for node in topology.nodes if node.name.endswith("mlp1")]
    findings = tuple(
        Finding(f"Dead features in {node.name}", f"{k + 1} of 10 are 0.", "Reset.", node.number, "Dead features", (k + 1) / 10)
        for k, node in enumerate(mlps)
    )
    other = Finding("Overfitting", "…", "Use more data.")
    tall.readout = readouts.readout(topology=topology, findings=(*findings, other), opened=frozenset({"blocks"}))
    tall.only("Health")
    said: list[str] = []
    monkeypatch.setattr(health, "_row", lambda f, icon, ink, text, colour: said.append(text))
    monkeypatch.setattr(health, "small", lambda f, text, *_, **__: said.append(text))
    tall.frame(3)
    each = [part_groups.closed_part(topology, finding.layer, {"blocks"}) for finding in findings]
    assert each == ["blocks.0", "blocks.1", "blocks.2"]
    assert {finding.title for finding in findings} <= set(said)  # one in each closed part stands by itself
    said.clear()
    tall.readout = dataclasses.replace(tall.readout, opened=CLOSED)
    tall.frame(2)
    assert "Dead features in 3 layers of blocks x 3" in said and "Overfitting" in said and findings[0].title not in said
    assert "Worst: blocks.2.mlp1 with 30 % of it; the mean of the 3 is 20 %." in said
    tall.click(*find(tall, "open blocks"))
    assert tall.commands[-1] == ("open_part", "blocks")


@pytest.mark.gl
def test_a_folded_block_is_one_phase_of_the_bar_and_opening_it_keeps_the_place():
    person = Person("sort-gpt", size=(1280, 720))
    try:
        person.do("close_part", "blocks")
        person.do("walk")
        person.frames(2)
        walking = person.session.walking
        folded_ones = len(walking.line)
        person.do("walk_play", False)
        person.do("walk_to", 9.5)
        assert "blocks" in person.loop.readout().sentence
        person.do("open_part", "blocks")
        person.frames(2)
        assert walking.number == 9.5 and len(walking.line) > folded_ones
        assert person.loop.readout().walk.line == walking.line
    finally:
        person.close()
