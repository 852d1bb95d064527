"""The data of a recording: those of its scene where they are still the ones that were recorded, else the recorded sample alone."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from nnviz3d.engine.data import DataSet, load
from nnviz3d.formats.nnrec.index import INDEX, Facts
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.units import Unit


def stand_in(recording: Recording) -> DataSet:
    """The recorded sample as a data set. Raises InputError where the recording's words on its data cannot be."""
    facts = recording.head.data
    where, count = str(recording.path / INDEX), prod(facts.shape)
    classes = facts.task == "classification"
    if min(facts.shape, default=0) < 1 or count >= recording.head.neurons:
        raise InputError.of(where, "line 1.data.shape", f"{list(facts.shape)} inputs in a network of {recording.head.neurons:,} neurons")
    tokens = facts.axes == ("token",)
    if not _sound(facts, tokens) or isinstance(facts.target, int) != (classes and not tokens):
        raise InputError.of(where, "line 1.data.target", f"is no target of {len(facts.outputs):,} outputs")
    x = np.nan_to_num(recording.z(int(recording.steps[0]))[:count])[None]
    units = tuple(Unit(name, **target.model_dump()) for name, target in zip(facts.outputs, facts.targets or (), strict=False))
    if units and len(units) != len(facts.outputs):
        raise InputError.of(where, "line 1.data.targets", f"{len(units):,} units of {len(facts.outputs):,} targets")
    t = np.array([facts.target], np.int32 if classes else np.float64 if units else np.float32)
    part = slice(0, 1 if facts.test else 0)
    return DataSet(facts.name, facts.task, facts.shape, x, t, x[part], t[part], facts.outputs, facts.features, units=units, axes=facts.axes)


def _sound(facts: Facts, tokens: bool) -> bool:
    """Whether the target is one of these outputs, or as many numbers; of a sequence an output, or -1, for each of its tokens."""
    if isinstance(facts.target, int):
        return 0 <= facts.target < len(facts.outputs)
    if tokens:
        fits = all(-1 <= k < len(facts.outputs) and k == int(k) for k in facts.target)
        return fits and facts.task == "classification" and facts.shape == (len(facts.target),)
    return len(facts.target) == len(facts.outputs)


def load_recorded(recording: Recording, instead: DataSet, scene: Scene, base: Path) -> tuple[DataSet, str]:
    """The scene's data, where they are those that were recorded; else `instead`, and why."""
    facts = recording.head.data
    try:
        data = load(scene.data, base)
    except InputError as error:
        return instead, "; ".join(problem.message for problem in error.problems)
    is_now = data.task, tuple(data.shape), len(data.x_train), len(data.x_test), tuple(data.class_names), tuple(data.feature_names)
    was = facts.task, facts.shape, facts.train, facts.test, facts.outputs, facts.features
    _part, rows, _targets = data.held_out
    same = is_now == was and facts.index < len(rows)
    with np.errstate(over="ignore"):
        same = same and np.allclose(rows[facts.index].astype(recording.dtype), instead.x_train[0], rtol=1e-3, atol=1e-6)
    same = same and (facts.targets is None or [(u.mean, u.deviation) for u in data.units] == [(u.mean, u.deviation) for u in facts.targets])
    return (data, "") if same else (instead, "they have changed since")
