"""Readings for the panels, made once for each moment: of the picked neuron, the chosen parameter, the chosen layer.

Inside a walk each number is the tape's; nothing is blended for the eye. Before the phase `after` everything is reported as it was when the
step was taken; in it, as it is with the new parameters. Outside a walk it is the arenas' own. Holds readings and the last gradient check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from nnviz3d.app.probes.explain import TERMS, parameter, read
from nnviz3d.app.probes.explain_layer import layer
from nnviz3d.app.probes.explained import Explained, Recorded
from nnviz3d.engine.tape import Tape
from nnviz3d.engine.update_explained import check_gradient, check_sample, directions, update
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.parameter_ref import own_parameter
from nnviz3d.spec.readout import (
    CheckReading,
    GradientReading,
    LayerReading,
    MatrixReading,
    NeuronReading,
    ParameterEquations,
    StepReading,
    UpdateReading,
)

KEPT = 6  # readings: the picked neuron, the one under the pointer, the chosen parameter and layer, with room for the next
LAYER_WAIT, LAYER_SHARE = 0.1, 30  # seconds between two looks at a whole layer that learns; at least so many times what one costs


class Inspector:
    """A reading is made once for each moment (0.1 to 0.5 ms), then it is a look into a short table."""

    def __init__(self):
        self._moment: tuple = ()
        self._serial = 0  # of the network, or the tape, that is reported
        self._known: dict[tuple, object] = {}
        self._wanted: int | None = None
        self._check: CheckReading | None = None
        self._layer: tuple = ()  # (what of, until when it is good, reading)

    def check(self, p: int) -> None:
        """Compare this parameter's gradient with a central difference when it is read next."""
        self._wanted = p

    def neuron(self, seen: Viewable, neuron: int) -> NeuronReading | None:
        """None for an id outside the network. `seen`: our own training, a walk or a kept moment."""
        if not 0 <= neuron < seen.topology.n_neurons:
            return None
        return self._once(seen, ("neuron", neuron), lambda source: _neuron(source, neuron))

    def parameter(self, seen: Viewable, p: int) -> ParameterEquations | None:
        """None for what is no parameter of this network."""
        if not 0 <= p < seen.topology.n_parameters:
            return None
        self._follow(seen)
        if self._wanted == p:
            self._check = _check(seen, p)
        self._wanted = None
        reading = self._once(seen, ("parameter", p), lambda source: _parameter(source, p))
        check = self._check if self._check is not None and self._check.parameter == p else None
        return reading if check is None else replace(reading, check=check)

    def layer(self, seen: Viewable, k: int) -> LayerReading | None:
        """None for the input and for what is no layer. Of a network that learns, at most ten times a second."""
        if not 1 <= k < len(seen.topology.nodes):
            return None
        self._follow(seen)
        of = (k, self._serial, seen.view.stage if seen.view is not None else None)
        key, now = (self._moment, k), perf_counter()
        if self._layer and self._layer[0] == of and (self._layer[1] == key or now < self._layer[2]):
            return self._layer[3]
        source = _source(seen)
        reading = _gated(seen, _layer(source, seen, k))
        self._layer = of, key, now + max(LAYER_WAIT, LAYER_SHARE * (perf_counter() - now)), reading
        return reading

    def _follow(self, seen: Viewable) -> None:
        """Forget what was of another moment; a check outside a walk stays until another network comes."""
        at = (seen.step, seen.version, seen.holds, seen.written) if seen.view is None else seen.view.stage
        moment = (seen.serial, *at)
        if seen.serial != self._serial:
            self._check, self._layer = None, ()
        if moment != self._moment:
            self._moment, self._serial = moment, seen.serial
            self._known.clear()

    def _once(self, seen: Viewable, key: tuple, make: Callable[[Explained], Any]) -> Any:
        self._follow(seen)
        if key not in self._known:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = _gated(seen, make(_source(seen)))
        return self._known[key]


def _layer(source: Explained, seen: Viewable, k: int) -> LayerReading:
    """Inside a walk's `after` without an error: none has been sent back through the new weights."""
    reading = layer(source, k)
    if isinstance(reading, MatrixReading):
        reading = _ruled(seen, reading)
    return replace(reading, delta=None, back=None) if _after(source) else reading


def _ruled(seen: Viewable, reading: MatrixReading) -> MatrixReading:
    """With the rule of its update: of the step inside a walk, else of the settings."""
    tape, node = None if seen.view is None else seen.view.tape, seen.topology.nodes[reading.layer]
    train = tape.train if tape else seen.scene.train
    reading = replace(
        reading,
        optimizer=train.optimizer,
        clip=tape.clip if tape else None if train.clip_norm else 1.0,
        l1=train.l1 > 0 and not train.l1_dead_at_zero,
        l2=train.l2 > 0,
        shrinks=train.l1 > 0 and train.l1_dead_at_zero,
        frozen=sum(node.neurons.start <= n < node.neurons.stop for n in seen.holds.frozen),
    )
    if tape is None or node.weight is None:
        return reading
    return replace(reading, rate=tape.learning_rate, direction=float(np.linalg.norm(directions(tape, node.weight.slice))))


def _gated(seen: Viewable, reading: Any) -> Any:
    """Inside a walk: with what has been worked out of its layer so far, and whether the numbers are those of the new weights."""
    view = seen.view
    if view is None:
        return reading
    known = view.known(reading.layer)
    if isinstance(reading, LayerReading) and all("a" in view.known(end.node) for end in reading.sources):
        known |= {"x"}
    if isinstance(reading, NeuronReading) and reading.step is not None and view.kind in ("update", "after"):
        reading = replace(reading, step=replace(reading.step, updating=True))
    return replace(reading, known=known, renewed=view.renewed)


def _source(seen: Viewable) -> Explained:
    return seen if seen.view is None else Recorded(seen.view.tape, seen.view.renewed)


def _after(source: Explained) -> bool:
    """No error has been sent back through the new weights."""
    return isinstance(source, Recorded) and source.after


def _neuron(source: Explained, neuron: int) -> NeuronReading:
    reading = read(source, neuron)
    if not isinstance(source, Recorded):
        return reading
    if _after(source):
        reading = replace(reading, delta=None, outgoing=None)
    if reading.z is not None and source.topology.nodes[reading.layer].unit_axis is not None:
        reading = replace(reading, step=step(source.tape, neuron))
    elif reading.layer:
        reading = replace(reading, masked=_masked(source.tape, reading.layer, reading.index))
    return reading


def _masked(tape: Tape, k: int, j: int) -> tuple[float, int, int] | None:
    """What dropout did to neuron j of node k in the step: the shown sample's factor, and how many samples kept it, of how many."""
    mask = tape.masks[k]
    if mask is None:
        return None
    row = int(np.flatnonzero(tape.rows == tape.row)[0])
    return float(mask[row, j]), int(np.count_nonzero(mask[:, j])), len(mask)


def _parameter(source: Explained, p: int) -> ParameterEquations:
    reading = parameter(source, p)
    if not isinstance(source, Recorded):
        return reading
    tape = source.tape
    reading = replace(
        reading,
        delta=None if _after(source) else reading.delta,
        sample=None if _after(source) or reading.batch is None else float(tape.sample_gradient[p]),
        change=float(tape.change[p]),
        masks=_masks(tape, p),
        output=reading.layer == tape.topology.output.number,
        update=_update(tape, p),
    )
    return reading


def _masks(tape: Tape, p: int) -> tuple[tuple[str, float, int], ...]:
    """What dropout did in the step to the ends of a weight: the shown sample's factor, and how many samples kept the neuron."""
    ref = tape.topology.parameter(p)
    if not ref.single:
        return ()
    ends = [("a", tape.topology.by_name[ref.node.inputs[0]].number, ref.source), ("delta", ref.node.number, ref.neuron)]
    found = [(what, _masked(tape, k, n)) for what, k, n in ends if n is not None]
    return tuple((what, mask[0], mask[1]) for what, mask in found if mask is not None)


def step(tape: Tape, neuron: int) -> StepReading:
    """What the step did to the parameters that lead into `neuron` (not an input).

    Listed are the weights with the largest terms of the weighted sum, and the bias; the update is that of the listed weight that
    changed most.
    """
    node, j = tape.topology.locate(neuron)
    weights, count = [], 0
    for c in tape.topology.into(node):
        edges, local_e = edges_of(c), edges_of(c).into(c, j)
        if (p_e := edges.parameter(c, local_e)) is not None:
            source_e, count = edges.ends(c, local_e)[0], count + len(local_e)
            product = tape.before[p_e].astype(np.float64) * tape.old.a[source_e]
            weights += [(abs(product[e]), int(p_e[e]), int(source_e[e]), c) for e in np.argsort(-np.abs(product), kind="stable")[:TERMS]]
    weights = sorted(weights, key=lambda found: -found[0])[:TERMS]
    gradients = [_gradient(tape, p, source, source - c.source.neurons.start) for _, p, source, c in weights]
    own = [p for _, r in node.learned if (p := own_parameter(node, r, j)) is not None]
    gradients += [_gradient(tape, p) for p in own if all(p != g.parameter for g in gradients)]
    if not gradients:
        raise ValueError(f"no parameters of its own lead into neuron {neuron}")
    most = max([p for _, p, _, _ in weights] or own, key=lambda p: abs(float(tape.change[p])))
    return StepReading(float(tape.old.delta[neuron]), len(tape.rows), tuple(gradients), count - len(weights), _update(tape, most))


def _gradient(tape: Tape, p: int, neuron: int | None = None, index: int | None = None) -> GradientReading:
    a = None if neuron is None else float(tape.old.a[neuron])
    return GradientReading(p, float(tape.sample_gradient[p]), float(tape.gradient[p]), float(tape.change[p]), neuron, index, a)


def _update(tape: Tape, p: int) -> UpdateReading:
    rule, ref = update(tape, p), tape.topology.parameter(p)
    facts = {"kind": ref.node.kind, "part": ref.part, "place": ref.index, "samples": len(tape.rows)}
    return UpdateReading(p, rule.optimizer, rule.numbers(), rule.dead, not tape.diverged, rule.frozen, **facts)


def _check(seen: Viewable, p: int) -> CheckReading | None:
    """Of the shown sample: by the tape inside a walk, else with the parameters of now. None where no error of it is known."""
    if seen.view is not None:
        analytic, numeric, kink = check_gradient(seen.view.tape, p)
    else:
        parameters, sample, gradient = seen.ops.to_host(seen.tensors("parameter")), seen.sample, parameter(seen, p).sample
        if gradient is None or not seen.objective.loss:
            return None
        analytic, numeric, kink = check_sample(
            seen.topology, seen.objective, parameters, sample.x, sample.target, p, gradient, seen.holds.killed
        )
    size = max(abs(analytic), abs(numeric))
    return CheckReading(p, analytic, numeric, abs(analytic - numeric) / size if size else 0.0, kink, seen.step)
