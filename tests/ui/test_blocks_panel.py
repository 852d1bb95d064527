"""Blocks in the list of layers: one row each, whose menu sets what is its own; the parts have no rows."""

from __future__ import annotations

import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.layer_table import tables
from nnviz3d.ui.panels import layer_fields
from tests.ui import readouts
from tests.ui.where import find

pytestmark = pytest.mark.gl


@pytest.fixture
def listed(driver):
    path = toml.find("vit-digits")
    driver.scene = toml.load(path)
    session = new_session(driver.scene, path.parent, "cpu")
    driver.readout = readouts.readout(topology=session.source.topology)
    driver.only("Network")
    driver.frame(2)
    return driver


def test_a_block_is_one_row_and_shows_what_it_is(listed):
    listed.click(*find(listed, "more", 3))
    listed.click(*find(listed, "causal"))
    assert listed.edits == [("network.layers.3.causal", True)]


def test_the_menu_of_another_kind_sets_its_own_numbers(listed):
    listed.click(*find(listed, "more", 0))
    assert find(listed, "size")


@pytest.mark.parametrize("kind", tables())
def test_every_field_is_set_somewhere_and_has_words(kind):
    """Numbers, choices and switches of any kind have a control; what holds several numbers is set in the scene file."""
    table = tables()[kind]
    if any(field.is_required() for name, field in table.model_fields.items() if name != "kind"):
        return
    layer = table.model_validate({"kind": kind})
    for name in layer_fields.own(layer):
        assert name not in layer_fields.ELSEWHERE
        assert table.model_fields[name].description or name in ("channels", "norm", "axis", "vocabulary", "form"), f"{kind}.{name}"
