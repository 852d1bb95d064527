"""A scene of a PyTorch model and its data: what the shapes of both mean, the loss in words, and files that a film can be made of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nnviz3d.app.session.opening import Opened
from nnviz3d.engine import data as sets
from nnviz3d.engine.data.targets import one_hot
from nnviz3d.engine.objective import NATURAL
from nnviz3d.formats import weights
from nnviz3d.formats.torch import modules
from nnviz3d.formats.torch.modules import Taken
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import plain_axes
from nnviz3d.spec.scene import Data, Scene
from nnviz3d.spec.topology_builder import TOKENS

Task = Literal["classification", "regression"]
NAMES = {  # of losses, in words
    "mse": "the mean squared error (loss mse)", "half_mse": "half the squared error (loss half_mse)",
    "huber": "the Huber loss (loss huber)", "bce": "binary cross-entropy (loss bce)", "cross_entropy": "cross-entropy (loss cross_entropy)",
}  # fmt: skip


def of_model(model: Any, data: Any, folder: Path, loss: str | None) -> tuple[Opened, Path]:
    """A scene of the model and its data, in files of `folder`, and the weights that it begins with. Raises InputError."""
    x, y = _arrays(data)
    taken = modules.take(model, x.shape[1:])
    network = taken.network
    task, loss, y, text = _tokens(taken, y) if taken.axes == TOKENS else _task(taken, y, loss)
    sys.stderr.write(f"{text}\n")
    np.savez(folder / "data.npz", x=x, t=y)
    kind = Data(kind="npz", file="data.npz", task=task, standardize_target="no", axes=_axes(taken))
    found, problems = sets.load(kind, folder), []
    if found.n_outputs != taken.outputs:
        what = "classes" if found.task == "classification" else "numbers per sample"
        problems.append(Problem("data", "y", f"{found.n_outputs:,} {what}, but the model outputs {taken.outputs:,}"))
    if problems:
        raise InputError(*problems)
    scene = Scene(title="A PyTorch model", about=f"{text[:1].upper()}{text[1:]}.", network=network, data=kind)
    scene = toml.apply(scene, [Edit("train.loss", loss)] if loss else [])
    weights.save(folder / "first.safetensors", taken.weights, scene)
    return Opened(scene, folder, None), folder / "first.safetensors"


def _axes(taken: Taken) -> Any:
    """Of a sample; channels come first, as PyTorch has them, whatever else the numbers could mean."""
    return taken.axes or (plain_axes(taken.shape) if len(taken.shape) == 3 else ())


def _tokens(taken: Taken, y: np.ndarray) -> tuple[Task, str | None, np.ndarray, str]:
    return "classification", None, y, f"at each token one of {taken.outputs:,}, trained with {NAMES['cross_entropy']}"


def _task(taken: Taken, y: np.ndarray, loss: str | None) -> tuple[Task, str | None, np.ndarray, str]:
    """(task, loss, targets, words): what the shapes of model and targets mean. Raises InputError for a loss that cannot be."""
    bounded = taken.network.output.activation == "sigmoid"
    if taken.outputs == 1 and _rows(y) == 1:
        values = np.unique(y)
        two = len(values) == 2 and (y.dtype.kind in "bU" or values.tolist() == [0, 1])
        if loss == "cross_entropy":
            raise InputError.of("data", "loss", 'cross_entropy needs several outputs, but the model has one; use loss="bce"')
        if two and taken.network.output.activation in ("auto", "linear", "sigmoid") and loss in (None, "auto", "bce"):
            names = "" if y.dtype.kind != "U" else f" (0 is {values[0]}, 1 is {values[1]})"
            y = (y == values[1]).astype(np.float32)
            return "regression", "bce", y, f"two classes by a single logit{names}, trained with binary cross-entropy (loss bce)"
        if bounded or loss == "bce":
            return "regression", loss or "bce", y, f"one number by a sigmoid, trained with {NAMES[loss or 'bce']}"
    elif taken.outputs > 1 and one_hot(y) and y.shape[1] == taken.outputs:
        y = y.argmax(axis=1)
        many = f"{taken.outputs:,} classes from one-hot targets"
        return "classification", loss, y, f"{many}, trained with {_named(taken, loss, True)}"
    classes = taken.outputs > 1 and _rows(y) == 1
    what = f"{taken.outputs:,} classes" if classes else "one number" if taken.outputs == 1 else f"{taken.outputs:,} numbers"
    return "classification" if classes else "regression", loss, y, f"{what}, trained with {_named(taken, loss, classes)}"


def _named(taken: Taken, loss: str | None, classes: bool) -> str:
    """The loss that is trained with, as `engine.objective.resolve` takes it, in words."""
    output = taken.network.output.activation
    if loss in (None, "auto"):
        loss = NATURAL.get("softmax" if output == "auto" else output, "mse") if classes else "mse"
    return NAMES.get(loss, loss)


def _rows(y: np.ndarray) -> int:
    """Numbers a sample."""
    return 1 if y.ndim == 1 else y.shape[1]


def _arrays(data: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise InputError.option("", "data", "a model needs data=(x, y): the samples and their targets")
    arrays, problems = [], []
    for name, values in zip("xy", data, strict=True):
        values = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
        arrays.append(values)
        if values.dtype.kind not in ("biuf" if name == "x" else "biufU") or not (
            2 <= values.ndim <= 4 if name == "x" else 1 <= values.ndim <= 2
        ):
            text = f"expected numbers in rows, one row per sample, found {values.dtype} of shape {values.shape}"
            problems.append(Problem("data", name, text))
    if not problems and len(arrays[0]) != len(arrays[1]):
        problems.append(Problem("data", "", f"{len(arrays[0]):,} samples in x, {len(arrays[1]):,} in y"))
    if problems:
        raise InputError(*problems)
    return arrays[0], arrays[1]
