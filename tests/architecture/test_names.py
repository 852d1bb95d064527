"""A name is of one thing: no two classes of the package have the same, no two modules differ by an s, and options go by what they are
called in Python, so that the command line and Python each say them in their own way."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nnviz3d"
FILES = sorted(PACKAGE.rglob("*.py"))


def classes() -> dict[str, list[str]]:
    """Where each name of a class is defined."""
    found = defaultdict(list)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(PACKAGE)))
    return found


def test_no_class_name_occurs_twice():
    assert {name: places for name, places in classes().items() if len(places) > 1} == {}


def test_no_two_modules_differ_by_an_s():
    names = {path.stem for path in FILES}
    assert sorted(name for name in names if f"{name}s" in names) == []


def test_options_go_by_their_name_in_python():
    """`InputError.option` writes "--motion-blur" on the command line and "motion_blur" in Python."""
    below = [path for path in FILES if PACKAGE / "app" / "cli" not in path.parents]
    written = re.compile(r"(?:InputError\.of|Problem|option)\([^\n]*?, \"(--[a-z-]+)\"|option = .*\"(--[a-z-]+)\"")
    found = {(path.name, "".join(m.groups(""))) for path in below for m in written.finditer(path.read_text(encoding="utf-8"))}
    assert found == set()
