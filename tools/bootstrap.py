"""What tools/run.py and tools/test.py share: a virtual environment at the repository's root, the package in it, the system's libraries.

Standard library only; runs on Python >= 3.10. Everything is asked before it is done, so a second start costs a few file reads:
a stamp in the environment remembers what was installed (hash of pyproject.toml, Python, extras).
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
NEEDED = (3, 11)
STAMP = VENV / "nnviz3d.json"
# what the tests with the mark `frameworks` compare with; where the index has a build for processors only, it is the newest of this range
FRAMEWORKS = ("torch>=2.13,<2.14", "scipy>=1.11", "transformers>=4.57")
# the last one is what vispy's import looks for
GL = {"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1", "libGLX_mesa.so.0": "libglx-mesa0", "libfontconfig.so.1": "libfontconfig1"}
DRIVERS = "libgl1-mesa-dri"


def say(text: str) -> None:
    """On stderr: stdout belongs to the command that is run."""
    print(f"[nnviz3d] {text}", file=sys.stderr, flush=True)


def fail(text: str) -> None:
    say(text)
    sys.exit(3)


def check_python() -> None:
    """Go on with a Python that the packages have wheels for (imgui-bundle: 3.11 and newer); an older one looks for a newer one here."""
    if sys.version_info >= NEEDED:
        return
    for minor in range(NEEDED[1] + 4, NEEDED[1] - 1, -1):
        newer = shutil.which(f"python{NEEDED[0]}.{minor}")
        if newer:
            say(f"this is Python {sys.version.split()[0]}; going on with {newer}")
            sys.exit(subprocess.call([newer, *sys.argv]))
    fail(f"Python {NEEDED[0]}.{NEEDED[1]} or newer is needed; this is {sys.version.split()[0]} and there is no newer one on the PATH")


def missing_libraries() -> list[str]:
    """Debian packages of the OpenGL libraries that cannot be loaded here."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [package for library, package in GL.items() if not _loads(library)]
    if missing == ["libglx-mesa0"] and _loads("libGLX_nvidia.so.0"):
        return []
    return missing if _has_drivers() else [*missing, DRIVERS]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_drivers() -> bool:
    """The drivers are not linked against but opened by name, so they are looked for as files; NVIDIA's bring their own."""
    if has_nvidia():
        return True
    places = [Path(place) for place in ("/usr/lib", "/usr/lib64", "/usr/local/lib")]
    return any(
        next(place.glob(pattern), None) for place in places for pattern in ("*/dri/swrast_dri.so", "dri/swrast_dri.so", "*/libgallium*.so")
    )


def has_nvidia() -> bool:
    return _loads("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")


def system_packages(packages: list[str], why: str) -> bool:
    """Install Debian packages as root; otherwise say which. Returns whether they are there now."""
    if not packages:
        return True
    names = " ".join(packages)
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"{why}: please install {names} (Debian, Ubuntu: sudo apt-get install {names})")
        return False
    say(f"{why}: installing {names} with apt-get")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    if _quiet(["apt-get", "update", "-q"], environment) and _quiet(install, environment):
        return True
    say(f"apt-get did not succeed; to see why, run: apt-get install {names}")
    return False


def _quiet(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Run with its output to stderr only where it fails."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
    return done.returncode == 0


def use(name: str) -> None:
    """Work with another environment at the root than `.venv`."""
    global VENV, BIN, PYTHON, STAMP
    VENV = ROOT / name
    BIN = VENV / BIN.name
    PYTHON, STAMP = BIN / PYTHON.name, VENV / STAMP.name


def wanted(extras: set[str], packages: tuple[str, ...] = ()) -> dict[str, object]:
    """What the stamp must say for the environment to be right."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    other: dict[str, object] = {"packages": list(packages)} if packages else {}
    return {"pyproject": digest, "python": list(sys.version_info[:2]), "root": str(ROOT), "extras": sorted(extras)} | other


def ready(extras: set[str], packages: tuple[str, ...] = ()) -> bool:
    """Whether the environment holds the package with at least these extras, and these packages. Reads two small files."""
    installed = _stamped()
    return PYTHON.exists() and installed == wanted(set(installed.get("extras", ())), packages) and extras <= set(installed["extras"])


def prepare(extras: set[str], optional: tuple[str, ...] = (), packages: tuple[str, ...] = ()) -> None:
    """Make the environment right, once. `optional` extras (CUDA) are tried in order until one installs; `packages` are requirements beside
    the extras. Ends the process where it cannot."""
    if ready(extras, packages):
        return
    installed = set(_stamped().get("extras", ()))  # kept, so that run and test can share one environment
    if not PYTHON.exists() or _version_of(PYTHON) != sys.version_info[:2]:
        _make_venv()
        installed = set()
    extras = extras | installed
    say(f"installing nnviz3d with {', '.join([*sorted(extras), *packages])} into {VENV} (the first time this takes a minute or two)")
    if not _pip(f"-e{ROOT}[{','.join(sorted(extras))}]", *packages):
        fail("pip could not install the packages; the reason is above (is there a network?)")
    for extra in optional:
        if extra in extras or _optional(extra):
            extras |= {extra}
            break
    STAMP.write_text(json.dumps(wanted(extras, packages)), encoding="utf-8")
    say("installed")


def _optional(extra: str) -> bool:
    say(f"there is an NVIDIA driver: adding {extra} (about 2 GB; goes on without it if that fails)")
    return _pip(f"-e{ROOT}[{extra}]")


def _pip(*requirements: str) -> bool:
    return _quiet([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", *requirements])


def _stamped() -> dict[str, object]:
    """What the stamp says; nothing where there is none or it is broken."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and isinstance(stamp.get("extras"), list) else {}


def _version_of(python: Path) -> tuple[int, ...]:
    done = subprocess.run([str(python), "-c", "import sys, pip; print(*sys.version_info[:2])"], capture_output=True, text=True)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def _make_venv() -> None:
    """Debian splits venv and ensurepip off into python3-venv, and says so only when it is too late."""
    say(f"making {VENV}")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not system_packages([package], "Python's venv module is missing"):
            fail(f"without {package} no environment can be made")
    if VENV.exists():
        say("the old one belongs to another Python or is broken; making it anew")
    if not _quiet([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        fail("the environment could not be made; the reason is above")
