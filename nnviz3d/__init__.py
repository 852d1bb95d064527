"""nnviz3d: see a neural network think and learn, in 3D, live. Nothing heavy is imported until it is used."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["Edit", "InputError", "RunError", "Scene", "load_recording", "run", "shot", "train"]

_HOMES = {
    "Scene": "nnviz3d.spec.scene",
    "Edit": "nnviz3d.spec.edit",
    "InputError": "nnviz3d.spec.errors",
    "RunError": "nnviz3d.spec.errors",
    "run": "nnviz3d.app.api",
    "shot": "nnviz3d.app.api",
    "train": "nnviz3d.app.api",
    "load_recording": "nnviz3d.app.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnviz3d' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
