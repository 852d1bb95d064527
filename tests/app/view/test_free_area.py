"""In a small window the whole network stands between the title's card and the transport bar."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.window.loop import Loop
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml

pytestmark = pytest.mark.gl
CARD, BAR = 172, 310  # pixels of 640x480 from the top: where the one ends and the other begins, with wrapped lines


@pytest.mark.parametrize("scene", ["digits", "residual", "iris"])
def test_nothing_of_it_is_covered_at_640x480(scene):
    path = toml.find(scene)
    host = open_host(640, 480, headless=True)
    loop = Loop(host, new_session(toml.load(path, []), path.parent, "cpu"), play=False)
    try:
        for _ in range(90):  # the camera has come to rest
            loop.frame(1 / 30)
        x, y, _reach = (np.array(v) for v in loop.stage.projection.neurons(np.arange(loop.session.source.topology.n_neurons)))
        right = 640 * (1 - loop.overlay.free.right)
        assert y.min() > CARD and y.max() < BAR and x.min() > 0 and x.max() < right
    finally:
        loop.close()
