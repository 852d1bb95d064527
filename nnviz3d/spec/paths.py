"""Where shaders and scenes lie (beside the package in a checkout, inside it in an installed wheel), which files may be opened, and the
one way a file is written."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from nnviz3d.spec.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent


def resource(*parts: str) -> Path:
    """The path of a shipped file, for example `resource("shaders", "neuron.vert")`.

    The checkout wins over the wheel's copy: an editable install carries a stale copy of both folders.
    """
    beside = CHECKOUT.joinpath(*parts)
    if (CHECKOUT / "pyproject.toml").is_file() and beside.exists():
        return beside
    return PACKAGE.joinpath("_data", *parts)


def scene_paths() -> dict[str, Path]:
    """Every shipped scene by name, sorted."""
    return {path.stem: path for path in sorted(resource("scenes").glob("*.toml"))}


def regular_file(path: Path, limit: int, kind: str = "file") -> int:
    """The size in bytes of an ordinary file, asked before it is opened: opening a pipe would wait for ever, and a device has no end.

    `kind` is what was expected, for the message ("scene file"). Raises InputError for all that is not a file of at most `limit` bytes.
    """
    where = str(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError.of(where, "", "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError.of(where, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError.of(where, "", f"is a folder; expected a {kind}")
    if not stat.S_ISREG(status.st_mode):
        raise InputError.of(where, "", f"is a device or a pipe; expected a {kind}")
    if status.st_size > limit:
        raise InputError.of(where, "", f"{status.st_size:,} bytes; a {kind} holds at most {limit:,}")
    return status.st_size


def write(path: Path, raw: bytes) -> None:
    """Replace a file in one step: a crash or a full disk leaves the old one whole. Raises InputError where it cannot be written."""
    part = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as file:
            part = file.name
            file.write(raw)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if part:
            Path(part).unlink(missing_ok=True)
        raise InputError.of(str(path), "", f"cannot be written: {getattr(error, 'strerror', None) or error}") from None
