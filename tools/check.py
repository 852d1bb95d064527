"""Lint, format, import contracts, single doors, and a report of file sizes. Prints what is wrong and ends non-zero.

import-linter holds the floors (pyproject.toml). The single doors of third-party packages are read from the syntax tree here,
because they hold for imports inside functions too, and one table says it shorter than a contract for each package.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "nnviz3d"
DOORS = {
    "cupy": {"backend"}, "cuda": {"backend"},
    "vispy": {"gfx"}, "OpenGL": {"gfx"}, "glfw": {"gfx"}, "EGL": {"gfx"},
    "imgui_bundle": {"ui", "gfx"},
    "av": {"video"}, "PIL": {"video"},
    "onnx": {"formats"}, "onnxruntime": {"formats"}, "safetensors": {"formats"}, "h5py": {"formats"},
    "openpyxl": {"engine"}, "xlrd": {"engine"}, "pyarrow": {"engine"},
    "distributed": {"app"}, "dask": {"app"},
    "zmq": {"live"}, "msgpack": {"live"},
    "sklearn": set(), "torch": set(), "matplotlib": set(),
}  # fmt: skip
LINES = 300


def imports(source: str) -> list[tuple[int, str]]:
    """(line, top-level module) of every import statement, wherever it stands."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.lineno, node.module.partition(".")[0]))
    return found


def doors(package: Path = PACKAGE) -> list[str]:
    """Imports of a third-party package outside its one door."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0]
        for line, module in imports(path.read_text(encoding="utf-8")):
            if module in DOORS and room not in DOORS[module]:
                only = " and ".join(sorted(DOORS[module])) or "nobody"
                wrong.append(f"{path}:{line}: imports {module}; only {only} may")
    return wrong


def long_files() -> list[str]:
    """Python files over the length at which one looks twice. A report, not an error."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tools").glob("*.py")]}
    return [
        f"{count} lines: {path.relative_to(ROOT)}" for path, count in sorted(counts.items(), key=lambda item: -item[1]) if count > LINES
    ]


def run(name: str, *command: str) -> bool:
    done = subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    print(f"{name}: {'ok' if not done.returncode else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def main() -> int:
    passed = [
        run("ruff check", "ruff", "check", "-q", "."),
        run("ruff format", "ruff", "format", "--check", "."),
        run("floors", "lint-imports"),
    ]
    wrong = doors()
    print(f"single doors: {'ok' if not wrong else 'FAILED'}", *wrong, sep="\n  " if wrong else "")
    for line in long_files():
        print(f"look twice: {line}")
    return 0 if all(passed) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
