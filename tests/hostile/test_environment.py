"""Machines that lack something: no EGL, an old OpenGL, no display, no home, no locale. A clear message and exit 3, or it goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gl


def nnviz3d(tmp_path, *arguments, **environment):
    env = {**os.environ, **environment}
    for name in [name for name, value in env.items() if value is None]:
        del env[name]
    command = [sys.executable, "-m", "nnviz3d", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL and X are Linux's")
@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("shot", "xor", "-o", "a.png"), {"__EGL_VENDOR_LIBRARY_DIRS": "/none"}, "install libegl1"),
        (("shot", "xor", "-o", "a.png"), {"MESA_GL_VERSION_OVERRIDE": "3.3"}, "no OpenGL 4.1"),
        (("shot", "xor", "-o", "a.png"), {"PYOPENGL_PLATFORM": "glx"}, "PYOPENGL_PLATFORM"),
        (("shot", "xor", "-o", "a.png"), {"PYOPENGL_PLATFORM": "osmesa"}, "has PYOPENGL_PLATFORM=osmesa: try without it"),
        (("shot", "xor", "-o", "a.png"), {"LIBGL_DRIVERS_PATH": "/none"}, "unset LIBGL_DRIVERS_PATH"),
        (("shot", "xor", "-o", "a.png"), {"GALLIUM_DRIVER": "none", "MESA_GL_VERSION_OVERRIDE": "3.0"}, "GALLIUM_DRIVER MESA_GL_VER"),
        (("record", "xor", "-o", "a.mp4", "--size", "64x64"), {"__EGL_VENDOR_LIBRARY_FILENAMES": "/none"}, "unset __EGL_VENDOR_LIBRARY"),
        (("run", "xor"), {"DISPLAY": None, "WAYLAND_DISPLAY": None}, "--headless"),
        (("run", "xor", "--frames", "1"), {"DISPLAY": ":4711", "WAYLAND_DISPLAY": None}, "Failed to open display"),
    ],
)
def test_what_is_missing_is_said_in_one_line_and_nothing_is_written(tmp_path, arguments, environment, message):
    done = nnviz3d(tmp_path, *arguments, **environment)
    assert done.returncode == 3, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Mesa's variables")
def test_the_doctor_names_variables_before_packages(tmp_path):
    import json

    done = nnviz3d(tmp_path, "doctor", "--json", PYOPENGL_PLATFORM="osmesa")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["variables"]["found"] == "PYOPENGL_PLATFORM=osmesa" and checks["variables"]["state"] == "note"
    advice = checks["OpenGL"]["advice"]
    assert done.returncode == 3 and advice.index("unset PYOPENGL_PLATFORM") < advice.index("apt-get")


def test_without_home_and_locale_it_goes_on(tmp_path):
    done = nnviz3d(tmp_path, "shot", "xor", "-o", "a.png", "--ui", "--size", "640x360", HOME="/nonexistent", LOCPATH="/none", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").stat().st_size > 10_000


def _wait_for_handlers(pid: int) -> None:
    """Until the program catches SIGTERM."""
    import signal
    import time

    status = Path(f"/proc/{pid}/status")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        caught = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_interrupt_at_the_start_ends_without_a_traceback(tmp_path):
    import signal

    process = subprocess.Popen(
        [sys.executable, "-m", "nnviz3d", "run", "xor", "--headless", "--frames", "1000000", "--stats", "s.json"], cwd=tmp_path,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    _wait_for_handlers(process.pid)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in err
