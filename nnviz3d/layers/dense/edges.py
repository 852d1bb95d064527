"""Edges of a dense layer: one from every input to every output, each with its own weight. Edge l is weight l of the matrix (out, in)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnviz3d.layers.dense.spec import DenseLayer
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edge_sums import by_group, groups_of
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection, Range

STRETCH = 1 << 20  # weights that are added up in about a millisecond


def _weight(connection: Connection) -> Range:
    assert connection.weight is not None
    return connection.weight


class DenseEdges(EdgesFace):
    value = "parameter"
    complete = True

    def of(self, connection: Connection) -> EdgesFace:
        return TOKENS if isinstance(connection.target.table, DenseLayer) and connection.target.table.per_token else self

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        inputs = connection.source.size
        return connection.source.neurons.start + local_e % inputs, connection.target.neurons.start + local_e // inputs

    def parameter(self, connection: Connection, local_e: Any) -> Any:
        return _weight(connection).start + local_e

    def sharing(self, connection: Connection, p: int) -> np.ndarray:
        weight = _weight(connection)
        return np.array([p - weight.start] if weight.start <= p < weight.stop else [], np.intp)

    def into(self, connection: Connection, j: int) -> np.ndarray:
        inputs = connection.source.size
        return j * inputs + np.arange(inputs)

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return np.arange(connection.target.size) * connection.source.size + i

    def magnitudes(self, connection: Connection, numbers: Numbers, xp: Any = np, first: int = 0, last: int | None = None) -> Any:
        """As a matrix, five times as fast as looking up each place."""
        inputs = connection.source.size
        last = connection.size if last is None else last
        if first % inputs or last % inputs:  # not whole rows
            return super().magnitudes(connection, numbers, xp, first, last)
        return xp.abs(self._rows(connection, numbers, first // inputs, last // inputs, xp)).ravel()

    def group_strengths(self, connection: Connection, numbers: Numbers, sizes: tuple[int, int], xp: Any = np) -> Iterator[Any]:
        """Block by block of the matrix."""
        outputs, (targets, sources) = connection.target.size, groups_of(connection, sizes)
        rows = max(STRETCH // connection.source.size, 1)
        for group in range(targets):
            last = min((group + 1) * sizes[1], outputs)
            for first in range(group * sizes[1], last, rows):
                q_oi = self._rows(connection, numbers, first, min(first + rows, last), xp)
                out = xp.zeros((2, targets, sources))
                out[0, group], out[1, group] = (by_group(each.sum(0), sizes[0], xp) for each in (xp.abs(q_oi), q_oi))
                yield out

    def _rows(self, connection: Connection, numbers: Numbers, first: int, last: int, xp: Any) -> Any:
        """(O, I) the quantities of the edges into some neurons."""
        if numbers.flow < 3:
            q_oi = _weight(connection).view(numbers.value_p)[first:last]
        else:
            q_oi = xp.ones((last - first, connection.source.size), numbers.activation_n.dtype)
        if numbers.flow & 1:
            q_oi = q_oi * numbers.activation_n[connection.source.neurons.slice]
        if numbers.flow >= 2:
            q_oi = q_oi * numbers.delta_n[connection.target.neurons.slice][first:last, None]
        return q_oi

    def strengths(self, connection: Connection, value_p: Any, most: int, xp: Any = np) -> Any:
        weight_oi = _weight(connection).view(value_p)
        return xp.abs(weight_oi[:: max(-(-weight_oi.size // most), 1)]).sum(0)

    def bundled(self, connection: Connection, magnitude_e: Any, shown: Any, folded: Any, xp: Any = np) -> Any:
        inputs = connection.source.size
        magnitude_oi = magnitude_e.reshape(-1, inputs)
        first_o = xp.arange(len(magnitude_oi)) * inputs
        members = xp.asarray(folded)
        bundle_o = first_o + members[magnitude_oi[:, members].argmax(1)]
        return xp.sort(xp.concatenate([(first_o[:, None] + xp.asarray(shown)).ravel(), bundle_o]))


class TokenEdges(EdgesFace):
    """Token by token: from every feature of a token to all of the same token in the layer. Edge l is weight l mod W of token l // W."""

    value = "parameter"

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        weight = _weight(connection)
        outputs, inputs = weight.shape
        token, place = local_e // weight.size, local_e % weight.size
        source = connection.source.neurons.start + token * inputs + place % inputs
        return source, connection.target.neurons.start + token * outputs + place // inputs

    def parameter(self, connection: Connection, local_e: Any) -> Any:
        weight = _weight(connection)
        return weight.start + local_e % weight.size

    def local_of(self, connection: Connection, p: int) -> int | None:
        """That of the first token: all share it."""
        weight = _weight(connection)
        return p - weight.start if weight.start <= p < weight.stop else None

    def into(self, connection: Connection, j: int) -> np.ndarray:
        outputs, inputs = _weight(connection).shape
        return j // outputs * outputs * inputs + j % outputs * inputs + np.arange(inputs)

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        outputs, inputs = _weight(connection).shape
        return i // inputs * outputs * inputs + np.arange(outputs) * inputs + i % inputs


TOKENS = TokenEdges()
EDGES = DenseEdges()
