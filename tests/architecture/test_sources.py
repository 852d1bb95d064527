"""Nothing outside `sources`, and the one function that opens a source, knows which kinds of sources there are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "nnviz3d"
OPENING = PACKAGE / "app" / "session" / "opening.py"
CONCRETE = {"OwnTraining", "RecordedTraining", "StillSource"}
MODULES = {"nnviz3d.sources.own", "nnviz3d.sources.recorded", "nnviz3d.sources.still"}
BEHIND = {"trainer", "rewind", "recording", "looking"}  # what stands behind a source, and is its own affair
OUTSIDE = sorted(path for path in PACKAGE.rglob("*.py") if PACKAGE / "sources" not in path.parents)


def problems(text: str) -> list[str]:
    """What a module does that names a concrete source, or reaches behind one, or asks one for its attributes."""
    told = ((node, _problem(node)) for node in ast.walk(ast.parse(text)))
    return [f"line {node.lineno}: {what}" for node, what in told if what]


def _problem(node: ast.AST) -> str:
    match node:
        case ast.ImportFrom(module=module, names=names) if module in MODULES and {alias.name for alias in names} & CONCRETE:
            return "imports a concrete source"
        case ast.Import(names=names) if {alias.name for alias in names} & MODULES:
            return "imports a concrete source"
        case ast.Attribute(attr=name, value=value) if name in BEHIND and _is_source(value):
            return f".{name} of a source"
        case ast.Call(func=ast.Name(id="hasattr" | "getattr" as name), args=[first, *_]) if _is_source(first):
            return f"{name} of a source"
    return ""


def _is_source(node: ast.AST) -> bool:
    """`source`, `seen`, `pictured`, or an attribute of that name."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("source", "seen", "pictured", "leader")


def test_no_module_knows_more_than_the_protocols():
    found = {str(path.relative_to(PACKAGE)): problems(path.read_text()) for path in OUTSIDE if path != OPENING}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    [
        "from nnviz3d.sources.own import OwnTraining",
        "def f():\n    from nnviz3d.sources.recorded import RecordedTraining",
        "import nnviz3d.sources.own",
        "session.source.trainer.step",
        "source.rewind.newest",
        'hasattr(seen, "tape")',
        'getattr(session.source, "holds", None)',
    ],
)
def test_what_knows_more_is_seen(text):
    assert len(problems(text)) == 1


def test_no_key_is_made_of_an_address():
    """The id of an object may be given to another one when it is gone."""
    rooms = ("app", "bridge", "sources", "draw", "layout")
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for room in rooms
        for path in (PACKAGE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
    ]
    assert found == []
