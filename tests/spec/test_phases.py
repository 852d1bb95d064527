"""Phases and places: the order, the address, and the way between an address and a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology, outline_topology


def net(hidden=2):
    return build_topology(Network(layers=(Layer(units=3),) * hidden), (2,), 2, "softmax")


def test_the_order():
    names = "input forward:1 forward:2 forward:3 loss backward:3 backward:2 backward:1 update:3 update:2 update:1 after"
    assert [str(phase) for phase in phases(net())] == names.split()
    assert [str(phase) for phase in phases(net(0))] == ["input", "forward:1", "loss", "backward:1", "update:1", "after"]


def test_addresses():
    t = net()
    assert Place.parse("forward:2@0.5", t) == Place(2, 0.5)
    assert Place.parse("loss", t) == Place(4, 1.0)
    assert Place.parse(" update:1@1 ", t) == Place(10, 1.0)
    assert Place.parse("after@0", t).number == 11.0
    assert Place(2, 0.5).title(t) == "Forward, layer 2 of 3"
    assert Place(11, 0.0).title(t) == "After the update"


@given(st.integers(0, 4), st.floats(0, 14.999), st.floats(0, 1))
def test_text_and_number_lead_back(hidden, number, fraction):
    t = net(hidden)
    for index in range(len(phases(t))):
        place = Place(index, fraction)
        assert Place.parse(place.text(t), t) == place
    place = Place.at(number, t)
    assert place.number == min(number, len(phases(t)))
    assert 0 <= place.fraction <= 1


@pytest.mark.parametrize(
    ("number", "place"), [(-3.0, (0, 0.0)), (99.0, (11, 1.0)), (float("nan"), (0, 0.0)), (5.0, (4, 1.0)), (0.0, (0, 0.0)), (12, (11, 1.0))]
)
def test_numbers_at_the_ends(number, place):
    assert Place.at(number, net()) == Place(*place)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("forward:4", 'needs a layer from 1 to 3'), ("forward", "needs a layer"), ("forward:0", "1 to 3"), ("update:-1", "1 to 3"),
        ("backward:" + "9" * 5000, "1 to 3"), ("forward:²", "1 to 3"), ("loss:1", "expected one of input, forward:1 to forward:3"),
        ("input:", "expected one of"), ("", "expected one of"), ("after@2", "number from 0 to 1"), ("after@", "number from 0 to 1"),
        ("after@nan", "number from 0 to 1"), ("wrong@x", "expected one of.*number from 0 to 1"),
    ],
)  # fmt: skip
def test_wrong_addresses(text, reported):
    with pytest.raises(InputError, match=reported) as error:
        Place.parse(text, net())
    assert error.value.problems[0].key == "phase"


BRANCHES = """
[[network.layers]]
name = "stem"
units = 3
[[network.layers]]
name = "deep"
units = 3
[[network.layers]]
name = "deeper"
units = 3
[[network.layers]]
name = "short"
units = 3
from = ["stem"]
[[network.layers]]
name = "sum"
kind = "add"
from = ["deeper", "short"]
"""


def branches():
    return build_topology(toml.validate(toml.parse(BRANCHES.encode(), "text")).network, (2,), 2, "softmax")


def test_the_order_of_a_graph_is_by_rank_and_only_what_learns_is_updated():
    """`short` is node 4 but of rank 2, as `deep` is."""
    names = "input forward:1 forward:2 forward:4 forward:3 forward:5 forward:6 loss backward:6 backward:5 backward:3 backward:4 backward:2 "
    names += "backward:1 update:6 update:3 update:4 update:2 update:1 after"
    assert [str(phase) for phase in phases(branches())] == names.split()


def test_nodes_of_a_graph_are_addressed_by_number_or_name():
    t = branches()
    assert Place.parse("forward:short@0.5", t) == Place.parse("forward:4@0.5", t) == Place(3, 0.5)
    assert Place(3, 0.5).text(t) == "forward:4@0.5"
    assert Place(3, 0.5).title(t) == "Forward, layer 4 of 6 (short)"
    with pytest.raises(InputError, match='"update" needs a layer that has weights: stem, deep, short, deeper, dense6; found "update:sum"'):
        Place.parse("update:sum", t)
    with pytest.raises(InputError, match="needs a layer from 1 to 6"):
        Place.parse("forward:none", t)


def test_an_outline_has_the_phases_before_there_are_data():
    network = toml.validate(toml.parse(BRANCHES.encode(), "text")).network
    assert phases(outline_topology(network)) == phases(branches())
