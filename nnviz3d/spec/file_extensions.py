"""Which endings files have: of one that is written it must say what it holds; of one that is read a dialog lists the likely ones.

One room for all commands and menus.
"""

from __future__ import annotations

from pathlib import Path

from nnviz3d.spec.errors import InputError

PICTURE = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr")
OWN_PICTURE = (".png", ".jpg", ".jpeg", ".webp", ".bmp")  # that is shown to a network
SCREEN = PICTURE[:-1]  # of what a window shows: it has no linear light
WEIGHTS, LOG, NUMBERS, SCENE = (".safetensors",), (".jsonl",), (".json",), (".toml",)
EXPORT = (*WEIGHTS, *SCENE, ".py")
PACKED = (".gz", ".bz2", ".xz", ".zip")
TABLE = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".xlsx", ".xls", ".parquet", *PACKED)
ARRAYS = (".npz", ".npy")
RECORDING = ".nnrec"  # of the folder


def check(path: Path | None, endings: tuple[str, ...], option: str) -> None:
    """Raises InputError for a name with another ending (large letters are the same). A device or a pipe may be called anything."""
    if path is None or path.suffix.lower() in endings or _device(path):
        return
    found = f"found {path.suffix}" if path.suffix else "the name has no extension"
    wanted = endings[0] if len(endings) == 1 else f"{', '.join(endings[:-1])} or {endings[-1]}"
    raise InputError.option(str(path), option, f"expected a name that ends with {wanted}; {found}")


def _device(path: Path) -> bool:
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except (OSError, ValueError):
        return False
