"""Compares this tree with another checkout: whether pictures are still the same to the byte, and what takes longer.

    python tools/compare_trees.py OTHER --frames [--only WORD] [--out FOLDER]
    python tools/compare_trees.py OTHER --bench [--only WORD] [--rounds N]

OTHER is a folder with a checkout, or a git revision, of which a temporary worktree is made. Both trees run with this Python, each command
in a process of its own, by public commands alone, with software rendering and one BLAS thread.

`--frames`: the pictures of `PICTURES`, 480x270 but for windows with panels; of a film some frames, before they are encoded. Prints which
are identical, else how many pixels differ and by how much. The pictures lie in FOLDER/this and FOLDER/other, and FOLDER/difference shows
where they differ. The exit code is 1 if a picture differs or is missing.

`--bench`: the parts of `BENCHES` in turns, other and this, N rounds. Prints for each time the median of this tree over that of the other
and the lowest and highest ratio of the rounds, and marks what is above 1.05: SLOWER where every round was. Times of fewer than 20 steps
of their rounding are left out. On a busy machine take the parts one by one (`--only frame`), with more rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
V0 = ROOT / "tests" / "fixtures" / "v0"
ENVIRONMENT = {
    "LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe", "LP_NUM_THREADS": "2", "NNVIZ3D_CONFIG": os.devnull + ".toml",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}  # fmt: skip
PHASES = ("input", "forward:1@0.5", "forward:3", "loss", "backward:3", "backward:1@0.5", "update:2@0.5", "after")
FILM, SMALL, LARGE = "--size 480x270 --jobs 1 --quiet", "--size 480x270", "--size 960x540"
WINDOW = f"{LARGE} --headless --frames 60 --set look.quality=high --quiet"
FILMS = {
    **{name: f"{name} --step 60" for name in ("forward-pass", "one-iteration", "learning")},  # a frame of each second
    "film of compare": "compare --step 60 --duration 5",
    "film without shots, panels": "iris --ui --burn-in --step 30 --duration 5",
    "session, walk": "V0/sessions/walk.timeline --fps 4 --ui",
    "session, two networks": "V0/sessions/rivals.timeline --fps 8",
    "recording": "V0/recordings/plants.nnrec --duration 2 --step 12",
}
STILLS = {
    **{f"walk, {place}": f"digits {SMALL} --step 100 --phase {place}" for place in PHASES},
    "walk, two networks": f"compare {SMALL} --step 20 --phase backward:1@0.5",
    "compare": f"compare {SMALL} --step 200 --no-ui",
    "compare, panels": f"compare {LARGE} --step 200",
    "plate": f"spiral {SMALL} --step 300 --no-ui",
    "plate of two features": f"iris {SMALL} --step 100 --no-ui --set view.plate_x=0 --set view.plate_y=2",
    "numbers, panels": f"reg-plane {LARGE} --step 100",
    "wide, panels": f"wide {LARGE} --step 2",
    "transparent": f"deep {SMALL} --no-ui --transparent --camera side",
}
PACE = "--set train.steps=20 --set train.steps_per_second=30"  # a step in two frames, and at rest in the end: no clock has a say
WINDOWS = {
    **{f"window, {name}": f"run {name} {PACE}" for name in ("digits", "spiral", "compare", "one-iteration", "deep")},
    "window, recording": "run V0/recordings/xor.nnrec",
    "window, tour": "tour 3.2",
}
PICTURES = {
    **{name: f"record {words} {FILM} -o frame-####.png" for name, words in FILMS.items()},
    **{name: f"shot {words} --quiet -o still.png" for name, words in STILLS.items()},
    **{name: f"{words} {WINDOW} --screenshot window.png" for name, words in WINDOWS.items()},
}
OWN = ("start", "frame", "readings", "equations", "long_steps", "capture", "edges", "neurons")
TOOLS = {"train": "--threads 1 --seconds 1.5", "tape": "--threads 1 --seconds 1.5", "timeline": "--threads 1", "record": "", "gif": ""}
BENCHES = {
    **{f"bench {part}": f"-m nnviz3d bench --json --only {part}" for part in OWN},
    **{f"tools {part}": f"tools/bench.py {part} --json {more}" for part, more in TOOLS.items()},
}


def difference(first: Path, second: Path, shown: Path) -> str:
    """In words how two pictures differ; "" where they do not. Where they do is written to `shown`: the fourth root, so that it is seen."""
    if missing := [str(path) for path in (first, second) if not path.is_file()]:
        return f"missing: {', '.join(missing)}"
    a, b = (np.asarray(Image.open(path)).astype(int) for path in (first, second))
    if a.shape != b.shape:
        return f"sizes differ: {a.shape} and {b.shape}"
    levels = np.abs(a - b).reshape(*a.shape[:2], -1).max(axis=2)
    if not levels.any():
        return ""
    Image.fromarray((255 * (levels / levels.max()) ** 0.25).astype(np.uint8)).save(shown)
    y, x = np.nonzero(levels)
    return f"{len(x):,} of {levels.size:,} pixels differ, by at most {levels.max()} levels; x {x.min()}..{x.max()}, y {y.min()}..{y.max()}"


def run(tree: Path, words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Python with these words and the package of this tree."""
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(tree)}
    command = [sys.executable, *(word.replace("V0/", f"{V0}/") for word in words.split())]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def compare_frames(this: Path, other: Path, out: Path, only: str = "") -> bool:
    """Draws in both trees and prints a line for each command; returns whether all pictures are the same."""
    bad = count = 0
    for name in filter(lambda name: only in name, PICTURES):
        folders = [out / side / re.sub(r"[^\w@.]+", "-", name) for side in ("this", "other", "difference")]
        reported = []
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for tree, folder in zip((this, other), folders, strict=False):
            done = run(tree, f"-m nnviz3d {PICTURES[name]}", folder)
            reported += [f"{tree} ends with {done.returncode}: {done.stderr.strip()[-500:]}"] * (done.returncode != 0)
        files = sorted({path.name for folder in folders[:2] for path in folder.glob("*.png")})
        reported += [f"{file}: {text}" for file in files if (text := difference(*(folder / file for folder in folders)))]
        bad, count = bad + len(reported), count + len(files)
        print(f"{name}: {len(files)} drawn, {len(reported) or 'none'} different", *reported, sep="\n  ", flush=True)
    print(f"{count:,} pictures: {f'{bad:,} DIFFER, see {out}' if bad else 'all identical'}")
    return count > 0 and not bad


def times(report: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """(path, number) of every time and ratio of a report; a case of a list goes by its network."""
    if isinstance(report, dict):
        for key, value in report.items():
            yield from times(value, f"{path} {key}".strip())
    elif isinstance(report, list):
        for k, value in enumerate(report):
            yield from times(value, f"{path} {value['network'] if isinstance(value, dict) and 'network' in value else k}")
    elif isinstance(report, (int, float)) and any(word == "ratio" or word.endswith(("ms", "_s", "_us")) for word in path.split()):
        yield path, float(report)


def ratios(this: list[float], other: list[float]) -> tuple[float, float, float] | None:
    """Of the medians, and the lowest and highest of the rounds; None where rounding is too coarse to say."""
    step = 10.0 ** -max(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in (*this, *other))
    if min(*this, *other) < 20 * step:
        return None
    each = [a / b for a, b in zip(this, other, strict=True)]
    return median(this) / median(other), min(each), max(each)


def compare_benches(this: Path, other: Path, rounds: int, only: str = "") -> None:
    """Measures in turns, and prints a line a time."""
    for name in filter(lambda name: only in name, BENCHES):
        found: dict[str, tuple[list[float], list[float]]] = {}
        for _ in range(rounds):
            for side, tree in ((1, other), (0, this)):
                done = run(tree, BENCHES[name], tree)
                if done.returncode:
                    print(f"{name}: {tree} ends with {done.returncode}: {done.stderr.strip()[-300:]}", flush=True)
                    continue
                for key, value in times(json.loads(done.stdout)):
                    found.setdefault(key, ([], []))[side].append(value)
        for key, (a, b) in found.items():
            if len(a) == len(b) == rounds and (ratio := ratios(a, b)):
                medians = f"{median(a):.6g} / {median(b):.6g}"
                mark = "" if ratio[0] <= 1.05 else "  SLOWER" if ratio[1] > 1 else "  slower, or chance"
                print(f"{key:60} {medians:24} {ratio[0]:.3f}  ({ratio[1]:.3f} to {ratio[2]:.3f}){mark}", flush=True)


@contextmanager
def tree_of(name: str) -> Iterator[Path]:
    """The folder of another tree: as given, or a worktree of a revision, which goes again."""
    if Path(name).is_dir():
        yield Path(name).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="nnviz3d-tree-") as folder:
        place = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", place, name], cwd=ROOT, check=True)
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=ROOT, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", metavar="OTHER", help="a folder with a checkout, or a git revision")
    parser.add_argument("--frames", action="store_true", help="compare pictures")
    parser.add_argument("--bench", action="store_true", help="compare times")
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this in its name")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of measurements")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "compare", metavar="FOLDER", help="of the pictures")
    options = parser.parse_args()
    if not (options.frames or options.bench):
        parser.error("say --frames, --bench or both")
    with tree_of(options.other) as other:
        if options.bench:
            compare_benches(ROOT, other, options.rounds, options.only)
        return 0 if not options.frames or compare_frames(ROOT, other, options.out.resolve(), options.only) else 1


if __name__ == "__main__":
    sys.exit(main())
