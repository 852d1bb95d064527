"""A network of our own kinds that was opened with its parameters and one sample: what it computes is worked out here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.sources.still import StillSource
from nnviz3d.sources.viewable import OWN, Array, Sample
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import Axes, Shape
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology_builder import build_topology


class OpenedNetwork(StillSource):
    """`scene.network` with `parameters` by the names of a weights file; `shape`, `axes`: of the sample `x`. Raises InputError with every
    array that is missing or does not fit."""

    def __init__(
        self, scene: Scene, parameters: Mapping[str, np.ndarray], x: np.ndarray, outputs: int, ops: Ops, axes: Axes = (), label: str = ""
    ):
        activation = scene.network.output.activation
        shape: Shape = tuple(x.shape)
        super().__init__(
            build_topology(scene.network, shape, outputs, "linear" if activation == "auto" else activation, input_axes=axes), ops, scene
        )
        arena_p, problems = np.zeros(self.topology.n_parameters, np.float32), []
        for name, place in self.topology.parameter_ranges.items():
            if name not in parameters or np.size(parameters[name]) != place.size:
                problems.append(Problem("", name, "is missing" if name not in parameters else f"expected {place.size:,} numbers"))
            else:
                arena_p[place.slice] = np.asarray(parameters[name], np.float32).reshape(-1)
        if problems:
            raise InputError(*problems)
        self._parameter_p = ops.asarray(arena_p)
        self.objective = Objective("", self.topology.output.activation, 0)
        self._shown = Shown(ops, self.topology, self.objective, self._parameter_p)
        self.sample = Sample(0, 1, OWN, np.asarray(x, np.float32).reshape(-1), None, label or "the sample that it was run with")
        self._shown.show(self.sample.x, None)

    def tensors(self, kind: str) -> Array | None:
        if kind == "parameter":
            return self._parameter_p
        return {"z": self._shown.z, "activation": self._shown.activation}.get(kind)

    def output(self) -> np.ndarray:
        """(O,) what it answers."""
        return np.array(self.ops.to_host(self._shown.activation[self.topology.output.neurons.slice]))
