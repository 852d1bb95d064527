"""A PyTorch model as a graph of tensors with values: one node for each call of torch that makes numbers, in containers by its modules.

Shapes are those of one sample. The first axis of the first tensor that the model is given counts its samples; wherever another tensor has
as many along its first axis, those are samples too, and the first of them is shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnviz3d.formats.torch.run import Call, TorchRun, tensors, watch
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.foreign_graph import NAME, ForeignGraph, ForeignNode
from nnviz3d.spec.layer_table import Axes, Shape

MAPS: Axes = ("channel", "row", "column")
SPATIAL = ("conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "interpolate", "pad")
STRIPS = ("conv1d", "conv_transpose1d", "max_pool1d", "avg_pool1d", "adaptive_avg_pool1d")
SEQUENTIAL = ("multi_head_attention_forward", "lstm", "gru", "rnn_tanh", "rnn_relu")  # their samples may be the second axis
SQUARES = ("softmax", "matmul", "bmm", "baddbmm", "masked_fill", "add", "div", "mul", "dropout", "where", "einsum")


@dataclass(frozen=True)
class Captured:
    """`values`, `parameters`: as `sources.opened.OpenedGraph` takes them. `error`: where and why the run ended early, in words; "" where it
    did not. `result`: what the model returned."""

    graph: ForeignGraph
    values: dict[str, np.ndarray]
    parameters: dict[str, np.ndarray]
    error: str
    result: Any


@dataclass(frozen=True)
class Kept:
    """Of one tensor: the shape of a sample, the values of the first one (None: too many to keep), whether they are whole numbers."""

    shape: Shape
    value: np.ndarray | None
    whole: bool


@dataclass
class Keeper:
    """`rows`: samples that the model was given; None: it was given one, without an axis for it."""

    rows: int | None
    numbers: int = 0

    def __call__(self, t: Any, op: str = "") -> Kept:
        if t.is_sparse or getattr(t, "is_nested", False):
            return Kept(tuple(t.shape), None, False)
        if self.rows is not None and t.ndim and t.shape[0] == self.rows:
            t = t[0]
        elif self.rows is not None and t.ndim > 2 and t.shape[1] == self.rows and op in SEQUENTIAL:
            t = t[:, 0]
        self.numbers += t.numel()
        if t.is_meta or self.numbers > limits.NEURONS:
            return Kept(tuple(t.shape), None, False)
        whole = not (t.is_floating_point() or t.is_complex())
        t = t.detach()
        return Kept(tuple(t.shape), np.array((t.abs() if t.is_complex() else t).float().cpu().numpy()), whole)


def capture(model: Any, args: tuple, kwargs: dict[str, Any] | None = None, batched: bool = True) -> Captured:
    """Run the model once, and tell what it is made of. Raises InputError where it was given no tensor, or made nothing."""
    given = list(tensors((args, kwargs or {})))
    if not given:
        raise InputError.option("", "x", "holds no tensor; give what the model reads")
    keep = Keeper(given[0].shape[0] if batched and given[0].ndim > 1 else None)
    first = [keep(t) for t in given]
    run = watch(model, args, kwargs or {}, keep)
    return _Builder(model, run, first).captured()


@dataclass
class _Builder:
    model: Any
    run: TorchRun
    given: list[Kept]
    names: list[str] = field(default_factory=list)
    axes: list[Axes] = field(default_factory=list)

    def captured(self) -> Captured:
        run, arrays = self.run, dict(self.model.named_parameters(remove_duplicate=False))
        used = {source.number for call in run.calls for source in call.reads if source.kind == "input"} or {0}
        inputs = ["input" if len(used) == 1 else f"input{k + 1}" for k in range(len(self.given))]
        calls = self._reaching()
        self.names = _names(calls, {*inputs})
        numbers = {k: place for place, k in enumerate(calls)}
        nodes, values, parameters = [], {}, {}
        input_axes = [_input_axes(kept) for kept in self.given]
        for k in sorted(used):
            nodes.append(ForeignNode(inputs[k], "input", (), self.given[k].shape, input_axes[k]))
            values |= _value(inputs[k], self.given[k])
        for place, call in enumerate(calls.values()):
            name = self.names[place]
            reads = dict.fromkeys(self._reads(call, inputs, numbers))
            parts = _parts([source.name for source in call.reads if source.kind == "parameter"])
            kept = call.value or Kept((), None, False)
            nearest = [self.axes[numbers[s.number]] for s in call.reads if s.kind == "call" and s.number in numbers]
            nearest += [input_axes[s.number] for s in call.reads if s.kind == "input"]
            self.axes.append(axes_of(call.op, kept, nearest))
            nodes.append(ForeignNode(
                name, "error" if call.error else call.op, tuple(reads), kept.shape, self.axes[-1],
                tuple((part, tuple(arrays[full].shape)) for part, full in parts.items()), call.module,
                settings=(("error", call.error),) if call.error else (),
            ))  # fmt: skip
            values |= _value(name, kept)
            parameters |= {f"{name}.{part}": arrays[full].detach().float().cpu().numpy() for part, full in parts.items()}
        error = next((f"{call.error} (in {call.path or type(self.model).__name__})" for call in run.calls if call.error), "")
        return Captured(ForeignGraph(tuple(nodes), type(self.model).__name__), values, parameters, error, run.result)

    def _reaching(self) -> dict[int, Call]:
        """The calls that the outputs, or the one that failed, are made of, by number; the main output last where nothing reads it."""
        run = self.run
        ends = [k for k, call in enumerate(run.calls) if call.error]
        ends = ends or [source.number for source in run.outputs if source.kind == "call"]
        if not ends:
            raise InputError.option("", "model", "returned nothing that it has made of the input")
        found, waiting = set(), list(ends)
        while waiting:
            k = waiting.pop()
            if k not in found:
                found.add(k)
                waiting += [source.number for source in run.calls[k].reads if source.kind == "call"]
        main, read = ends[0], {source.number for k in found for source in run.calls[k].reads if source.kind == "call"}
        return {k: run.calls[k] for k in sorted(found, key=lambda k: (k == main and main not in read, k))}

    def _reads(self, call: Call, inputs: list[str], numbers: dict[int, int]) -> list[str]:
        """Names of the nodes that it reads; parameters and constants are none."""
        return [inputs[s.number] if s.kind == "input" else self.names[numbers[s.number]] for s in call.reads if s.kind in ("input", "call")]


def _value(name: str, kept: Kept) -> dict[str, np.ndarray]:
    return {} if kept.value is None else {name: kept.value}


def _names(calls: dict[int, Call], taken: set[str]) -> list[str]:
    """A module's only call has the module's name; others are called by what they do, in their module. Names are told apart by numbers."""
    inside: Counter[str] = Counter()
    for call in calls.values():
        parts = call.path.split(".")
        inside.update(".".join(parts[: k + 1]) for k in range(len(parts)) if call.path)
    names: list[str] = []
    for call in calls.values():
        alone = call.path and inside[call.path] == 1
        wanted = (call.path if alone else ".".join(filter(None, (call.path, call.op))))[-NAME + 8 :]
        name, times = wanted, 1
        while name in taken or (not alone and name in inside):
            times += 1
            name = f"{wanted}_{times}"
        taken.add(name)
        names.append(name)
    return names


def _parts(names: list[str]) -> dict[str, str]:
    """By the name of the part, that of the parameter: "weight" of "layer1.0.conv1.weight", as far as it is the only one."""
    parts: dict[str, str] = {}
    for name in dict.fromkeys(names):
        short = name.rpartition(".")[2]
        parts[short if short not in parts else name.replace(".", "_")] = name
    return parts


def _input_axes(kept: Kept) -> Axes:
    plain = {1: ("token",) if kept.whole else ("neuron",), 2: ("token", "feature"), 3: MAPS}
    return _named(len(kept.shape), plain.get(min(len(kept.shape), 3), ()))


def axes_of(op: str, kept: Kept, nearest: list[Axes]) -> Axes:
    """What the axes of a tensor run over: by the call that makes it, or as those of what it reads."""
    shape, n = kept.shape, len(kept.shape)
    if n >= 3 and op in SPATIAL:
        return _named(n, MAPS)
    if n == 2 and op in STRIPS:
        return "channel", "column"
    if n >= 3 and shape[-1] == shape[-2] and op in SQUARES and not any(axes == _named(n, MAPS) for axes in nearest):
        return _named(n, ("head", "query", "key"))
    alike = next((axes for axes in nearest if len(axes) == n and axes != ("token",)), None)
    if alike is not None:
        return alike
    return _named(n, {1: ("neuron",), 2: ("token", "feature")}.get(n, ("head", "token", "feature")))


def _named(n: int, axes: Axes) -> Axes:
    """With further axes before these, as many as there are."""
    return ("axis",) * (n - len(axes)) + axes[len(axes) - n if n < len(axes) else 0 :] if n else ()
