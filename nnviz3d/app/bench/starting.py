"""How long the program takes to start."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter


def start() -> dict:
    """Seconds from process start: to the end of `--help`, of the import, and to the first presented frame of `digits` (best of 3)."""

    def best(*command: str) -> float:
        times = []
        for _ in range(3):
            begin = perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            times.append(perf_counter() - begin)
        return round(min(times), 3)

    module = ("-m", "nnviz3d")
    return {
        "python_s": best("-c", "pass"),
        "import_s": best("-c", "import nnviz3d"),
        "help_s": best(*module, "--help"),
        "first_frame_s": best(*module, "run", "digits", "--headless", "--frames", "1"),
    }
