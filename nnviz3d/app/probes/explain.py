"""What the Neuron panel says: numbers of one neuron or one parameter, read from the arenas and from nowhere else.

`source` is whatever can be looked at, or `Recorded`, a moment of a recorded step. Sums are made in float64 from the arenas' float32. What
a source does not know (gradients of an opened network, its target) is absent from the reading; a z that it does not know is summed here.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, prod
from typing import Any

import numpy as np

from nnviz3d.app.probes import layer_pass, window
from nnviz3d.app.probes.explained import Explained, at, known, number, place, weights_of
from nnviz3d.backend.numpy_activations import slope
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.equations_face import Asked, equations_of
from nnviz3d.spec import node_names
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.parameter_ref import ParameterRef, own_parameter
from nnviz3d.spec.readout import NeuronReading, ParameterEquations, Sum, Term
from nnviz3d.spec.topology import Connection, Node

TERMS = 6
SUMMED = 200_000  # weights of the first layer that the strengths of inputs are made of: 0.1 ms


def last_step(source: Explained, p: int) -> tuple[float, float] | None:
    """(before, after) what the last step made of a parameter, whatever a hand has written since; None where there was no step, or all
    parameters were replaced since."""
    if not source.last_batch or source.edited is None:
        return None
    if p in source.edited:
        return source.edited[p]
    before, after = number(source, "before", p), number(source, "after", p)
    return None if before is None or after is None else (before, after)


def weighted_sum(weights, values, neurons, terms: int = TERMS, start: int = 0, parameters=None) -> Sum:
    """sum_i weights[i] * values[i], with the `terms` largest products by magnitude distinguished. Summed in float64.

    `neurons` (I,): whose values these are, of a layer that begins at `start`; `parameters` (I,): where the weights lie; None: nowhere.
    """
    product = weights.astype(np.float64) * values.astype(np.float64)
    order = np.argsort(-np.abs(product), kind="stable")[:terms]
    found = (neurons[order], weights[order], values[order], np.full(len(order), -1) if parameters is None else parameters[order])
    picked = tuple(Term(neuron, neuron - start, w, v, p) for neuron, w, v, p in zip(*(x.tolist() for x in found), strict=True))
    total = float(product.sum())
    return Sum(picked, len(product) - len(picked), float(np.delete(product, order).sum()), total)


def read(source: Explained, neuron: int, terms: int = TERMS) -> NeuronReading:
    """The reading of one neuron for the shown sample. Raises IndexError for an id outside the network."""
    topology = source.topology
    node, index = topology.locate(neuron)
    common: dict[str, Any] = {
        "neuron": neuron,
        "layer": node.number,
        "layer_name": node.name,
        "kind": node.kind,
        "index": index,
        "activation": node.activation,
        "a": float(at(source, "activation", slice(neuron, neuron + 1))[0]),
        "label": node_names.label(node, index),
        "table": node.table,
        "known": frozenset() if node.number in source.sample.unknown else None,
        "frozen": neuron in source.holds.frozen,
        "killed": neuron in source.holds.killed,
        "outgoing": _joined([_back(source, c, index) for c in topology.out_of(node) if edges_of(c).passes_back]),
    }
    if node is topology.input:
        return NeuronReading(**common, **_as_input(source, node))
    incoming = _joined([_along(source, c, edges_of(c).into(c, index), "activation", terms) for c in topology.into(node)])
    parameters = _with_parameters(source, node, index)
    z = _z(source, node, index)
    return NeuronReading(
        **common,
        z=z,
        incoming=incoming,
        given=given(source, equations_of(node.kind).asks(node, topology.sources(node), index)),
        delta=number(source, "delta", neuron),
        slope=slope(node.activation, z, common["a"], np.asarray(at(source, "activation", slice(0))).dtype),
        window=window.of_cell(source, node, index),
        shares=window.shares(source, node, index, z),
        **parameters,
        **_as_row(source, node, index),
        **(_as_output(source, index) if node is topology.output else {}),
    )


def _as_row(source: Explained, node: Node, index: int) -> dict[str, Any]:
    """What a softmax inside the network ties together: the sum of e^z over its row, and the mean error that comes back to it."""
    topology = source.topology
    if node is topology.output or not ACTIVATIONS[node.activation].rowwise:
        return {}
    first = index - index % node.shape[-1]
    here = slice(node.neurons.start + first, node.neurons.start + first + node.shape[-1])
    z, a = np.asarray(known(source, "z", here), np.float64), np.asarray(at(source, "activation", here), np.float64)
    live = np.flatnonzero([any(len(edges_of(c).into(c, first + k)) for c in topology.into(node)) for k in range(len(a))])
    total = float(np.exp(z[live]).sum()) if len(live) and np.abs(z[live]).max() < 80 else 0.0
    mean = sum(_returned(source, c, first + live, a[live]) for c in topology.out_of(node))
    return {"softmax_sum": total or None, "slope_mean": float(mean)}


def _returned(source: Explained, c: Connection, cells: np.ndarray, share_k: np.ndarray) -> float:
    """What comes back along a connection to some neurons of its source, each times its share."""
    out = [edges_of(c).out_of(c, int(k)) for k in cells]
    local_e = np.concatenate(out) if out else np.zeros(0, np.intp)
    delta_e = known(source, "delta", edges_of(c).ends(c, local_e)[1]) if len(local_e) else None
    if delta_e is None:
        return 0.0
    product_e = weights_of(source, c, local_e).astype(np.float64) * np.asarray(delta_e, np.float64)
    return float(product_e @ np.repeat(share_k, [len(each) for each in out]))


def _with_parameters(source: Explained, node: Node, index: int) -> dict[str, Any]:
    """The readings of the bias of a neuron, which it may share with others; and of its weights, where each input has one."""
    unit, facts = node.unit(index), dict[str, Any]()
    if node.bias is not None and (p := own_parameter(node, node.bias, index)) is not None:
        facts = {"bias": number(source, "parameter", p), "bias_gradient": number(source, "gradient", p), "bias_parameter": p}
    rows = node.weight is not None and len(node.weight.shape) == 2 and edges_of(source.topology.into(node)[0]).value == "parameter"
    if rows and node.weight is not None and unit is not None:  # one weight for each of its inputs: of all, or of those of its token
        outputs, fan_in = node.weight.shape
        first, start = node.weight.start + unit * fan_in, source.topology.sources(node)[0].neurons.start + index // outputs * fan_in
        facts |= {
            "first": first,
            "first_source": start,
            "weights": np.array(at(source, "parameter", slice(first, first + fan_in))),
            "values": np.array(at(source, "activation", slice(start, start + fan_in))),
        }
    return facts


def given(source: Explained, asked: Asked) -> dict[str, np.ndarray]:
    """Parts of the arenas that the equations of a kind ask for, in float64; what the source does not know is absent."""
    found = {name: where if kind == "number" else known(source, kind, where) for name, (kind, where) in asked.items()}
    return {name: np.array(values, np.float64) for name, values in found.items() if values is not None}


def _along(source: Explained, connection: Connection, local_e: np.ndarray, kind: str, terms: int) -> Sum | None:
    """The sum over some edges of a connection, all into one neuron ("activation") or all out of one ("delta"); None without edges, or
    where the source does not know the numbers."""
    if not len(local_e):
        return None
    edges, forward = edges_of(connection), kind == "activation"
    other, slot = connection.source if forward else connection.target, connection.slot
    neurons, parameters = edges.ends(connection, local_e)[not forward], edges.parameter(connection, local_e)
    values = known(source, kind, place(neurons))
    if values is None:
        return None
    total = weighted_sum(weights_of(source, connection, local_e), values, neurons, terms, other.neurons.start, parameters)
    name, of = node_names.layer_name(source.topology, other.number), connection.target.kind
    total = _placed(source, total, other)
    return replace(total, node=other.number, kind=of, slot=slot, size=other.size, name=name, rank=other.rank, labels=other.labels)


def _back(source: Explained, c: Connection, i: int) -> Sum | None:
    """What comes back to neuron i of the source along a connection: the sum over its edges where that is all of it."""
    total = _along(source, c, edges_of(c).out_of(c, i), "delta", TERMS)
    if total is None:
        return None
    given_back = given(source, equations_of(c.target.kind).asks_back(c, i))
    if not edges_of(c).sums_back:
        total = replace(total, total=float(layer_pass.returned(source, c)[i]))
    return replace(total, given=given_back) if given_back else total


def _placed(source: Explained, total: Sum, node: Node) -> Sum:
    """With the names of its terms' neurons, where they have places in pictures or sequences."""
    if len(node.shape) < 2 or source.topology.is_chain:
        return total
    return replace(total, terms=tuple(replace(t, place=node_names.cell(source.topology, node.number, t.index)) for t in total.terms))


def _joined(parts: list[Sum | None]) -> Sum | None:
    """Sums along several connections as one."""
    present = tuple(part for part in parts if part is not None)
    if len(present) < 2:
        return present[0] if present else None
    terms = tuple(term for part in present for term in part.terms)
    return Sum(terms, sum(p.rest_count for p in present), sum(p.rest for p in present), sum(p.total for p in present), parts=present)


def _as_input(source: Explained, node: Node) -> dict[str, Any]:
    """What a list of all inputs needs: their activations, and how strong the edges are that lead away from each."""
    strengths = [edges_of(c).strengths(c, source.tensors("parameter"), SUMMED) for c in source.topology.out_of(node)]
    if not strengths:
        return {}
    values_i = np.array(at(source, "activation", node.neurons.slice))
    return {"values": values_i, "strengths": sum(np.asarray(source.ops.to_host(strength_i)) for strength_i in strengths)}


def _as_output(source: Explained, index: int) -> dict[str, Any]:
    """What only an output has: its target, the loss, and how the error arises from them; nothing where no target is known."""
    node, targets_o = source.topology.output, source.targets()
    z_o = known(source, "z", node.neurons.slice)
    if targets_o is None or z_o is None:
        return {"outputs": node.size}
    a_o, z_o = np.asarray(at(source, "activation", node.neurons.slice), np.float64), np.asarray(z_o, np.float64)
    slope_o = source.objective.slope(a_o, targets_o)
    facts: dict[str, Any] = {
        "target": float(targets_o[index]),
        "loss": source.objective.loss,
        "outputs": node.size,
        "class_weight": factor(source),
    }
    if source.objective.units:
        facts["unit"] = source.objective.units[index]
    if slope_o is not None:
        slope_o = slope_o * (facts["class_weight"] or 1.0)
        facts["loss_slope"] = float(slope_o[index])
    if node.activation == "softmax":
        first = index - index % node.shape[-1]  # of its row: of all outputs, or of those of its token
        a_o, z_o = a_o[first : first + node.shape[-1]], z_o[first : first + node.shape[-1]]
        total = float(np.exp(z_o).sum()) if np.abs(z_o).max() < 80 else 0.0
        facts["softmax_sum"] = total if total > 0 and isfinite(total) else None
        facts["slope_mean"] = None if slope_o is None else float(slope_o @ a_o)
    return facts


def factor(source: Explained) -> float | None:
    """What class weights multiply the shown sample's loss by; None without them."""
    target = source.sample.target
    return source.objective.weight(target) if source.objective.weights and target is not None else None


def parameter(source: Explained, p: int) -> ParameterEquations:
    """The reading of one parameter. Raises IndexError outside [0, P)."""
    topology = source.topology
    ref = topology.parameter(p)
    node, feeding = ref.node, topology.by_name[ref.node.inputs[0]] if ref.node.inputs else ref.node
    neuron, moved = node.neurons.start + ref.neuron, last_step(source, p)
    delta = number(source, "delta", neuron)
    common: dict[str, Any] = {
        "parameter": p,
        "neuron": neuron,
        "layer": node.number,
        "kind": node.kind,
        "source_layer": feeding.number,
        "part": ref.part,
        "place": ref.index,
        "places": len(ref.places),
        "index": ref.neuron,
        "fan_in": 0 if node.weight is None else prod(node.weight.shape[1:]),
        "value": float(at(source, "parameter", slice(p, p + 1))[0]),
        "z": _z(source, node, ref.neuron),
        "delta": delta,
        "batch": number(source, "gradient", p) if ref.learned else None,
        "samples": source.last_batch,
        "before": moved and moved[0],
        "change": moved and moved[1] - moved[0],
        "edited": source.edited is None or p in source.edited,
    }
    if not ref.single or (ref.source is None and ref.part != "bias"):
        used = _used(source, ref, p)
        sample = used.total if used is not None else None if delta is None else layer_pass.gradient(source, p)
        return ParameterEquations(**common, used=used, sample=sample)
    sample, a = None if delta is None else np.float32(delta), None
    if ref.source is not None:
        a = np.float32(number(source, "activation", feeding.neurons.start + ref.source))
        sample = None if sample is None else sample * a
    return ParameterEquations(
        **common,
        source=None if ref.source is None else feeding.neurons.start + ref.source,
        source_index=ref.source,
        a=None if a is None else float(a),
        sample=None if sample is None else float(sample),
    )


def _used(source: Explained, ref: ParameterRef, p: int) -> Sum | None:
    """The gradient of a parameter that is used in many places, for the shown sample: in each the error there, times the activation that it
    multiplies. None where the error is not known, and of one that multiplies no activation as it stands."""
    node = ref.node
    if ref.part == "bias":
        neurons = node.neurons.start + np.asarray(ref.places, np.intp)
        factors, parameters = np.ones(len(neurons), np.float32), np.full(len(neurons), -1)
    else:
        found = [(c, edges_of(c).sharing(c, p)) for c in source.topology.into(node)]
        ends = [edges_of(c).ends(c, local_e) for c, local_e in found if len(local_e)]
        if not ends:
            return None
        sources, neurons = (np.concatenate(part) for part in zip(*ends, strict=True))
        factors, parameters = at(source, "activation", sources), sources
    delta = known(source, "delta", place(neurons))
    if delta is None:
        return None
    total = _placed(source, weighted_sum(factors, delta, neurons, TERMS, node.neurons.start, parameters), node)
    return replace(total, node=node.number, kind=node.kind, size=node.size, name=node_names.layer_name(source.topology, node.number))


def _z(source: Explained, node: Node, index: int) -> float:
    """Of one neuron of a node; summed where the source does not know it."""
    summed = number(source, "z", node.neurons.start + index)
    return float(layer_pass.sums(source, node)[index]) if summed is None else summed
