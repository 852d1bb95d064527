"""Compare mode: the few settings in which a second network differs from the scene's own.

`[compare]` of a scene holds them by path: `"train.optimizer" = "sgd"`. `*` stands for every hidden layer that has such a setting:
`"network.layers.*.activation" = "tanh"`. Everything else, data and seed before all, is the same for both. Nothing here trains.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import tables

if TYPE_CHECKING:
    from nnviz3d.spec.scene import Scene

MOST = 12  # settings that may differ: with more, nobody knows what made the difference
DEPTH = 8
OPEN = (
    "network",
    "train",
    "data.features",
    "data.standardize",
    "data.standardize_target",
)  # what may differ: both learn from the same samples
SHUT = (  # and what of it may not: both run at one pace and end together
    "network", "train.steps", "train.stop_epoch", "train.stop_train_loss", "train.stop_test_loss", "train.stop_accuracy",
    "train.steps_per_second", "train.tf32",
)  # fmt: skip
_NAMES = {
    "train.optimizer": "optimiser", "train.l1": "L1", "train.l2": "L2", "train.rho": "rho", "network.layers": "hidden layers",
    "network.layers.*.init": "initial weights", "network.layers.*.init_scale": "scale of initial weights",
    "network.layers.*.bias": "initial bias", "network.output.activation": "output activation",
    "data.standardize": "standardised inputs", "data.standardize_target": "standardised targets", "data.features": "inputs",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One setting and its value in either network, as plain data. `path` as in the scene file; `layer`: the name of the layer that it is
    of, where that has one of its own."""

    path: str
    a: Any
    b: Any
    layer: str = ""

    @property
    def name(self) -> str:
        return f"{_words(self.path)}, {self.layer}" if self.layer else name_of(self.path)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested tables as dotted paths: {"train": {"l1": 0.1}} is {"train.l1": 0.1}. Raises ValueError for what is no table of settings."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        inner = f"{path}.{key}" if path else str(key)
        if inner.count(".") > DEPTH:
            raise ValueError(f"nested too deeply: {inner[:60]}")
        found |= flat(item, inner) if isinstance(item, dict) else {inner: plain(item)}
    return found


def plain(value: Any) -> Any:
    """Lists for tuples, so that a value equals itself after saving and loading."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def refused(path: str) -> str:
    """Why a setting cannot be the one that differs; empty where it can."""
    if path in SHUT or not any(path == table or path.startswith(table + ".") for table in OPEN):
        allowed = "network.*, train.*, data.features, data.standardize and data.standardize_target can"
        return f"cannot differ between two networks that are compared; {allowed}"
    return ""


def expanded(path: str, layers: Any) -> list[str]:
    """The paths that one with `*` stands for; `layers`: the scene's, as plain data (whatever a file holds there)."""
    if not path.startswith("network.layers.*."):
        return [path]
    key = path.split(".")[3]
    kinds = (
        [str(item.get("kind", "dense")) if isinstance(item, dict) else "" for item in layers] if isinstance(layers, (list, tuple)) else []
    )
    known = [k for k, kind in enumerate(kinds) if kind in tables() and key in tables()[kind].model_fields]
    return [path.replace("*", str(k), 1) for k in known or range(len(kinds))]  # one that no kind knows is reported of all


def second_scene(scene: Scene) -> Scene | None:
    """The scene of the second network, or None where there is none. Raises InputError with every difference that cannot be."""
    return applied(scene) if scene.compare else None


def applied(scene: Scene) -> Scene:
    """A scene with the differences of its `[compare]` in it, and none left. Raises InputError as `second_scene` does."""
    from nnviz3d.spec import toml

    return toml.validate(document(scene.model_dump())[0])


def document(whole: dict, where: str = "scene") -> tuple[dict, list[Problem]]:
    """The second network's document out of a scene's, with the problems of the differences that lead nowhere."""
    from nnviz3d.spec import toml  # which imports this module, as `scene` does
    from nnviz3d.spec.edit import Edit

    second, problems = copy.deepcopy({key: value for key, value in whole.items() if key != "compare"}), []
    network = second.get("network")
    layers = network.get("layers", ()) if isinstance(network, dict) else ()
    for path, value in flat(whole["compare"]).items():
        if why := refused(path):
            problems.append(Problem(where, f"compare.{path}", why))
            continue
        for place in expanded(path, layers):
            try:
                toml.put(second, Edit(place, value), where)
            except InputError as error:
                problems += [Problem(where, f"compare.{path}", problem.message) for problem in error.problems]
    return second, problems


def differences(first: Scene, second: Scene) -> tuple[Difference, ...]:
    """What differs between a scene and its second, in the order of the file; what is equal by now is left out."""
    a, b = first.model_dump(), second.model_dump()
    found = []
    for path in first.compare:
        pairs = {
            (repr(x), repr(y)): (x, y) for place in expanded(path, a["network"]["layers"]) for x, y in [(_at(a, place), _at(b, place))]
        }
        x, y = ([pair[k] for pair in pairs.values()] for k in (0, 1))
        x, y = (side[0] if len(set(map(repr, side))) == 1 else side for side in (x, y)) if pairs else (None, None)
        if x != y:
            layer = _at(a, ".".join(path.split(".")[:3])) if path.startswith("network.layers.") else None
            found.append(Difference(path, plain(x), plain(y), layer["name"] if isinstance(layer, dict) else ""))
    return tuple(found)


def _at(whole: Any, path: str) -> Any:
    """The value at a path of plain data; None where there is nothing."""
    for part in path.split("."):
        if isinstance(whole, dict):
            whole = whole.get(part)
        else:
            whole = whole[int(part)] if isinstance(whole, (list, tuple)) and part.isdecimal() and int(part) < len(whole) else None
    return whole


def name_of(path: str) -> str:
    """What a setting is called on screen."""
    if path in _NAMES:
        return _NAMES[path]
    last, place = _words(path), path.split(".")
    return f"{last}, hidden layer {int(place[2]) + 1}" if path.startswith("network.layers.") and place[2].isdecimal() else last


def _words(path: str) -> str:
    return path.rpartition(".")[2].replace("_", " ")


def words(path: str, value: Any) -> str:
    """A value on screen: "sgd", "0.01", "48-32" for hidden layers; those without units by their kind: "48-48-add"."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, list):
        sizes = [str(item.get("units", item.get("kind", ""))) for item in value if isinstance(item, dict)]
        return "-".join(sizes) if path == "network.layers" and sizes else ", ".join(words(path, item) for item in value) or "none"
    if path == "train.batch" and value == 0:
        return "all samples"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ")


def title(differing: tuple[Difference, ...], second: bool) -> str:
    """A short name of one network by what makes it different: "adam", "learning rate 0.01"."""
    parts = []
    for d in differing[:2]:
        text = words(d.path, d.b if second else d.a)
        parts.append(text if text[:1].isalpha() and text not in ("yes", "no", "none", "all samples") else f"{d.name} {text}")
    return ", ".join(parts) + (f" and {len(differing) - 2} more" if len(differing) > 2 else "")
