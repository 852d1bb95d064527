"""Names: options go by what they are called in Python, so that the command line and Python each say them in their own way."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nnviz3d"
FILES = sorted(PACKAGE.rglob("*.py"))


def test_options_go_by_their_name_in_python():
    """`InputError.option` writes "--motion-blur" on the command line and "motion_blur" in Python."""
    below = [path for path in FILES if PACKAGE / "app" / "cli" not in path.parents]
    written = re.compile(r"(?:InputError\.of|Problem|option)\([^\n]*?, \"(--[a-z-]+)\"|option = .*\"(--[a-z-]+)\"")
    found = {(path.name, "".join(m.groups(""))) for path in below for m in written.finditer(path.read_text(encoding="utf-8"))}
    assert found == set()
