"""nnviz3d: see a neural network think and learn, in 3D, live. Nothing heavy is imported until it is used."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Edit", "Film", "InputError", "Recorder", "RunError", "Scene", "Still", "load_recording", "record", "record_training", "run", "shot",
    "train",
]  # fmt: skip

_HOMES = {
    "Scene": "nnviz3d.spec.scene",
    "Edit": "nnviz3d.spec.edit",
    "InputError": "nnviz3d.spec.errors",
    "RunError": "nnviz3d.spec.errors",
    "run": "nnviz3d.app.api.scene",
    "shot": "nnviz3d.app.api.scene",
    "train": "nnviz3d.app.api.scene",
    "record": "nnviz3d.app.api.film",
    "record_training": "nnviz3d.app.api.film",
    "Recorder": "nnviz3d.app.api.recorder",
    "Film": "nnviz3d.app.render.notebook",
    "Still": "nnviz3d.app.render.notebook",
    "load_recording": "nnviz3d.app.api.scene",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnviz3d' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


class _Package(ModuleType):
    """`nv.record` is the function, also when the package of that name (`from nnviz3d.video import ...`) has been imported."""

    @property
    def record(self) -> Any:
        return __getattr__("record")

    @record.setter
    def record(self, module: ModuleType) -> None:
        """The import system binds the package here; it has it in `sys.modules` as well."""


sys.modules[__name__].__class__ = _Package
