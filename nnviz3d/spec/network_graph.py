"""The list of layers of a scene as a graph: what each layer is called, which layers it reads, and the shapes that follow.

Pure functions. A layer reads only what stands above it, so that there are no cycles, and the list's order is an order of computation.
A composite becomes the nodes inside it; whoever reads it by its name reads the last of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import NamedTuple

from nnviz3d.spec import limits
from nnviz3d.spec.composite_table import CompositeTable
from nnviz3d.spec.layer_table import INPUT, Axes, BadShape, LayerTable, Shape, plain_axes

RESERVED = "checkpoint"  # in weights files `checkpoint.*` is the state of training: a layer called so would lose its parameters
HINTS = 100  # problems that get a list of near names: more are not shown, and looking for them takes long


Known = dict[str, tuple[Shape | None, Axes]]  # by name of what can be read: shape and axes


class Wrong(NamedTuple):
    """A problem of layer number `layer`, at a `key` of its table ("" where it is of the layer as a whole)."""

    layer: int
    key: str
    message: str


@dataclass(frozen=True)
class Traced:
    """A node with its place in the graph. `shape`: None where it depends on data that are not known yet. `layer`: the index in the list of
    the layer that it is or is a part of; `inner`: number of the block and name inside a composite, "0.conv"; "" elsewhere."""

    table: LayerTable
    name: str
    inputs: tuple[str, ...]
    shape: Shape | None
    parts: tuple[tuple[str, Shape], ...]
    layer: int = 0
    inner: str = ""


def layer_name(table: LayerTable, k: int) -> str:
    """What the layer at index `k` of the list is called: by its own name, or by kind and 1-based place."""
    return table.name or f"{table.kind}{k + 1}"


def output_name(layers: int) -> str:
    """What the output is called after so many layers."""
    return f"dense{layers + 1}"


def trace(layers: Sequence[LayerTable], input_shape: Shape | None = None, input_axes: Axes = ()) -> tuple[list[Traced], list[Wrong]]:
    """Every node, and every problem. With a problem the traced nodes are not to be used. `input_axes`: plain ones if there are none."""
    names = [layer_name(table, k) for k, table in enumerate(layers)]
    wrong = _names(layers, names)
    known: Known = {INPUT: (input_shape, input_axes or plain_axes(input_shape or ()))}
    ends: dict[str, str] = {}  # by the name of a composite, the last of its nodes
    traced: list[Traced] = []
    for k, table in enumerate(layers):
        above = names[k - 1] if k else INPUT
        inputs = table.from_ or ((above,) if table.fewest == 1 else ())
        problems = _inputs(table, k, inputs, names, known, HINTS - len(wrong))
        placed, here = [Traced(table, names[k], inputs, None, (), k)], {}
        if not problems:
            reads = tuple(ends.get(name, name) for name in inputs)
            try:
                if isinstance(table, CompositeTable):
                    placed, here = _expanded(table, k, names, reads[0], known, len(traced))
                else:
                    placed, here = _placed(Traced(table, names[k], reads, None, (), k), known)
            except BadShape as error:
                problems = [Wrong(k, error.key, error.message)]
        wrong += problems
        known |= here
        known[names[k]], ends[names[k]] = here.get(placed[-1].name, (None, ())), placed[-1].name
        traced += placed
    return traced, wrong or _unread(traced, names)  # a wrong name leaves others unread: one problem, not two


def _placed(node: Traced, known: Known) -> tuple[list[Traced], Known]:
    """With its shape and parameters, and what is known of it. Raises BadShape."""
    given, over = tuple(known[name][0] for name in node.inputs), tuple(known[name][1] for name in node.inputs)
    table = node.table.over(over) if None not in given else node.table
    shape, parts = table.output_shape(given), table.parts_over(given, over)
    node = replace(node, table=table, shape=shape, parts=parts)
    return [node], {node.name: (shape, () if shape is None else table.axes(over, shape))}


def _expanded(table: CompositeTable, k: int, names: list[str], source: str, known: Known, before: int) -> tuple[list[Traced], Known]:
    """The blocks of a composite one after another, the first of which reads `source`; `before` them are so many nodes. Raises BadShape."""
    placed, known = [], dict(known)
    outside = {*known, *names}
    for number in range(table.repeat):
        block = table.block(known[source][0])
        if before + len(block) * table.repeat > limits.NODES:
            most = f"a network has at most {limits.NODES:,} layers, those in blocks included"
            raise BadShape("repeat", f"{table.repeat:,} blocks of {len(block)} layers; {most}")
        inside, above = {INPUT: source}, source
        for part in block:
            name = f"{table.prefix(names[k], number)}.{part.table.name}"
            if name in outside:
                raise BadShape("name", f'there is a layer "{name}", and a part of this one is called so; give one of them another name')
            reads = tuple(inside[inner] for inner in part.table.from_) or (above,)
            own = part.table.model_copy(update={"name": name, "from_": reads})
            node, here = Traced(own, name, reads, None, (), k, f"{number}.{part.table.name}"), {name: (None, ())}
            if all(known[read][0] is not None for read in reads):
                try:
                    (node,), here = _placed(node, known)
                except BadShape as error:
                    first = error.key == "from" and reads == (source,)  # what the composite reads is wrong for it
                    raise BadShape("from" if first else table.key(part, error.key), f"{name}: {error.message}") from None
            placed.append(node)
            known |= here
            inside[part.table.name], above = name, name
        source = above
    return placed, known


def oversized(layers: Sequence[Traced], input_shape: Shape | None = None) -> list[str]:
    """What of the whole graph is beyond the limits, in words, as far as shapes are known. Sizes are only counted, nothing is allocated."""
    shapes = {INPUT: input_shape} | {layer.name: layer.shape for layer in layers}
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    neurons, connections = sum(map(prod, known.values())), sum(len(layer.inputs) for layer in layers)
    judged = [layer for layer in layers if all(name in known for name in layer.inputs)]
    edges = sum(sum(layer.table.edges(tuple(known[name] for name in layer.inputs))) for layer in judged)
    counts = (
        (neurons, limits.NEURONS, "neurons", "Use fewer or narrower layers"),
        (connections, limits.CONNECTIONS, "connections between layers", "Name fewer layers in `from`"),
        (edges, limits.EDGES, "edges", "Use narrower layers, or name fewer of them in `from`"),
    )
    return [f"the layers ask for {n:,} {what}; at most {most:,} are allowed. {way}" for n, most, what, way in counts if n > most]


def _names(layers: Sequence[LayerTable], names: list[str]) -> list[Wrong]:
    """Each is there once, and files can hold it."""
    wrong, taken = [], {INPUT: "the input", output_name(len(layers)): "the output"}
    for k, table in enumerate(layers):  # the names that were given come first: others follow from places
        if table.name.partition(".")[0] == RESERVED:
            why = f'weights files keep "{RESERVED}" and all that begins with "{RESERVED}." for the state of training'
            wrong.append(Wrong(k, "name", f'"{table.name}" cannot be the name of a layer: {why}; choose another one'))
        elif table.name and table.name in taken:
            wrong.append(Wrong(k, "name", f'"{table.name}" is the name of {taken[table.name]}; every layer needs its own name'))
        elif table.name:
            taken[table.name] = f"layer {k + 1} of the list (network.layers.{k})"
    for k, table in enumerate(layers):
        if not table.name and names[k] in taken:
            wrong.append(Wrong(k, "name", f'without a name it is "{names[k]}", which is the name of {taken[names[k]]}; give it one'))
    return wrong


def _inputs(table: LayerTable, k: int, inputs: tuple[str, ...], names: list[str], above: Known, hints: int) -> list[Wrong]:
    """Each is above, and there are as many as the kind takes. The first `hints` problems name what is near."""
    wrong = []
    for name in inputs:
        if name in above:
            continue
        if name in names:
            wrong.append(Wrong(k, "from", f'"{name}" is not above this layer; the list is read from top to bottom'))
        else:
            near = difflib.get_close_matches(name, above, 1) if len(wrong) < hints else []
            hint = f'did you mean "{near[0]}"? ' if near else ""
            wrong.append(Wrong(k, "from", f'there is no layer "{name}"; {hint}above it are {", ".join(list(above)[-20:])}'))
    if not table.fewest <= len(inputs) <= table.most:
        count = f"exactly {table.fewest}" if table.most == table.fewest else f"at least {table.fewest}"
        need = "one layer; add or concat join several" if table.most == 1 else f'{count} layers: from = ["...", "..."]'
        wrong.append(Wrong(k, "from", f"{table.kind} reads {need}"))
    return wrong


def _unread(traced: list[Traced], names: list[str]) -> list[Wrong]:
    """All but the last are read by another: the output reads the last."""
    read = {name for node in traced for name in node.inputs}
    return [
        Wrong(node.layer, "", f'"{names[node.layer]}" is not used: no layer below reads it; name it in a `from`, or remove it')
        for node in traced[:-1]
        if node.name not in read
    ]
