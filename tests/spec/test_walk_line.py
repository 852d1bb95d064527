"""The time line of a walk: every phase is in one stretch, a folded part is one, and a place keeps its meaning whatever is folded."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nnviz3d.engine.data import load
from nnviz3d.spec import toml
from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.phases import LAYERED, phases
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.spec.walk_line import walk_line

SCENES = ("sort-gpt", "resnet-tiny", "convnet", "vit-digits", "xor")


@pytest.fixture(scope="module")
def networks():
    found = {}
    for name in SCENES:
        path = toml.find(name)
        scene = toml.load(path)
        data = load(scene.data, path.parent)
        classes = data.n_outputs
        found[name] = build_topology(scene.network, data.shape, classes, "softmax", input_axes=data.axes)
    return found


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("opened", [(), "all", "outer"])
def test_stretches_hold_every_phase_once_in_order(networks, name, opened):
    topology = networks[name]
    parts = NetworkParts(topology)
    opened = frozenset(parts.tops) & set(parts.by_name) if opened == "outer" else parts.opened(opened, 0)
    folded = parts.folded(opened)
    line, every = walk_line(topology, folded), phases(topology)
    assert [k for stretch in line.stretches for k in range(stretch.first, stretch.last + 1)] == list(range(len(every)))
    for stretch in line.stretches:
        kinds = {every[k].kind for k in range(stretch.first, stretch.last + 1)}
        assert kinds == {stretch.kind}
        if stretch.part is None:
            assert stretch.first == stretch.last and stretch.title == every[stretch.first].title(topology)
        else:
            layers = {every[k].layer for k in range(stretch.first, stretch.last + 1)}
            learned = {k for k in stretch.part.nodes if topology.nodes[k].parameters}
            assert layers == (learned if stretch.kind == "update" else set(stretch.part.nodes))
            assert stretch.part.label in stretch.title
    for part in folded:
        kinds = [kind for kind in LAYERED if kind != "update" or any(topology.nodes[k].parameters for k in part.nodes)]
        assert [s.kind for s in line.stretches if s.part == part] == kinds  # each pass goes through it once


@pytest.mark.parametrize("name", SCENES)
def test_a_place_is_found_again_from_its_share_of_the_line(networks, name):
    topology = networks[name]
    parts = NetworkParts(topology)
    for opened in (frozenset(), frozenset(parts.by_name)):
        line, count = walk_line(topology, parts.folded(opened)), len(phases(topology))
        along = [k / 7 for k in range(7 * len(line) + 1)]
        numbers = [line.number(at) for at in along]
        assert numbers[0] == 0 and numbers[-1] == count and all(a < b for a, b in pairwise(numbers))
        assert [line.along(number) for number in numbers] == pytest.approx(along, abs=1e-9)
        assert line.number(-1.0) == 0 and line.number(1e9) == count


def test_with_nothing_folded_the_line_is_the_walk_itself(networks):
    topology = networks["xor"]
    line = walk_line(topology)
    for number in (0.0, 0.3, 1.0, 2.7182818, 5.999, float(len(phases(topology)))):
        assert line.along(number) == number == line.number(number)


def test_sort_gpt_is_short_where_its_blocks_are_folded(networks):
    topology = networks["sort-gpt"]
    parts = NetworkParts(topology)
    whole, folded = walk_line(topology), walk_line(topology, parts.folded(frozenset()))
    assert len(whole) == len(phases(topology)) > 100 and len(folded) < 30
