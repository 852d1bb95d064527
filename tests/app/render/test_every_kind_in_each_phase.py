"""A still of every kind of layer in every phase of a step: it draws, and what stands on it is the step's."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from nnviz3d.app.readout import build
from nnviz3d.app.render.still_render import draw_still
from nnviz3d.app.session.opening import new_session
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.number_text import pair_plain, plain
from nnviz3d.spec.phases import Place, index_of
from nnviz3d.spec.scene import Data, Look, Train
from tests.layers.kinds import CASES, scene_with
from tests.ui.screen import begin, check, reading

pytestmark = pytest.mark.gl
PLACES = ("forward:k@0.7", "backward:k@0.8", "update:{learns}@0.5", "after")
ALIKE = ("input@0.5", "loss@0.5")  # alike for all kinds of a family
FAMILIES = (
    "dense", "activation", "conv1d", "conv2d", "max_pool", "global_avg_pool", "batch_norm", "layer_norm", "add", "reshape", "embedding",
    "position", "scores", "softmax", "mix", "patches",
)  # fmt: skip


@pytest.fixture(scope="module")
def host():
    opened = open_host(960, 640, headless=True)
    yield opened
    opened.close()


def scene(kind: str):
    """Of four inputs; what reads ids begins a network for sequences."""
    if CASES[kind].ids:
        layers = [{"kind": kind, "name": "k", "units": 3}, {"kind": "position", "name": "a"}]
        return toml.validate({"network": {"layers": layers}, "data": {"kind": "sort", "length": 2}, "train": {"batch": 5}})
    return scene_with(kind).model_copy(update={"data": Data(kind="iris"), "train": Train(batch=5), "look": Look(quality="low")})


@pytest.mark.parametrize("kind", CASES)
def test_each_phase_is_drawn_with_its_own_words_and_numbers(kind, host, tmp_path):
    s = new_session(scene(kind), tmp_path, "cpu")
    topology = s.source.topology
    node = topology.by_name["k"]
    neuron = node.neurons.start + node.size // 2
    learns = "k" if node.number in topology.learning else "a"
    pictures = []
    s.start_walk(Place(0, 0.0))
    for text in (*ALIKE, *PLACES) if kind in FAMILIES else PLACES:
        place = Place.parse(text.format(learns=learns), topology)
        s.walking.walk.go(place)
        with reading() as screen:
            begin(screen)
            picture = draw_still(host, s, True, 0.0, neuron)
        reported, tape = " \n ".join(screen.texts), s.walking.walk.tape
        pictures.append(picture)
        assert picture.shape == (640, 960, 3) and 5 < picture.mean() < 160 and np.ptp(picture) > 150
        assert build.sentence(s) in " ".join(screen.texts), (text, build.sentence(s))
        assert not re.search(r"\bnan\b|\binf\b|None|\{|\}", reported), reported
        check(screen)
        assert place.index < index_of(topology, "loss") or "loss " in reported
        if text == "after":
            assert f"loss {' → '.join(pair_plain(tape.old.loss, tape.new.loss))}" in reported
        if place.index >= index_of(topology, "forward", node.number) and text != "after":
            z = [line.printed for title, lines in screen.lines.items() for line in lines if line.text.startswith(f"z[{node.number}]_")]
            assert plain(float(tape.old.z[neuron])) in z, (text, z)
    assert all(not np.array_equal(a, b) for a, b in pairwise(pictures))
