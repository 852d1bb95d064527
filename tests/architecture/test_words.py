"""What people read is plain present-day English: turns of phrase that were cleared away stay away."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from nnviz3d.ui.core.strings import HINTS, LAYER_HINTS

ROOT = Path(__file__).resolve().parents[2]
STIFF = (
    "told", "anew", "whoever", "by itself", "foretell", "foretold", "begins again", "begin again", "nobody", "let go of", "goes on",
    "by chance", "in work", "to the byte", "to the bit", "too much to be honest", "numbers exploded", "kinds apart", "for people",
    "what is dead", "sooner or later", "at the hand", "right answers", "test part", "training part", "train part", "no finite",
)  # fmt: skip
STIFF_PATTERN = re.compile(rf"\b({'|'.join(map(re.escape, STIFF))})\b", re.IGNORECASE)
SPELLED_OUT = {
    "ReLU": "rectified linear unit", "RMSE": "root mean square", "MSE": "mean squared error", "SGD": "stochastic gradient descent",
    "L1": "L1 regularisation", "L2": "L2 regularisation", "NaN": "not a number", "CSV": "comma-separated values",
}  # fmt: skip


def _literals(path: Path) -> dict[int, str]:
    """Line -> text of each string literal that is not a docstring; the parts of an f-string count one by one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    bare = {id(node.value) for body in bodies for node in body if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare)
    return {node.lineno: node.value for node in texts if " " in node.value.strip()}


def _interface() -> str:
    files = [*(ROOT / "nnviz3d" / "ui").rglob("*.py"), ROOT / "nnviz3d" / "app" / "probes" / "health_rules.py"]
    return "\n".join(text for path in files for text in _literals(path).values())


def test_no_literal_of_the_package_uses_a_stiff_phrase():
    files = sorted((ROOT / "nnviz3d").rglob("*.py"))
    found = [
        f"{path.relative_to(ROOT)}:{line}: {hit[0]!r} in {text[:80]!r}"
        for path in files
        for line, text in _literals(path).items()
        for hit in [STIFF_PATTERN.search(text)]
        if hit
    ]
    assert len(files) > 200 and not found, "\n".join(found)


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name)
def test_no_page_uses_a_stiff_phrase(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [f"{k}: {hit[0]}" for k, line in enumerate(lines, 1) if (hit := STIFF_PATTERN.search(line))]


def test_the_tour_uses_no_stiff_phrase():
    catalogue = tomllib.loads((ROOT / "scenes" / "tour" / "messages" / "en.toml").read_text(encoding="utf-8"))
    texts = [text for table in catalogue.values() if isinstance(table, dict) for text in table.values()]
    assert len(texts) > 30 and not [text for text in texts if STIFF_PATTERN.search(text)]


@pytest.mark.parametrize(("short", "meaning"), SPELLED_OUT.items())
def test_an_abbreviation_of_the_interface_is_spelled_out_there(short, meaning):
    text = _interface()
    assert re.search(rf"\b{short}s?\b", text) or short.lower() in text, "not used any more: take it out of the list"
    assert meaning.lower() in text.lower()


def test_every_tooltip_is_a_sentence_or_more():
    tips = [*(tip for _, tip in HINTS.values()), *LAYER_HINTS.values()]
    assert not [tip for tip in tips if not tip.endswith(".") or "  " in tip]
