#!/usr/bin/env python3
"""One command for every check: environment, then tools/check.py (lint and contracts), then pytest with ARGS. Ends non-zero if any fails.

`--frameworks`: only the tests that compare with PyTorch (mark `frameworks`), in an environment of their own, `.venv.frameworks`;
`--all`: everything, then these.

Drawing is checked on software OpenGL unless the environment says otherwise, so that every machine sees the same pictures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bootstrap

SOFTWARE = {"LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe", "LP_NUM_THREADS": "2"}
# the window tests; the parity of CUDA kernels, compiled as C++
PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool", "setxkbmap": "x11-xkb-utils", "g++": "g++"}
OWN = ("--frameworks", "--all")  # arguments that are not pytest's
NONE = 5  # pytest's exit code where no test was selected


def main() -> int:
    bootstrap.check_python()
    packages = bootstrap.missing_libraries()
    if sys.platform.startswith("linux"):
        packages += [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    bootstrap.system_packages(packages, "for all tests more is needed")
    environment = dict(os.environ)
    if not bootstrap.has_nvidia():
        environment = SOFTWARE | environment
    arguments = [argument for argument in sys.argv[1:] if argument not in OWN]
    results = [] if "--frameworks" in sys.argv else usual(arguments, environment)
    if "--frameworks" in sys.argv or "--all" in sys.argv:
        results.append(frameworks(arguments, environment))
    return next(filter(None, results), 0)


def usual(arguments: list[str], environment: dict[str, str]) -> list[int]:
    """Exit codes of the checks and of pytest."""
    bootstrap.prepare({"video", "dev"})
    checks = subprocess.call([str(bootstrap.PYTHON), str(bootstrap.ROOT / "tools" / "check.py")], cwd=bootstrap.ROOT, env=environment)
    if checks:
        bootstrap.say("tools/check.py found problems (above); the tests run all the same")
    return [checks, _pytest(["-n", "2", *arguments], environment)]


def frameworks(arguments: list[str], environment: dict[str, str]) -> int:
    """Exit code of the tests that need PyTorch. Where that cannot be installed the command fails, and says so."""
    bootstrap.use(".venv.frameworks")
    bootstrap.prepare({"video", "dev"}, packages=bootstrap.FRAMEWORKS)
    code = _pytest(["-n", "2", "-m", "frameworks", *arguments], environment)
    return 0 if code == NONE and arguments else code  # the part of the tests that was asked for has none of these


def _pytest(arguments: list[str], environment: dict[str, str]) -> int:
    return subprocess.call([str(bootstrap.PYTHON), "-m", "pytest", *arguments], cwd=bootstrap.ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main())
