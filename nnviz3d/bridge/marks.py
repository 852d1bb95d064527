"""What is ringed: ends of edges that are pointed at or chosen, neurons that are held. Arithmetic only."""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.network_buffers import END, FROZEN, KILLED
from nnviz3d.layers import edge_lookup
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import EdgeRef, Topology


def marks(topology: Topology, lit: tuple[EdgeRef | int, ...], holds: Holds) -> np.ndarray:
    """(N,) int32 marks of the edges `lit`; a number is a parameter without an edge, a bias, of which the neuron is marked."""
    marks_n = np.zeros(topology.n_neurons, np.int32)
    marks_n[list(holds.frozen)] |= FROZEN
    marks_n[list(holds.killed)] |= KILLED
    edges = [each for each in lit if isinstance(each, EdgeRef)]
    for edge in edges:
        marks_n[list(edge_lookup.ends(topology, edge))] |= END
    for p in lit:
        if not isinstance(p, EdgeRef):
            ref = topology.parameter(p)
            marks_n[[ref.node.neurons.start + j for j in ref.places]] |= END
    return marks_n
