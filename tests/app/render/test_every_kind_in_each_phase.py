"""A still of every kind of layer in every phase of a step: it draws, and what stands on it is the step's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnviz3d.app.render.still_render import draw_still
from nnviz3d.app.session.opening import new_session
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec.number_text import pair_plain, plain
from nnviz3d.spec.phases import Place, index_of
from nnviz3d.spec.scene import Data, Look, Train
from tests.layers.kinds import CASES, scene_with
from tests.ui.screen import begin, check, reading

pytestmark = pytest.mark.gl
PLACES = ("input@0.5", "forward:k@0.7", "loss@0.5", "backward:k@0.8", "update:{learns}@0.5", "after")


@pytest.fixture(scope="module")
def host():
    opened = open_host(720, 480, headless=True)
    yield opened
    opened.close()


def scene(kind: str):
    """Of four inputs; what reads ids reads the first tokens of sequences."""
    data = Data(kind="iris") if not CASES[kind].ids else Data(kind="modular", modulus=3, samples=9)
    made = scene_with(kind)
    return made.model_copy(update={"data": data, "train": Train(batch=5), "look": Look(quality="low")})


@pytest.mark.parametrize("kind", CASES)
def test_each_phase_is_drawn_with_its_own_words_and_numbers(kind, host, tmp_path):
    s = new_session(scene(kind), tmp_path, "cpu")
    topology = s.source.topology
    node = topology.by_name["k"]
    neuron = node.neurons.start + node.size // 2
    learns = "k" if node.number in topology.learning else "a"
    pictures = []
    s.start_walk(Place(0, 0.0))
    for text in PLACES:
        place = Place.parse(text.format(learns=learns), topology)
        s.walking.walk.go(place)
        with reading() as screen:
            begin(screen)
            picture = draw_still(host, s, True, 0.0, neuron)
        told, tape = " \n ".join(screen.texts), s.walking.walk.tape
        pictures.append(picture)
        assert picture.shape == (480, 720, 3) and 5 < picture.mean() < 160 and np.ptp(picture) > 150
        assert s.walking.sentence in told.replace("\n", " ") or s.walking.sentence.partition(":")[0] in told, text
        assert not re.search(r"\bnan\b|\binf\b|None|\{|\}", told), told
        check(screen)
        answered = place.index >= index_of(topology, "loss")
        assert bool(re.search(r"loss ", told)) == answered or place.index < index_of(topology, "loss")
        if text == "after":
            assert f"loss {' → '.join(pair_plain(tape.old.loss, tape.new.loss))}" in told
        if place.index >= index_of(topology, "forward", node.number) and text != "after":
            z = [line.printed for title, lines in screen.lines.items() for line in lines if line.text.startswith(f"z[{node.number}]_")]
            assert plain(float(tape.old.z[neuron])) in z, (text, z)
    assert all(not np.array_equal(a, b) for a, b in zip(pictures, pictures[1:], strict=False))
