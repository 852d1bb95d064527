"""`nnviz3d doctor`: what this machine offers, and for each thing that is missing, what to do. Changes nothing.

Each check is a function that returns a `DoctorCheck` and never raises: the doctor is called when things are broken.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import locale
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from nnviz3d.app.cli.commands.common import Options
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError


@dataclass(frozen=True)
class DoctorCheck:
    """`ok`: works; `note`: works in a lesser way; `fail`: the main job cannot run."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    advice: str = ""


def examine(options: Options) -> list[DoctorCheck]:
    """All checks, in the order in which they matter. Takes about a second: it opens an OpenGL context."""
    checks: list[tuple[str, Callable[[], DoctorCheck]]] = [
        ("python", _python),
        ("files", _files),
        ("variables", _variables),
        ("OpenGL", _opengl),
        ("window", _window),
        ("backend", lambda: _backend(options.backend)),
        ("interop", _interop),
        ("codecs", _codecs),
        ("farm", _farm),
        ("fonts", _fonts),
        ("locale", _locale),
        ("home", _home),
    ]
    return [_safely(name, check) for name, check in checks]


def _safely(name: str, check: Callable[[], DoctorCheck]) -> DoctorCheck:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  any failure is the finding
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        return DoctorCheck(name, "fail" if name in ("OpenGL", "files") else "note", found, "please report this")


def _python() -> DoctorCheck:
    version = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return DoctorCheck("python", "ok", f"nnviz3d {importlib.metadata.version('nnviz3d')}, {version}")


def _files() -> DoctorCheck:
    shaders, scenes = [path for path in paths.resource("shaders").rglob("*") if path.suffix in (".vert", ".frag")], paths.scene_paths()
    found = f"{len(shaders)} shaders, {len(scenes)} scenes in {paths.resource('shaders').parent}"
    whole = bool(shaders) and "digits" in scenes
    return DoctorCheck("files", "ok" if whole else "fail", found, "" if whole else "the installation is incomplete; install nnviz3d again")


def _variables() -> DoctorCheck:
    """Of the environment, that decide which OpenGL is found."""
    from nnviz3d.gfx import variables

    found = variables.suspects()
    text = ", ".join(f"{name}={value:.60}" for name, value in found.items())
    return DoctorCheck(
        "variables", "note" if found else "ok", text or "none that OpenGL uses", f"if OpenGL fails, {_without(found)}" if found else ""
    )


def _without(found: dict[str, str]) -> str:
    return f"unset {' '.join(found)}"


def _opengl() -> DoctorCheck:
    from nnviz3d.gfx import variables
    from nnviz3d.gfx.hosts import INSTALL, open_host

    try:
        host = open_host(64, 64, headless=True)
    except RunError as error:
        return DoctorCheck(
            "OpenGL", "fail", str(error), f"first {_without(found)}; then {INSTALL}" if (found := variables.suspects()) else INSTALL
        )
    try:
        found, software = f"{host.context.version}, {host.context.renderer}", host.context.software
    finally:
        host.close()
    advice = "drawn by the processor (CPU): works, but a graphics card is faster" if software else ""
    return DoctorCheck("OpenGL", "note" if software else "ok", found, advice)


def _window() -> DoctorCheck:
    from nnviz3d.gfx.hosts import display_available

    if display_available():
        return DoctorCheck("window", "ok", os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or platform.system())
    return DoctorCheck(
        "window",
        "note",
        "no display (DISPLAY, WAYLAND_DISPLAY)",
        "use --headless, `nnviz3d shot` or `nnviz3d demo`; or log in to a desktop",
    )


def _backend(name: str) -> DoctorCheck:
    from nnviz3d import backend

    try:
        ops = backend.choose(name)
    except InputError as error:
        return DoctorCheck("backend", "note", str(error), "--backend cpu always works")
    return DoctorCheck("backend", "ok", f"{ops.name}: {ops.why}", "" if ops.name == "cuda" else _cuda_advice())


def _cuda_advice() -> str:
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return ""
    return 'there is an NVIDIA driver: pip install "nnviz3d[cuda13]" (or cuda12 for an older driver) to train on it'


def _interop() -> DoctorCheck:
    if importlib.util.find_spec("cuda") is None or importlib.util.find_spec("cupy") is None:
        return DoctorCheck(
            "interop", "note", "no CUDA packages: numbers reach OpenGL by copying", "nothing to do unless there is an NVIDIA card"
        )
    version = importlib.metadata.version("cuda-core")
    return DoctorCheck("interop", "ok", f"cuda-core {version}: buffers are shared with OpenGL where the driver allows, else copied")


def _codecs() -> DoctorCheck:
    if importlib.util.find_spec("av") is None:
        return DoctorCheck("codecs", "note", "PyAV is not installed: no films", 'pip install "nnviz3d[video]"')
    from nnviz3d.video.codecs import CODECS, works

    able = [name for name, codec in CODECS.items() if works(codec)]
    missing = [name for name in CODECS if name not in able]
    text = f"PyAV {importlib.metadata.version('av')}: {', '.join(able)}"
    return DoctorCheck("codecs", "ok", text + (f" (not here: {', '.join(missing)})" if missing else ""))


def _farm() -> DoctorCheck:
    try:
        return DoctorCheck("farm", "ok", f"Dask.distributed {importlib.metadata.version('distributed')}")
    except importlib.metadata.PackageNotFoundError:
        return DoctorCheck("farm", "note", "films on several machines need Dask", 'pip install "nnviz3d[farm]"')


def _fonts() -> DoctorCheck:
    from importlib.resources import files

    assets = Path(str(files("imgui_bundle"))) / "assets"
    found = sorted(path.name for path in assets.rglob("*.ttf"))
    return DoctorCheck(
        "fonts", "ok" if found else "note", f"{len(found)} in imgui-bundle", "" if found else "text falls back to imgui's own font"
    )


def _locale() -> DoctorCheck:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "en_US.UTF-8")
    except locale.Error:
        return DoctorCheck(
            "locale", "note", "no en_US.UTF-8: formulas use a work-round", "as root: apt-get install locales; locale-gen en_US.UTF-8"
        )
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return DoctorCheck("locale", "ok", "en_US.UTF-8")


def _home() -> DoctorCheck:
    import platformdirs

    wanted = Path(platformdirs.user_data_dir("nnviz3d"))
    there = next(place for place in (wanted, *wanted.parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there):
            return DoctorCheck("home", "ok", f"{wanted} can be written")
    except OSError as error:
        return DoctorCheck("home", "note", f"{wanted}: {error.strerror}", "settings are not saved; everything else works")


def document(checks: list[DoctorCheck]) -> dict[str, Any]:
    """For `--json`: whether the main job can run, and every check."""
    return {"ok": able(checks), "checks": [asdict(check) for check in checks]}


def able(checks: list[DoctorCheck]) -> bool:
    """Whether the main job can run, in a window or headless."""
    return all(check.state != "fail" for check in checks)


def show(checks: list[DoctorCheck]) -> None:
    """The table for people, on stdout."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    marks = {"ok": ("ok", "green"), "note": ("note", "yellow"), "fail": ("FAIL", "bold red")}
    for check in checks:
        table.add_row(Text(*marks[check.state]), check.name, Text(check.found), Text(check.advice))
    Console().print(table)
