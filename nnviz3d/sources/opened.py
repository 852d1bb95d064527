"""A network that was built elsewhere, with the values that its own framework computed for one sample. Nothing of it changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.sources.still import StillSource
from nnviz3d.sources.viewable import OWN, Array, Sample, next_serial
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.foreign_graph import ForeignGraph
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Range, Topology

NOTHING: Mapping[str, np.ndarray] = {}


class OpenedGraph(StillSource):
    """`values`: by the name of a node, what it holds for the sample, of any shape with as many numbers; of nodes that are left out nothing
    is known, which `unknown` says. `parameters`: by `<node>.<part>`. `label`: of the sample. Raises InputError with every array that does
    not fit."""

    def __init__(
        self,
        graph: ForeignGraph,
        values: Mapping[str, np.ndarray],
        ops: Ops,
        parameters: Mapping[str, np.ndarray] = NOTHING,
        *,
        label: str = "the sample that it was run with",
        scene: Scene | None = None,
        base: Path | None = None,
    ):
        self.graph = graph
        super().__init__(graph.topology(), ops, scene or Scene(title=graph.title[:200]))
        self.base, self._label = base or Path(), label
        self.unknown: frozenset[int] = frozenset()
        self._arenas: dict[str, Array] = {}
        self.take(values, parameters)

    def take(self, values: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray] | None = None, label: str = "") -> None:
        """Other values, of another sample or of a later moment; parameters stay where none are given. Raises InputError, and then nothing
        has changed."""
        topology, problems = self.topology, []
        places = {node.name: node.neurons for node in topology.nodes}
        activation_n = _filled(topology.n_neurons, places, values, problems)
        parameter_p = None
        if parameters is not None or "parameter" not in self._arenas:
            parameter_p = _filled(topology.n_parameters, _parameter_places(topology), parameters or NOTHING, problems)
        if problems:
            raise InputError(*problems)
        self._arenas["activation"] = self._arenas["z"] = self.ops.asarray(activation_n)
        if parameter_p is not None:
            self._arenas["parameter"] = self.ops.asarray(parameter_p)
        self.unknown = frozenset(node.number for node in topology.nodes if node.name not in values)
        self._label = label or self._label
        x = activation_n[topology.input.neurons.slice]
        self.sample = Sample(0, 1, OWN, x, None, self._label, self.unknown)
        self.serial = next_serial() if parameter_p is not None else self.serial
        self.show()

    def tensors(self, kind: str) -> Array | None:
        return self._arenas.get(kind)


def _parameter_places(topology: Topology) -> dict[str, Range]:
    """By `<node>.<part>`, always: graphs that are not ours have no other names."""
    return {f"{node.name}.{part}": r for node in topology.nodes for part, r in node.parameters}


def _filled(size: int, places: Mapping[str, Range], arrays: Mapping[str, np.ndarray], problems: list[Problem]) -> np.ndarray:
    """(size,) float32: each array at its place, 0 where there is none or a number is not finite."""
    whole_n = np.zeros(size, np.float32)
    for name, array in arrays.items():
        place = places.get(name)
        if place is None:
            problems.append(Problem("", name, "is not in the graph"))
        elif np.size(array) != place.size:
            problems.append(Problem("", name, f"{np.size(array):,} numbers; expected {place.size:,}"))
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                part = np.asarray(array).reshape(-1).astype(np.float32)
            whole_n[place.slice] = np.nan_to_num(part, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return whole_n
