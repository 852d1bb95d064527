"""What `layers/<kind>/edges.py` answers. A kind fills in the ends of its edges and what they multiply by; what follows from these is here.

Local numbers of edges and neurons begin at 0; ids of neurons and parameters are the network's. Arrays are numpy's or CuPy's (`xp`). The
number of an edge may be an integer or an array of them.

Least that a kind writes: `value`, `ends`, `into`, `out_of`; `parameter` and `local_of` where it has weights; `factor` where its edges
multiply by activations; `scale` where all are divided by one number. Where what edges multiply by is neither a parameter nor one other
activation (the winner of a maximum, a deviation), `values` itself; pictures then get the numbers instead of where to look them up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from nnviz3d.layers.shared import edge_sums
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection

PARAMETER, ACTIVATION, NUMBER, QUANTITY = 0, 1, 2, 3  # what a drawn edge multiplies by; as in shaders/include/edge.glsl


class EdgesFace(ABC):
    """`value`: what an edge multiplies an activation by: a parameter, a number that is not learned, or the activation of another input.

    `complete`: every neuron of the source is joined to every one of the target, edge l = j x inputs + i.
    `sums_back`: the sum of value x delta over the edges out of a neuron is all that comes back to it; of other kinds (norms, softmax) the
    engine says it.
    """

    value: Literal["parameter", "constant", "activation"] = "constant"
    complete = False
    sums_back = True

    def count(self, connection: Connection) -> int:
        return connection.size

    fixed = False  # a connection that stands for no edges: one line, whose number never changes
    passes_back = True  # its inputs get an error; numbers of tokens have none

    def of(self, connection: Connection) -> EdgesFace:
        """The face for this connection, where a kind has several."""
        return self

    # ---------------------------------------------------------------- what a kind says

    @abstractmethod
    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        """Ids of the neurons that these edges begin and end at."""

    @abstractmethod
    def into(self, connection: Connection, j: int) -> np.ndarray:
        """The edges into neuron j of the target."""

    @abstractmethod
    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        """The edges out of neuron i of the source."""

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

    def factor(self, connection: Connection, local_e: Any) -> Any:
        """Ids of the neurons whose activations these edges multiply by, where `value` is "activation"."""
        raise NotImplementedError(f"edges of kind {connection.target.kind} multiply by no activation")

    def scale(self, connection: Connection) -> float:
        """What the parameter, the activation or 1 is multiplied by: the same for all edges of a connection."""
        return 1.0

    # ---------------------------------------------------------------- what follows

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        """(E,) or one number: what these edges multiply an activation by."""
        if self.value == "parameter":
            value_e = numbers.value_p[self.parameter(connection, local_e)]
        elif self.value == "activation":
            value_e = numbers.constant * numbers.activation_n[self.factor(connection, local_e)]
        else:
            value_e = numbers.constant
        scale = self.scale(connection)
        return value_e if scale == 1.0 else value_e * scale

    def drawn_values(self, connection: Connection, local_e: Any, numbers: Numbers) -> tuple[int, Any]:
        """What a picture multiplies by: (PARAMETER, places in the arena), (ACTIVATION, ids of neurons), both times `scale`; or (NUMBER, the
        `values` of this moment). Of the first two the picture reads the numbers itself, whenever it is drawn. (QUANTITY, its
        `quantities`) where the kind says those itself."""
        if type(self).quantities is not EdgesFace.quantities:
            return QUANTITY, self.quantities(connection, local_e, numbers)
        if self.value == "constant" or type(self).values is not EdgesFace.values:
            return NUMBER, self.values(connection, local_e, numbers)
        if self.value == "parameter":
            return PARAMETER, self.parameter(connection, local_e)
        return ACTIVATION, self.factor(connection, local_e)

    def quantities(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any:
        """(E,) what these edges are drawn by, with its sign."""
        source_e, target_e = self.ends(connection, local_e)
        if numbers.flow < 3:
            q_e = self.values(connection, local_e, numbers)
        else:  # activation x delta is the gradient of a parameter
            q_e = self.scale(connection) if self.value == "parameter" else 0.0
        if numbers.flow & 1:
            q_e = q_e * numbers.activation_n[source_e]
        if numbers.flow >= 2:
            q_e = q_e * numbers.delta_n[target_e]
        return xp.broadcast_to(q_e, local_e.shape)

    def picked(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any:
        """(E,) |quantity| of these edges, in their order."""
        return xp.abs(self.quantities(connection, local_e, numbers, xp))

    def magnitudes(self, connection: Connection, numbers: Numbers, xp: Any = np, first: int = 0, last: int | None = None) -> Any:
        """(E,) |quantity| of every edge, or of those from `first` up to `last`."""
        return self.picked(connection, xp.arange(first, self.count(connection) if last is None else last), numbers, xp)

    def group_strengths(self, connection: Connection, numbers: Numbers, sizes: tuple[int, int], xp: Any = np) -> Iterator[Any]:
        """Parts of what must be added up to (2, T, S): the sums of |quantity| and of the quantity, with its sign, over the edges from each
        group of the source into each group of the target. `sizes`: neurons a group of the source, of the target; the last group may
        have fewer. Each part is a stretch of work of about a millisecond, so that whoever adds may do a few in a frame.

        A kind overrides it where it knows a shorter way than from edge to edge.
        """
        return edge_sums.from_edge_to_edge(self, connection, numbers, sizes, xp)

    def bundled(self, connection: Connection, magnitude_e: Any, shown: Any, folded: Any, xp: Any = np) -> Any:
        """Edges that may be drawn where the source is folded, rising: all from the neurons `shown`, and into each target the strongest of
        the `folded`: thousands in one place would be nothing but white."""
        source_e, target_e = self.ends(connection, xp.arange(magnitude_e.size))
        source_e = source_e - connection.source.neurons.start
        alone = xp.flatnonzero(xp.isin(source_e, xp.asarray(shown)))
        members = xp.flatnonzero(xp.isin(source_e, xp.asarray(folded)))
        members = members[xp.argsort(-magnitude_e[members])]
        strongest = members[xp.unique(target_e[members], return_index=True)[1]]  # the first that leads into each
        return xp.sort(xp.concatenate([alone, strongest]))

    def strengths(self, connection: Connection, value_p: Any, most: int, xp: Any = np) -> Any:
        """(I,) summed |value| of the edges out of each neuron of the source; from at most about `most` of them."""
        return xp.ones(connection.source.size, value_p.dtype)
