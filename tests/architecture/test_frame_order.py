"""The order of a frame is said in docs/architecture.md and over the loop, and the loop keeps it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from nnviz3d.app.window import loop

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_and_the_loop_say_the_same():
    page = re.search(r"^\*\*(poll .*present)\*\*", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.M)[1]
    assert page.replace("→", "->") in loop.__doc__.splitlines()
    assert "→ publish →" not in (ROOT / "README.md").read_text(encoding="utf-8")  # it is said once


def test_the_loop_keeps_that_order():
    said = re.findall(r"^- (\w+):", loop.__doc__, re.M)
    done = re.findall(r'self\.meter\("(\w+)"\)', inspect.getsource(loop.Loop.frame))
    assert said == ["poll", "apply", "publish", "overlay", "draw", "train", "present"]
    assert [stage for stage in done if stage != "capture"] == said  # a live film takes its pixels between train and present
