"""Nothing outside `sources`, and the one function that opens a source, knows which kinds of sources there are."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from nnviz3d import sources
from nnviz3d.sources.protocols import Source

PACKAGE = Path(__file__).resolve().parents[2] / "nnviz3d"
OPENING = PACKAGE / "app" / "session" / "opening.py"
BENCH = PACKAGE / "app" / "bench" / "floors.py"  # measures drawing with a source of its own, a kind of `StillSource`
BEHIND = {"trainer", "rewind", "recording", "looking"}  # what stands behind a source, and is its own affair
TYPED = {"source", "session", "loop", "stage", "seen"}  # parameters of these names are annotated: a checker then sees every attribute
OUTSIDE = sorted(path for path in PACKAGE.rglob("*.py") if PACKAGE / "sources" not in path.parents)


def concrete() -> dict[str, str]:
    """Every class of `sources` that has the methods of `Source`, with the module that defines it."""
    asked = {name for name, value in vars(Source).items() if inspect.isfunction(value) and not name.startswith("_")}
    modules = [importlib.import_module(f"{sources.__name__}.{each.name}") for each in pkgutil.iter_modules(sources.__path__)]
    classes = [each for module in modules for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__]
    return {each.__name__: each.__module__ for each in classes if each is not Source and asked <= set(dir(each))}


CONCRETE = concrete()
MODULES = set(CONCRETE.values())


def problems(text: str) -> list[str]:
    """What a module does that names a concrete source, or reaches behind one, or asks one for its attributes."""
    tree = ast.parse(text)
    names = {"source", "seen", "pictured", "leader", *_typed_as_source(tree)}
    reported = ((node, _problem(node, names)) for node in ast.walk(tree))
    return [f"line {node.lineno}: {what}" for node, what in reported if what]


def _typed_as_source(tree: ast.AST) -> set[str]:
    """Names of parameters and variables whose annotation is one of the protocols."""
    places = [(each.arg, each.annotation) for each in ast.walk(tree) if isinstance(each, ast.arg)]
    places += [
        (each.target.id, each.annotation)
        for each in ast.walk(tree)
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    wanted = {"Source", "Viewable"}
    return {name for name, kind in places if kind and wanted & {part.id for part in ast.walk(kind) if isinstance(part, ast.Name)}}


def _problem(node: ast.AST, sources: set[str]) -> str:
    match node:
        case ast.ImportFrom(module=module, names=names) if module in MODULES and {alias.name for alias in names} & CONCRETE.keys():
            return "imports a concrete source"
        case ast.Import(names=names) if {alias.name for alias in names} & MODULES:
            return "imports a concrete source"
        case ast.Attribute(attr=name, value=value) if name in BEHIND and _is_source(value, sources):
            return f".{name} of a source"
        case ast.Call(func=ast.Name(id="hasattr" | "getattr" as name), args=[first, *_]) if _is_source(first, sources):
            return f"{name} of a source"
    return ""


def _is_source(node: ast.AST, sources: set[str]) -> bool:
    """One of the names, or an attribute of that name."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in sources


def test_no_module_knows_more_than_the_protocols():
    found = {str(path.relative_to(PACKAGE)): problems(path.read_text()) for path in OUTSIDE if path not in (OPENING, BENCH)}
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
        "def f(network: Source | None): return network.rewind",
    ],
)
def test_what_knows_more_is_seen(text):
    assert len(problems(text)) == 1


def test_the_concrete_sources_are_found():
    assert {"OwnTraining", "RecordedTraining", "StillSource"} <= CONCRETE.keys() and "Walk" not in CONCRETE


def untyped(text: str) -> list[str]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    every = [(each.name, argument) for each in functions for argument in (*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs)]
    return [f"{name}({argument.arg})" for name, argument in every if argument.arg in TYPED and argument.annotation is None]


def test_parameters_that_are_sources_and_sessions_are_annotated():
    found = {str(path.relative_to(PACKAGE)): untyped(path.read_text()) for path in PACKAGE.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_parameter_without_annotation_is_seen():
    assert untyped("def f(source, loop: Loop, *, seen=None): ...\nasync def g(stage): ...") == ["f(source)", "f(seen)", "g(stage)"]


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
