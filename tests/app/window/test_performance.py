"""The Performance panel: signals that are drawn are counted, and "asked" is said only where somebody asked."""

from __future__ import annotations

import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command

pytestmark = pytest.mark.gl


@pytest.mark.parametrize("backend", ["auto", "cpu"])
def test_signals_and_who_asked(backend):
    path = toml.find("xor")
    loop = Loop(open_host(400, 300, headless=True), new_session(toml.load(path, []), path.parent, backend, path, REMEMBER), play=False)
    try:
        loop.frame(1 / 60)
        reported = loop.readout()
        assert reported.signals == len(loop.stage.view.picture.subject.signals) > 0
        loop.do(Command("open", "iris"))  # another scene in the same window, by the same choice
        loop.frame(1 / 60)
        assert loop.session.scene.title != reported.data_name and ("requested" in loop.session.ops.why) == (backend == "cpu")
        loop.session.apply([Edit("look.particles", 0.0)])
        loop.frame(1 / 60)
        assert loop.readout().signals == 0
    finally:
        loop.close()
