"""What is ringed and drawn on top: ends of edges that are pointed at or chosen, neurons that are held. Arithmetic only."""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.network_buffers import END, FROZEN, KILLED
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import Topology


def marks(topology: Topology, lit: tuple[int, ...], holds: Holds) -> tuple[np.ndarray, np.ndarray]:
    """((N,) int32 marks, (n, 2) int32 pair and edge inside it): of the parameters `lit`, of which a bias has no edge."""
    marks_n = np.zeros(topology.n_neurons, np.int32)
    marks_n[list(holds.frozen)] |= FROZEN
    marks_n[list(holds.killed)] |= KILLED
    edges = []
    for p in lit:
        node, j, i = topology.parameter(p)
        marks_n[node.neurons.start + j] |= END
        if i is not None:
            k, c = next((k, c) for k, c in enumerate(topology.connections) if c.target is node)
            marks_n[c.source.neurons.start + i] |= END
            edges.append((k, p - c.weight.start))
    return marks_n, np.array(edges, np.int32).reshape(-1, 2)
