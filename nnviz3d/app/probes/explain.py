"""What the Neuron panel says: numbers of one neuron or one parameter, read from the arenas and from nowhere else.

`source` is our own training or `Recorded`, a moment of a recorded step. Sums are made in float64 from the arenas' float32.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np

from nnviz3d.backend.numpy_activations import slope
from nnviz3d.engine.tape import Tape
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import NeuronReading, ParameterEquations, Sum, Term
from nnviz3d.spec.topology import Connection, Node

TERMS = 6
SUMMED = 200_000  # weights of the first layer that the strengths of inputs are made of: 0.1 ms


class Recorded:
    """A tape as a source: the shown sample before its step, or `after` it. All on the host."""

    def __init__(self, tape: Tape, after: bool = False):
        sample = tape.new if after else tape.old
        self.tape, self.after, self.topology, self.objective, self.ops = tape, after, tape.topology, tape.objective, self
        self._arrays = {
            "activation": sample.a, "z": sample.z, "delta": sample.delta, "gradient": tape.gradient,
            "parameter": tape.after if after else tape.before, "before": tape.before, "after": tape.after,
        }  # fmt: skip
        self.last_batch, self.holds, self.edited = len(tape.rows), tape.holds, {}

    def tensors(self, kind: str) -> np.ndarray:
        return self._arrays[kind]

    def target_of(self, output: int) -> float:
        return float(self.tape.target_o[output])

    @staticmethod
    def to_host(array):
        return array


def at(source, kind: str, place) -> np.ndarray:
    """A part of an arena on the host. "before", "after": parameters around the last step."""
    if kind in ("before", "after") and hasattr(source, "trainer"):
        arenas = source.trainer.arenas
        return source.ops.to_host((arenas.before if kind == "before" else arenas.parameters)[place])
    return source.ops.to_host(source.tensors(kind)[place])


def last_step(source, p: int) -> tuple[float, float] | None:
    """(before, after) what the last step made of a parameter, whatever a hand has written since; None where there was no step, or all
    parameters were replaced since."""
    if not source.last_batch or source.edited is None:
        return None
    return source.edited.get(p) or (float(at(source, "before", p)), float(at(source, "after", p)))


def weighted_sum(weights, values, neurons, terms: int = TERMS, start: int = 0, parameters=None) -> Sum:
    """sum_i weights[i] * values[i], with the `terms` largest products by magnitude told apart. Summed in float64.

    `neurons` (I,): whose values these are, of a layer that begins at `start`; `parameters` (I,): where the weights lie; None: nowhere.
    """
    product = weights.astype(np.float64) * values.astype(np.float64)
    order = np.argsort(-np.abs(product), kind="stable")[:terms]
    picked = tuple(
        Term(
            int(neurons[i]), int(neurons[i]) - start, float(weights[i]), float(values[i]),
            -1 if parameters is None else int(parameters[i]),
        )
        for i in order.tolist()
    )  # fmt: skip
    total = float(product.sum())
    return Sum(picked, len(product) - len(picked), float(np.delete(product, order).sum()), total)


def read(source, neuron: int, terms: int = TERMS) -> NeuronReading:
    """The reading of one neuron for the shown sample. Raises IndexError for an id outside the network."""
    topology = source.topology
    node, index = topology.locate(neuron)
    common = {
        "neuron": neuron,
        "layer": node.number,
        "layer_name": node.name,
        "kind": node.kind,
        "index": index,
        "activation": node.activation,
        "a": float(at(source, "activation", neuron)),
        "label": node.labels[index] if index < len(node.labels) else "",
        "table": node.table,
        "outgoing": _joined([_along(source, c, edges_of(c).out_of(c, index), "delta", TERMS) for c in topology.out_of(node)]),
    }
    held = getattr(source, "holds", None)
    if held:
        common |= {"frozen": neuron in held.frozen, "killed": neuron in held.killed}
    if node is topology.input:
        return NeuronReading(**common, **_as_input(source, node))
    z = at(source, "z", neuron)
    return NeuronReading(
        **common,
        z=float(z),
        incoming=_joined([_along(source, c, edges_of(c).into(c, index), "activation", terms) for c in topology.into(node)]),
        delta=float(at(source, "delta", neuron)),
        slope=slope(node.activation, float(z), common["a"], np.asarray(z).dtype),
        **_with_parameters(source, node, index),
        **(_as_output(source, index) if node is topology.output else {}),
    )


def _with_parameters(source, node: Node, index: int) -> dict:
    """What is told of the weights and the bias that lead into a neuron, where its layer has them."""
    if node.weight is None or node.bias is None:
        return {}
    before, fan_in = source.topology.by_name[node.inputs[0]].neurons, node.weight.shape[1]
    first = node.weight.start + index * fan_in
    return {
        "bias": float(at(source, "parameter", node.bias.start + index)),
        "bias_gradient": float(at(source, "gradient", node.bias.start + index)),
        "first": first,
        "first_source": before.start,
        "bias_parameter": node.bias.start + index,
        "weights": np.array(at(source, "parameter", slice(first, first + fan_in))),
        "values": np.array(at(source, "activation", before.slice)),
    }


def _along(source, connection: Connection, local_e: np.ndarray, kind: str, terms: int) -> Sum | None:
    """The sum over some edges of a connection, all into one neuron ("activation") or all out of one ("delta"); None without edges."""
    if not len(local_e):
        return None
    edges, forward = edges_of(connection), kind == "activation"
    other, slot = connection.source if forward else connection.target, connection.slot
    neurons, parameters = edges.ends(connection, local_e)[not forward], edges.parameter(connection, local_e)
    values = at(source, kind, place(neurons))
    total = weighted_sum(weights_of(source, connection, local_e), values, neurons, terms, other.neurons.start, parameters)
    name, of = node_names.layer_name(source.topology, other.number), connection.target.kind
    return replace(total, node=other.number, kind=of, slot=slot, size=other.size, name=name, rank=other.rank, labels=other.labels)


def weights_of(source, connection: Connection, local_e: np.ndarray) -> np.ndarray:
    """(E,) what these edges multiply by: parameters, 1, or other activations."""
    edges = edges_of(connection)
    parameters = edges.parameter(connection, local_e)
    if parameters is not None:
        return at(source, "parameter", place(parameters))
    numbers = Numbers(source.tensors("parameter"), source.tensors("activation"), None, 0)
    return np.broadcast_to(source.ops.to_host(edges.values(connection, local_e, numbers)), len(local_e))


def place(ids: np.ndarray) -> slice | np.ndarray:
    """Where these numbers lie in an arena: as a slice where they are evenly spaced, which no device has to gather."""
    step = int(ids[1] - ids[0]) if len(ids) > 1 else 1
    if step > 0 and (ids[1:] - ids[:-1] == step).all():
        return slice(int(ids[0]), int(ids[-1]) + 1, step)
    return ids


def _joined(parts: list[Sum | None]) -> Sum | None:
    """Sums along several connections as one."""
    told = tuple(part for part in parts if part is not None)
    if len(told) < 2:
        return told[0] if told else None
    terms = tuple(term for part in told for term in part.terms)
    return Sum(terms, sum(p.rest_count for p in told), sum(p.rest for p in told), sum(p.total for p in told), parts=told)


def _as_input(source, node: Node) -> dict:
    """What a list of all inputs needs: their activations, and how strong the edges are that lead away from each."""
    strengths = [edges_of(c).strengths(c, source.tensors("parameter"), SUMMED) for c in source.topology.out_of(node)]
    if not strengths:
        return {}
    values_i = np.array(at(source, "activation", node.neurons.slice))
    return {"values": values_i, "strengths": sum(np.asarray(source.ops.to_host(strength_i)) for strength_i in strengths)}


def _as_output(source, index: int) -> dict:
    """What only an output has: its target, the loss, and how the error arises from them."""
    node = source.topology.output
    a_o, z_o = (np.asarray(at(source, kind, node.neurons.slice), np.float64) for kind in ("activation", "z"))
    slope_o = source.objective.slope(a_o, targets(source))
    facts = {"target": source.target_of(index), "loss": source.objective.loss, "outputs": node.size, "class_weight": factor(source)}
    if source.objective.units:
        facts["unit"] = source.objective.units[index]
    if slope_o is not None:
        slope_o = slope_o * (facts["class_weight"] or 1.0)
        facts["loss_slope"] = float(slope_o[index])
    if node.activation == "softmax":
        total = float(np.exp(z_o).sum()) if np.abs(z_o).max() < 80 else 0.0
        facts["softmax_sum"] = total if total > 0 and isfinite(total) else None
        facts["slope_mean"] = None if slope_o is None else float(slope_o @ a_o)
    return facts


def targets(source) -> np.ndarray:
    """(O,) what the shown sample's outputs are compared with."""
    if isinstance(source, Recorded):
        return source.tape.target_o
    target, objective = source.sample.target, source.objective
    return objective.rows(np.asarray([target]) if objective.classes else np.reshape(target, (1, -1)), np.float64)[0]


def factor(source) -> float | None:
    """What class weights multiply the shown sample's loss by; None without them."""
    if not source.objective.weights:
        return None
    return source.tape.factor if isinstance(source, Recorded) else source.objective.weight(source.sample.target)


def parameter(source, p: int) -> ParameterEquations:
    """The reading of one weight or bias. Raises IndexError outside [0, P)."""
    topology = source.topology
    node, j, i = topology.parameter(p)
    neuron, feeding = node.neurons.start + j, topology.by_name[node.inputs[0]]
    before = feeding.neurons.start
    delta = np.float32(at(source, "delta", neuron))
    a = None if i is None else np.float32(at(source, "activation", before + i))
    moved = last_step(source, p)
    value = float(at(source, "parameter", p))
    return ParameterEquations(
        parameter=p,
        neuron=neuron,
        layer=node.number,
        kind=node.kind,
        source_layer=feeding.number,
        index=j,
        fan_in=node.weight.shape[1],
        value=value,
        z=float(at(source, "z", neuron)),
        delta=float(delta),
        source=None if i is None else before + i,
        source_index=i,
        a=None if a is None else float(a),
        sample=float(delta if a is None else delta * a),
        batch=float(at(source, "gradient", p)),
        samples=source.last_batch,
        before=moved and moved[0],
        change=moved and moved[1] - moved[0],
        edited=source.edited is None or p in source.edited,
    )
