"""The switch of the weights: the same place and look give the same pixels, whatever was shown before; words and factors are the tape's."""

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view import step_change
from nnviz3d.bridge.weight_change import factor
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place

MODES = ("phase", "before", "after", "difference")


def session(tmp_path, name="xor", *edits):
    path = toml.find(name)
    edits = ("look.quality=high", "view.sway=0.0", *edits)
    s = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path)
    s.source.run(30)
    s.start_walk(Place.parse("update:2@0.6", s.source.topology))
    return s


def look(s, **values):
    return s.scene.look.model_copy(update=values)


def test_the_factor_is_the_steps_or_what_was_asked_for(tmp_path):
    s = session(tmp_path)
    tape = s.walking.walk.tape
    auto = factor(tape.topology, tape.before, tape.after)
    assert step_change.shown(s.walking, look(s)).factor == auto == step_change.shown(s.walking, look(s, exaggeration=7.0)).typical > 1
    assert step_change.shown(s.walking, look(s, exaggeration=7.0)).factor == 7
    assert f"differences ×{auto:,.0f}" in step_change.sentence(s.walking, look(s))
    assert "×" not in step_change.sentence(s.walking, look(s, exaggeration=1.0))


def test_waves_of_the_switch(tmp_path):
    s = session(tmp_path)
    times = step_change.factor(s.walking.walk.tape, look(s))
    made = {mode: step_change.wave(s.walking, look(s, weights=mode)) for mode in MODES}
    assert (made["phase"].change.old, made["phase"].change.times, made["phase"].ghost, made["phase"].way) == (1, times, True, -1)
    assert [(made[m].change.old, made[m].change.times, made[m].way) for m in MODES[1:]] == [(1, 0, 0), (1, times, 0), (0, times, 0)]
    s.walking.walk.go(Place.parse("forward:1@0.5", s.source.topology))
    assert step_change.wave(s.walking, look(s)).change is None
    assert not step_change.shown(s.walking, look(s)).on and step_change.shown(s.walking, look(s, weights="difference")).on
    assert {step_change.quantity(s.walking, look(s, weights=m))[0] for m in MODES} == {"parameter", "before", "change"}


def test_a_backward_phase_lights_the_activations_of_its_sources(tmp_path):
    s = session(tmp_path)
    for place, source, lit in (("backward:2@0.4", -1, 0), ("backward:2@0.6", 1, 0.4), ("backward:2@0.9", 1, 1), ("backward:1@0.9", 0, 1)):
        s.walking.walk.go(Place.parse(place, s.source.topology))
        wave = step_change.wave(s.walking, look(s))
        assert wave.source_layer == source and wave.source == pytest.approx(lit)


@pytest.mark.gl
def test_any_order_of_scrubbing_and_switching_gives_the_same_pixels(tmp_path):
    from nnviz3d.app.view.stage import Stage
    from nnviz3d.gfx.hosts import open_host

    s = session(tmp_path)
    host = open_host(320, 180, headless=True)
    stage = Stage(host, s)
    stage.time, stage.pointer.picked = 1.3, 5

    def picture(moment):
        place, mode, times = moment
        s.walking.walk.go(Place.parse(place, s.source.topology))
        s.apply([Edit("look.weights", mode), Edit("look.exaggeration", times)])
        stage.draw(0.0, pose=stage.camera.rig.pose, exact=True)
        return host.read()

    moments = [(p, m, t) for p in ("forward:2@0.3", "backward:2@0.8", "update:1@0.5") for m in MODES for t in (0.0, 1.0)]
    first = {moment: picture(moment) for moment in moments}
    generator = np.random.default_rng(1)
    for k in generator.permutation(len(moments)):
        assert (picture(moments[k]) == first[moments[k]]).all(), moments[k]
    before = [first["update:1@0.5", "before", t] for t in (0.0, 1.0)]
    assert (before[0] == before[1]).all()  # the factor magnifies differences, not the old weights
    assert (first["update:1@0.5", "after", 0.0] != first["update:1@0.5", "after", 1.0]).any()
    stage.close()
    host.close()


@pytest.mark.gl
@pytest.mark.parametrize("mode", MODES)
def test_the_switch_works_from_the_command_line_too(mode):
    from nnviz3d.app.api import scene as api
    from nnviz3d.spec import toml

    scene = toml.load(toml.find("xor"), [toml.parse_set(f"look.weights={mode}")])
    images = [api.shot(scene, (320, 180), step=30, phase="forward:2@0.5") for _ in range(2)]
    assert (images[0] == images[1]).all()
    assert (mode == "phase") == (images[0] == api.shot("xor", (320, 180), step=30, phase="forward:2@0.5")).all()


@pytest.mark.gl
@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("digits", ["network.layers=[]"]), ("iris", ['network.layers=[{"units"=1}]']), ("xor", ["data.kind=reg-plane"]),
        ("digits", ["data.kind=blobs", "data.classes=60", "data.inputs=1"]),
    ],
)  # fmt: skip
def test_every_phase_is_drawn_for_every_shape(tmp_path, name, edits):
    from nnviz3d.app.render.still_render import draw_still
    from nnviz3d.gfx.hosts import open_host

    path = toml.find(name)
    s = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path)
    host = open_host(480, 300, headless=True)
    s.start_walk()
    for phase in ("forward:1@0.7", "loss", "backward:1@0.9", "update:1@0.5", "after"):
        s.walking.walk.go(Place.parse(phase, s.source.topology))
        assert draw_still(host, s, phase == "after", 1.3, s.source.topology.nodes[1].neurons.start).any()
    host.close()


@pytest.mark.gl
def test_a_walk_makes_room_for_the_table_and_gives_it_back_but_leaves_a_moved_camera_alone(tmp_path):
    from nnviz3d.app.view.stage import Stage
    from nnviz3d.gfx.hosts import open_host

    path = toml.find("digits")
    s = new_session(toml.load(path), tmp_path, "cpu", path)
    host = open_host(1280, 720, headless=True)
    stage = Stage(host, s)
    stage.draw(1 / 60)
    wide = stage.camera.rig.goal
    s.start_walk(Place.parse("loss", s.source.topology))
    stage.draw(1 / 60)
    assert stage.camera.rig.goal.shift[0] < wide.shift[0] - 0.1
    s.leave_walk()
    stage.draw(1 / 60)
    assert stage.camera.rig.goal == wide
    stage.camera.rig.zoom(5)
    near = stage.camera.rig.goal
    s.start_walk()
    stage.draw(1 / 60)
    assert stage.camera.rig.goal == near
    stage.close()
    host.close()
