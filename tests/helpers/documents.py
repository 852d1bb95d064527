"""The commands and snippets of the README and of docs/, as they stand there, each ready to be run in an empty folder.

`shell(text)` of a document gives its shell blocks (in the order in which a reader meets them) and every command in the text itself.
`run_shell` runs one by bash. What would take long is run in its shortest form: films get two small frames, windows three frames
and no window. Files that a command reads are laid beside it, unless the same snippet makes them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from nnviz3d.spec import paths
from tests.helpers import hugging_face, onnx_models

ROOT = paths.CHECKOUT
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
PLACEHOLDERS = {"SCENE": "xor", "FILE": "film.mp4", "TABLE": "penguins.csv", "/shared/": "../shared/", "<the array's id>": "1", " ...": ""}
SHORT_FILM = ("--size", "64x36", "--frames", "0..1")
SHORT_WINDOW = ("--headless", "--frames", "3", "--size", "320x180")
V0 = ROOT / "tests" / "fixtures" / "v0"
BASH = r"""
nnviz3d() { "$PYTHON" -m tests.helpers.documents "$@"; }
srun() { "$@"; }
sbatch() { eval "${@: -1}"; }
parallel() { shift 2; while read -r k; do "${@//\{\}/$k}"; done; }
"""  # the schedulers of the guide to render farms do no more than this


def fences(text: str, language: str) -> list[str]:
    return [found[2] for found in FENCE.finditer(text) if found[1] == language]


def inline(text: str) -> list[str]:
    """What stands between single backquotes, also over the end of a line, outside the blocks."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def shell(text: str) -> list[tuple[str, ...]]:
    """All shell blocks, then each command of the text by itself."""
    blocks = tuple(block for block in fences(text, "sh") if not elsewhere(block))
    commands = dict.fromkeys(code for code in inline(text) if re.match(r"nnviz3d( |$)", code) and not elsewhere(code))
    return [blocks] * bool(blocks) + [(command,) for command in commands]


ELSEWHERE = {
    "tools/run.py": "installs from the network; what it decides: tests/packaging/test_bootstrap.py",
    "pip install": "installs from the network; the wheel: tests/packaging/test_wheel.py",
    "dask ": "waits for workers; the same with real ones: tests/app/render/film/test_dask_farm.py",
    "nnviz3d watch": "waits for a loop that somebody else runs; with loops of the tests: tests/sources/test_watched.py",
    "nnviz3d bench": "every section, in its shortest form: tests/app/bench/test_bench.py",
}


def elsewhere(code: str) -> str:
    """Why a command is not run here, or an empty text."""
    return next((why for sign, why in ELSEWHERE.items() if sign in code), "")


def run_shell(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run by bash in this new folder; ends at the first command that fails. /shared is one folder for all that lie side by side."""
    folder.mkdir()
    (folder.parent / "shared").mkdir(exist_ok=True)
    for word, meant in PLACEHOLDERS.items():
        code = code.replace(word, meant)
    prepare(code, folder)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    environment |= {"SLURM_CPUS_PER_TASK": "2", "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "1"}
    script = f"set -euo pipefail\n{BASH}\n{code}"
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def prepare(code: str, folder: Path) -> None:
    """The files that it reads."""
    for name, write in FILES.items():
        if re.search(rf"(?<![\w.-]){re.escape(name)}", code) and not re.search(rf"(-o|--save|--record) \"?{re.escape(name)}", code):
            write(folder / name)


def _copy(source: Path) -> Callable[[Path], object]:
    return lambda target: (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


def _recording(target: Path) -> None:
    words = ["train", "xor", "--steps", "150", "--every", "2", "-q", "--record", str(target)]
    subprocess.run([sys.executable, "-m", "nnviz3d", *words], cwd=ROOT, capture_output=True, check=True)


def _timeline(target: Path) -> None:
    """With the weights that it begins with, beside it."""
    shutil.copytree(V0 / "sessions", target.parent, dirs_exist_ok=True)
    shutil.copy(V0 / "sessions" / "walk.timeline", target)


def _penguins(target: Path) -> None:
    rows = (
        f"{'Adelie' if k % 2 else 'Gentoo'},{'AB'[k // 3 % 2]},{k * 7 % 11}.5,{['male', 'female', ''][k % 3]},{k * 3 % 7}\n"
        for k in range(40)
    )
    target.write_text("species,island,bill length (mm),sex,mass\n" + "".join(rows), encoding="utf-8")


def _penguin_scene(target: Path) -> None:
    """The scene that docs/tables.md shows, with its table."""
    target.write_text(fences(DOCUMENTS["docs/tables.md"], "toml")[0], encoding="utf-8")
    _penguins(target.with_suffix(".csv"))


def _iris(target: Path) -> None:
    rows = (f"{k * 7 % 11},{k * 3 % 7},{'xy'[k % 2]}\n" for k in range(20))
    target.write_text("Sepal.Length,b,Species\n" + "".join(rows), encoding="utf-8")


def _excel(target: Path) -> None:
    rows = (f"{k},5;{k * 3 % 7};{k % 2}\n" for k in range(20))
    target.write_text("Größe;v;k\n" + "".join(rows), encoding="cp1252")


FILES: dict[str, Callable[[Path], object]] = {
    "digits.nnrec": _recording,
    "run.nnrec": _recording,
    "half.safetensors": _copy(V0 / "weights" / "iris-half.safetensors"),
    "whole.safetensors": _copy(V0 / "weights" / "iris-whole.safetensors"),
    "model.onnx": lambda target: onnx_models.save(onnx_models.conv_net(1), target.parent, target.name),
    "gpt2": lambda target: hugging_face.write(target, hugging_face.GPT2, hugging_face.gpt2_tensors()),
    "scene.toml": _copy(ROOT / "scenes" / "xor.toml"),
    "NAME.timeline": _timeline,
    "penguins.csv": _penguins,
    "penguins.toml": _penguin_scene,
    "iris.csv": _iris,
    "excel.csv": _excel,
}


def shortened(words: list[str]) -> list[str]:
    """The same command with less work."""
    name = words[0] if words else "run"
    if name == "record" and not {"--dry-run", "draft"} & set(words):
        return [*words, *SHORT_FILM]
    if Path(name).exists():
        name, words = "run", ["run", *words]
    if name in ("run", "tour") and "--headless" not in words:
        return [*(words or ["run"]), *SHORT_WINDOW]
    return words


if __name__ == "__main__":
    from nnviz3d.app.cli.main import main

    sys.argv[:] = ["nnviz3d", *shortened(sys.argv[1:])]
    main()
