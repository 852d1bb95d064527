"""What a model that is watched is: as a network of ours with a plan of which tensors its arrays are copied from, or its arrays alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.engine import data as sets
from nnviz3d.formats import mapping, weights
from nnviz3d.formats.torch import modules
from nnviz3d.formats.torch.modules import Taken
from nnviz3d.live import wire
from nnviz3d.live.copy_plan import CopiedRange, Described, Patterns, PlannedArray, chosen
from nnviz3d.live.numbers import shape_of
from nnviz3d.live.torch_state import tensors, untouched
from nnviz3d.live.wire_headers import ParameterPlace
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import plain_axes
from nnviz3d.spec.scene import Data, Scene
from nnviz3d.spec.topology_builder import build_topology

RANGES = 4096  # of one array: more would be copied number by number


@dataclass(frozen=True)
class WatchedModel:
    """What is asked of a watch, for those that describe models. `title`: the name of the run."""

    title: str
    every: float
    include: Patterns
    exclude: Patterns

    def of_torch(self, model: Any, shape: tuple[int, ...] | None, target: Any = None) -> Described:
        """`shape`: of a sample, where it is known; `target`: of the shown sample."""
        structure = wire.Structure(every=self.every, framework="torch", shape=shape or ())
        try:
            with untouched(model) as name_of:
                taken, arrays = _planned(model, shape, name_of)
        except Exception as error:  # noqa: BLE001  the model's own code may raise anything; then its arrays are watched alone
            text = "; ".join(map(str, error.problems)) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            floating = {name: held[key] for name, (held, key) in tensors(model).items() if held[key].dtype.is_floating_point}
            plain = [PlannedArray.whole(name, shape_of(tensor)) for name, tensor in floating.items()]
            return self.described(structure.model_copy(update={"why": text[:10_000]}), plain)
        return self.described(self._of_network(structure, taken, target), arrays)

    def of_tree(self, scene: Scene | None, found: dict[str, tuple[int, ...]]) -> tuple[Described, bool]:
        """Arrays of a tree (name -> shape) as those of a scene's network, and whether its matrices are (in, out), as JAX has them; without
        a scene as they are. Raises InputError."""
        structure = wire.Structure(every=self.every, framework="arrays")
        if scene is None:
            structure = structure.model_copy(update={"why": "no network was given with the arrays"})
            return self.described(structure, [PlannedArray.whole(name, shape) for name, shape in found.items()]), False
        shape, outputs, axes, task = _sizes(scene, found)
        topology = build_topology(scene.network, shape, outputs, "linear", input_axes=axes)
        wanted = weights.names(topology)
        plan = mapping.find({name: (shape, "F32") for name, shape in found.items()}, wanted, topology.other_names, topology.is_line)
        if plan is None:
            raise InputError.option(
                "", "params", f"is not for this network:\n{mapping.table({name: (shape, '') for name, shape in found.items()}, wanted)}"
            )
        arrays = [PlannedArray(name, shape, _range(plan, name, shape)) for name, shape in wanted.items()]
        said = {"scene": toml.dump(scene), "shape": shape, "axes": axes, "outputs": outputs, "task": task}
        return self.described(wire.Structure.model_validate(structure.model_dump() | said), arrays), plan.turned

    def described(self, structure: wire.Structure, arrays: list[PlannedArray]) -> Described:
        """Those that were chosen. Raises InputError where there are none."""
        names = chosen([array.name for array in arrays], self.include, self.exclude)
        if arrays and not names:
            raise InputError.option("", "include", f"matches no array; there are {', '.join(array.name for array in arrays[:20])}")
        kept = tuple(array for array in arrays if array.name in names)
        places = tuple(ParameterPlace(name=array.name, shape=array.shape) for array in kept)
        return Described(structure.model_copy(update={"parameters": places}), kept)

    def _of_network(self, structure: wire.Structure, taken: Taken, target: Any) -> wire.Structure:
        whole_numbers = target is not None and np.asarray(target).dtype.kind in "biu"
        classes = taken.axes == ("token",) or (whole_numbers and taken.outputs > 1)
        task = "classification" if classes else "" if target is None else "regression"  # "": outputs are shown as the model gives them
        data = Data(kind="npz", file="watched.npz", task=task or "regression", standardize_target="no", axes=_input_axes(taken))
        scene = Scene(title=self.title, network=taken.network, data=data)
        said = {
            "scene": toml.dump(scene), "shape": taken.shape, "axes": _input_axes(taken), "outputs": taken.outputs, "task": task,
            "names": tuple(map(str, range(taken.outputs))),
        }  # fmt: skip
        return wire.Structure.model_validate(structure.model_dump() | said)


def _input_axes(taken: Taken) -> Any:
    """Of a sample; channels come first, as PyTorch has them."""
    return tuple(taken.axes) or (tuple(plain_axes(taken.shape)) if len(taken.shape) == 3 else ())


def _planned(model: Any, shape: tuple[int, ...] | None, name_of: Callable[[Any], str | None]) -> tuple[Taken, list[PlannedArray]]:
    """The network, read with the place of each number instead of its value: where they end up is what is copied. Raises InputError."""
    first: dict[str, int] = {}  # tensor -> the number of its first one; 0 stands for a bias that is not there
    free = 1

    def places(tensor: Any) -> np.ndarray:
        nonlocal free
        name = name_of(tensor)
        if name is None:
            raise TypeError("is worked out from other tensors, which is not supported")
        if name not in first:
            first[name], free = free, free + prod(shape_of(tensor))
        return np.arange(first[name], first[name] + prod(shape_of(tensor)), dtype=np.float64).reshape(shape_of(tensor))

    taken = modules.take(model, shape, read=places)
    starts, sources = np.array(list(first.values()), np.int64), list(first)
    return taken, [PlannedArray(name, found.shape, _ranges(name, found, starts, sources)) for name, found in taken.weights.items()]


def _ranges(name: str, found: np.ndarray, starts: np.ndarray, sources: list[str]) -> tuple[CopiedRange, ...]:
    """Runs of places that follow each other, each within one tensor."""
    places = found.reshape(-1).astype(np.int64)
    owner = np.searchsorted(starts, places, "right") - 1
    breaks = np.flatnonzero((np.diff(places) != 1) | np.diff(owner) != 0) + 1
    edges = [0, *breaks[np.flatnonzero(places[breaks] | places[breaks - 1])].tolist(), len(places)]
    if len(edges) > RANGES:
        raise InputError.of("model", name, "its numbers are in another order than the model's, which is not supported here")
    return tuple(CopiedRange(sources[owner[a]], int(places[a] - starts[owner[a]]), a, b - a) for a, b in pairwise(edges) if places[a])


def _sizes(scene: Scene, found: dict[str, tuple[int, ...]]) -> tuple[tuple[int, ...], int, tuple[str, ...], str]:
    """(shape and number of outputs, axes, task) of a scene: by a chain of matrices, else by its data. Raises InputError."""
    sizes = mapping.sizes({name: (shape, "F32") for name, shape in found.items()})
    if sizes is not None:
        return (
            (sizes[0],),
            sizes[-1],
            (),
            scene.data.task if scene.data.task != "auto" else "classification" if sizes[-1] > 1 else "regression",
        )
    data = sets.load(scene.data, Path())
    return tuple(data.shape), data.n_outputs, tuple(data.axes), data.task


def _range(plan: mapping.Mapping, name: str, shape: tuple[int, ...]) -> tuple[CopiedRange, ...]:
    """The whole of one array, or a third of it; nothing where a bias is not there."""
    source, count = plan.sources[name], prod(shape)
    return () if source is None else (CopiedRange(source, plan.thirds.get(name, 0) * count, 0, count),)
