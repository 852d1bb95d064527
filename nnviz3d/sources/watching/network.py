"""What a loop says of its model, as a network of ours: scene, topology, objective, and a data set that samples fill as they come.

A structure comes from another process. Of its scene only network and training are taken: no file that it names is ever read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective, check_tokens, resolve
from nnviz3d.live.wire import Structure
from nnviz3d.sources.viewable import Sample
from nnviz3d.spec import limits, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import Axes, Shape
from nnviz3d.spec.scene import Data, Scene
from nnviz3d.spec.topology import Range, Topology
from nnviz3d.spec.topology_builder import TOKENS, build_topology

WHERE = "the watched model"


@dataclass(frozen=True, eq=False)
class SentSample:
    """A sample (I,) that a loop has sent, and its target as `Sample.target`; None where none came."""

    x: np.ndarray
    target: int | np.ndarray | None

    def same(self, other: SentSample) -> bool:
        return np.array_equal(self.x, other.x) and np.array_equal(self.target, other.target)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class WatchedNetwork:
    """`places`: of parameters by the names of the wire, which are those of weights files."""

    scene: Scene
    data: DataSet
    topology: Topology
    objective: Objective
    task_known: bool = True

    @property
    def places(self) -> dict[str, Range]:
        return self.topology.parameter_ranges

    def sample(self, x: np.ndarray, target: np.ndarray | None) -> SentSample:
        """Raises InputError where they are none of this network."""
        data, size = self.data, self.topology.input.size
        if x.size != size:
            raise InputError.of(WHERE, "x", f"a sample of {x.size:,} numbers; the network has {size:,} inputs")
        x_i = np.nan_to_num(np.ravel(x).astype(np.float32), posinf=0.0, neginf=0.0)
        if data.tokens and not (np.equal(x_i, np.floor(x_i)) & (x_i >= 0) & (x_i < data.n_outputs)).all():
            raise InputError.of(WHERE, "x", f"a sample of tokens that are not whole numbers from 0 to {data.n_outputs - 1:,}")
        return SentSample(x_i, None if target is None or not self.task_known else self._target(np.ravel(target)))

    def _target(self, target: np.ndarray) -> int | np.ndarray:
        data = self.data
        size = data.shape[0] if data.tokens else 1 if self.objective.classes else data.n_outputs
        if self.objective.classes and not data.tokens and target.size == data.n_outputs > 1:  # one-hot, or shares
            target = np.array([target.argmax()])
        if target.size != size or not np.isfinite(target).all():
            raise InputError.of(WHERE, "target", f"a target of {target.size:,} numbers; expected {size:,} finite ones")
        if not self.objective.classes:
            return target.astype(np.float32)
        if data.tokens:
            target = np.where(target < 0, -1, target)  # PyTorch's -100: not scored
        if (target >= data.n_outputs).any() or (not data.tokens and target[0] < 0):
            raise InputError.of(WHERE, "target", f"the class {int(target.max())}; there are {data.n_outputs:,}")
        return target.astype(np.int32) if data.tokens else int(target[0])

    def holding(self, samples: Sequence[SentSample]) -> DataSet:
        """The data set of these samples; without one, of zeros."""
        if not samples:
            return self.data
        zero = self.data.t_train[0]
        x = np.ascontiguousarray([sample.x for sample in samples], np.float32)
        t = np.ascontiguousarray([zero if sample.target is None else sample.target for sample in samples], self.data.t_train.dtype)
        return replace(self.data, x_train=x, t_train=t, x_test=x[:0], t_test=t[:0])


def network_of(structure: Structure, name: str, look: Scene) -> WatchedNetwork:
    """`look`: the scene whose view stays. Raises InputError with what cannot be shown, before memory is taken for it."""
    if not structure.scene:
        raise InputError.of(WHERE, "", structure.why or "it does not say what network it is")
    sent = toml.validate(toml.parse(structure.scene.encode(), WHERE), WHERE)
    data_task = structure.task or "regression"
    kind = Data(kind="npz", file="watched.npz", task=data_task, standardize_target="no")  # never read
    train = sent.train.model_copy(update={"class_weights": "none"})  # they are of data that are not here
    scene = look.model_copy(
        update={"title": name or look.title, "about": sent.about, "network": sent.network, "train": train, "data": kind, "compare": {}}
    )
    shape, outputs = _shape(structure), _outputs(structure)
    data = _data(structure, name, shape, outputs, data_task)
    objective = resolve(scene, data)
    labels = data.class_names if structure.names else ()
    topology = build_topology(scene.network, shape, outputs, objective.output, (), labels, data.axes)
    check_tokens(topology, data)
    wrong = _unlike(structure, topology)
    if wrong:
        raise InputError.of(WHERE, "parameters", wrong)
    return WatchedNetwork(scene, data, topology, objective, bool(structure.task))


def _shape(structure: Structure) -> Shape:
    """Of a sample: as it is said, or as the first weights have it where they are those of a dense layer."""
    if structure.shape:
        size = prod(structure.shape)
        if not 1 <= size <= limits.NEURONS:
            raise InputError.of(WHERE, "shape", f"a sample of shape {list(structure.shape)}")
        return tuple(structure.shape)
    first = structure.parameters[0].shape if structure.parameters else ()
    if len(first) != 2 or not 1 <= first[1] <= limits.NEURONS:
        raise InputError.of(WHERE, "shape", "it does not say what shape a sample has")
    return (first[1],)


def _outputs(structure: Structure) -> int:
    last = structure.parameters[-1].shape if structure.parameters else ()
    count = structure.outputs or len(structure.names) or (last[0] if last else 0)
    if not 1 <= count <= limits.UNITS or (structure.names and len(structure.names) != count):
        raise InputError.of(WHERE, "outputs", f"{count:,} outputs with {len(structure.names):,} names")
    return count


def _data(structure: Structure, name: str, shape: Shape, outputs: int, task: str) -> DataSet:
    axes: Axes = tuple(structure.axes)
    if axes and len(axes) != len(shape):
        raise InputError.of(WHERE, "axes", f"{len(axes)} axes for a sample of shape {list(shape)}")
    tokens, classes = axes == TOKENS, task == "classification"
    if tokens and not classes:
        raise InputError.of(WHERE, "task", "it has tokens as inputs and no classes as outputs")
    x = np.zeros((1, prod(shape)), np.float32)
    t = np.zeros((1, shape[0]) if tokens else 1 if classes else (1, outputs), np.int32 if classes else np.float32)
    names = structure.names or tuple(map(str, range(outputs)))
    return DataSet(name, task, shape, x, t, x[:0], t[:0], names, axes=axes)


def _unlike(structure: Structure, topology: Topology) -> str:
    """How the parameters that are to come differ from those of the network; "" where they do not."""
    wanted = {name: r.shape for name, r in topology.parameter_ranges.items()}
    for place in structure.parameters:
        shape = wanted.get(place.name)
        if shape is None:
            return f"{place.name!r} is no parameter of its own network"
        if shape != tuple(place.shape):
            return f"{place.name!r} has the shape {list(place.shape)}; in its own network it has {list(shape)}"
    return ""


def shown(network: WatchedNetwork, samples: Sequence[SentSample], index: int, label: str) -> Sample:
    """The index-th of the samples that have come; a sample of zeros where none has."""
    if not samples:
        return Sample(0, 1, "train", network.data.x_train[0], None, "zeros (no sample was sent)")
    sample = samples[index]
    return Sample(index, len(samples), "train", sample.x, sample.target, label)
