"""Lint, format, import contracts, restricted imports, types, and sizes of files and functions. Prints what is wrong and ends non-zero.

import-linter holds the floors (pyproject.toml). The restricted imports of third-party packages are read from the syntax tree here,
because they hold for imports inside functions too, and one table says it shorter than a contract for each package.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "nnviz3d"
ONLY_IN = {
    "cupy": {"backend"}, "cupy_backends": {"backend"}, "cuda": {"backend"},
    "vispy": {"gfx"}, "OpenGL": {"gfx"}, "glfw": {"gfx"}, "EGL": {"gfx"},
    "imgui_bundle": {"ui", "gfx"},
    "av": {"video"}, "PIL": {"video", "engine"},
    "onnx": {"formats"}, "onnxruntime": {"formats"}, "safetensors": {"formats"}, "h5py": {"formats"},
    "openpyxl": {"engine"}, "xlrd": {"engine"}, "pyarrow": {"engine"},
    "pydantic": {"spec", "layers", "formats", "live", "app"}, "tomlkit": {"spec", "app"},
    "distributed": {"app"}, "dask": {"app"},
    "sklearn": set(), "torch": set(), "matplotlib": set(),
}  # fmt: skip
LINES, BODY = 330, 60  # at most: of a file, of a function


def imports(source: str) -> list[tuple[int, str]]:
    """(line, top-level module) of every import statement, wherever it stands."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.lineno, node.module.partition(".")[0]))
    return found


def restricted_imports(package: Path = PACKAGE) -> list[str]:
    """Imports of a third-party package outside the folders that may."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0]
        for line, module in imports(path.read_text(encoding="utf-8")):
            if module in ONLY_IN and room not in ONLY_IN[module]:
                only = " and ".join(sorted(ONLY_IN[module])) or "nobody"
                wrong.append(f"{path}:{line}: imports {module}; only {only} may")
    return wrong


def too_long(folders: Sequence[Path] = (PACKAGE, ROOT / "tools")) -> list[str]:
    """Python files and functions that are longer than anybody reads in one go."""
    wrong = []
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if (count := len(source.splitlines())) > LINES:
            wrong.append(f"{path}: {count} lines; at most {LINES}")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (count := (node.end_lineno or 0) - node.lineno + 1) > BODY:
                wrong.append(f"{path}:{node.lineno}: {node.name} has {count} lines; at most {BODY}")
    return wrong


def types() -> list[str]:
    """What pyright says of the package, an error a line."""
    command = [str(Path(sys.executable).parent / "basedpyright"), "--outputjson", "--level", "error"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)["generalDiagnostics"]
    except (ValueError, KeyError):
        return [(done.stdout + done.stderr).strip() or f"basedpyright ended with {done.returncode}"]
    return [f"{each['file']}:{each['range']['start']['line'] + 1}: {' '.join(each['message'].split())[:200]}" for each in found]


def run(name: str, *command: str) -> bool:
    done = subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    print(f"{name}: {'ok' if not done.returncode else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def report(name: str, wrong: list[str]) -> bool:
    print(f"{name}: {'FAILED' if wrong else 'ok'}", *wrong, sep="\n  ", flush=True)
    return not wrong


def main() -> int:
    passed = [
        run("ruff check", "ruff", "check", "-q", "."),
        run("ruff format", "ruff", "format", "--check", "."),
        run("floors", "lint-imports"),
    ]
    passed += [report("restricted imports", restricted_imports()), report("sizes", too_long()), report("types", types())]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
