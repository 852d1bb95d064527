"""From a scene's list of layers and the shapes of its data to the graph of tensors, with every range of both arenas."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import INPUT, Axes, BadShape, LayerTable, Shape, plain_axes, tables
from nnviz3d.spec.network_graph import Traced, output_name, oversized, trace
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Node, Range, Topology

LABELS = 1_000_000  # outputs that have names
OUTPUT = -1  # the output's place in a scene's list of layers: it has none
TOKENS: Axes = ("token",)  # the axes of an input that is a sequence


def build_topology(
    network: Network,
    input_shape: Shape,
    n_outputs: int,
    output_activation: str,
    input_labels: tuple[str, ...] = (),
    output_labels: tuple[str, ...] = (),
    input_axes: Axes = (),
    gives_back: bool = False,
) -> Topology:
    """The graph of a network: `input`, the layers by their names (`dense1` .. where they have none), the output last.

    `output_activation` is never "auto": the data set has decided it. `input_axes`: what the axes of the input run over, where the data say
    so. `gives_back`: the output is to be the input again, so that it is a picture where that is one. Raises InputError with every layer
    whose shapes do not fit, and over `limits.PARAMETERS`, NEURONS, CONNECTIONS and EDGES.
    """
    shape, layers = tuple(input_shape), network.layers
    if input_axes == TOKENS:
        layers = _of_tokens(layers, n_outputs)
    traced, wrong = trace(layers, shape, input_axes)
    if wrong:
        raise InputError(*(Problem("", ".".join(filter(None, ("network.layers", str(w.layer), w.key))), w.message) for w in wrong))
    output = _output(network, traced, n_outputs, output_activation, shape, input_axes == TOKENS)
    layers = [*traced, output]
    parameters = sum(prod(part) for layer in layers for _, part in layer.parts)
    if parameters > limits.PARAMETERS:
        raise InputError.of(
            "", "network.layers", f"{parameters:,} parameters; at most {limits.PARAMETERS:,} are allowed. Use narrower layers"
        )
    if over := oversized(layers, shape):
        raise InputError(*(Problem("", "network.layers", message) for message in over))
    nodes = [Node(INPUT, "input", (), shape, Range(0, shape), labels=input_labels, axes=input_axes or plain_axes(shape))]
    by_name, parameters = {INPUT: nodes[0]}, 0
    for number, layer in enumerate(layers, start=1):
        try:
            node = _node(layer, number, [by_name[name] for name in layer.inputs], nodes[-1].neurons.stop, parameters)
        except BadShape as error:
            raise InputError.of("", f"network.layers.{number - 1}.{error.key}", error.message) from None
        if number == len(layers):
            rows = node.size // max(len(output_labels), 1)  # token by token the same names
            node = replace(node, labels=output_labels * rows if node.size <= LABELS else ())
            if gives_back and nodes[0].axes[-2:] == ("row", "column") and node.size == nodes[0].size:
                node = replace(node, picture=shape)
        nodes.append(node)
        by_name[node.name] = node
        parameters += sum(r.size for _, r in node.parameters)
    return Topology(tuple(nodes), parameters)


def outline_topology(network: Network) -> Topology:
    """The same graph for code that asks for names, ranks and phases before there are data: sizes that depend on them are 1."""
    traced, _ = trace(network.layers)
    layers = [*traced, _output(network, traced, 1, "linear", (1,))]
    by_name, neurons, parameters = {INPUT: Node(INPUT, "input", (), (1,), Range(0, (1,)))}, 1, 0
    for number, layer in enumerate(layers, start=1):
        sources = [by_name[name] for name in layer.inputs]
        shape = layer.shape or (1,)
        parts, edges, axes = _outlined(layer.table, sources, shape)
        node = _node(replace(layer, shape=shape, parts=parts), number, sources, neurons, parameters, edges, axes)
        by_name[node.name], neurons, parameters = node, node.neurons.stop, parameters + sum(r.size for _, r in node.parameters)
    return Topology(tuple(by_name.values()), parameters)


def _of_tokens(layers: tuple[LayerTable, ...], vocabulary: int) -> tuple[LayerTable, ...]:
    """The layers for data of so many different tokens. Raises InputError with every layer that is not for as many."""
    made, problems = [], []
    for k, table in enumerate(layers):
        try:
            made.append(table.of_tokens(vocabulary))
        except BadShape as error:
            problems.append(Problem("", f"network.layers.{k}.{error.key}", error.message))
    if problems:
        raise InputError(*problems)
    return tuple(made)


def _output(network: Network, traced: list[Traced], units: int, activation: str, shape: Shape, tokens: bool = False) -> Traced:
    """The output as a dense layer that reads the last one, called by its place in the scene's list. The data have decided its size, which
    no limit of scenes holds for. `tokens`: the data are sequences; where the last layer still has their tokens, the output answers at each
    of them."""
    output = network.output
    above = (traced[-1].name, traced[-1].shape) if traced else (INPUT, shape)
    per_token = tokens and above[1] is not None and len(above[1]) == 2 and above[1][:1] == shape
    table: LayerTable = tables()["dense"].model_construct(
        units=units, activation=activation, init=output.init, init_scale=output.init_scale, bias=output.bias, per_token=per_token
    )
    given = (above[1],)
    return Traced(table, output_name(len(network.layers)), (above[0],), table.output_shape(given), table.parts(given), OUTPUT)


def _outlined(table: LayerTable, sources: list[Node], shape: Shape) -> tuple[tuple[tuple[str, Shape], ...], tuple[int, ...], Axes]:
    """Parts, edges and axes for shapes that are not known and 1 for now, which is no shape that every kind can read."""
    shapes, axes = tuple(source.shape for source in sources), tuple(source.axes for source in sources)
    try:
        table.output_shape(shapes)  # what else a table says holds for shapes that it can read
        return table.parts_over(shapes, axes), table.edges(shapes), table.axes(axes, shape)
    except BadShape:
        parts = (("weight", (1, 1)), ("bias", (1,))) if table.first_parameters else ()
        return parts, (1,) * len(shapes), plain_axes(shape)


def _node(
    layer: Traced, number: int, sources: list[Node], neurons: int, parameters: int, edges: tuple[int, ...] | None = None, axes: Axes = ()
) -> Node:
    """With its ranges from `neurons` and `parameters` on; `edges`, `axes`: those that its table says, unless they are given."""
    parts, start = [], parameters
    for part, shape in layer.parts:
        parts.append((part, Range(start, shape)))
        start = parts[-1][1].stop
    table, shape = layer.table, layer.shape or ()
    return Node(
        layer.name, table.kind, layer.inputs, shape, Range(neurons, shape), table.function, tuple(parts),
        table.edges(tuple(source.shape for source in sources)) if edges is None else edges,
        number=number, rank=1 + max(source.rank for source in sources), table=table,
        axes=axes or table.axes(tuple(source.axes for source in sources), shape), layer=None if layer.layer == OUTPUT else layer.layer,
        inner=layer.inner,
    )  # fmt: skip
