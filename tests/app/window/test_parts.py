"""Parts of a large network by hand: slabs and frames open and close, the outline and the search fly there, Backspace flies out."""

from itertools import pairwise

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.layout import moving
from nnviz3d.spec.commands import COMMANDS
from tests.helpers.person import STEP, Person


@pytest.fixture
def person():
    person = Person("sort-gpt", size=(1280, 720))
    yield person
    person.close()


def opened(person: Person) -> set[str]:
    return set(person.loop.stage.view.picture.opened)


def slab_on_screen(person: Person, name: str) -> tuple[float, float]:
    """The middle of what is seen of it."""
    stage = person.loop.stage
    layout = stage.view.picture.layout
    (glass,) = [glass for glass in layout.glass if glass.part.name == name]
    low, high = layout.glass_boxes(glass)[0]
    x, y, _ = stage.view.frame.pose.project(((low + high) / 2)[None].astype(float), stage.viewport.aspect)[0]
    return (x * 0.5 + 0.5) * person.host.size[0], (0.5 - y * 0.5) * person.host.size[1]


def test_at_the_start_as_much_is_open_as_can_be_read(person):
    assert opened(person) == {"blocks", "blocks.0"}
    layout = person.loop.stage.view.picture.layout
    assert {glass.part.name for glass in layout.glass if glass.fill == 1} == {"blocks.1", "blocks.2"}
    assert person.session.scene.view.open == "auto"


def test_a_click_on_a_slab_opens_it_and_undo_closes_it(person):
    picture = person.loop.stage.view.picture
    person.frames(50)
    person.click(*slab_on_screen(person, "blocks.1"))
    assert opened(person) == {"blocks", "blocks.0", "blocks.1"}
    assert picture.layout is not picture.goal  # on its way
    person.frames(round(moving.SECONDS / STEP) + 2)
    assert picture.layout is picture.goal
    person.do("undo")
    assert opened(person) == {"blocks", "blocks.0"}


def test_a_move_goes_smoothly_and_ends_where_it_should(person):
    picture = person.loop.stage.view.picture
    person.frames(5)
    begin = picture.layout.place_n4.copy()
    person.do("open_part", "blocks.2")
    seen = [begin]
    while picture.layout is not picture.goal:
        seen.append(picture.layout.place_n4.copy())
        person.frames(1)
    seen.append(picture.layout.place_n4)
    assert len(seen) > 30
    whole = np.abs(seen[-1] - seen[0]).max()
    steps = [np.abs(b - a).max() for a, b in pairwise(seen)]
    assert whole > 1 and max(steps) < 0.1 * whole


def test_closing_hides_what_is_inside(person):
    person.do("close_part", "blocks")
    person.frames(50)
    picture = person.loop.stage.view.picture
    inside = {k for k, node in enumerate(picture.topology.nodes) if node.name.startswith("blocks.")}
    assert picture.layout.hidden == inside
    assert not inside & set(picture.layout.tiles.node_s.tolist())
    hidden = np.concatenate([np.arange(*picture.topology.nodes[k].neurons.slice.indices(10**9)[:2]) for k in inside])
    assert picture.layout.drawn is not None and not np.isin(picture.layout.drawn, hidden).any()
    assert picture.edges.inside > 0.9 * picture.edges.total and picture.edges.share == pytest.approx(1.0, abs=0.02)


def test_an_unknown_name_is_reported_and_nothing_happens(person):
    before = opened(person)
    person.do("open_part", "blocks.7")
    assert opened(person) == before and "blocks.7" in person.session.banner


def test_search_finds_flies_and_opens(person):
    imgui.get_io().add_input_character(ord("/"))
    person.frames(4)
    assert person.loop.overlay.memory.search == ""
    person.type("blocks.2.scores")
    person.frames(60)
    assert "blocks.2" in opened(person)
    node = person.session.source.topology.by_name["blocks.2.scores"]
    assert person.loop.stage.pointer.layer == node.number and person.loop.stage.travel.place == node.name
    goal = person.loop.stage.view.picture.goal
    middle = (goal.low[node.number] + goal.high[node.number])[None].astype(float) / 2
    x, y, _ = person.loop.stage.view.frame.pose.project(middle, person.loop.stage.viewport.aspect)[0]
    assert abs(x) < 0.7 and abs(y) < 0.5
    assert person.loop.overlay.memory.search is None


def test_a_search_that_finds_nothing_keeps_the_keyboard(person):
    """Else the next key would reach the network: Backspace closes a block."""
    before = opened(person)
    imgui.get_io().add_input_character(ord("/"))
    person.frames(4)
    person.type("bn")
    person.frames(3)
    person.key(imgui.Key.backspace)
    person.frames(60)
    assert opened(person) == before and person.session.scene.view.open == "auto"
    assert person.loop.overlay.memory.search == "b"
    person.type("locks.1.mix")
    person.frames(60)
    assert "blocks.1" in opened(person)


def test_backspace_flies_out_level_by_level_and_then_closes(person):
    stage = person.loop.stage
    person.do("fly_to", "blocks.0.query")
    person.frames(50)
    for place in ("blocks.0", "blocks", ""):
        person.do("fly_out")
        person.frames(50)
        assert stage.travel.place == place
    assert not stage.camera.moved and opened(person) == {"blocks", "blocks.0"}
    person.do("fly_out")
    assert opened(person) == {"blocks"}


def test_the_outline_lists_what_is_open_and_flies_there(person):
    person.open("Outline")
    person.do("close_part", "blocks.0")
    person.frames(40)
    person.click(*person.where("norm"))
    assert person.loop.stage.travel.place == "norm"


def test_the_map_is_there_only_where_the_network_is_larger_than_the_view(person):
    person.frames(50)
    assert person.loop.stage.reading().map is None
    person.do("fly_to", "tokens")
    person.frames(50)
    found = person.loop.stage.reading().map
    assert found is not None and (found.boxes_b4 >= -1e-6).all() and (found.boxes_b4 <= 1 + 1e-6).all()
    left, top, right, bottom = found.seen
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def test_commands_of_parts_leave_the_network_alone():
    assert all(COMMANDS[name].looks for name in ("open_part", "close_part", "fly_to", "fly_out"))


def test_a_timeline_of_it_opens_the_same(person, tmp_path):
    person.do("open_part", "blocks.1")
    person.do("close_part", "blocks.0")
    edits = [value for event in person.loop.log.timeline().events if event.kind == "edit" for value in event.value]
    assert [row[1] for row in edits if row[0] == "view.open"] == [["blocks", "blocks.0", "blocks.1"], ["blocks", "blocks.1"]]
