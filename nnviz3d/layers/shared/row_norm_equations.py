"""Equations of norms over rows: layer norm, RMS norm. The row that a neuron belongs to is asked for as a whole. Pure."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from nnviz3d.layers.shared.equations_face import Asked
from nnviz3d.layers.shared.norm_equations import Normed, NormEquations, Returned
from nnviz3d.layers.shared.norm_geometry import row_of
from nnviz3d.layers.shared.norm_table import RowNormTable
from nnviz3d.layers.shared.notation import delta_
from nnviz3d.spec.readout import LayerEnd, NeuronReading, Sum
from nnviz3d.spec.topology import Connection, Node


class RowNormEquations(NormEquations):
    """`centred`: the mean is taken off, and there is a shift."""

    centred = True
    together = "the values of the sample or token"

    def asks(self, node: Node, sources: tuple[Node, ...], j: int) -> Asked:
        row, first = row_of(node, j), sources[0].neurons.start
        asked: Asked = {"row": ("activation", slice(first + row.start, first + row.stop)), "eps": ("number", _eps(node))}
        return asked | {part: ("parameter", slice(k, k + 1)) for part, k in self._own(node, j)}

    def _own(self, node: Node, j: int) -> list[tuple[str, int]]:
        """Where the scale and the shift of a neuron lie."""
        place = j - row_of(node, j).start
        return [(part, r.start + place) for part, r in node.parameters]

    def asks_back(self, connection: Connection, i: int) -> Asked:
        node, source = connection.target, connection.source.neurons.start
        row, weight = row_of(node, i), node.parameters[0][1]
        return {
            "row": ("activation", slice(source + row.start, source + row.stop)), "eps": ("number", _eps(node)),
            "scale": ("parameter", weight.slice), "errors": ("delta", slice(node.neurons.start + row.start, node.neurons.start + row.stop)),
            "place": ("number", np.array([i - row.start])),
        }  # fmt: skip

    def normed(self, reading: NeuronReading) -> Normed | None:
        given = reading.given
        if "weight" not in given:
            return None
        mean, deviation = self._statistics_of(given)
        shift = float(given["bias"][0]) if self.centred else None
        return Normed(mean if self.centred else None, deviation, float(given["weight"][0]), shift)

    def _statistics_of(self, given: dict[str, np.ndarray]) -> tuple[float, float]:
        """Mean and deviation of the row."""
        row = given["row"]
        mean = float(row.mean()) if self.centred else 0.0
        return mean, sqrt(float(((row - mean) ** 2).mean()) + float(given["eps"][0]))

    def comes_back(self, back: Sum) -> Returned | None:
        given = back.given
        if "errors" not in given:
            return None
        mean, deviation = self._statistics_of(given)
        k, scale = int(given["place"][0]), given["scale"]
        normal, g = (given["row"] - mean) / deviation, scale * given["errors"] / deviation
        along = float(normal[k] * (g * normal).mean())
        return Returned(float(scale[k]) / deviation, float(g.mean()) if self.centred else None, along)

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What a whole layer gets back: symbols, and their shapes."""
        mean = r" - \overline{g}" if self.centred else ""
        return rf"g{mean} - \hat{{x}}\,\overline{{g\hat{{x}}}},\; g = \frac{{\gamma}}{{{self.spread}}}\,{delta_(end.node)}", f"({size:,})"


def _eps(node: Any) -> np.ndarray:
    assert isinstance(node.table, RowNormTable)
    return np.array([node.table.eps])
