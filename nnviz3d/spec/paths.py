"""Where shaders and scenes lie: beside the package in a checkout, inside the package in an installed wheel."""

from __future__ import annotations

from pathlib import Path

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
