"""What opening models costs: `tools/bench.py onnx`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

GOAL = 3.0  # seconds


def onnx_section(nodes: int = 10_000) -> dict:
    """An ONNX file of 10,000 nodes to the first frame, 1280 x 720, without a window (goal: 3 s); then how long its values take."""
    from nnviz3d.app.session import opening
    from nnviz3d.app.window.loop import Loop
    from nnviz3d.gfx.hosts import open_host
    from tests.helpers import onnx_models

    with tempfile.TemporaryDirectory() as name:
        path = onnx_models.save(onnx_models.long_chain(nodes), Path(name))
        host = open_host(1280, 720, headless=True)
        start = time.perf_counter()
        session = opening.read(path).session("cpu")
        opened = time.perf_counter() - start
        loop = Loop(host, session)
        loop.frame(1 / 60)
        first = time.perf_counter() - start
        session.mode.finish()
        values = time.perf_counter() - start
        loop.close()
    text = f"{nodes:,} nodes: read in {opened:.1f} s, first frame after {first:.1f} s (goal {GOAL:.0f}), values after {values:.1f} s"
    print(text)
    return {"nodes": nodes, "opened_s": opened, "first_frame_s": first, "values_s": values, "goal_s": GOAL}


SECTIONS = {"onnx": onnx_section}
