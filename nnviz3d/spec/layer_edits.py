"""Changes of a scene's list of layers that keep what its layers read: `from` names them, and one without a name is called by its place.

A list is of (layer as plain data, which old layer it is or None): what an `Edit` of `network.layers` needs. Each function gives a new one.
"""

from __future__ import annotations

from typing import Any

from nnviz3d.spec.layer_table import INPUT, LayerTable, tables

Layers = list[tuple[dict[str, Any], int | None]]


def listed(layers: tuple[LayerTable, ...]) -> Layers:
    """As they are. Where a layer is read by name, all get the names that they are called by: places change, names do not."""
    found: Layers = [(layer.model_dump(), k) for k, layer in enumerate(layers)]
    if not any(layer["from"] for layer, _ in found):
        return found
    return [({**layer, "name": layer["name"] or f"{layer['kind']}{k + 1}"}, origin) for k, (layer, origin) in enumerate(found)]


def removed(layers: Layers, k: int) -> Layers:
    """Without layer k. Who read it by name reads what it read."""
    gone = layers[k][0]
    instead = tuple(gone["from"]) or ((layers[k - 1][0]["name"] if k else INPUT),)
    rest = [item for at, item in enumerate(layers) if at != k]
    if not gone["name"]:
        return rest
    return [(_reading(layer, gone["name"], instead), origin) for layer, origin in rest]


def _reading(layer: dict[str, Any], name: str, instead: tuple[str, ...]) -> dict[str, Any]:
    """`layer`, with others in the place of one that it reads."""
    if name not in layer["from"]:
        return layer
    names = [new for old in layer["from"] for new in (instead if old == name else (old,))]
    return {**layer, "from": list(dict.fromkeys(names))}


def moved(layers: Layers, k: int, by: int) -> Layers:
    out = list(layers)
    out.insert(k + by, out.pop(k))
    return out


def inserted(layers: Layers, k: int, layer: dict[str, Any]) -> Layers:
    """A new layer at place k. It reads the one above it."""
    new = {**layer, "from": [], "name": ""}
    taken = {other["name"] for other, _ in layers if other["name"]}
    if taken:
        new["name"] = next(name for n in range(k + 1, k + 2 + len(layers) * 2) if (name := f"{layer['kind']}{n}") not in taken)
    return [*layers[:k], (new, None), *layers[k:]]


def renamed(layers: Layers, k: int, name: str) -> Layers:
    """Layer k under another name, also where it is read."""
    old = layers[k][0]["name"]
    out = [(layer if not old else _reading(layer, old, (name,)), origin) for layer, origin in layers]
    out[k] = ({**out[k][0], "name": name}, out[k][1])
    return out


def simple() -> dict[str, dict[str, Any]]:
    """Kind -> its settings as they begin: those that read one layer and need nothing to be set."""
    found = {}
    for kind, table in tables().items():
        asks = [key for key, field in table.model_fields.items() if field.is_required() and key != "kind"]
        if table.fewest == 1 and not asks:
            found[kind] = table(kind=kind).model_dump()
    return found
