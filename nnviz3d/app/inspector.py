"""What the Neuron panel says inside a walk: the recorded step's own numbers, and what it did to the parameters of one neuron.

Nothing is blended for the eye here: each number is the tape's. Before the phase `after` a neuron is told as it was when the step was
taken; in it, as it is with the new parameters. Holds which parameter is chosen and which gradient is checked.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from nnviz3d.app.reading import TERMS, read
from nnviz3d.engine.iteration import Tape
from nnviz3d.engine.rules import check_gradient, update
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.readout import CheckReading, GradientReading, NeuronReading, StepReading, UpdateReading
from nnviz3d.spec.topology import Node

KEPT = 4  # readings: the picked neuron and the one under the pointer, with room for the next


class Inspector:
    """A reading is made once for each (tape, before or after, neuron, parameter): 0.5 ms, then a look into a table of four."""

    def __init__(self):
        self._tape: Tape | None = None
        self._chosen: int | None = None
        self._check: CheckReading | None = None
        self._wanted: int | None = None
        self._known: dict[tuple, NeuronReading] = {}

    def choose(self, parameter: int) -> None:
        """Tell this parameter's update, as long as a neuron is picked that it leads into."""
        self._chosen = parameter

    def check(self, parameter: int) -> None:
        """Compare this parameter's gradient with a central difference at the next reading."""
        self._chosen = self._wanted = parameter

    def read(self, walk: Walk, neuron: int) -> NeuronReading:
        """The reading of a neuron of the step that is walked through. Raises IndexError for an id outside the network."""
        tape = walk.tape
        if tape is not self._tape:
            self._tape, self._check = tape, None
            self._known.clear()
        if self._wanted is not None:
            if 0 <= self._wanted < tape.topology.n_parameters:
                self._check = _check(tape, self._wanted)
            self._wanted = None
        key = (walk.kind == "after", neuron, self._chosen, self._check)
        if key not in self._known:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = self._told(walk, neuron)
        return self._known[key]

    def _told(self, walk: Walk, neuron: int) -> NeuronReading:
        after, tape = walk.kind == "after", walk.tape
        sample = tape.new if after else tape.old
        arrays = {"activation": sample.a, "z": sample.z, "delta": sample.delta, "gradient": tape.gradient}
        arrays["parameter"] = tape.after if after else tape.before
        host = SimpleNamespace(to_host=np.asarray)  # a tape lies on the host, wherever training runs
        facts = {"topology": tape.topology, "holds": tape.holds, "target_of": walk.target_of}
        told = read(SimpleNamespace(ops=host, tensors=arrays.get, **facts), neuron)
        if after:  # no error has been sent back through the new weights
            told = replace(told, delta=None, outgoing=None)
        return told if told.z is None else replace(told, step=step(tape, neuron, self._chosen, self._check))


def step(tape: Tape, neuron: int, chosen: int | None = None, checked: CheckReading | None = None) -> StepReading:
    """What the step did to the parameters that lead into `neuron` (not an input).

    Told apart are the weights with the largest terms of the weighted sum, the bias, and `chosen` where it is one of the neuron's;
    without that the update of the told weight that changed most.
    """
    node, j = tape.topology.locate(neuron)
    first, fan_in = node.weight.start + j * node.weight.shape[1], node.weight.shape[1]
    bias = node.bias.start + j
    source = tape.topology.by_name[node.inputs[0]].neurons
    row = slice(first, first + fan_in)
    product = tape.before[row].astype(np.float64) * tape.old.a[source.slice]
    told = [first + int(i) for i in np.argsort(-np.abs(product), kind="stable")[:TERMS]]
    if chosen is None or not (first <= chosen < first + fan_in or chosen == bias):
        chosen = max(told, key=lambda p: abs(float(tape.change[p])))
    if chosen not in told and chosen != bias:
        told.append(chosen)
    weights = [_gradient(tape, p, source.start + p - first, p - first) for p in told]
    return StepReading(
        float(tape.old.delta[neuron]),
        len(tape.rows),
        (*weights, _gradient(tape, bias)),
        fan_in - len(told),
        _update(tape, node, chosen),
        checked if checked is not None and checked.parameter == chosen else None,
    )


def _gradient(tape: Tape, p: int, neuron: int | None = None, index: int | None = None) -> GradientReading:
    a = None if neuron is None else float(tape.old.a[neuron])
    return GradientReading(p, float(tape.sample_gradient[p]), float(tape.gradient[p]), float(tape.change[p]), neuron, index, a)


def _update(tape: Tape, node: Node, p: int) -> UpdateReading:
    rule = update(tape, p)
    index = (p - node.weight.start) % node.weight.shape[1] if p < node.weight.stop else None
    return UpdateReading(p, index, rule.optimizer, rule.numbers(), rule.dead, not tape.diverged, rule.frozen)


def _check(tape: Tape, p: int) -> CheckReading:
    analytic, numeric, kink = check_gradient(tape, p)
    size = max(abs(analytic), abs(numeric))
    return CheckReading(p, analytic, numeric, abs(analytic - numeric) / size if size else 0.0, kink)
