"""What `layers/<kind>/edges.py` answers. A kind fills in the ends of its edges; what follows from them is here.

Local numbers of edges and neurons begin at 0; ids of neurons and parameters are the network's. Arrays are numpy's or CuPy's (`xp`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import numpy as np

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection


class EdgesFace(ABC):
    """`value`: what an edge multiplies an activation by: a parameter, 1, or the activation of another input.

    `complete`: every neuron of the source is joined to every one of the target, edge l = j x inputs + i.
    `sums_back`: the sum of value x delta over the edges out of a neuron is all that comes back to it; of other kinds (norms, softmax) the
    engine says it.
    """

    value: Literal["parameter", "constant", "activation"] = "constant"
    complete = False
    sums_back = True

    def count(self, connection: Connection) -> int:
        return connection.size

    @abstractmethod
    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        """Ids of the neurons that these edges begin and end at."""

    @abstractmethod
    def into(self, connection: Connection, j: int) -> np.ndarray:
        """The edges into neuron j of the target."""

    @abstractmethod
    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        """The edges out of neuron i of the source."""

    @abstractmethod
    def packed(self, connection: Connection) -> tuple[int, int, int, int]:
        """For `t_pair` of shaders/include/edge.glsl."""

    @abstractmethod
    def bundled(self, connection: Connection, magnitude_e: Any, shown: Any, folded: Any, xp: Any = np) -> Any:
        """Edges that may be drawn where the source is folded, rising: all from the neurons `shown`, and into each target the strongest of
        the `folded`: thousands in one place would be nothing but white."""

    def parameter(self, connection: Connection, local_e: Any) -> Any:
        """Where the parameters of these edges are in the arena; None where the kind has none."""
        return None

    def sharing(self, connection: Connection, p: int) -> np.ndarray:
        """The edges that multiply by parameter p, rising: many where neurons share their weights, none of a bias."""
        weight = connection.weight
        if self.value != "parameter" or weight is None or not weight.start <= p < weight.stop:
            return np.array([], np.intp)
        cells = connection.target.cells((p - weight.start) // (weight.size // weight.shape[0]))
        into = np.concatenate([self.into(connection, j) for j in cells] or [np.array([], np.intp)])
        return np.sort(into[self.parameter(connection, into) == p])

    def local_of(self, connection: Connection, p: int) -> int | None:
        """The first edge that has parameter p; None: no edge has."""
        found = self.sharing(connection, p)
        return int(found[0]) if len(found) else None

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        """(E,) or one number: what these edges multiply an activation by."""
        return numbers.constant

    def picked(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any:
        """(E,) |quantity| of these edges, in their order."""
        source_e, target_e = self.ends(connection, local_e)
        if numbers.flow < 3:
            q_e = self.values(connection, local_e, numbers)
        else:  # activation x delta is the gradient of a parameter
            q_e = 1.0 if self.value == "parameter" else 0.0
        if numbers.flow & 1:
            q_e = q_e * numbers.activation_n[source_e]
        if numbers.flow >= 2:
            q_e = q_e * numbers.delta_n[target_e]
        return xp.abs(xp.broadcast_to(q_e, local_e.shape))

    def magnitudes(self, connection: Connection, numbers: Numbers, xp: Any = np) -> Any:
        """(E,) |quantity| of every edge."""
        return self.picked(connection, xp.arange(self.count(connection)), numbers, xp)

    def strengths(self, connection: Connection, value_p: Any, most: int, xp: Any = np) -> Any:
        """(I,) summed |value| of the edges out of each neuron of the source; from at most about `most` of them."""
        return xp.ones(connection.source.size, value_p.dtype)
