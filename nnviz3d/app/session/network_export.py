"""A network to files that others can use: weights, the scene, or a script of its own with its weights beside it.

Used by `nnviz3d export` and by the window's File menu. Everything is written beside its target and renamed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.engine.data import playground
from nnviz3d.engine.data.places import seen_from
from nnviz3d.formats import script_export, weights
from nnviz3d.formats.script_export import Scaling
from nnviz3d.sources.answer_text import label
from nnviz3d.sources.protocols import Source
from nnviz3d.spec import paths, toml

ENDINGS = {"weights": ".safetensors", "scene": ".toml", "numpy": ".py", "torch": ".py"}
SHOWN, VALUES = 5, 400  # samples in a script: so many, or as many as have so many numbers in all, but one at least


def companion(path: Path, kind: str) -> Path | None:
    """The weights' file beside a script; None for other kinds."""
    return path.with_suffix(script_export.LANGUAGES[kind]) if kind in script_export.LANGUAGES else None


def export(source: Source, path: Path, kind: str) -> list[Path]:
    """Write what ENDINGS calls `kind`; returns the files that were written. Raises InputError where that is not possible."""
    source.settle()
    if kind == "scene":
        data = seen_from(source.scene.data, source.base, path.parent)
        toml.save(source.scene.model_copy(update={"data": data}), path)
        return [path]
    beside = companion(path, kind)
    if beside is None:
        weights.save(path, source.parameters(), source.scene, source.objective.units)
        return [path]
    text = script_export.write(recipe(source, beside.name), kind)
    if kind == "numpy":
        paths.write(beside, script_export.npz(effective(source)))
    else:
        weights.save(beside, effective(source), source.scene, source.objective.units)
    toml.write_text(path, text)
    return [path, beside]


def effective(source: Source) -> dict[str, np.ndarray]:
    """The parameters for a script. A chain's knows nothing of killed neurons: nothing is read of them, so the outputs are the same. A
    graph's, where sums and others without weights may read them, says itself what is killed."""
    named, topology = source.parameters(), source.topology
    for neuron in source.holds.killed if topology.is_chain else ():
        node, j = topology.locate(neuron)
        for connection in topology.out_of(node):
            named[topology.parameter_name(connection.target, "weight")][:, j] = 0
    return named


def recipe(source: Source, beside: str) -> script_export.Recipe:
    """What a script says of this network: some samples of the test set (else of the training set) before any preprocessing."""
    data, setting = source.data, source.scene.data
    part, x_all, t_all = data.held_out
    count = max(1, min(SHOWN, VALUES // source.topology.input.size))
    x, t = x_all[:count], t_all[:count]
    inputs = None if data.mean_i is None or data.scale_i is None else Scaling(data.mean_i.tolist(), data.scale_i.tolist())
    features: tuple[str, ...] = ()
    if setting.kind in playground.GENERATORS:
        points, _ = playground.points(setting)
        first = len(data.x_train) if part == "test" else 0
        rows = [[float(f"{value:.9g}") for value in point] for point in points[first : first + count]]
        features = () if tuple(setting.features) == ("x1", "x2") else tuple(setting.features)
    else:
        rows = [_source_values(row, inputs) for row in x]
    objective, targets = source.objective, None
    if objective.scaled:
        targets = Scaling([unit.mean for unit in objective.units], [unit.deviation for unit in objective.units])
    return script_export.Recipe(
        source.topology, beside, rows, [label(data, row, target) for row, target in zip(x, t, strict=True)], features, inputs, targets,
        objective.classes > 0, _note(setting.kind, features), source.holds.killed,
    )  # fmt: skip


def _source_values(x_i: np.ndarray, scaling: Scaling | None) -> list[float]:
    """The values that a row's inputs were made of: the shortest numbers that standardise to the same."""
    if scaling is None:
        return [float(str(value)) for value in x_i]
    return [_shortest(value, mean, scale) for value, mean, scale in zip(x_i, *scaling, strict=True)]


def _shortest(value: np.float32, mean: float, scale: float) -> float:
    exact = float(value) * scale + mean
    tries = (float(f"{exact:.{digits}g}") for digits in range(1, 18))
    near = 1.2e-7 * max(1.0, abs(float(value)))  # float32 holds no more
    return next((number for number in tries if abs((number - mean) / scale - float(value)) <= near), exact)


def _note(kind: str, features: tuple[str, ...]) -> str:
    """What the numbers of ROWS are."""
    if kind in playground.GENERATORS:
        return "points (x1, x2) of the plane" + (", from -6 to 6" if features else "")
    if kind == "digits":
        return "64 pixels from 0 to 1: the number of set dots in each 4 x 4 block, divided by 16"
    if kind == "images":
        return "pixels from 0 to 1 of pictures whose middle is scaled to one size"
    return "image bytes are divided by 255" if kind in ("mnist", "idx", "npz") else ""
