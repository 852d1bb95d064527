"""What must be changed in an ONNX model so that the values inside If, Loop and Scan can be asked for. The numbers stay the same.

The branch of an If that a run takes is put in its place, so that its values become ordinary ones. What a body of Loop or Scan makes is
given out once a turn, beside what it gives out anyway; that needs each value to keep its shape over the turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnviz3d.formats.onnx.flat import bodies, copied
from nnviz3d.formats.onnx.model_file import library

ROUNDS = 12  # of Ifs inside Ifs
TURNS = "//turns"  # behind the name of a value: all turns of it
Ask = Callable[[Any, Sequence[str]], dict[str, np.ndarray]]  # (model, names) -> their values


def inline(model: Any, ask: Ask) -> None:
    """Replaces every If outside loops by the branch that is taken, in place. `ask` computes the conditions."""
    helper = library().helper
    for _ in range(ROUNDS):
        ifs = [node for node in model.graph.node if node.op_type == "If" and node.domain in ("", "ai.onnx")]
        if not ifs:
            return
        taken = ask(model, list(dict.fromkeys(node.input[0] for node in ifs)))
        nodes = []
        for node in model.graph.node:
            if node not in ifs:
                nodes.append(copied(node))
                continue
            wanted = "then_branch" if bool(np.all(taken[node.input[0]])) else "else_branch"
            branch = dict(bodies(node))[wanted]
            nodes += map(copied, branch.node)
            ends = zip(branch.output, node.output, strict=False)
            nodes += [helper.make_node("Identity", [value.name], [output]) for value, output in ends if output]
        del model.graph.node[:]
        model.graph.node.extend(nodes)


def expose(model: Any, names: set[str]) -> dict[str, str]:
    """Lets the bodies of outer Loops and Scans give out every turn of `names`, in place. By name: the output that holds its turns."""
    onnx, given = library(), {}
    for node in model.graph.node:
        if node.op_type not in ("Loop", "Scan") or node.domain not in ("", "ai.onnx"):
            continue
        body = next(graph for name, graph in bodies(node) if name == "body")
        inside = [value.name for value in body.input] + [name for each in body.node for name in each.output if name]
        for name in inside:
            if name not in names:
                continue
            twin, given[name] = f"{name}//turn", f"{name}{TURNS}"
            body.node.append(onnx.helper.make_node("Identity", [name], [twin]))
            body.output.append(onnx.ValueInfoProto(name=twin))
            node.output.append(given[name])
    return given
