"""Loops without a model object: parameters and gradients that the loop hands over as trees of arrays (JAX, numpy, anything else)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from nnviz3d.live import copy_plan
from nnviz3d.live.copy_plan import Described, OtherShape
from nnviz3d.live.kept_frames import FrameLayout, LoopFrame
from nnviz3d.live.loop_view import LoopView
from nnviz3d.live.numbers import flat, shape_of
from nnviz3d.live.wire import Structure
from nnviz3d.live.wire_headers import ARRAYS
from nnviz3d.spec.errors import InputError

DEPTH = 32
Describe = Callable[[dict[str, tuple[int, ...]]], tuple[Described, bool]]


def leaves(tree: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(dotted name, array) of mappings, sequences and dataclasses of arrays; None is left out. Raises InputError."""
    if tree is None:
        return
    if hasattr(tree, "shape") and hasattr(tree, "dtype"):
        yield name or "array", tree
        return
    if depth >= DEPTH:
        raise InputError.option("", "params", f"{name}: is nested more than {DEPTH} deep")
    if isinstance(tree, Mapping):
        items = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = zip(tree._fields, tree, strict=True) if hasattr(tree, "_fields") else enumerate(tree)  # type: ignore[attr-defined]
    elif is_dataclass(tree):
        items = ((each.name, getattr(tree, each.name)) for each in fields(tree))
    elif isinstance(tree, (int, float)):
        yield name or "array", np.float32(tree)
        return
    else:
        raise InputError.option(
            "", "params", f"{name or 'the tree'}: expected arrays in dictionaries and lists, found {type(tree).__name__}"
        )
    for key, each in items:
        yield from leaves(each, f"{name}.{key}".lstrip("."), depth + 1)


class ArrayTrees:
    """`describe(name -> shape)` says what the arrays are, and whether matrices are (in, out) there. Trees hold until the next step."""

    def __init__(self, describe: Describe):
        self.describe = describe
        self.described: Described | None = None
        self._turned = False
        self._params: dict[str, Any] = {}
        self._grads: dict[str, Any] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def attach(self, view: LoopView) -> None:
        pass

    def given(self, params: Any, grads: Any) -> None:
        self._params = dict(leaves(params)) if params is not None else self._params
        self._grads = dict(leaves(grads))
        if len(self._params) > ARRAYS:
            raise InputError.option("", "params", f"{len(self._params):,} arrays; at most {ARRAYS:,} are sent")

    def prepare(self, sample: np.ndarray | None) -> tuple[Structure, FrameLayout] | None:
        if not self._params:
            return None
        self._shapes = {name: shape_of(values) for name, values in self._params.items()}
        self.described, self._turned = self.describe(self._shapes)
        return self.described.structure, self.described.layout

    def parameters(self, frame: LoopFrame) -> None:
        assert self.described is not None
        if {name: shape_of(values) for name, values in self._params.items()} != self._shapes:
            raise OtherShape
        copy_plan.fill(frame, "parameter", self.described.arrays, lambda name: self._flat(self._params[name]))

    def gradients(self, frame: LoopFrame) -> None:
        assert self.described is not None
        fits = {name: values for name, values in self._grads.items() if shape_of(values) == self._shapes.get(name)}
        copy_plan.fill(frame, "gradient", self.described.arrays, lambda name: self._flat(fits[name]) if name in fits else None)

    def metrics(self) -> dict[str, float]:
        return {}

    def detach(self) -> None:
        self._params, self._grads = {}, {}

    def _flat(self, values: Any) -> np.ndarray:
        turned = self._turned and len(shape_of(values)) == 2
        return flat(np.asarray(values).T if turned else values)
