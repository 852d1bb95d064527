"""The Compare section and the header over two networks: every kind of reading draws, and the choices give the right edits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nnviz3d.spec import compare, toml
from nnviz3d.spec.compare import Difference
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.number_text import count
from nnviz3d.spec.readout import CompareReading, NetworkReading
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.core.short_lines import network_line
from nnviz3d.ui.panels.compare import SETTINGS, values
from tests.ui import readouts
from tests.ui.where import find

pytestmark = pytest.mark.gl
A = NetworkReading(
    "A", "adam", readouts.TOPOLOGY, 1234, 27.4, 45, 0.0832, 0.1, 0.99, 0.972, "3 (97.2 %)", True, (90, 180), None, readouts.charts(200), 0.5
)  # fmt: skip
B = dataclasses.replace(
    A, name="B", title="sgd", loss=2.1, test_accuracy=0.3, answer="8 (20 %)", right=False, reached=(None, None), hovered=-0.2
)
BOTH = CompareReading((A, B), (Difference("train.optimizer", "adam", "sgd"),), True, True, (0.9, 0.95))
SCENE = toml.apply(readouts.SCENE, [Edit("compare", {"train.optimizer": "sgd"})])


def both(**changes) -> CompareReading:
    """The two with the same changes."""
    return dataclasses.replace(BOTH, networks=tuple(dataclasses.replace(n, **changes) for n in (A, B)))


KINDS = {
    "plain": BOTH,
    "no difference": dataclasses.replace(BOTH, differences=()),
    "numbers": both(train_accuracy=None, test_accuracy=None, right=None, reached=()),
    "nothing yet": both(loss=None, test_loss=None, answer="", charts=readouts.charts(0), hovered=None),
    "diverged": dataclasses.replace(BOTH, networks=(A, dataclasses.replace(B, diverged=37, step=36, loss=None)), waits="B"),
    "other batches": dataclasses.replace(BOTH, same_batches=False, differences=(Difference("train.batch", 32, 0),)),
    "many": dataclasses.replace(BOTH, differences=tuple(Difference(f"network.layers.{k}.init_scale", 1.0, 1e-300 * k) for k in range(12))),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1.0, 2.0])
def test_every_kind_of_comparison_draws(driver, kind, size):
    driver.scene = SCENE
    driver.readout = readouts.readout(compare=KINDS[kind], hovered=dataclasses.replace(readouts.neuron(1, 7), network="A"))
    driver.overlay.scale = size
    driver.only("Compare")
    driver.move(300, 300)
    driver.frame(2)
    assert driver.edits == [] and driver.pixels()[:, 1000:].max() > 0
    driver.frame(1, compact=True)


def test_the_section_opens_with_the_comparison_and_is_scrolled_to(driver):
    driver.frame(2)
    assert not driver.overlay._dock.opened["Compare"]
    driver.scene, driver.readout = SCENE, readouts.readout(compare=BOTH)
    driver.frame(3)
    assert driver.overlay._dock.opened["Compare"]
    assert 0 < find(driver, "Compare")[1] < driver.host.size[1]


@pytest.mark.parametrize("path", SETTINGS)
def test_each_setting_begins_a_comparison_that_is_a_sound_scene(driver, path):
    driver.only("Compare")
    driver.click(*find(driver, "compare.setting"))
    driver.click(*find(driver, compare.name_of(path)))
    ((where, value),) = driver.edits
    assert where == "compare" and list(value) == [path]
    scene = toml.apply(driver.scene, [Edit(where, value)])
    assert compare.differences(scene, compare.second_scene(scene))


def test_another_value_and_the_end(driver):
    driver.scene, driver.readout = SCENE, readouts.readout(compare=BOTH)
    driver.only("Compare")
    driver.click(*find(driver, "compare.value"))
    driver.click(*find(driver, "nesterov"))
    driver.click(*find(driver, "stop"))
    assert driver.edits == [("compare", {"train.optimizer": "nesterov"}), ("compare", {})]


@pytest.mark.parametrize("path", SETTINGS)
def test_every_value_on_offer_is_another_one_and_accepted(path):
    for scene in (readouts.SCENE, Scene()):
        for value in values(scene, path):
            changed = toml.apply(scene, [Edit("compare", {path: value})])
            assert compare.differences(changed, compare.second_scene(changed)), (path, value)
    assert values(readouts.SCENE, path)


def test_the_nearest_rates_come_first():
    assert values(toml.apply(Scene(), [Edit("train.learning_rate", 0.01)]), "train.learning_rate")[:2] == [0.003, 0.03]


def test_one_line_says_how_a_network_is_doing():
    assert network_line(A) == "A: loss 0.0832, test 97.2 %"
    assert network_line(dataclasses.replace(B, diverged=4321)) == f"B: diverged at step {count(4321)}"
    assert network_line(dataclasses.replace(A, loss=None, test_accuracy=None, test_loss=None)) == "A: loss –"


def test_the_curves_of_both_are_reduced_and_kept_apart(driver):
    charts = readouts.charts(300)
    other = dataclasses.replace(charts, train_loss=charts.train_loss * np.float32(2))
    driver.scene = SCENE
    driver.readout = readouts.readout(compare=dataclasses.replace(BOTH, networks=(A, dataclasses.replace(B, charts=other))))
    driver.only("Compare")
    first, second = driver.overlay._dock.compare._curves
    np.testing.assert_allclose(second.mean, 2 * charts.train_loss, rtol=1e-6)
    assert len(first.x) == 200 and len(second.x) == 300
