"""Where the data files of a scene may lie: in the scene's folder or below it, nowhere else.

A scene is something people send each other. It must not be able to open other files of the machine, by a path or by a link.
"""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

from nnviz3d.spec import limits, paths
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

FILES = ("file", "labels_file")


def inside(base: Path, name: str, key: str) -> Path:
    """The file that `data.<key> = name` means. Raises InputError for absolute paths and for what leads out of `base`, also by links."""
    if Path(name).is_absolute() or PureWindowsPath(name).anchor:
        how = f"--set data.{key}=PATH on the command line may name any file"
        raise InputError.of("", f"data.{key}", f'"{name}" is absolute; a scene names files relative to itself ({how})')
    try:
        home = Path(base).resolve()
        path = (home / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a loop of links
        raise InputError.of("", f"data.{key}", f"{name!r} is not a usable path: {error}") from None
    if not path.is_relative_to(home):
        raise InputError.of("", f"data.{key}", f'"{name}" leads out of the scene\'s folder {home}; put the file beside the scene')
    return path


def opened(base: Path, name: str, key: str, kind: str) -> tuple[Path, int]:
    """The path and the size in bytes of an ordinary file inside `base`. Raises InputError."""
    path = inside(base, name, key)
    return path, paths.regular_file(path, limits.DATA_BYTES, kind)


def overblown(expanded: int, packed: int) -> bool:
    """Whether compressed data claims more than it can honestly be: over 64 MiB and over 200-fold (MNIST: 5-fold)."""
    return expanded > 64 << 20 and expanded > 200 * packed


def seen_from(data: Data, base: Path, folder: Path) -> Data:
    """`data` of a scene in `base`, with its files named for a scene in `folder`. Raises InputError for each that does not lie there."""
    home, found, problems = Path(folder).resolve(), {}, []
    for key in FILES:
        if not (name := getattr(data, key)):
            continue
        path = inside(base, name, key)
        if path.is_relative_to(home):
            found[key] = path.relative_to(home).as_posix()
        else:
            text = f"{path} is not in {home}; save the scene in {path.parent}, beside its data"
            problems.append(Problem("", f"data.{key}", text))
    if problems:
        raise InputError(*problems)
    return data.model_copy(update=found) if found else data
