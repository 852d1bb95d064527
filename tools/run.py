#!/usr/bin/env python3
"""One command from a fresh checkout to the picture: makes `.venv`, installs the package, runs `nnviz3d ARGS`.

Without ARGS: the default scene in a window, or, where there is no display, headless into out/demo.mp4 and out/demo.png.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bootstrap


def main() -> int:
    bootstrap.check_python()
    bootstrap.system_packages(bootstrap.missing_libraries(), "OpenGL libraries are missing")
    bootstrap.prepare({"video"}, optional=("cuda13", "cuda12") if bootstrap.has_nvidia() else ())
    arguments = sys.argv[1:]
    if not arguments and not has_display():
        out = bootstrap.ROOT / "out"
        bootstrap.say(f"no display: training the default scene headless, a film and a picture go to {out} (about a minute)")
        arguments = ["demo", "--output", str(out)]
    command = [str(bootstrap.PYTHON), "-m", "nnviz3d", *arguments]
    if os.name == "posix":
        os.execv(command[0], command)  # signals and the exit code pass through
    return subprocess.call(command)


def has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
