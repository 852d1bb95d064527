"""The lines of a script that take rows through a graph, a line for each layer, for `formats.script_export`.

Names of layers come from scenes, which people send each other: variables are numbered, names are literals.
"""

from __future__ import annotations

from nnviz3d.layers import face
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.topology import Node, Topology

WIDTH = 100  # characters of a line that holds a layer's function too
WITHOUT = '''def without(a, killed):
    """The same numbers with 0 for the neurons that are killed: they pass nothing on."""
    a = a.{copy}()
    a[:, killed] = 0
    return a'''


def numpy_lines(topology: Topology, killed: tuple[int, ...]) -> list[str]:
    """From `a0`, the inputs, to the output; `p` holds the weights by name."""
    return _lines(topology, killed, "numpy", lambda node, part: f"p[{topology.parameter_name(node, part)!r}]", _called)


def torch_lines(topology: Topology, killed: tuple[int, ...]) -> list[str]:
    """The same with `self.p`."""

    def called(activation: str, x: str) -> str:
        return x if activation == "linear" else f"{ACTIVATIONS[activation].torch}({x})"

    return _lines(topology, killed, "torch", lambda node, part: f"self.p[{topology.parameter_name(node, part)!r}]", called)


def _called(activation: str, x: str) -> str:
    return x if activation == "linear" else f"{activation}({x})"


def _lines(topology: Topology, killed: tuple[int, ...], library: str, held, called) -> list[str]:
    lines = []
    for node in topology.nodes[1:]:
        sources = topology.sources(node)
        write = getattr(face(node.kind, "script"), library)
        x = write(node, sources, [f"a{source.number}" for source in sources], {part: held(node, part) for part, _ in node.parameters})
        width = node.shape[-1]
        if ACTIVATIONS[node.activation].rowwise and width != node.size:  # a row is the last axis
            lines.append(f"a{node.number} = {called(node.activation, f'({x}).reshape(-1, {width})')}.reshape(-1, {node.size})")
        elif len(line := f"a{node.number} = {called(node.activation, x)}") > WIDTH and node.activation != "linear":
            lines += [f"a{node.number} = {x}", f"a{node.number} = {called(node.activation, f'a{node.number}')}"]
        else:
            lines.append(line)
        if here := _killed(node, killed):
            lines.append(f"a{node.number} = without(a{node.number}, {here})")
    return lines


def _killed(node: Node, killed: tuple[int, ...]) -> list[int]:
    """Indices in the node."""
    return [neuron - node.neurons.start for neuron in killed if node.neurons.start <= neuron < node.neurons.stop]
