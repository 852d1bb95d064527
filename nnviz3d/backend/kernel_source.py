"""The CUDA source of all kernels, as one text: `kernels.cu`, then a file for each family of operations."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """`kernels.cu`, which holds what the others share, then `kernels_*.cu` by name."""
    return [FOLDER / "kernels.cu", *sorted(FOLDER.glob("kernels_*.cu"))]


def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in files())
