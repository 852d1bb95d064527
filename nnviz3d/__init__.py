"""nnviz3d: see a neural network think and learn, in 3D, live. Nothing heavy is imported until it is used.

`run` opens a window, `shot` gives one picture, `show` opens a model of one's own, `record` and `record_training` make films, `Recorder`
gives their frames, `train` trains without a picture, `export` writes a network to a file. What is shown is a `Scene` of tables: `Network`,
`Layer`, `Output`, `Data`, `Train`, `View`, `Look`, `Record`, `Shot`, `Key`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnviz3d.app.api.export import export
    from nnviz3d.app.api.film import record, record_training
    from nnviz3d.app.api.recorder import Recorder
    from nnviz3d.app.api.scene import load_recording, run, shot
    from nnviz3d.app.api.show import show
    from nnviz3d.app.api.training import train
    from nnviz3d.app.api.watch import watch
    from nnviz3d.app.render.notebook import Film, Still
    from nnviz3d.layers.dense.spec import DenseLayer as Layer
    from nnviz3d.spec.edit import Edit
    from nnviz3d.spec.errors import InputError, RunError
    from nnviz3d.spec.film import Key, Record, Shot
    from nnviz3d.spec.scene import Data, Look, Network, Output, Scene, Train, View

__version__ = "0.1.0"
__all__ = [
    "Data", "Edit", "Film", "InputError", "Key", "Layer", "Look", "Network", "Output", "Record", "Recorder", "RunError", "Scene", "Shot",
    "Still", "Train", "View", "export", "load_recording", "record", "record_training", "run", "shot", "show", "train", "watch",
]  # fmt: skip

_MODULES = {
    "nnviz3d.app.api.export": ("export",),
    "nnviz3d.app.api.film": ("record", "record_training"),
    "nnviz3d.app.api.recorder": ("Recorder",),
    "nnviz3d.app.api.scene": ("load_recording", "run", "shot"),
    "nnviz3d.app.api.show": ("show",),
    "nnviz3d.app.api.training": ("train",),
    "nnviz3d.app.api.watch": ("watch",),
    "nnviz3d.app.render.notebook": ("Film", "Still"),
    "nnviz3d.spec.edit": ("Edit",),
    "nnviz3d.spec.errors": ("InputError", "RunError"),
    "nnviz3d.spec.film": ("Key", "Record", "Shot"),
    "nnviz3d.layers.dense.spec": ("Layer",),
    "nnviz3d.spec.scene": ("Data", "Look", "Network", "Output", "Scene", "Train", "View"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nnviz3d' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), "DenseLayer" if name == "Layer" else name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
