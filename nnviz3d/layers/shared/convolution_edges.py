"""Edges of a convolution: each weight has one at every place where its cell of the window lies on the map."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from nnviz3d.layers.shared.convolution_table import ConvolutionTable
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.window_edges import WindowEdges, beside, pairs, windows_of
from nnviz3d.spec.topology import Connection, Range


def _weight(connection: Connection) -> Range:
    assert connection.weight is not None
    return connection.weight


class ConvolutionEdges(WindowEdges):
    value = "parameter"

    def channels(self, connection: Connection) -> tuple[int, int, int]:
        out, inputs = _weight(connection).shape[:2]
        assert isinstance(connection.target.table, ConvolutionTable)
        return out, inputs, out // connection.target.table.groups

    def parameter(self, connection: Connection, local_e: Any) -> Any:
        g, inputs = windows_of(connection), self.channels(connection)[1]
        o, i, r, c = self.split(connection, local_e)
        row, column = beside(pairs(g, 0).tap, local_e)[r], beside(pairs(g, 1).tap, local_e)[c]
        return _weight(connection).start + ((o * inputs + i) * g.kernel[0] + row) * g.kernel[1] + column

    def sharing(self, connection: Connection, p: int) -> np.ndarray:
        """Every place where its cell lies on the map."""
        weight, g = _weight(connection), windows_of(connection)
        if not weight.start <= p < weight.stop:
            return np.array([], np.intp)
        rest, column = divmod(p - weight.start, g.kernel[1])
        channels, row = divmod(rest, g.kernel[0])
        rows, columns = (np.flatnonzero(pairs(g, axis).tap == tap) for axis, tap in ((0, row), (1, column)))
        return self._numbers(g, np.array([channels]), rows, columns)

    def group_strengths(self, connection: Connection, numbers: Numbers, sizes: tuple[int, int], xp: Any = np) -> Iterator[Any]:
        """Between channels exactly, without going over the edges: |w a| = |w| |a|, so that each weight needs one sum over the cells that it
        ever multiplies. (2, T, S): sums of |quantity|, and of the quantity."""
        g = windows_of(connection)
        if sizes != (g.size[0] * g.size[1], g.cells) or numbers.flow == 3:
            yield from super().group_strengths(connection, numbers, sizes, xp)
            return
        out, inputs, part = self.channels(connection)
        w = _weight(connection).view(numbers.value_p).reshape(out, inputs, *g.kernel)
        made = xp.zeros((2, out, g.channels))
        for k, of in enumerate((xp.abs, xp.asarray)):
            sums = self._sums(connection, numbers, of, xp)
            strength = (of(w) * sums).sum((2, 3))
            for o in range(0, out, part):
                first = o // part * inputs
                made[k, o : o + part, first : first + inputs] = strength[o : o + part]
        yield made

    def _sums(self, connection: Connection, numbers: Numbers, of: Any, xp: Any) -> Any:
        """(out, inputs, kernel rows, kernel columns), or what spreads to it: over a weight's edges, what its value is multiplied by."""
        g, (out, inputs, part) = windows_of(connection), self.channels(connection)
        forward = numbers.flow == 1
        arena, node = (numbers.activation_n, connection.source) if forward else (numbers.delta_n, connection.target)
        channels, size = (g.channels, g.size) if forward else (out, g.places)
        maps = xp.ones((channels, *size)) if numbers.flow == 0 else of(arena[node.neurons.slice].reshape(channels, *size))
        found = xp.zeros((channels, *g.kernel))
        for row in range(g.kernel[0]):
            for column in range(g.kernel[1]):
                parts = g.part(0, row), g.part(1, column)
                here = tuple(part[forward] for part in parts)
                found[:, row, column] = maps[:, here[0], here[1]].sum((1, 2))
        if not forward:
            return found[:, None]
        return found.reshape(-1, inputs, *g.kernel).repeat(part, 0)

    def strengths(self, connection: Connection, value_p: Any, most: int, xp: Any = np) -> Any:
        """Each cell of a channel by the weights that read its channel; at the borders some of them do not."""
        g, (out, inputs, part) = windows_of(connection), self.channels(connection)
        w = xp.abs(_weight(connection).view(value_p)).reshape(out // part, part, inputs, -1)
        return xp.repeat(w.sum((1, 3)).ravel(), prod(g.size))


EDGES = ConvolutionEdges()
