"""A model in an ONNX file: its structure at once, its numbers from a thread, for random inputs or those that a person chose."""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakSet

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import images, npz
from nnviz3d.formats.onnx import feed as onnx_feed
from nnviz3d.formats.onnx import graph as onnx_graph
from nnviz3d.formats.onnx import run as onnx_run
from nnviz3d.formats.onnx import shapes as onnx_shapes
from nnviz3d.sources.opened import OpenedGraph
from nnviz3d.spec import file_kinds, paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.foreign_graph import ForeignGraph

LENGTHS = (onnx_shapes.LENGTH, 64, 256, 512, 576, 1024)  # of what a model leaves open, tried one after another where nobody chose
RANDOM = "random numbers"
ROW_BYTES = 1 << 20  # of a table whose first row of numbers is an input


LONGEST = 10.0  # seconds that the end of the program waits for one operation
_running: WeakSet[Computation] = WeakSet()


@atexit.register
def _end() -> None:
    """The end of Python kills threads, and onnxruntime aborts the program where it is killed in a run: stop what runs first."""
    for thread in (threads := list(_running)):
        thread.stop()
    for thread in threads:
        thread.join(LONGEST)


@dataclass
class Computed:
    """What a thread has found. `built`: with the shapes that the run has shown; `parameters`: None where they are as before; `text`: what
    went wrong."""

    built: onnx_graph.OnnxGraph
    values: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: dict[str, np.ndarray] | None = None
    label: str = ""
    text: str = ""
    notes: list[str] = field(default_factory=list)


class Computation(Thread):
    """One input through one model. `given`: arrays by the name of an input, the rest is random; `first`: parameters are wanted too."""

    def __init__(self, path: Path, built: onnx_graph.OnnxGraph, given: Mapping[str, np.ndarray], label: str, first: bool):
        super().__init__(daemon=True, name="ONNX values")
        self.path, self.built, self.given, self.label, self.first = path, built, dict(given), label, first
        self.result: Computed | None = None
        self._values: onnx_run.Values | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            found = self._result()
        except (InputError, RunError) as error:
            found = Computed(self.built, text=str(error))
        except (MemoryError, RecursionError) as error:
            found = Computed(self.built, text=f"{self.path.name}: the values cannot be computed: {error or 'not enough memory'}")
        if self.first or not same(found.built.graph, self.built.graph):
            found.parameters = found.built.read_parameters(found.notes)
        self.result = found

    def stop(self) -> None:
        self._stopped = True
        if self._values is not None:
            self._values.stop()

    def _result(self) -> Computed:
        first: InputError | None = None
        for length in LENGTHS:
            chosen = {name: array.shape for name, array in self.given.items()}
            fits = length == LENGTHS[0] and all(self.built.given.get(name) == shape for name, shape in chosen.items())
            built = self.built if fits else onnx_graph.build(self.built.file, chosen, length=length)
            feed = onnx_feed.random(built) | self.given
            self._values = values = onnx_run.Values(built, feed)
            if self._stopped:
                values.stop()
            try:
                return self._finished(built, values, values.compute())
            except InputError as error:
                first = first or error
            if all(None not in (each.shape or (None,)) or each.name in chosen for each in built.inputs):
                break
        assert first is not None
        raise first

    def _finished(self, built: onnx_graph.OnnxGraph, values: onnx_run.Values, found: dict[str, np.ndarray]) -> Computed:
        described = {name: shape for name, shape in values.shapes.items() if built.whole.get(name) != shape}
        chosen = {name: array.shape for name, array in values.given.items()}
        if described:  # what is shown of a value follows from its shape: ask again
            built = onnx_graph.build(built.file, chosen, values.shapes)
            again = onnx_run.Values(built, values.given)
            self._values = again
            if self._stopped:
                again.stop()
            found = again.compute()
        fitting = {node.name: node.shape for node in built.graph.nodes}
        found = {name: array for name, array in found.items() if array.size == max(int(np.prod(fitting[name])), 1)}
        return Computed(built, found, label=self.label, notes=values.notes)


class OnnxModel(OpenedGraph):
    """`x`: what it is run with, as of `onnx_feed.chosen`; None: random numbers. The first frames show the structure without numbers."""

    takes = frozenset({file_kinds.PICTURE, file_kinds.ARRAYS.name, file_kinds.TABLE.name})  # files that can be its input

    def __init__(self, path: Path, ops: Ops, x: Any = None, label: str = "the given input"):
        self.path = path
        self.built = built = onnx_graph.read(path)
        given = {} if x is None else onnx_feed.chosen(built.inputs, x, str(path))
        if given:
            self.built = built = onnx_graph.build(built.file, {name: array.shape for name, array in given.items()})
        super().__init__(built.graph, {}, ops, base=built.file.base, label="no numbers yet: they are being computed")
        self._first = True  # its parameters are not read yet
        self._message = "; ".join(built.file.notes)
        self._thread: Computation | None = None
        self._start(given, label if given else RANDOM)

    # ---------------------------------------------------------------- what it computes

    @property
    def pending(self) -> bool:
        """Numbers are being computed."""
        return self._thread is not None

    def give(self, x: Any, label: str) -> None:
        """Run it with another input. Raises InputError, and then what is shown stays."""
        self._start(onnx_feed.chosen(self.built.inputs, x, str(self.path)), label)

    def give_file(self, path: Path) -> None:
        """Run it with what is in a file: a picture, arrays (.npy, or .npz by the names of inputs), the first row of a table. Raises
        InputError."""
        kind = file_kinds.of(path)
        if kind.name == file_kinds.PICTURE:
            self._start(self._picture(path), path.name)
        elif kind is file_kinds.ARRAYS and path.read_bytes()[:2] == b"PK":
            listed = npz.listed(path, paths.regular_file(path, 1 << 32))
            self.give(npz.read(path, set(listed)), path.name)
        elif kind is file_kinds.ARRAYS:
            self.give(npz.array(path), path.name)
        else:
            self.give(first_row(path), f"the first row of {path.name}")

    def _picture(self, path: Path) -> dict[str, np.ndarray]:
        for each in self.built.inputs:
            found = onnx_feed.picture_shape(self.built.given[each.name])
            if found is not None:
                rows, columns, channels, first = found
                pixels = images.picture(path, (rows, columns), channels == 3)
                pixels = pixels.reshape(channels, rows, columns).astype(np.float32) / np.float32(255)
                return onnx_feed.chosen((each,), (pixels if first else pixels.transpose(1, 2, 0))[None], str(self.path))
        texts = ", ".join(f"{each.name} ({each.text()})" for each in self.built.inputs)
        raise InputError.of(str(path), "", f"is a picture; the model has no input that is one: {texts}")

    def _start(self, given: Mapping[str, np.ndarray], label: str) -> None:
        if self._thread is not None:
            self._thread.stop()
        self._thread, self._started = Computation(self.path, self.built, given, label, self._first), False

    def _begin(self, thread: Computation) -> None:
        """Not before the first frame, which it would delay."""
        if not self._started:
            self._started = True
            _running.add(thread)
            thread.start()

    # ---------------------------------------------------------------- taking it over

    def advance(self, more: Callable[[], bool] | None, steps: int | None = None) -> int:
        """Take over what the thread has found. The network is another one where lengths have changed."""
        if self._thread is not None:
            self._begin(self._thread)
            if (found := self._thread.result) is not None:
                self._thread = None
                self._take(found)
        return 0

    def settle(self) -> None:
        """Wait for the numbers."""
        if self._thread is not None:
            self._begin(self._thread)
            self._thread.join()
            self.advance(None)

    def message(self) -> str:
        """What to tell a person, once."""
        text, self._message = self._message, ""
        return text

    def close(self) -> None:
        """Stop what is being computed."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _take(self, found: Computed) -> None:
        self._message = "; ".join(filter(None, (found.text, *found.notes)))
        if not same(found.built.graph, self.graph):
            self.graph, self.topology = found.built.graph, found.built.graph.topology()
            self.data = self.no_rows()
            self._arenas.clear()
        self.built = found.built
        label = found.label or ("no numbers: the model could not be run" if found.text else "")
        self.take(found.values, found.parameters, label)
        self._first = False


def same(one: ForeignGraph, other: ForeignGraph) -> bool:
    """Whether both are drawn from the same arenas."""
    return [(n.name, n.shape, n.parameters) for n in one.nodes] == [(n.name, n.shape, n.parameters) for n in other.nodes]


def first_row(path: Path) -> np.ndarray:
    """The first line of a table that holds nothing but numbers, as (columns,) float32. Raises InputError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(ROW_BYTES).splitlines()
    for line in lines:
        cells = [cell for cell in re.split(r"[,;\t ]+", line.strip()) if cell]
        try:
            if cells:
                return np.array([float(cell) for cell in cells], np.float32)
        except ValueError:
            continue
    raise InputError.of(str(path), "", "has no row that holds numbers only; save the row of the inputs as .csv or .npy")


def open_file(path: Path, ops: Ops, x: Any = None) -> OnnxModel:
    """As `app.session.opening` calls it. `x`: arrays, or the path of a file with the input. Raises InputError."""
    if not isinstance(x, (str, os.PathLike)):
        return OnnxModel(path, ops, x)
    model = OnnxModel(path, ops)
    model.give_file(Path(x))
    return model
