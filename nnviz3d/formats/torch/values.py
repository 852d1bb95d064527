"""The network that is made of a PyTorch model while it is read: its layers, what each call returns, and every problem by its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from pydantic import ValidationError

from nnviz3d.spec.errors import Problem
from nnviz3d.spec.layer_table import INPUT, Axes, BadShape, LayerTable, Shape, plain_axes, tables, text
from nnviz3d.spec.network_graph import RESERVED

Arrays = dict[str, np.ndarray]
Read = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class ModulePlace:
    """Where a call stands in the model. `title`: for messages, "model.layer1[0].conv (Conv2d)". `readers`: how many calls read what it
    returns."""

    title: str
    name: str
    readers: int = 1

    def part(self, name: str) -> ModulePlace:
        """Of a layer that it consists of, read by one other."""
        return ModulePlace(self.title, f"{self.name}.{name}", 1)


@dataclass(frozen=True)
class ModuleOutput:
    """What a call returns: numbers of the layer `name`. `shape` and `axes`: as they are read; () and None where they are not known.
    `flat`: its layer has more axes than are read."""

    name: str
    shape: Shape | None
    axes: Axes
    readers: int = 1
    flat: bool = False


@dataclass
class Made:
    """A layer: its table, and its arrays by part. `open`: why it cannot stay as it is, unless what follows makes it right."""

    place: ModulePlace
    keys: dict[str, Any]
    arrays: Arrays = field(default_factory=dict)
    open: str = ""


class Building:
    """Layers in the order of computation. A problem does not end the reading, so that all are reported. `read`: the numbers of a tensor."""

    def __init__(self, read: Read | None = None):
        self._read = read or _values
        self.layers: dict[str, Made] = {}
        self.problems: list[Problem] = []

    def wrong(self, place: ModulePlace, message: str, key: str = "") -> ModuleOutput:
        """A result of which nothing is known."""
        self.problems.append(Problem(place.title, key, message))
        return ModuleOutput(INPUT, None, ())

    def add(self, place: ModulePlace, kind: str, reads: list[ModuleOutput], arrays: Arrays | None = None, **keys: Any) -> ModuleOutput:
        """A layer that reads these values."""
        reads = [self._with_axes(place, value) for value in reads]
        name = self._free(place.name)
        self.layers[name] = Made(replace(place, name=name), {"kind": kind, "from": [value.name for value in reads], **keys}, arrays or {})
        unknown = ModuleOutput(name, None, (), place.readers)
        try:
            table = tables()[kind].model_validate({"name": name, **self.layers[name].keys})
        except ValidationError as error:
            for each in error.errors():
                self.wrong(place, f"{'.'.join(map(str, each['loc']))}: {each['msg']}")
            return unknown
        if any(value.shape is None for value in reads):
            return unknown
        return self._judged(place, table, reads, arrays or {}) or unknown

    def _judged(self, place: ModulePlace, table: LayerTable, reads: list[ModuleOutput], arrays: Arrays) -> ModuleOutput | None:
        """The result, where shapes fit and the arrays are those that the layer has."""
        axes, shapes = tuple(value.axes for value in reads), tuple(value.shape for value in reads)
        try:
            table = table.over(axes)
            shape = table.output_shape(shapes)
            parts = table.parts_over(shapes, axes)
            made = ModuleOutput(table.name, shape, table.axes(axes, shape or ()), place.readers)
        except BadShape as error:
            self.wrong(place, error.message)
            return None
        for part, wanted in parts:
            if part in arrays and arrays[part].shape != wanted:
                given = " and ".join(text(shape) for shape in shapes if shape)
                self.wrong(place, f"its {part} is {text(arrays[part].shape)}; for what it reads, {given}, it would be {text(wanted)}")
                return None
        return made

    def _with_axes(self, place: ModulePlace, value: ModuleOutput) -> ModuleOutput:
        """A value that was flattened, as a layer."""
        if not value.flat or value.shape is None:
            return value
        return self.add(replace(place, name=f"{value.name}.flatten"), "reshape", [replace(value, flat=False)], shape=list(value.shape))

    def flattened(self, value: ModuleOutput) -> ModuleOutput:
        """One axis. Dense layers read all axes as one anyway."""
        if value.shape is None or len(value.shape) == 1:
            return value
        return replace(value, shape=(prod(value.shape),), axes=("neuron",), flat=True)

    def reshaped(self, place: ModulePlace, value: ModuleOutput, shape: Shape) -> ModuleOutput:
        return self.add(place, "reshape", [value], shape=list(shape)) if shape != value.shape else value

    def maker(self, value: ModuleOutput, *kinds: str) -> Made | None:
        """The layer of these kinds that a value comes from, where nothing else reads it: what follows may become a setting of it."""
        made = self.layers.get(value.name)
        alone = made is not None and value.readers == 1 and not value.flat
        return made if made is not None and alone and made.keys["kind"] in kinds else None

    def _free(self, name: str) -> str:
        """A name that a layer can have: no other's, not the input's, and not one of the state of training."""
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:50] or "layer"
        if not name[0].isalpha() and name[0] != "_":
            name = f"layer{name}"
        if name == INPUT or name.split(".")[0] == RESERVED:
            name = f"{name}_"
        count, free = 2, name
        while free in self.layers:
            free, count = f"{name}_{count}", count + 1
        return free

    def array(self, place: ModulePlace, name: str, parameter: Any) -> np.ndarray | None:
        """What was read of it, finite."""
        try:
            array = self._read(parameter)
        except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:  # no numbers yet: device "meta", lazy
            self.wrong(place, f"has no values: {str(error).splitlines()[0]}", name)
            return None
        if not np.isfinite(array).all():
            self.wrong(place, "contains values that are not finite", name)
        return array

    def arrays(self, place: ModulePlace, module: Any, *parts: str) -> Arrays:
        """Those parts of a module that it has."""
        found = {part: self.array(place, part, getattr(module, part)) for part in parts if getattr(module, part, None) is not None}
        return {part: array for part, array in found.items() if array is not None}


def _values(parameter: Any) -> np.ndarray:
    """A copy in float32."""
    return np.array(parameter.detach().cpu().float().numpy(), np.float32)


def first(shape: Shape | None, axes: Axes) -> ModuleOutput:
    """The model's input."""
    return ModuleOutput(INPUT, shape, axes or (plain_axes(shape) if shape else ()))
