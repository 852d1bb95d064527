"""The list of layers of a scene as a graph: what each layer is called, which layers it reads, and the shapes that follow.

Pure functions. A layer reads only what stands above it, so that there are no cycles, and the list's order is an order of computation.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import INPUT, Axes, BadShape, LayerTable, Shape, plain_axes

RESERVED = "checkpoint"  # in weights files `checkpoint.*` is the state of training: a layer called so would lose its parameters
HINTS = 100  # problems that get a list of near names: more are not shown, and looking for them takes long


class Wrong(NamedTuple):
    """A problem of layer number `layer`, at a `key` of its table ("" where it is of the layer as a whole)."""

    layer: int
    key: str
    message: str


@dataclass(frozen=True)
class Traced:
    """A layer with its place in the graph. `shape`: None where it depends on data that are not known yet."""

    table: LayerTable
    name: str
    inputs: tuple[str, ...]
    shape: Shape | None
    parts: tuple[tuple[str, Shape], ...]


def layer_name(table: LayerTable, k: int) -> str:
    """What the layer at index `k` of the list is called: by its own name, or by kind and 1-based place."""
    return table.name or f"{table.kind}{k + 1}"


def output_name(layers: int) -> str:
    """What the output is called after so many layers."""
    return f"dense{layers + 1}"


def trace(layers: Sequence[LayerTable], input_shape: Shape | None = None, input_axes: Axes = ()) -> tuple[list[Traced], list[Wrong]]:
    """Every layer, and every problem. With a problem the traced layers are not to be used. `input_axes`: plain ones if there are none."""
    names = [layer_name(table, k) for k, table in enumerate(layers)]
    wrong = _names(layers, names)
    shapes: dict[str, Shape | None] = {INPUT: input_shape}
    axes: dict[str, Axes] = {INPUT: input_axes or plain_axes(input_shape or ())}
    traced: list[Traced] = []
    for k, table in enumerate(layers):
        above = names[k - 1] if k else INPUT
        inputs = table.from_ or ((above,) if table.fewest == 1 else ())
        problems = _inputs(table, k, inputs, names, shapes, HINTS - len(wrong))
        shape, parts = None, ()
        if not problems:
            given, over = tuple(shapes[name] for name in inputs), tuple(axes[name] for name in inputs)
            try:
                table = table.over(over) if None not in given else table
                shape, parts = table.output_shape(given), table.parts_over(given, over)
                axes[names[k]] = () if shape is None else table.axes(over, shape)
            except BadShape as error:
                problems = [Wrong(k, error.key, error.message)]
        wrong += problems
        shapes[names[k]] = shape
        axes.setdefault(names[k], ())
        traced.append(Traced(table, names[k], inputs, shape, parts))
    return traced, wrong or _unread(traced)  # a wrong name leaves others unread: one problem, not two


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


def _inputs(
    table: LayerTable, k: int, inputs: tuple[str, ...], names: list[str], above: dict[str, Shape | None], hints: int
) -> list[Wrong]:
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


def _unread(traced: list[Traced]) -> list[Wrong]:
    """All but the last are read by another: the output reads the last."""
    read = {name for layer in traced for name in layer.inputs}
    return [
        Wrong(k, "", f'"{layer.name}" is not used: no layer below reads it; name it in a `from`, or remove it')
        for k, layer in enumerate(traced[:-1])
        if layer.name not in read
    ]
