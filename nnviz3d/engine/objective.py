"""What is minimised: the loss and output activation with every "auto" resolved, targets as rows, and impossible pairs as errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.data import DataSet
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import text
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import SquaredError, Unit

ON_LOGITS = {"cross_entropy": "softmax", "bce": "sigmoid"}
SHOWN = 8  # class names in a message
NEARER, LOOKED = 10, 10_000
NATURAL = {"softmax": "cross_entropy", "sigmoid": "bce"}  # the loss that "auto" takes for a class output of this activation


@dataclass(frozen=True)
class Objective:
    """`loss` is mse, half_mse, bce, cross_entropy or huber; `output` an activation; `classes` 0 for regression.

    A class id becomes a row of `low` with one `high`: -1/+1 where a tanh output is to reach it, else 0/1.
    `weights`: of the classes, so that their mean over the training set is 1; none where all count the same. The loss of n rows i of
    the classes c is sum_i w_c L_i / n, as Keras' `class_weight`: a small batch without the rare class does not count for more.
    `units`: of each numeric target that has one; where they are scaled, (target - mean) / deviation is what is learned.
    """

    loss: str
    output: str
    classes: int
    huber_delta: float = 1.0
    weights: tuple[float, ...] = ()
    units: tuple[Unit, ...] = ()
    tokens: bool = False  # a class for each token of a sequence: the loss is a mean over all tokens that are scored

    def weight(self, target) -> float:
        """What one sample's loss and errors are multiplied by."""
        return self.weights[int(target)] if self.weights else 1.0

    def weights_of(self, targets: np.ndarray) -> np.ndarray:
        """(n,) the same of n class ids."""
        return np.asarray(self.weights)[targets] if self.weights else np.ones(len(targets))

    @property
    def low(self) -> float:
        return -1.0 if self.output == "tanh" else 0.0

    def rows(self, targets: np.ndarray, dtype) -> np.ndarray:
        """(n,) class ids or (n, O) numbers -> (n, O) rows; of tokens (n, T) class ids as they are, -1 where none is scored."""
        if self.tokens:
            return np.ascontiguousarray(targets, dtype)
        if not self.classes:
            if self.scaled:
                mean_o, deviation_o = np.array([(unit.mean, unit.deviation) for unit in self.units]).T
                targets = (np.asarray(targets, np.float64) - mean_o) / deviation_o
            return np.ascontiguousarray(targets, dtype)
        rows = np.full((len(targets), self.classes), self.low, dtype)
        rows[np.arange(len(targets)), targets] = 1
        return rows

    def expected(self, targets: np.ndarray, dtype) -> np.ndarray:
        """(n, O) what each output is compared with: the rows; of tokens 1 at each one's class, and 0 at all that are not scored."""
        if not self.tokens:
            return self.rows(targets, dtype)
        hot = np.zeros((*np.shape(targets), self.classes), dtype)
        n, t = np.nonzero(np.asarray(targets) >= 0)
        hot[n, t, np.asarray(targets)[n, t]] = 1
        return hot.reshape(len(hot), -1)

    @property
    def scaled(self) -> bool:
        """Whether numeric targets are standardised; the loss then has no unit."""
        return any(unit.scaled for unit in self.units)

    def own(self, a_no) -> np.ndarray:
        """Outputs (O,) or (n, O) in the targets' own units: mean + deviation * a. Others are returned as they are."""
        if not self.units:
            return a_no
        mean_o, deviation_o = np.array([(unit.mean, unit.deviation) for unit in self.units]).T
        return mean_o + deviation_o * np.asarray(a_no, np.float64)

    @property
    def error(self) -> SquaredError | None:
        """How a mean loss reads in the targets' unit; None where they have none, share none, or the loss is no squared error."""
        n = len(self.units)
        if not n or self.loss not in ("mse", "half_mse") or (n > 1 and not self.scaled):
            return None
        factor = math.sqrt(2 / n) if self.loss == "half_mse" else 1.0
        return SquaredError(factor * (self.units[0].deviation if n == 1 else 1.0), self.units[0] if n == 1 else None, self.scaled)

    def slope(self, a_o: np.ndarray, t_o: np.ndarray) -> np.ndarray | None:
        """dL/da (O,) of one sample in float64, by the formulas of `backend.numpy_losses`; None where the loss works on logits."""
        error = np.asarray(a_o, np.float64) - t_o
        match self.loss:
            case "mse":
                return 2 / len(error) * error
            case "half_mse":
                return error
            case "huber":
                return np.clip(error, -self.huber_delta, self.huber_delta) / len(error)
        return None


def resolve(scene: Scene, data: DataSet) -> Objective:
    """Loss "auto": cross_entropy for classes (bce for a sigmoid output, mse for any other), mse for numbers.
    Output "auto": softmax for classes (sigmoid for bce), linear for numbers (sigmoid for bce).

    Raises InputError with every problem; each names `train.loss` and `network.output.activation`.
    """
    loss, output = scene.train.loss, scene.network.output.activation
    classes = data.n_outputs if data.task == "classification" else 0
    if output == "auto":
        output = ON_LOGITS.get(loss, "softmax" if classes else "linear")
    if loss == "auto":
        loss = NATURAL.get(output, "mse") if classes else "mse"
    problems = []
    if loss in ON_LOGITS and output != ON_LOGITS[loss]:
        fit = ON_LOGITS[loss]
        message = f'loss "{loss}" works on logits and needs network.output.activation "{fit}" or "auto", found "{output}"'
        problems.append(Problem("", "train.loss", message))
    if loss == "cross_entropy" and not classes:
        message = f'loss "cross_entropy" needs classes, but data "{data.name}" has numbers as targets'
        problems.append(Problem("", "train.loss", f"{message}; use mse or huber with network.output.activation linear"))
    if loss == "bce" and not classes and scene.data.standardize_target == "yes":
        message = 'loss "bce" needs targets in [0, 1] as they are; use data.standardize_target "auto" or "no"'
        problems.append(Problem("", "data.standardize_target", message))
    elif loss == "bce" and not classes and not _within_unit(data):
        message = f'loss "bce" needs targets in [0, 1], but data "{data.name}" has others'
        problems.append(Problem("", "train.loss", f"{message}; use mse or huber with network.output.activation linear"))
    if data.tokens and (loss, output) != ("cross_entropy", "softmax"):
        message = f'data "{data.name}" has a class for each token, which needs "cross_entropy" with a softmax output; use "auto" for both'
        problems.append(Problem("", "train.loss", message))
    if not len(data.x_train):
        problems.append(Problem("", "data", f'"{data.name}" has no rows to train on'))
    weights: tuple[float, ...] = ()
    try:
        weights = class_weights(scene.train, data)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(*problems)
    return Objective(loss, output, classes, scene.train.huber_delta, weights, _units(scene, data, loss, output), data.tokens)


def check_tokens(topology: Topology, data: DataSet) -> None:
    """Raises InputError where the data have a class for each token and the network has no answer at each."""
    if data.tokens and topology.output.axes != ("token", "feature"):
        above = topology.by_name[topology.output.inputs[0]]
        message = (
            f'data "{data.name}" has a class for each of its {data.shape[0]:,} tokens, but the last layer, {above.name}, has the shape '
            f"{text(above.shape)}; it must be tokens x features: begin with an embedding, and use per_token = true in dense layers"
        )
        raise InputError.of("", "network.layers", message)


def _units(scene: Scene, data: DataSet, loss: str, output: str) -> tuple[Unit, ...]:
    """With "auto" a network learns scaled targets where it can give any number: bce and bounded outputs mean the numbers as they are."""
    wanted = scene.data.standardize_target
    if wanted == "yes" or (wanted == "auto" and loss != "bce" and output == "linear" and not _nearer_as_they_are(data)):
        return data.units
    return tuple(unit.unscaled for unit in data.units)


def class_weights(train: Train, data: DataSet) -> tuple[float, ...]:
    """`Objective.weights` of the setting. "balanced": n / (C n_c), as scikit-learn's.

    Raises InputError where it does not fit the classes.
    """
    asked, names = train.class_weights, data.class_names
    if asked == "none":
        return ()
    key = "train.class_weights"
    if data.task != "classification":
        raise InputError.of("", key, f'only classes have weights, but data "{data.name}" has numbers as targets; use "none"')
    if data.tokens:
        raise InputError.of("", key, f'the classes of data "{data.name}" are tokens, which all count the same; use "none"')
    count = np.bincount(data.t_train, minlength=len(names))
    if asked == "balanced":
        weight = np.where(count > 0, 1 / np.maximum(count, 1), 1 / max(len(data.t_train), 1))
    elif isinstance(asked, dict):
        if unknown := [name for name in asked if name not in names]:
            more = " ..." if len(names) > SHOWN else ""
            raise InputError.of("", key, f"there is no class {', '.join(unknown[:SHOWN])}; there are {', '.join(names[:SHOWN])}{more}")
        weight = np.array([asked.get(name, 1.0) for name in names])
    elif len(asked) == len(names):
        weight = np.array(asked)
    else:
        raise InputError.of("", key, f"{len(asked):,} weights for {len(names):,} classes; give one for each, in the order of the classes")
    mean = (weight * count).sum() / max(count.sum(), 1)
    return () if (weight == weight[0]).all() or not mean else tuple((weight / mean).tolist())


def _nearer_as_they_are(data: DataSet) -> bool:
    """Whether the outputs of first weights, which are about as large as the inputs, are much nearer to the targets than to 1: inputs of 300
    that are not standardised and targets of 300, as in a series. Scaled targets would then take far longer to learn."""
    if not data.units:
        return False
    inputs, targets = (max(_rms(values), 1e-30) for values in (data.x_train, data.t_train))
    return max(inputs, 1 / inputs) > NEARER * max(targets / inputs, inputs / targets)


def _rms(values: np.ndarray) -> float:
    """Root mean square, of at most LOOKED rows that are evenly spread."""
    some = values[:: -(-len(values) // LOOKED) or 1].astype(np.float64)
    return float(np.sqrt((some * some).mean())) if some.size else 0.0


def _within_unit(data: DataSet) -> bool:
    return all(t.size == 0 or (t.min() >= 0 and t.max() <= 1) for t in (data.t_train, data.t_test))
