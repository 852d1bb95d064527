"""What is said of one weight or bias: numbers from the arenas, or inside a walk from its tape, and from nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nnviz3d.app.probes.explain import last_step
from nnviz3d.app.probes.explained import at, number
from nnviz3d.layers import edge_lookup
from nnviz3d.sources.step_view import StepView
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import EdgeReading, ParameterReading
from nnviz3d.spec.topology import EdgeRef


def read_edge(source: Viewable, edge: EdgeRef | None) -> ParameterReading | EdgeReading | None:
    """What an edge's parameter says, or where it has none, what it passes on; None where there is no such edge."""
    topology = source.topology
    if edge is None or not edge_lookup.exists(topology, edge):
        return None
    p = edge_lookup.parameter(topology, edge)
    begin, end = edge_lookup.ends(topology, edge)
    if p is not None:
        found = read(source, p)
        if found is None or found.source is not None or topology.parameter(p).single:
            return found
        return replace(found, a=_activation(source, begin))  # of one of its many places
    (first, i), (target, j) = topology.locate(begin), topology.locate(end)
    return EdgeReading(edge, first.number, i, target.number, j, _activation(source, begin))


def _activation(source: Viewable, neuron: int) -> float:
    """In a walk, as the step found it, then as it left it."""
    if source.view is not None:
        return float((source.view.tape.new if source.view.renewed else source.view.tape.old).a[neuron])
    return float(at(source, "activation", slice(neuron, neuron + 1))[0])


def read(source: Viewable, p: int) -> ParameterReading | None:
    """None where there is no such parameter."""
    if not 0 <= p < source.topology.n_parameters:
        return None
    ref = source.topology.parameter(p)
    node, index, i = ref.node, ref.neuron, ref.source
    common: dict[str, Any] = {
        "parameter": p,
        "layer": node.number,
        "index": index,
        "neuron": node.neurons.start + index,
        "source": i,
        "part": ref.part,
        "place": ref.index,
        "places": len(ref.places),
        "label": node_names.label(node, index) if ref.single else "",
        "frozen": source.holds.freezes(source.topology, p),
    }
    feeding = source.topology.by_name[node.inputs[0]]
    before, common["source_layer"] = feeding.neurons.start, feeding.number
    if source.view is not None:
        return _in_walk(source.view, common, p, before)
    moved, value = last_step(source, p), number(source, "parameter", p)
    assert value is not None  # every source has its parameters
    return ParameterReading(
        **common,
        value=value,
        a=None if i is None else number(source, "activation", before + i),
        gradient=number(source, "gradient", p) if source.last_batch else None,
        change=moved and moved[1] - moved[0],
    )


def _in_walk(view: StepView, common: dict[str, Any], p: int, before: int) -> ParameterReading:
    """As the step found it, then as it left it. `before`: where the layer before begins among the neurons."""
    tape, i = view.tape, common["source"]
    known = view.known(common["layer"]) | ({"x"} if "a" in view.known(common["source_layer"]) else set())
    a_n = (tape.new if view.renewed else tape.old).a
    return ParameterReading(
        **common,
        value=float((tape.after if view.renewed else tape.before)[p]),
        a=None if i is None else float(a_n[before + i]),
        gradient=float(tape.gradient[p]),
        change=float(tape.change[p]),
        known=known,
    )
