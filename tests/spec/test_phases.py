"""Phases and places: the order, the address, and the way between an address and a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.spec.errors import InputError
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology


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
    ("text", "told"),
    [
        ("forward:4", 'needs a layer from 1 to 3'), ("forward", "needs a layer"), ("forward:0", "1 to 3"), ("update:-1", "1 to 3"),
        ("backward:" + "9" * 5000, "1 to 3"), ("forward:²", "1 to 3"), ("loss:1", "expected one of input, forward:1 to forward:3"),
        ("input:", "expected one of"), ("", "expected one of"), ("after@2", "number from 0 to 1"), ("after@", "number from 0 to 1"),
        ("after@nan", "number from 0 to 1"), ("wrong@x", "expected one of.*number from 0 to 1"),
    ],
)  # fmt: skip
def test_wrong_addresses(text, told):
    with pytest.raises(InputError, match=told) as error:
        Place.parse(text, net())
    assert error.value.problems[0].key == "phase"
