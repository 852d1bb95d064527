"""What a source has in common whose parameters stand in an arena and whose data are there: the shown sample, scores, rows, the plane.

Implements `Viewable` but for where it is in time, and `Data`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.data.plane import Plane, plane_of
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.per_sample import Activations, Judging
from nnviz3d.engine.shown_evaluation import Looking
from nnviz3d.sources.answer_text import answer, label
from nnviz3d.sources.plane_eval import Asking
from nnviz3d.sources.token_eval import TokenPredictor
from nnviz3d.sources.viewable import OWN, Array, Sample
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import Score
from nnviz3d.spec.topology import Topology


class Evaluated(ABC):
    """`version` rises whenever the shown sample was passed through the network again."""

    view = None
    takes: frozenset[str] = frozenset()
    runs, prompt = True, ""
    plane_state = None, None
    constant = 1.0

    def __init__(self, scene: Scene, base: Path, ops: Ops, data: DataSet):
        self.scene, self.base, self.ops, self.data = scene, Path(base), ops, data
        self.version = 0
        self.sample: Sample
        self._asking, self._predictor = Asking(ops), TokenPredictor(ops)

    def give_file(self, path: Path) -> None:
        """Its inputs are rows of its data."""
        raise InputError.of(str(path), "", "cannot be the input of this network")

    def message(self) -> str:
        return ""

    @property
    @abstractmethod
    def topology(self) -> Topology: ...
    @property
    @abstractmethod
    def objective(self) -> Objective: ...
    @property
    @abstractmethod
    def holds(self) -> Holds: ...
    @property
    @abstractmethod
    def looking(self) -> Looking:
        """The buffers of what passes through the network only to be seen."""

    @abstractmethod
    def tensors(self, kind: str) -> Any: ...

    def settled(self, kind: str) -> Any:
        return self.tensors(kind)

    def parameters(self) -> dict[str, np.ndarray]:
        """Copies on the host by the names of a weights file (`Topology.parameter_name`)."""
        arena = self.ops.to_host(self.tensors("parameter"))
        return {name: np.array(place.view(arena), np.float32) for name, place in self.topology.parameter_ranges.items()}

    # the shown sample

    def show_sample(self, index: int) -> None:
        """Choose a row of the test set (of the training set where there is no test set); wraps around."""
        part, x, t = self.data.held_out
        index %= len(x)
        self.sample = Sample(index, len(x), part, x[index], t[index], label(self.data, x[index], t[index]))
        self.show()

    def show_own(self, x_i: np.ndarray, label: str) -> None:
        """A sample (I,) of no data set, without a target, until another one is chosen."""
        old = self.sample
        self.sample = Sample(old.index, old.count, OWN, np.asarray(x_i, np.float32), None, label)
        self.show()

    def show(self) -> None:
        self.looking.shown.show(self.sample.x, self.sample.target)
        self.version += 1  # what is drawn may be kept while this stays

    def showing(self) -> Iterator[None]:
        """`show` in pieces."""
        yield from self.looking.showing(self.sample.x, self.sample.target)
        self.version += 1

    @property
    def sample_loss(self) -> float:
        """Of the shown sample, as of the last `show`; nan without a target."""
        return self.looking.shown.loss

    def targets(self) -> np.ndarray | None:
        """(O,) float64, what the loss compares the shown sample's outputs with: 0 or 1 of a class (-1 or 1 for tanh), or the numbers.
        None without a target."""
        if self.sample.target is None:
            return None
        targets = np.asarray([self.sample.target]) if self.objective.classes else np.reshape(self.sample.target, (1, -1))
        return self.objective.expected(targets, np.float64)[0]

    def answer(self) -> tuple[str, bool | None]:
        """What the network says of the shown sample (as of the last `show`), and whether that is right: ("3 (97.2 %)", True)."""
        return answer(self)

    # rows of the data

    @property
    def batch_size(self) -> int:
        """Rows of a whole batch."""
        return self.scene.train.rows(len(self.data.x_train))

    def evaluate(self, part: str, limit: int | None = None) -> tuple[float, float | None]:
        """(mean loss, accuracy in [0, 1] or None for numbers) of a part, or of `limit` of its rows, drawn evenly."""
        score = self.score(part, limit)
        return float("nan") if score.loss is None else score.loss, score.accuracy

    def score(self, part: str, limit: int | None = None) -> Score:
        """The same with the rows that it is of, and by class."""
        result = Score(float("nan"), None)
        for result in self.scoring(part, limit):  # noqa: B007  the last one is of all rows
            pass
        return result

    def scoring(self, part: str, limit: int | None = None, parameters: Array | None = None) -> Iterator[Score]:
        """The same in pieces of a few milliseconds: an iterator over the score so far, for a loop that must not stop."""
        return self.looking.scoring(part, limit, parameters)

    def judging(self, part: str, rows_r: np.ndarray, parameters: Array | None = None) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Rows of a part one by one, in pieces of a few milliseconds: an iterator over (where in `rows_r`, outputs (n, O), losses (n,)),
        with the parameters of now or with those of a recorded step."""
        p = self.tensors("parameter") if parameters is None else self.ops.asarray(parameters)
        return Judging(self.ops, self.topology, self.objective, p, self.data, self.holds.killed).blocks(part, rows_r)

    def activations(self, part: str, rows_r: np.ndarray, node: int, parameters: Array | None = None) -> Iterator[tuple[slice, np.ndarray]]:
        """What a node does with rows of a part, in pieces of a few milliseconds: (where in `rows_r`, (n, size))."""
        p = self.tensors("parameter") if parameters is None else self.ops.asarray(parameters)
        return Activations(self.ops, self.topology, self.objective, p, self.data, self.holds.killed).blocks(part, rows_r, node)

    def numbers(self, part: str, limit: int) -> np.ndarray:
        """Which rows of a part `limit` evenly drawn ones are, ascending."""
        return self.looking.numbers(part, limit)

    def logits(self, ids_nt: np.ndarray, parameters: Array | None = None) -> np.ndarray:
        """(n, T, V) float64 of the next token at each token of (n, T) numbers, with the parameters of now or others. Raises ValueError
        where the network is none of sequences, or the rows are none of its tokens."""
        return self._predictor.logits(self, ids_nt, parameters)

    # the plane

    @property
    def plane(self) -> Plane | None:
        """The plane of two-dimensional data, or of the two features that the scene chooses; or None."""
        return self._asking.plane

    def answers(self, side: int, x_i: Any = None, parameters: Any = None, killed: Any = None) -> np.ndarray:
        """(side * side, O) outputs over the plane, rows from the top: with the parameters and killed neurons of now, and the shown
        sample's other features; or with those given."""
        return self._asking.outputs(self, side, np.ravel(self.sample.x if x_i is None else x_i), parameters, killed)

    def responses(self, side: int, x_i: Any = None, parameters: Any = None, killed: Any = None) -> np.ndarray:
        """(side * side, N) of every neuron over the plane, inputs first."""
        return self._asking.activations(self, side, np.ravel(self.sample.x if x_i is None else x_i), parameters, killed)

    def _aim(self, scene: Scene) -> None:
        """At the plane that the scene asks for. Raises InputError."""
        self._asking.aim(plane_of(scene.data, self.data, scene.view))

    @property
    def evaluator(self) -> Evaluated:
        return self
