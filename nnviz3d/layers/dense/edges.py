"""Edges of a dense layer: one from every input to every output, each with its own weight. Edge l is weight l of the matrix (out, in)."""

from __future__ import annotations

import numpy as np

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection

VALUE = "parameter"
COMPLETE = True  # every pair of neurons has an edge, in the order of the matrix


def count(connection: Connection) -> int:
    return connection.source.size * connection.target.size


def ends(connection: Connection, local_e, _xp=np):
    """Ids of the neurons that these edges begin and end at."""
    inputs = connection.source.size
    return connection.source.neurons.start + local_e % inputs, connection.target.neurons.start + local_e // inputs


def parameter(connection: Connection, local_e):
    """Where the weights of these edges are in the arena."""
    return connection.weight.start + local_e


def local_of(connection: Connection, p: int) -> int | None:
    """The edge whose weight is parameter p; None: no edge's."""
    return p - connection.weight.start if connection.weight.start <= p < connection.weight.stop else None


def into(connection: Connection, j: int) -> np.ndarray:
    """The edges into neuron j of the target."""
    inputs = connection.source.size
    return j * inputs + np.arange(inputs)


def out_of(connection: Connection, i: int) -> np.ndarray:
    """The edges out of neuron i of the source."""
    return np.arange(connection.target.size) * connection.source.size + i


def values(connection: Connection, local_e, numbers: Numbers, _xp=np):
    """(E,) what these edges multiply an activation by."""
    return numbers.value_p[parameter(connection, local_e)]


def magnitudes(connection: Connection, numbers: Numbers, xp=np):
    """(E,) |quantity| of every edge, without looking up each place."""
    flow = numbers.flow
    q_oi = connection.weight.view(numbers.value_p) if flow < 3 else 1.0
    if flow & 1:
        q_oi = q_oi * numbers.activation_n[connection.source.neurons.slice]
    if flow >= 2:
        q_oi = q_oi * numbers.delta_n[connection.target.neurons.slice][:, None]
    return xp.abs(q_oi).ravel()


def strengths(connection: Connection, value_p, most: int, xp=np):
    """(I,) summed |weight| of each input over its outputs; over evenly drawn ones where there are more than `most` weights."""
    weight_oi = connection.weight.view(value_p)
    return xp.abs(weight_oi[:: max(-(-weight_oi.size // most), 1)]).sum(0)


def bundled(connection: Connection, magnitude_e, shown, folded, xp=np):
    """Edges that may be drawn where the source is folded, rising: all from the inputs `shown`, and into every output the strongest of the
    `folded`: thousands in one place would be nothing but white."""
    inputs = connection.source.size
    magnitude_oi = magnitude_e.reshape(-1, inputs)
    first_o = xp.arange(len(magnitude_oi)) * inputs
    members = xp.asarray(folded)
    bundle_o = first_o + members[magnitude_oi[:, members].argmax(1)]
    return xp.sort(xp.concatenate([(first_o[:, None] + xp.asarray(shown)).ravel(), bundle_o]))


def packed(connection: Connection) -> tuple[int, int, int, int]:
    """For `t_pair` of shaders/include/edge.glsl: first parameter, inputs, first source, first target."""
    return connection.weight.start, connection.source.size, connection.source.neurons.start, connection.target.neurons.start
