"""Edits: the one way a scene changes, and what each change rebuilds.

A panel, a key, an undo and `--set` all make an `Edit`; `apply` makes a new scene; `diff` says what the smallest rebuild is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.scene import PACE, Scene


@dataclass(frozen=True)
class Edit:
    """Set the value at a dotted path: `Edit("train.learning_rate", 0.01)`, `Edit("network.layers.0.units", 16)`.

    A whole tuple may be replaced (`network.layers`), which is how layers are added, removed and moved; then `origins` says which old
    layer each new one is (None: a new one), so that it keeps its weights.
    """

    path: str
    value: Any
    origins: Origins | None = None


class Rebuild(IntEnum):
    """How much a change costs, from nothing to a new network. Each level includes those that are cheaper where it must."""

    NOTHING = 0
    LOOK = 1  # uniforms
    TRAIN = 2  # constants of the running trainer
    LAYOUT = 3  # static columns: positions
    DATA = 4  # another data set of the same shape: new batches
    NET = 5  # another network: arenas, columns


_LEVELS = (
    ("title", Rebuild.NOTHING),
    ("about", Rebuild.NOTHING),
    ("failure", Rebuild.NOTHING),
    ("test", Rebuild.NOTHING),
    ("record", Rebuild.NOTHING),
    ("look", Rebuild.LOOK),
    ("view.pitch", Rebuild.LAYOUT),
    ("view.layer_gap", Rebuild.LAYOUT),
    ("view.fold", Rebuild.LAYOUT),
    ("view.open", Rebuild.LAYOUT),
    ("view.plate", Rebuild.LAYOUT),
    ("view.plate_x", Rebuild.LAYOUT),
    ("view.plate_y", Rebuild.LAYOUT),
    ("view.thumbnails", Rebuild.LAYOUT),
    ("view", Rebuild.LOOK),
    ("train.loss", Rebuild.NET),
    ("train.optimizer", Rebuild.NET),
    ("train.batch", Rebuild.DATA),
    ("train.order", Rebuild.DATA),
    ("train.seed", Rebuild.NET),
    ("train.tf32", Rebuild.NET),
    *((f"train.{name}", Rebuild.NOTHING) for name in PACE),
    ("train", Rebuild.TRAIN),
    ("data", Rebuild.DATA),
    ("network", Rebuild.NET),
    ("compare", Rebuild.NET),  # both begin again, from the same step
)


def changed_paths(old: Any, new: Any, prefix: str = "") -> list[str]:
    """Dotted paths of the leaves that differ, to a depth of two: `train.batch`, `network.layers`."""
    if old == new:
        return []
    if prefix.count(".") >= 1 or not hasattr(type(old), "model_fields"):
        return [prefix]
    found = []
    for name in type(old).model_fields:
        found += changed_paths(getattr(old, name), getattr(new, name), f"{prefix}.{name}" if prefix else name)
    return found


def diff(old: Scene, new: Scene) -> Rebuild:
    """The smallest rebuild that turns a session of `old` into one of `new`."""
    level = Rebuild.NOTHING
    for path in changed_paths(old, new):
        level = max(level, next(rebuild for key, rebuild in _LEVELS if path == key or path.startswith(key + ".")))
    return level
