"""The instruments' panels before a person: all of them open at once, in small and large windows, while the network learns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.person import Person, check

PANELS = ("Draw", "Saliency", "Strongest inputs", "Tracing", "Pruning", "Representations", "Ablation", "Prompt", "Attention")
WANTS = {"saliency", "strongest", "tracing", "pruning", "cloud", "ablation"}
TOKENS = {"prompt", "attention"}  # of other networks these are greyed


@pytest.mark.parametrize(("scene", "size"), [("digits", (640, 480)), ("iris", (1280, 720)), ("spiral", (900, 600))])
def test_all_panels_work_while_the_network_learns(scene, size):
    person = Person(scene, play=True, size=size)
    dock = person.loop.overlay._dock
    person.do("pick", person.session.source.topology.nodes[1].neurons.start + 1)
    for panel in PANELS:
        person.open(panel)
        person.loop.overlay.memory.reveal = panel
        dock.pruning.share = 60.0
        person.frames(12)
        check(person)
    person.open(*PANELS)
    person.frames(20)
    readout = person.loop.readout()
    assert person.session.wants.keys() >= WANTS | ({"own"} if scene == "digits" else set())
    assert not person.session.wants.keys() & TOKENS
    assert readout.saliency is not None and readout.tracing is not None and readout.tracing.paths
    assert readout.strongest is not None and readout.strongest.rows and readout.ablation is not None
    assert readout.pruning is not None and readout.cloud is not None and person.session.pruned is not None
    person.open()
    person.frames(3)
    assert not WANTS & person.session.wants.keys() and person.session.pruned is None and person.session.tracing.edges == ()
    person.close()


def test_in_a_walk_a_comparison_and_after_another_scene_nothing_is_lost():
    person = Person("digits", size=(1100, 700))
    person.open(*PANELS)
    person.frames(10)
    person.do("walk")
    person.frames(20)
    assert person.session.walking is not None and person.loop.readout().saliency is not None
    person.do("walk_leave")
    person.edit("compare", {"train.learning_rate": 0.5})
    person.frames(20)
    person.edit("compare", {})
    person.edit("network.layers", [{"units": 5}])
    person.frames(20)
    person.edit("data.kind", "iris")
    person.frames(20)
    check(person)
    assert np.isfinite(person.loop.readout().saliency.z) and person.loop.readout().own is None
    person.close()


def test_the_pruning_button_applies_and_undo_takes_it_back():
    person = Person("digits", size=(1100, 700))
    person.session.run(50)
    person.open("Pruning")
    person.loop.overlay.memory.reveal = "Pruning"
    person.loop.overlay._dock.pruning.share = 50.0
    person.frames(10)
    before = person.session.source.tensors("parameter").copy()
    label = next(name for name in _labels(person) if "Apply" in name)
    person.click(*person.where(label))
    after = person.session.source.tensors("parameter")
    assert (after == 0).sum() >= person.session.source.topology.n_weights // 2 and person.loop.overlay._dock.pruning.share == 0
    person.do("undo")
    assert np.array_equal(person.session.source.tensors("parameter"), before)
    person.close()


def _labels(person) -> list[str]:
    from tests.ui.where import recording

    with recording() as found:
        person.frames()
    return list(found)
