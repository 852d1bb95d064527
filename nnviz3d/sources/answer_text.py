"""Outputs and targets in words: what a network says of a sample, whether that is right, and what a sample is."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.evaluation import answers
from nnviz3d.engine.objective import Objective
from nnviz3d.sources.viewable import Array, Sample
from nnviz3d.spec.score import percent
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import Unit

TOKENS = 24  # of a sequence, in a line


class Answering(Protocol):
    """A network with a shown sample."""

    @property
    def ops(self) -> Ops: ...
    @property
    def topology(self) -> Topology: ...
    @property
    def objective(self) -> Objective: ...
    @property
    def data(self) -> DataSet: ...
    @property
    def sample(self) -> Sample: ...
    def tensors(self, kind: str, /) -> Array: ...


def answer(seen: Answering) -> tuple[str, bool | None]:
    """What a network says of its shown sample, and whether that is right, as `verdict`."""
    output = seen.topology.output
    values = seen.objective.own(seen.ops.to_host(seen.tensors("activation")[output.neurons.slice]))
    return verdict(seen.data, output.activation, values, seen.sample.target)


def verdict(data: DataSet, activation: str, a_o: np.ndarray, target) -> tuple[str, bool | None]:
    """Outputs (O,), numbers in their own units, in words, and whether that is right: ("3 (97.2 %)", True).

    Percent only where the outputs are probabilities of a softmax; numbers have no right or wrong.
    """
    a_o = np.asarray(a_o, np.float64)
    if data.reconstructs and target is not None:
        error = np.sqrt(np.mean((a_o - np.ravel(target)) ** 2))
        return f"its inputs, off by {error:.3g} (root mean square)", None
    if data.task != "classification":
        return (
            (words(data, a_o), None)
            if activation != "sigmoid" or not data.two_classes
            else _of_two(float(a_o[0]), None if target is None else int(np.ravel(target)[0]))
        )
    if data.tokens:
        if target is None:
            return _listed(data, answers(a_o, np.zeros(data.shape, np.int32))[0]), None
        said, right, scored = answers(a_o, np.asarray(target))
        return _listed(data, said[scored]), bool((right | ~scored).all())
    best = int(a_o.argmax())
    share = f" ({percent(float(a_o[best]))})" if activation == "softmax" else ""
    return data.class_names[best] + share, None if target is None else best == int(target)


def _of_two(p: float, target: int | None) -> tuple[str, bool | None]:
    """What one sigmoid says of 0 or 1, by its share, and whether that is right: ("1 (97.2 %)", True); None without a target."""
    said = int(p > 0.5)
    return f"{said} ({percent(p if said else 1 - p)})", None if target is None else said == target


def words(data: DataSet, target) -> str:
    """A class by its name; numbers with their target's names: "y = 0.25"; inputs that are to be given back are named as what they are."""
    if data.reconstructs:
        return "its inputs"
    if data.tokens:
        return _listed(data, np.asarray(target)[np.asarray(target) >= 0])
    if data.task == "classification":
        return data.class_names[int(target)]
    values = np.ravel(target).tolist()
    said = [f"{value:.3g}" for value in values] if not data.units else map(Unit.text, data.units, values)
    return ", ".join(f"{name} = {text}" for name, text in zip(data.class_names, said, strict=False))


def label(data: DataSet, x, target) -> str:
    """What a sample is, in words: its target; of a sequence also what stands before that is to be predicted: "B A C → A B C"."""
    if not data.tokens:
        return words(data, target)
    scored = np.flatnonzero(np.asarray(target) >= 0)
    given = np.asarray(x).ravel()[: int(scored[0]) + 1 if len(scored) else None]
    return f"{_listed(data, given.astype(int))} → {words(data, target)}"


def _listed(data: DataSet, ids: np.ndarray) -> str:
    """Tokens one after another; of many the first ones. "?" where an output is not a number."""
    shown = ["?" if k < 0 else data.vocabulary[k] for k in ids[:TOKENS].tolist()]
    return " ".join([*shown, "..."] if len(ids) > TOKENS else shown)
