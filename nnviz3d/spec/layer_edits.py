"""Changes of a scene's list of layers that keep what its layers read: `from` names them, and one without a name is called by its place.

A list is of (layer as plain data, which old layer it is or None): what an `Edit` of `network.layers` needs. Each function gives a new one.
"""

from __future__ import annotations

from typing import Any

from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import INPUT, LayerTable, tables
from nnviz3d.spec.network_graph import output_name, trace
from nnviz3d.spec.scene import Scene

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
    return _unique_names([(_reading(layer, gone["name"], instead), origin) for layer, origin in rest])


def _unique_names(layers: Layers) -> Layers:
    """The output is called by its place too: where that is a layer's name by now, the layer gets another."""
    names = [layer["name"] for layer, _ in layers]
    output = output_name(len(layers))
    if output not in names:
        return layers
    free = next(name for n in range(len(layers) + 2, 2 * len(layers) + 4) if (name := f"layer{n}") not in names)
    return renamed(layers, names.index(output), free)


def _reading(layer: dict[str, Any], name: str, instead: tuple[str, ...]) -> dict[str, Any]:
    """`layer`, with others in the place of one that it reads, or of which it reads a part."""
    if not any(old == name or old.startswith(f"{name}.") for old in layer["from"]):
        return layer
    names = [new for old in layer["from"] for new in _instead(old, name, instead)]
    return {**layer, "from": list(dict.fromkeys(names))}


def _instead(old: str, name: str, instead: tuple[str, ...]) -> tuple[str, ...]:
    """A part of a composite that goes by another name keeps its own name in it."""
    if old == name:
        return instead
    if not old.startswith(f"{name}."):
        return (old,)
    return (f"{instead[0]}{old.removeprefix(name)}",) if len(instead) == 1 else instead


def moved(layers: Layers, k: int, by: int) -> Layers:
    out = list(layers)
    out.insert(k + by, out.pop(k))
    return out


def inserted(layers: Layers, k: int, layer: dict[str, Any]) -> Layers:
    """A new layer at place k. It reads the one above it, and who read that by name reads the new one."""
    new = {**layer, "from": [], "name": ""}
    taken = {other["name"] for other, _ in layers if other["name"]}
    if taken:
        kind = layer.get("kind", "dense")
        new["name"] = next(name for n in range(k + 1, k + 2 + len(layers) * 2) if (name := f"{kind}{n}") not in taken)
    above = layers[k - 1][0]["name"] if k else INPUT
    below = [(_reading(layer, above, (new["name"],)) if new["name"] else layer, origin) for layer, origin in layers[k:]]
    return _unique_names([*layers[:k], (new, None), *below])


def renamed(layers: Layers, k: int, name: str) -> Layers:
    """Layer k under another name, also where it is read."""
    old = layers[k][0]["name"]
    out = [(layer if not old else _reading(layer, old, (name,)), origin) for layer, origin in layers]
    out[k] = ({**out[k][0], "name": name}, out[k][1])
    return out


def simple(layers: tuple[LayerTable, ...], k: int) -> dict[str, dict[str, Any]]:
    """Kind -> settings of a layer that can follow layer k: of kinds that read one layer, need nothing to be set and fit its shape. It is as
    wide as k."""
    shape, found = next(node.shape for node in reversed(trace(layers)[0]) if node.layer == k), {}
    for kind, table in tables().items():
        asks = [key for key, field in table.model_fields.items() if field.is_required() and key != "kind"]
        if table.fewest == 1 and not asks:
            width = {"units": shape[0]} if "units" in table.model_fields and shape is not None and len(shape) == 1 else {}
            layer = table.model_validate({"kind": kind, **width})
            if not trace([layer], shape)[1]:
                found[kind] = layer.model_dump()
    return found


def variants(scene: Scene) -> list[list[dict[str, Any]]]:
    """Half and twice the units, a layer less, a layer more: those of them that are networks."""
    now = listed(scene.network.layers)
    if not now:
        return [[{"units": 8}]]
    last = next((layer for layer, _ in reversed(now) if "units" in layer), {"units": 8})
    found = [
        *([{**layer, "units": max(round(layer["units"] * by), 1)} if "units" in layer else layer for layer, _ in now] for by in (0.5, 2)),
        *([layer for layer, _ in changed] for changed in (removed(now, len(now) - 1), inserted(now, len(now), last))),
    ]
    same = [layer for layer, _ in now]  # half of no units
    return [layers for layers in found if layers != same and _fits(scene, layers)]


def _fits(scene: Scene, layers: list[dict[str, Any]]) -> bool:
    try:
        toml.apply(scene, [Edit("network.layers", layers)])
    except InputError:
        return False
    return True
