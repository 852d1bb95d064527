"""Shader text: our own `#include`, a closed list of switches, and errors that name the file.

The shader language has no include; vispy's looks only into its own folder. Text goes in, text comes out: no OpenGL here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from nnviz3d.spec import paths
from nnviz3d.spec.errors import RunError

VERSION = "#version 410 core"
# every `#define` that Python may set; what changes often is a uniform instead
SWITCHES = ("POINTS", "DOTS", "CHANGE", "ENDS", "DETOUR", "SHARP", "TRANSPARENT", "DEEP", "LIGHT")
_INCLUDE = re.compile(r'^\s*#include\s+"([\w./]+)"\s*$')


def load(name: str, switches: tuple[str, ...] = ()) -> str:
    """Text of `shaders/<name>` with includes resolved. Raises RunError for a missing file, a cycle or an unknown switch."""
    unknown = set(switches) - set(SWITCHES)
    if unknown:
        raise RunError(f"shader {name}: unknown switches {sorted(unknown)}; known: {SWITCHES}")
    first, *rest = _expand(name, ())
    if first != VERSION:
        raise RunError(f"shader {name}: line 1 must be `{VERSION}`, found `{first}`")
    return "\n".join([VERSION, *(f"#define {switch}" for switch in switches), "#line 2", *rest]) + "\n"


@cache
def _read(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


def forget() -> None:
    """Read the files again at the next `load` (shader hot reload)."""
    _read.cache_clear()


def _expand(name: str, stack: tuple[str, ...]) -> list[str]:
    if name in stack:
        raise RunError(f"shader {stack[0]}: include cycle {' -> '.join((*stack, name))}")
    path = paths.resource("shaders", *name.split("/"))
    try:
        lines = _read(path)
    except OSError as error:
        raise RunError(f"shader {name}: {path}: {error.strerror}; the installation is incomplete, reinstall nnviz3d") from None
    out: list[str] = []
    for number, line in enumerate(lines, start=1):
        match = _INCLUDE.match(line)
        if match:
            out += ["#line 1", *_expand(match.group(1), (*stack, name)), f"#line {number + 1}"]
        else:
            out.append(line)
    return out
