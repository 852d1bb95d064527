"""Every value of an ONNX model for one input, computed by onnxruntime with its optimisations off, so that nothing is fused away.

Values are asked for in groups of bounded size, and of each only what is shown is kept. Arrays of the model are mapped from its file.
Memory is bounded: a run that asks for more ends with an error, and so does one that lasts too long or is stopped. Nothing in a model can
name code: onnxruntime loads other operations only where its user says so, which is never done here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from threading import Event, Timer
from typing import Any

import numpy as np

from nnviz3d.formats.onnx import branches as onnx_branches
from nnviz3d.formats.onnx import session as onnx_session
from nnviz3d.formats.onnx.flat import copied
from nnviz3d.formats.onnx.graph import OnnxGraph
from nnviz3d.formats.onnx.model_file import library
from nnviz3d.formats.onnx.shapes import Shape
from nnviz3d.spec.errors import InputError, RunError

GROUP = 96 << 20  # bytes of values that one run gives out
COUNT, UNTOLD = 4096, 1 << 18  # values of one group at most; bytes of one whose shape is not known
SECONDS = 120.0
HALF = ("float16", "bfloat16")


class RunStopped(RunError):
    """Somebody stopped it, or it took too long."""


class Values:
    """One computation, to be made in any thread. `given`: by the name of an input, an array of its shape and type."""

    def __init__(self, built: OnnxGraph, given: Mapping[str, np.ndarray]):
        self.built, self.given = built, dict(given)
        self.shapes: dict[str, Shape] = {}  # of all values that were computed, with the batch
        self.notes: list[str] = []
        self._ending, self._running, self._why = Event(), None, "stopped"

    def stop(self, why: str = "stopped") -> None:
        """From another thread: the run ends after the operation that it is at."""
        self._why = why
        self._ending.set()
        if (running := self._running) is not None:
            running.terminate = True

    def compute(self) -> dict[str, np.ndarray]:
        """By the name of a node of the graph: what is shown of its value, float32. Nodes in branches that are not taken are missing.
        Raises InputError for what onnxruntime does not run, and RunStopped."""
        timer = Timer(SECONDS, self.stop, (f"stopped after {SECONDS:.0f} seconds",))
        timer.daemon = True
        timer.start()
        try:
            return self._computed()
        finally:
            timer.cancel()

    def _computed(self) -> dict[str, np.ndarray]:
        model = copied(self.built.file.model)
        del model.graph.value_info[:]  # what the file claims of them is not needed, and may be wrong for this input
        onnx_branches.inline(model, self.ask)
        kept, meant = {}, {value: name for name, value in self.built.values.items()}
        scales = self._scales()
        for name, array in self._all(model, set(meant) | scales):
            self.shapes[name] = array.shape
            if name in scales and name not in kept:
                kept[name] = np.array(array)
            if name in meant and array.size:
                kept[f"={meant[name]}"] = self._shown(meant[name], array, kept)
        return {name[1:]: array for name, array in kept.items() if name[:1] == "="}

    def _scales(self) -> set[str]:
        """Values that say what other values mean."""
        return {name for pair in self.built.scales.values() for name in pair if name and name not in self.built.constants}

    def _all(self, model: Any, names: set[str]) -> Iterator[tuple[str, np.ndarray]]:
        """(name, array) of all values that there are; scales first."""
        yield from ((name, array) for name, array in self.given.items() if name in names)
        turns = onnx_branches.expose(looped := copied(model), names)
        if turns:
            try:
                yield from ((name, array[-1]) for name, array in self._grouped(looped, turns) if len(array))
            except InputError:
                self.notes.append("values inside its loops change their shapes from turn to turn and are not shown")
        made = [name for node in model.graph.node for name in node.output if name in names]
        first = self._scales()
        outputs = self._outputs()
        made.sort(key=lambda name: name not in first)
        yield from self._grouped(model, {name: name for name in made if name not in outputs})
        yield from ((name, array) for name, array in outputs.items() if name in names)

    def _outputs(self) -> dict[str, np.ndarray]:
        """The outputs of the model as it is: asking for values inside rounds some of float16."""
        names = [value.name for value in self.built.file.model.graph.output if value.name not in self.built.constants]
        return self.ask(self.built.file.model, names)

    def _grouped(self, model: Any, asked: Mapping[str, str]) -> Iterator[tuple[str, np.ndarray]]:
        """`asked`: by name, the output that holds it."""
        group, size = [], 0
        for name in asked:
            shape = self.built.whole.get(name)
            bytes_ = UNTOLD if shape is None else 4 * prod(shape)
            if group and (size + bytes_ > GROUP or len(group) == COUNT):
                yield from self._group(model, group, asked)
                group, size = [], 0
            group.append(name)
            size += bytes_
        if group:
            yield from self._group(model, group, asked)

    def _group(self, model: Any, group: Sequence[str], asked: Mapping[str, str]) -> Iterator[tuple[str, np.ndarray]]:
        found = self.ask(model, [asked[name] for name in group])
        yield from ((name, found[asked[name]]) for name in group if asked[name] in found)

    def ask(self, model: Any, names: Sequence[str]) -> dict[str, np.ndarray]:
        """What these values of a model are, all in one run."""
        if self._ending.is_set():
            raise RunStopped(self._why)
        onnx, ort = library(), onnx_session.runtime()
        stored = {tensor.name for tensor in model.graph.initializer}
        found = {name: self.given[name] for name in names if name in self.given}
        found |= {name: self.built.constants.array(name) for name in names if name in stored}
        wanted = [name for name in names if name not in found]
        if not wanted:
            return found
        part = copied(model)
        have = {value.name for value in part.graph.output}
        part.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted if name not in have)
        options = self._running = ort.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        with self._errors_in_words():
            arrays = onnx_session.session(part, self.built.file.base).run(wanted, self.given, options)
        return found | {name: array for name, array in zip(wanted, arrays, strict=True) if isinstance(array, np.ndarray)}

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        """Errors of onnxruntime in words."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # its errors have no common class
            if self._ending.is_set():
                raise RunStopped(self._why) from None
            text = " ".join(str(error).split()).partition("Status Message: ")
            raise InputError.of(str(self.built.file.path), "", f"onnxruntime does not run it: {(text[2] or text[0])[:300]}") from None

    def _shown(self, name: str, array: np.ndarray, kept: Mapping[str, np.ndarray]) -> np.ndarray:
        """float32, without the batch, the first slices of what is too large; small integers as the numbers that they stand for."""
        scale = self.built.scales.get(name)
        array = array[0] if array.ndim > 1 and len(array) == 1 else array
        shape = self.built.shown[name]
        if array.ndim == len(shape):
            array = array[tuple(slice(length) for length in shape)]
        if scale is None:
            return array.astype(np.float32)
        factor, zero = (self._constant(each, kept) for each in scale)
        zeros = 0.0 if zero is None or zero.size != 1 else float(zero.reshape(())[()])
        if factor is None or factor.size != 1:
            return array.astype(np.float32)
        return ((array.astype(np.float32) - np.float32(zeros)) * np.float32(factor.reshape(())[()])).astype(np.float32)

    def _constant(self, name: str, kept: Mapping[str, np.ndarray]) -> np.ndarray | None:
        if not name:
            return None
        return self.built.constants.array(name) if name in self.built.constants else kept.get(name)
