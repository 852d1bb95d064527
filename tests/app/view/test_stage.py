"""The stage: drawing changes nothing in the session, and a drag of a weight is a command that is handed back."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.view.stage import Stage
from nnviz3d.draw.frame import Wave
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Command, StageInput

SCENES = ["xor", "digits", "spiral", "compare"]
SCRATCH = ("_asking", "_scratch")  # buffers that a question about the plane is worked out in: nothing is read there later


def opened(name: str) -> tuple[Session, Stage]:
    path = toml.find(name)
    session = new_session(toml.load(path, [Edit("look.quality", "low")]), path.parent, "cpu", path, REMEMBER)
    return session, Stage(open_host(200, 120, headless=True), session)


def arrays(thing, found: dict, name: str = "", seen: set | None = None) -> dict:
    """Every numpy array and plain value that can be reached from a session, copied."""
    seen = set() if seen is None else seen
    if isinstance(thing, (int, float, str, bool, type(None))):
        found[name] = repr(thing)  # nan is not nan
    elif isinstance(thing, np.ndarray):
        found[name] = (thing.shape, thing.tobytes())
    elif id(thing) not in seen and not callable(thing):
        seen.add(id(thing))
        if isinstance(thing, dict):
            parts = thing.items()
        elif isinstance(thing, (list, tuple)):
            parts = enumerate(thing)
        elif type(thing).__module__.startswith("nnviz3d."):
            slots = [slot for kind in type(thing).__mro__ for slot in getattr(kind, "__slots__", ())]
            parts = [(key, getattr(thing, key)) for key in (*getattr(thing, "__dict__", {}), *slots) if hasattr(thing, key)]
            parts = [(key, part) for key, part in parts if key not in SCRATCH]
        else:
            return found
        for key, part in parts:
            arrays(part, found, f"{name}.{key}", seen)
    return found


@pytest.mark.gl
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("walking", [False, True])
def test_drawing_changes_nothing_in_the_session(name, walking):
    session, stage = opened(name)
    session.run(12)
    if walking:
        session.start_walk(Place.parse("backward:1@0.5", session.source.topology))
    stage.pointer.pick(session.source.topology.output.neurons.start)
    session.refresh()
    stage.draw(0.0, exact=True)  # what is worked out once for a picture is there now
    session.run(3) if not walking else session.walking.by(-1)
    session.refresh()
    before = arrays(session, {})
    assert len(before) > 300 and any("activation" in key for key in before), "the arenas are among them"
    for _ in range(2):
        stage.prepare(0.1, exact=True)
        stage.render()
    after = arrays(session, {})
    assert {key for key in before if before[key] != after.get(key)} == set()
    stage.close()


@pytest.mark.gl
def test_what_drawing_no_longer_does_the_session_does():
    """A picture without `refresh` shows the step that was refreshed last; with it, this one."""
    session, stage = opened("xor")
    session.refresh()
    old = session.source.tensors("activation").copy()
    session.run(40)
    stage.draw(0.0, exact=True)
    assert np.array_equal(session.source.tensors("activation"), old)
    session.refresh()
    assert not np.array_equal(session.source.tensors("activation"), old)
    stage.close()


@pytest.mark.gl
def test_a_drag_is_handed_back_as_a_command_and_writes_nothing():
    session, stage = opened("xor")
    session.run(10)
    p = 3
    before = session.source.trainer.arenas.parameters.copy()
    stage.pointer.chosen = p
    rate, value = session.editing.rate(p), session.source.parameter(p)
    assert stage.handle(StageInput(tuning=True), 0.1) is None, "it is held, but not moved"
    for k in (1, 2):
        assert stage.handle(StageInput(tuning=True, tune=5.0), 0.1) == Command("set_parameter", (p, pytest.approx(value + 5.0 * k * rate)))
    assert np.array_equal(session.source.trainer.arenas.parameters, before) and not session.history.can_undo
    stage.handle(StageInput(), 0.1)  # let go: the next drag begins from the network's value
    assert stage.handle(StageInput(tuning=True, tune=1.0), 0.1) == Command("set_parameter", (p, pytest.approx(value + rate)))
    stage.handle(StageInput(), 0.1)
    stage.pointer.chosen = -1
    assert stage.handle(StageInput(tuning=True, tune=1.0), 0.1) is None, "nothing is in hand"
    stage.close()


def test_a_wave_has_passed_an_edge_as_the_shader_draws_it():
    """`passed` of shaders/include/edge.glsl: the share of the way from the layer before into `layer`."""
    assert [Wave(front=1.25, way=1).passed(layer - 1, layer) for layer in (1, 2, 3)] == [1.0, 0.25, 0.0]
    assert [Wave(front=1.25, way=-1).passed(layer - 1, layer) for layer in (1, 2, 3)] == [0.0, 0.75, 1.0]
    assert Wave(front=1.25).passed(6, 7) == 1.0
    assert [Wave(front=front, way=1).passed(1, 5) for front in (0.5, 1.0, 3.0, 6.0)] == [0.0, 0.0, 0.5, 1.0], "under way all the time"
    assert [Wave(front=front, way=-1).passed(1, 5) for front in (5.5, 4.0, 1.0)] == [0.0, 0.25, 1.0]
