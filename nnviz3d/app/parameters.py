"""What is said of one weight or bias: numbers from the arenas, or inside a walk from its tape, and from nowhere else."""

from __future__ import annotations

from nnviz3d.spec.readout import ParameterReading


def read(session, p: int) -> ParameterReading | None:
    """None where there is no such parameter."""
    source = session.source
    if not 0 <= p < source.topology.n_parameters:
        return None
    node, index, i = source.topology.parameter(p)
    common = {
        "parameter": p,
        "layer": source.topology.nodes.index(node),
        "index": index,
        "neuron": node.neurons.start + index,
        "source": i,
        "label": node.labels[index] if index < len(node.labels) else "",
        "frozen": node.neurons.start + index in source.holds.frozen,
    }
    before = source.topology.by_name[node.inputs[0]].neurons.start
    if session.walking is not None:
        walk = session.walking.walk
        tape, after = walk.tape, walk.kind == "after"
        a_n = tape.new.a if after else tape.old.a
        numbers = (tape.after if after else tape.before)[p], tape.gradient[p], tape.change[p]
        a = None if i is None else a_n[before + i]
    else:
        arenas = source.trainer.arenas

        def at(array, k: int) -> float:
            return source.ops.to_host(array[k : k + 1])[0]

        value = at(arenas.parameters, p)
        taught = source.step > 0
        numbers = value, at(source.tensors("gradient"), p) if taught else None, value - at(arenas.before, p) if taught else None
        a = None if i is None else at(source.tensors("activation"), before + i)
    value, gradient, change, a = (None if number is None else float(number) for number in (*numbers, a))
    return ParameterReading(**common, value=value, a=a, gradient=gradient, change=change)
