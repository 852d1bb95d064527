#!/usr/bin/env python3
"""One command for every check: environment, then tools/check.py (lint and contracts), then pytest with ARGS. Ends non-zero if any fails.

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


def main() -> int:
    bootstrap.check_python()
    packages = bootstrap.missing_libraries()
    if sys.platform.startswith("linux"):
        packages += [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    bootstrap.system_packages(packages, "for all tests more is needed")
    bootstrap.prepare({"video", "dev"})
    environment = dict(os.environ)
    if not bootstrap.has_nvidia():
        environment = SOFTWARE | environment
    checks = subprocess.call([str(bootstrap.PYTHON), str(bootstrap.ROOT / "tools" / "check.py")], cwd=bootstrap.ROOT, env=environment)
    if checks:
        bootstrap.say("tools/check.py found problems (above); the tests run all the same")
    command = [str(bootstrap.PYTHON), "-m", "pytest", "-n", "2", *sys.argv[1:]]
    tests = subprocess.call(command, cwd=bootstrap.ROOT, env=environment)
    return checks or tests


if __name__ == "__main__":
    sys.exit(main())
