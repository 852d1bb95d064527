"""Where shaders and scenes lie (beside the package in a checkout, inside it in an installed wheel), which files may be opened, and the
one way a file is written."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[Path]:
    """The name of a new file in the same folder, which takes the place of `path` when the block ends; an error removes it.

    So a crash or a full disk leaves the old file whole, and two processes that write the same file do not disturb each other. `durable`:
    the file is on the disk before it gets its name, and the name is when the block has ended. Raises OSError, and ValueError for a NUL in
    the name.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        if durable:
            sync(part)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def replace(path: Path, raw: bytes, durable: bool = False) -> None:
    """Replace a file by these bytes, as `replacing` does. Raises OSError, and ValueError for a NUL in the name."""
    with replacing(path, durable) as part:
        part.write_bytes(raw)


def write(path: Path, raw: bytes) -> None:
    """The same; raises InputError where it cannot be written."""
    try:
        replace(path, raw)
    except (OSError, ValueError) as error:
        raise InputError.of(str(path), "", f"cannot be written: {getattr(error, 'strerror', None) or error}") from None


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder. Windows has no such call for folders and needs none. Raises OSError."""
    if os.name == "nt" and path.is_dir():
        return
    number = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def unwritable(path: Path) -> str:
    """Why a file of this name could not be written, asked without writing; "" where it could."""
    try:
        if path.is_dir():
            return "cannot be written: it is a folder"
        if not path.parent.is_dir():
            return f"cannot be written: there is no folder {path.parent}"
        if not os.access(path.parent, os.W_OK | os.X_OK) and not is_device(path):
            return f"cannot be written: the folder {path.parent.resolve()} is read-only for you"
        if path.exists() and not os.access(path, os.W_OK):
            return "cannot be written: the file is read-only for you"
    except (OSError, ValueError) as error:  # a name too long, a NUL
        return f"cannot be written: {getattr(error, 'strerror', None) or error}"
    return ""


def is_device(path: Path) -> bool:
    """Whether something is there that is no ordinary file: a device, a pipe, a folder."""
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)
