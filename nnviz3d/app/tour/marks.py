"""What a step of a tour points at: places in the network for the camera, and marks on the picture that was drawn last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.app.probes import selectors
from nnviz3d.app.session.session import Session
from nnviz3d.app.view.stage import Stage
from nnviz3d.layers.edge_lookup import edge_of, edges_of, ends
from nnviz3d.spec.tour_reading import Mark

MOST_LINES = 256  # into one neuron


@dataclass(frozen=True)
class TourMarks:
    """`neuron`, `edge`: the two that the step speaks of, -1 for none.

    Names: "neuron", "source" (where the edge begins), "layer:K", "inputs" (all lines into the neuron).
    """

    stage: Stage
    session: Session
    neuron: int
    edge: int

    def box(self, name: str) -> np.ndarray:
        """(2, 3) low and high corner of a layer, or around a neuron."""
        layout = self.stage.view.picture.goal
        kind, _, layer = name.partition(":")
        if kind == "layer":
            return selectors.layer_box(layout, int(layer))
        return selectors.neuron_box(layout, self.neuron if kind == "neuron" else self._source)

    def mark(self, name: str) -> Mark | None:
        """None: it is not in the picture."""
        stage = self.stage
        if name.startswith("layer:"):
            box = stage.projection.outline(self.box(name))
            return None if box is None else Mark(box=box)
        if name == "inputs":
            return Mark(lines=self._lines())
        x, y, reach = (values[0] for values in stage.projection.neurons(np.array([self.neuron if name == "neuron" else self._source])))
        return Mark(x, y, reach) if reach else None

    def _lines(self) -> tuple[tuple[float, float, float, float, float], ...]:
        """Every line into the neuron, by w a, from the rim of one sphere to that of the other."""
        seen = self.session.seen
        node, j = seen.topology.locate(self.neuron)
        a_n, w_p = (seen.ops.to_host(selectors.settled(seen, kind)) for kind in ("activation", "parameter"))
        ids, products = [], []
        for c in seen.topology.into(node):
            edges, local_e = edges_of(c), edges_of(c).into(c, j)
            ids.append(edges.ends(c, local_e)[0])
            parameters = edges.parameter(c, local_e)
            products.append(a_n[ids[-1]] * (1.0 if parameters is None else w_p[parameters]))
        source_i, share_i = np.concatenate(ids), np.concatenate(products)
        share_i = share_i / max(float(np.abs(share_i).max()), 1e-30)
        order = np.argsort(np.abs(share_i), kind="stable")[-MOST_LINES:]
        x, y, reach = (np.array(v) for v in self.stage.projection.neurons(np.append(source_i[order], self.neuron)))
        from_n2 = np.stack([x[:-1], y[:-1]], 1)
        way_n2 = np.array([x[-1], y[-1]]) - from_n2
        unit_n2 = way_n2 / np.maximum(np.linalg.norm(way_n2, axis=1, keepdims=True), 1e-6)
        start, end = from_n2 + unit_n2 * reach[:-1, None], from_n2 + way_n2 - unit_n2 * reach[-1]
        return tuple(map(tuple, np.column_stack([start, end, share_i[order]]).tolist()))

    @property
    def _source(self) -> int:
        """The neuron that the edge begins at."""
        topology = self.session.source.topology
        edge = edge_of(topology, self.edge)
        return self.neuron if edge is None else ends(topology, edge)[0]
