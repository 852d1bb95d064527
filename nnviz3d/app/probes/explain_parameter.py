"""What is said of one weight or bias: numbers from the arenas, or inside a walk from its tape, and from nowhere else."""

from __future__ import annotations

from nnviz3d.app.probes.explain import last_step
from nnviz3d.layers import edge_lookup
from nnviz3d.spec.readout import EdgeReading, ParameterReading
from nnviz3d.spec.topology import EdgeRef


def read_edge(session, edge: EdgeRef | None) -> ParameterReading | EdgeReading | None:
    """What an edge's parameter says, or where it has none, what it passes on; None where there is no such edge."""
    topology = session.source.topology
    if edge is None or not edge_lookup.exists(topology, edge):
        return None
    p = edge_lookup.parameter(topology, edge)
    if p is not None:
        return read(session, p)
    (source, i), (target, j) = (topology.locate(neuron) for neuron in edge_lookup.ends(topology, edge))
    told = session.kept.told if session.kept is not None else session.seen
    at = source.neurons.start + i
    a = float(told.ops.to_host(told.tensors("activation")[at : at + 1])[0])
    return EdgeReading(edge, source.number, i, target.number, j, a)


def read(session, p: int) -> ParameterReading | None:
    """None where there is no such parameter."""
    source = session.source
    if not 0 <= p < source.topology.n_parameters:
        return None
    node, index, i = source.topology.parameter(p)
    common = {
        "parameter": p,
        "layer": node.number,
        "index": index,
        "neuron": node.neurons.start + index,
        "source": i,
        "label": node.labels[index] if index < len(node.labels) else "",
        "frozen": node.neurons.start + index in (session.kept.told if session.kept is not None else source).holds.frozen,
    }
    feeding = source.topology.by_name[node.inputs[0]]
    before, common["source_layer"] = feeding.neurons.start, feeding.number
    if session.walking is not None:
        return _in_walk(session.walking.walk, common, p, before)
    told = session.kept.told if session.kept is not None else source

    def at(kind: str, k: int) -> float:
        return float(told.ops.to_host(told.tensors(kind)[k : k + 1])[0])

    moved = last_step(told, p)
    return ParameterReading(
        **common,
        value=at("parameter", p),
        a=None if i is None else at("activation", before + i),
        gradient=at("gradient", p) if told.last_batch else None,
        change=moved and moved[1] - moved[0],
    )


def _in_walk(walk, common: dict, p: int, before: int) -> ParameterReading:
    """As the step found it, then as it left it. `before`: where the layer before begins among the neurons."""
    tape, view, i = walk.tape, walk.view, common["source"]
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
