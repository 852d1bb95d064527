"""z = scale (a - mean) / deviation + shift, by channel. In a walk's step mean and deviation are the batch's, elsewhere the running ones."""

from __future__ import annotations

from math import sqrt

import numpy as np

from nnviz3d.layers.batch_norm.spec import BatchNormLayer
from nnviz3d.layers.shared.equations_face import BATCH, Asked
from nnviz3d.layers.shared.norm_equations import Normed, NormEquations, Returned
from nnviz3d.layers.shared.norm_geometry import channels
from nnviz3d.layers.shared.notation import delta_
from nnviz3d.spec.readout import LayerEnd, NeuronReading, Sum
from nnviz3d.spec.topology import Connection, Node


class BatchNormEquations(NormEquations):
    together = "the channel in the batch (outside a step: running averages)"

    def asks(self, node: Node, sources: tuple[Node, ...], j: int) -> Asked:
        """The four numbers of the channel, and in a step the batch's own."""
        assert isinstance(node.table, BatchNormLayer)
        c = int(channels(node.shape, node.axes).of(j))
        asked: Asked = {part: ("parameter", slice(r.start + c, r.start + c + 1)) for part, r in node.parameters}
        batch: Asked = {name: (f"{BATCH}{node.name}.{name}", slice(c, c + 1)) for name in ("mean", "variance", "error", "along")}
        return asked | batch | {"eps": ("number", np.array([node.table.eps]))}

    def asks_back(self, connection: Connection, i: int) -> Asked:
        first = connection.source.neurons.start
        return self.asks(connection.target, connection.inputs, i) | {"a": ("activation", slice(first + i, first + i + 1))}

    def normed(self, reading: NeuronReading) -> Normed | None:
        return _normed(reading.given)

    def comes_back(self, back: Sum) -> Returned | None:
        n = _normed(back.given)
        if n is None:
            return None
        factor = n.scale / n.deviation
        if "error" not in back.given:
            return Returned(factor)
        error, along, a = (float(back.given[name][0]) for name in ("error", "along", "a"))
        return Returned(factor, factor * error, factor * n.normal(a) * along)

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What a whole layer gets back: symbols, and their shapes."""
        return rf"\frac{{\gamma}}{{{self.spread}}}\,{delta_(end.node)}", f"({size:,})"


def _normed(given: dict[str, np.ndarray]) -> Normed | None:
    if "weight" not in given:
        return None
    mean, variance = (given.get(batch, given[running]) for batch, running in (("mean", "running_mean"), ("variance", "running_var")))
    return Normed(float(mean[0]), sqrt(float(variance[0]) + float(given["eps"][0])), float(given["weight"][0]), float(given["bias"][0]))


EQUATIONS = BatchNormEquations()
