"""A network with branches in the panels: every kind's neurons and layers draw in every phase, and the list of layers changes them."""

from __future__ import annotations

import pytest
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.network_graph import trace
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.equations import neuron_equations
from tests.helpers.neuron_panel import at, show, titles
from tests.ui import readouts
from tests.ui.where import find

pytestmark = pytest.mark.gl
MORE = """
[[network.layers]]
name = "bend"
kind = "activation"
activation = "gelu"

[[network.layers]]
name = "gate"
units = 24
activation = "sigmoid"
from = ["bend"]

[[network.layers]]
name = "gated"
kind = "multiply"
from = ["bend", "gate"]

[[network.layers]]
name = "rest"
kind = "dropout"
dropout = 0.25

[[network.layers]]
name = "square"
kind = "reshape"
shape = [4, 6]
"""


@pytest.fixture(scope="module")
def session():
    """The shipped scene, with the kinds that it lacks behind it."""
    path = toml.find("residual")
    scene = toml.load(path)
    extra = toml.validate(toml.parse(f"[[network.layers]]\nunits = 24\n{MORE}".encode(), "text"), "text").network.layers[1:]
    layers = [layer.model_dump() for layer in (*scene.network.layers, *extra)]
    s = new_session(toml.apply(scene, [Edit("network.layers", layers)]), path.parent, "cpu")
    s.run(5)
    s.start_walk()
    return s


def first(session, name: str) -> int:
    return session.source.topology.by_name[name].neurons.start


@pytest.mark.parametrize("name", ["stem", "both", "sum", "bend", "gated", "rest", "square"])
def test_every_kind_draws_in_every_phase(driver, session, name):
    driver.only("Neuron")
    number = session.source.topology.by_name[name].number
    for place in [None, *(k + 0.7 for k in range(len(session.walking.phases)))]:
        for what in ({"neuron": first(session, name)}, {"layer": number}):
            show(driver, session, number=place, **what)
            driver.frame(2)
            assert driver.pixels()[:, 940:1240].max() > 200
    assert driver.commands == [] and driver.edits == []


def test_sections_are_those_of_the_kind(driver, session):
    driver.only("Neuron")
    for name, reported in {
        "sum": ["Sum", "Error signal of this sample", "Parameters"],
        "both": ["Its input", "Error signal of this sample", "Parameters"],
        "gated": ["Product", "Error signal of this sample", "Parameters"],
        "bend": ["Its input", "Activation", "Error signal of this sample", "Parameters"],
    }.items():
        show(driver, session, first(session, name))
        driver.frame(2)
        assert [title for title, _ in driver.overlay._dock.neuron.shown[1]] == reported
    show(driver, session, first(session, "sum"), at(session, "backward:6"))
    assert titles(driver)[0] == "Error signal of this sample"


def test_dropout_says_what_the_step_did_and_what_training_does(session):
    walk = session.walking.walk
    reported = session.inspector.neuron(walk, first(session, "rest") + 2)
    factor, kept, of = reported.masked
    assert of == 32 and 0 < kept <= of and factor in (0.0, pytest.approx(1 / 0.75))
    texts = [line.text for line in neuron_equations.pre_activation(reported)]
    assert texts[-2] == "in a training step: 0 with probability 25 %, else times 1.3333"
    assert texts[-1] == f"in this step: kept in {kept} of 32; factor here"


def test_a_term_leads_to_the_neuron_of_the_layer_it_comes_from(driver, session):
    driver.only("Neuron")
    show(driver, session, first(session, "sum") + 3)
    driver.frame(2)
    for k, name in ((1, "both"), (2, "stem")):
        driver.forget()
        driver.click(*find(driver, f"Sum{k}"))
        assert driver.commands == [("pick", first(session, name) + 3)]


def scene_of(driver) -> Scene:
    ((path, value),) = driver.edits
    return toml.apply(driver.scene, [Edit(path, value)])


@pytest.fixture
def listed(driver, session):
    driver.scene = session.scene
    driver.readout = readouts.readout(topology=session.source.topology)
    driver.only("Network")
    driver.frame(2)
    return driver


def inputs(scene: Scene) -> dict[str, tuple[str, ...]]:
    traced, wrong = trace(scene.network.layers)
    assert not wrong
    return {layer.name: layer.inputs for layer in traced}


def test_removing_a_layer_joins_what_it_stood_between(listed):
    listed.click(*find(listed, "remove", 5))  # bend
    made = inputs(scene_of(listed))
    assert made["gate"] == ("sum",) and made["gated"] == ("sum", "gate")


def test_a_removal_that_leaves_no_network_is_refused_with_its_reason(listed):
    listed.click(*find(listed, "remove", 3))  # both
    with pytest.raises(InputError, match="add needs inputs of one shape; found 16 and 8 and 24"):
        scene_of(listed)


def test_one_more_layer_reads_the_last_one(listed):
    listed.click(*find(listed, f"{fa.ICON_FA_PLUS}  Add layer"))
    made = inputs(scene_of(listed))
    assert list(made.values())[-1] == ("square",) and len(made) == 11


def test_a_new_name_is_read_by_others(listed):
    listed.click(*find(listed, "more", 4))
    listed.click(*find(listed, "name"))
    listed.key(imgui.Key.a, imgui.Key.mod_ctrl, imgui.Key.left_ctrl)
    for character in "total":
        imgui.get_io().add_input_character(ord(character))
    listed.frame(2)
    assert listed.edits == [], "not while it is half typed"
    listed.key(imgui.Key.enter)
    assert inputs(scene_of(listed))["bend"] == ("total",)


def test_a_share_of_dropout_is_set_in_the_menu(listed):
    listed.click(*find(listed, "more", 8))
    listed.click(*find(listed, "share"))
    ((path, value),) = listed.edits
    assert path == "network.layers.8.dropout" and 0 < value < 0.9


def test_a_neuron_without_weights_can_be_killed_but_not_turned(driver, session):
    neuron = first(session, "sum") + 3
    show(driver, session, neuron)
    driver.frame(3)  # what is picked is scrolled to
    driver.only("Edit by hand")
    driver.frame(3)
    driver.click(*find(driver, "killed"))
    assert driver.commands == [("kill", ((neuron,), True))] and driver.edits == []
