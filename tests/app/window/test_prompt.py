"""Prompt and Attention before a person: typing, next token by next token, bars that answer, heads, cells and their equations."""

from __future__ import annotations

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.sources.viewable import OWN
from nnviz3d.ui.core.names import token_words
from nnviz3d.ui.panels.attention import sentence
from nnviz3d.ui.panels.prompt import bar_rows
from tests.helpers.person import K, Person, change, check

SMALL = [("network.layers.2.repeat", 2), ("train.learning_rate", 0.002)]


def at(panel: str, size=(1280, 720), scene="sort-gpt", **more) -> Person:
    person = Person(scene, size=size, **more)
    show(person, panel)
    return person


def show(person: Person, panel: str) -> None:
    person.open(panel)
    person.loop.overlay.memory.reveal = panel
    person.frames(4)


def write(person: Person, text: str) -> None:
    """Into the field, over what is in it."""
    person.click(*person.where("prompt"))
    person.key(K.a, K.mod_ctrl)
    person.key(K.delete)
    imgui.get_io().add_input_characters_utf8(text)
    person.frames(len(text) + 4)


@pytest.fixture(scope="module")
def person():
    person = at("Prompt")
    person.session.run(150)
    person.frames(3)
    yield person
    person.close()


def test_what_is_typed_flows_at_once_and_faults_are_reported(person):
    show(person, "Prompt")
    write(person, "cabbac")
    session = person.session
    assert session.source.sample.part == OWN and session.prompt.words() == ("C", "A", "B", "B", "A", "C")
    panel = person.loop.overlay._dock.prompt
    assert panel.text == "cabbac"
    write(person, "cab")
    imgui.get_io().add_input_characters_utf8("x")
    person.frames(4)
    r = person.loop.readout().prompt
    assert "'x'" in r.problem.lower() and panel.text == "cabx" and session.prompt.words() == ("C", "A", "B"), "the last good one stays"
    write(person, "ab" * 8)
    assert "16 tokens" in person.loop.readout().prompt.problem
    write(person, "")
    person.key(K.escape)
    assert session.source.sample.part == "test"
    assert not session.running


def test_beside_the_picture_stand_the_tokens_of_the_prompt_and_no_others(person):
    """The rest of the row holds zeros, which are the number of a token too."""
    show(person, "Prompt")
    write(person, "cab")
    labels = person.loop.stage.labels()
    assert [label.text for label in labels if label.column == "tokens"] == ["C", "A", "B"]
    assert len([label for label in labels if label.column == "answers"]) == 3
    person.frames(3)
    placed = [item for item in person.loop.overlay._labels.placed if item.label.column == "tokens"]
    assert [item.label.text for item in sorted(placed, key=lambda item: item.top)] == ["C", "A", "B"]
    write(person, "")
    person.key(K.escape)
    assert len([label for label in person.loop.stage.labels() if label.column == "tokens"]) == 11
    placed = [item for item in person.loop.overlay._labels.placed if item.label.column == "tokens"]
    assert len(placed) == 11, "all of a sample, for some of a sentence are another one"


def test_a_head_flies_to_its_arcs_and_its_section_stays_in_sight(person):
    show(person, "Attention")
    person.click(*person.where("fly_to_arcs"))
    person.frames(60)
    assert person.loop.stage.travel.place == "blocks.0.mix"
    neurons = person.session.source.topology.by_name["blocks.0.mix"].neurons
    first, last = person.place_of(neurons.start), person.place_of(neurons.stop - 1)
    assert abs(first[0] - last[0]) > 150, "large enough to be read"
    dock = person.loop.overlay._dock
    assert dock._scroll == "Attention" and dock.opened["Attention"]
    person.do("fly_out")
    person.frames(3)


def test_it_completes_the_sequence_one_token_after_another(person):
    show(person, "Prompt")
    write(person, "bcabca")
    session = person.session
    person.click(*person.where("next_token"))
    assert len(session.prompt.ids) == 7
    person.loop.overlay._dock.prompt.temperature = 0.0
    person.click(*person.where("complete"))
    assert person.loop.overlay._dock.prompt.running
    seen = []
    for _ in range(40):
        person.frames(6)
        seen.append(len(session.prompt.ids))
    assert seen == sorted(seen) and set(seen) >= set(range(8, 13)), "one by one"
    assert "".join(person.loop.readout().prompt.words) == "BCABCA" + "AABBCC"
    assert not person.loop.overlay._dock.prompt.running and person.loop.readout().prompt.over
    person.click(*person.where("retype"))
    assert len(session.prompt.ids) == 6
    person.click(*person.where("complete"))
    person.frames(40)
    person.click(*person.where("complete"))
    count = len(session.prompt.ids)
    person.frames(60)
    assert len(session.prompt.ids) == count < 12, "stopped"
    kept = [event.name for event in person.loop.log.timeline().events if event.name in ("prompt", "add_token")]
    assert kept.count("add_token") >= 7 and "prompt" in kept
    person.click(*person.where("leave_prompt"))
    assert session.source.sample.part == "test" and not person.loop.overlay._dock.prompt.text


def test_temperature_top_k_and_top_p_act_on_the_bars(person):
    show(person, "Prompt")
    person.do("prompt", "CABBAC")
    panel = person.loop.overlay._dock.prompt
    panel.temperature, panel.top_k, panel.top_p = 3.0, 2, 1.0
    person.frames(3)
    r = person.loop.readout().prompt
    rows = bar_rows(r, 3.0, 2, 1.0)
    assert sum(row.share for row in rows) == pytest.approx(1) and sum(row.share == 0 for row in rows) == 1
    assert sum("left out by top-k = 2" in row.tip for row in rows) == 1 and all("/ 3.00 =" in row.tip for row in rows)
    panel.temperature, panel.top_k, panel.top_p = 1.0, 0, 0.05
    person.frames(3)
    rows = bar_rows(person.loop.readout().prompt, 1.0, 0, 0.05)
    assert sorted(row.share for row in rows) == [0, 0, 1] and sum("top-p" in row.tip for row in rows) == 2
    panel.top_p = 1.0
    person.click(*person.where("token2"))
    assert person.loop.readout().prompt.place == 2
    person.click(*person.where("token2"))
    assert person.loop.readout().prompt.place == 5


def test_it_learns_on_while_a_prompt_is_completed(person):
    show(person, "Prompt")
    person.do("prompt", "CABBAC")
    step = person.session.source.step
    person.do("play")
    person.click(*person.where("complete"))
    person.frames(90)
    person.do("pause")
    assert person.session.source.step > step and len(person.session.prompt.ids) > 7
    check(person)
    person.click(*person.where("leave_prompt"))


def test_a_head_is_chosen_its_arcs_shine_and_a_cell_opens_its_equation(person):
    session = person.session
    person.do("prompt", "CABBAC")
    person.edit("view.open", ("blocks", "blocks.1"))
    show(person, "Prompt")
    person.frames(60)
    without = person.look()
    show(person, "Attention")
    person.click(*person.where("head1.2"))
    person.move(2, 2)
    person.frames(3)
    r = person.loop.readout().attention
    assert (r.layer, r.head) == (1, 2) and person.loop.stage.view.picture.subject.arcs
    assert change(without, person.look()) > 0.005
    x, y = person.where("matrix")
    side = min(300 * person.loop.overlay.scale, 10_000)
    panel = person.loop.overlay._dock.attention
    person.click(x, y)
    query, key = panel.cell
    topology = session.source.topology
    node = topology.nodes[r.layers[1].scores]
    neuron = person.loop.stage.pointer.picked
    assert neuron == node.neurons.start + (2 * 11 + query) * 11 + key and side > 0
    reading = person.loop.readout()
    assert (
        reading.neuron is not None and reading.neuron.neuron == neuron and reading.neuron.z == pytest.approx(float(r.score_tt[query, key]))
    )
    assert reading.sample_words == r.words
    reported = token_words(node, neuron - node.neurons.start, reading.sample_words)
    assert reported == f"How much {r.words[query]} (token {query + 1}) looks at {r.words[key]} (token {key + 1})"
    show(person, "Attention")
    person.click(*person.where("step1"))
    assert person.loop.stage.pointer.picked == topology.nodes[r.layers[1].shares].neurons.start + (2 * 11 + query) * 11 + key
    assert person.loop.readout().neuron.a == pytest.approx(float(r.share_tt[query, key]))
    show(person, "Attention")
    person.click(*person.where("step2"))
    picked, j = topology.locate(person.loop.stage.pointer.picked)
    assert picked.kind == "mix" and divmod(j, 48) == (query, 32)
    assert r.words[query] in sentence(r, query, key) and r.words[key] in sentence(r, query, key)
    person.do("pick", -1)
    person.open()
    person.frames(3)
    assert not person.loop.stage.view.picture.subject.arcs and session.attention.arcs is None


def test_a_head_is_switched_off_and_the_outputs_answer(person):
    session = person.session
    person.do("prompt", "CABBAC")
    show(person, "Attention")
    z = session.source.tensors("z").copy()
    person.click(*person.where("head0.1"))
    person.click(*person.where("switch_head"))
    person.frames(5)
    assert len(session.source.holds.killed) == 121 and not np.allclose(z, session.source.tensors("z"))
    dock = person.loop.overlay._dock
    assert dock.opened["Ablation"] and person.loop.readout().ablation.node == dock.ablation.node
    assert session.source.topology.nodes[dock.ablation.node].name == "blocks.0.softmax"
    assert (0, 1) in person.loop.readout().attention.killed
    show(person, "Attention")
    person.click(*person.where("switch_head"))
    person.frames(5)
    assert not session.source.holds.killed
    np.testing.assert_allclose(session.source.tensors("z"), z, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("scene", "size"), [("story-gpt", (640, 480)), ("vit-digits", (1280, 720)), ("iris", (900, 600))])
def test_every_window_and_network(scene, size):
    person = at("Prompt", size, scene, play=True)
    person.frames(10)
    r = person.loop.readout().prompt
    assert (r is not None and not r.reason) == (scene == "story-gpt"), "greyed, a section asks for nothing"
    if scene == "story-gpt":
        person.do("prompt", "Anna has a small cat .")
        person.frames(3)
        assert person.loop.readout().prompt.words[:2] == ("<start>", "Anna")
    show(person, "Attention")
    person.frames(10)
    r = person.loop.readout().attention
    assert (r is None or bool(r.reason)) == (scene == "iris")
    person.open("Prompt", "Attention")
    person.frames(10)
    check(person)
    person.close()
