"""What a walk tells beside the network: the table at the outputs, the picked neuron's function, numbers on its edges, where layers lie.

Numbers come from the tape and are put together once for each (tape, neuron); a frame only projects places. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from nnviz3d.app.probes import explain
from nnviz3d.app.probes.explained import Recorded
from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.app.view import step_change
from nnviz3d.app.view.projection import Projection
from nnviz3d.backend import numpy_activations
from nnviz3d.engine.tape import Tape
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec import node_names
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import Label, NeuronReading
from nnviz3d.spec.scene import Look
from nnviz3d.spec.step_annotations import PICKED, ActivationCurve, Inset, Moment, Outputs, OutputsTable, WindowCard

ROWS = 40  # outputs that a table can hold; of more the strongest `FEW` are reported
FEW = 8
POINTS = 49  # of a curve
EDGES = 4  # edges of the picked neuron that carry numbers
T = TypeVar("T")
TINY = 1e-45  # the least positive float32: a share of 0 has no logarithm
_NAMES = 60  # letters of a name: a column's title from a file can be any length


def scored_token(tape: Tape, picked: int = -1) -> int:
    """Of a sequence, the token whose outputs are reported: that of the picked output where it is scored, else the first that is answered
    wrongly, else the first that is scored. -1 where the target is not one class a token."""
    if not tape.objective.tokens:
        return -1
    node, target_t = tape.topology.output, np.asarray(tape.target)
    scored = np.flatnonzero(target_t >= 0)
    if picked >= node.neurons.start and (t := (picked - node.neurons.start) // node.shape[-1]) in scored:
        return int(t)
    said_t = tape.old.a[node.neurons.slice].reshape(len(target_t), -1).argmax(1)
    wrong = scored[said_t[scored] != target_t[scored]]
    found = wrong if len(wrong) else scored
    return int(found[0]) if len(found) else 0


def outputs(tape: Tape, token: int = -1) -> Outputs:
    """The outputs before and after with their targets and deltas: all up to `ROWS`, else the strongest, and the one that is asked for; of a
    sequence those of one `token`."""
    node, o = tape.topology.output, tape.objective
    here, size = node.neurons, node.shape[-1] if token >= 0 else node.size
    first = max(token, 0) * size
    part = slice(here.start + first, here.start + first + size)
    before, after, target, delta = (
        np.asarray(x, np.float64) for x in (tape.old.a[part], tape.new.a[part], tape.target_o[first : first + size], tape.old.delta[part])
    )
    label = int(tape.target) if token < 0 and o.classes else int(np.asarray(tape.target)[token]) if token >= 0 else -1
    index = np.arange(size)
    if size > ROWS:
        strength = np.maximum(np.abs(before), np.abs(after))
        if label >= 0:
            strength[label] = np.inf
        index = np.sort(np.argsort(-strength, kind="stable")[:FEW])
    names = [node_names.label(node, int(first + k)) or str(k) for k in index]
    p = float(before[max(label, 0)])
    own = [-float(np.log(max(float(a[max(label, 0)]), TINY))) for a in (before, after)]  # of this token alone
    return Outputs(
        names=tuple(name[:_NAMES] for name in names),
        index_k=first + index, before_k=before[index], target_k=target[index], delta_k=delta[index], after_k=after[index],
        total=size,
        probability=ACTIVATIONS[node.activation].probability,
        difference=token < 0 and not o.weights and (o.loss == "cross_entropy" or (o.loss == "bce" and node.size == 1)),
        label=first + label if label >= 0 else -1, loss=o.loss, loss_before=own[0] if token >= 0 else tape.old.loss,
        loss_after=own[1] if token >= 0 else tape.new.loss, huber_delta=o.huber_delta,
        p=p, class_weight=tape.factor if o.weights else None, units=tuple(o.units[k] for k in index) if o.units else (), token=token,
    )  # fmt: skip


def curve(tape: Tape, neuron: int) -> ActivationCurve:
    """The neuron's function around its z; of softmax with the other logits held, which is what one neuron can do about it."""
    node, index = tape.topology.locate(neuron)
    z, a, z_new, a_new = (float(x[neuron]) for x in (tape.old.z, tape.old.a, tape.new.z, tape.new.a))
    reach = max(3.0, 1.3 * abs(z), 1.3 * abs(z_new))
    z_c = np.linspace(-reach, reach, POINTS)
    with np.errstate(all="ignore"):
        if node.activation == "softmax":
            others = np.delete(tape.old.z[node.neurons.slice].astype(np.float64), index)
            top = others.max(initial=-np.inf)
            rest = top + np.log(np.exp(others - top).sum()) if others.size else -np.inf
            a_c = 1 / (1 + np.exp(rest - z_c))
        else:
            a_c = _applied(node.activation, z_c)
    slope = numpy_activations.slope(node.activation, z, a, tape.old.z.dtype)
    return ActivationCurve(node.activation, z_c, np.nan_to_num(a_c), z, a, slope, (z_new, a_new))


def incoming(tape: Tape, neuron: int, renewed: bool) -> tuple[tuple[str, float], ...]:
    """What comes in to a neuron that passes on what its kind makes of it, without weights and without a function; by the layers that it
    comes from. Empty for others."""
    node, _ = tape.topology.locate(neuron)
    if node is tape.topology.input or equations_of(node.kind).applies:
        return ()
    found = explain.read(Recorded(tape, renewed), neuron).incoming
    return () if found is None else tuple((part.name, term.value) for part in found.connections for term in part.terms)


def _applied(activation: str, z_c: np.ndarray) -> np.ndarray:
    """f(z) in float64, by the very calls that training makes."""
    z, a = z_c.reshape(1, -1), np.empty((1, z_c.size))
    spare: dict[int, np.ndarray] = {}
    for call in numpy_activations.forward[activation](z, a, lambda k: spare.setdefault(k, np.empty(z.shape, bool if k < 0 else z.dtype))):
        call()
    return a[0]


def products(tape: Tape, neuron: int) -> list[tuple[int, str]]:
    """The strongest gradients that a neuron gives to the weights that lead into it: where each comes from, and "delta times a = gradient"
    (of a weight that many neurons share, this neuron's part)."""
    node, j = tape.topology.locate(neuron)
    delta, found = float(tape.old.delta[neuron]), []
    for c in tape.topology.into(node):
        edges, local_e = edges_of(c), edges_of(c).into(c, j)
        if edges.value == "parameter" and len(local_e):
            source_e = edges.ends(c, local_e)[0]
            found += [(float(tape.old.a[k]), int(k)) for k in source_e[np.argsort(-np.abs(tape.old.a[source_e]), kind="stable")[:EDGES]]]
    found = [(a, k) for a, k in sorted(found, key=lambda each: -abs(each[0]))[:EDGES] if a * delta]
    return [(k, f"{plain(delta)} · {_bracketed(a)} = {plain(float(np.float32(delta) * np.float32(a)))}") for a, k in found]


def _bracketed(value: float) -> str:
    return f"({plain(float(value))})" if value < 0 else plain(float(value))


class StepAnnotations:
    """One for each stage. Remembers what the newest tape says."""

    def __init__(self):
        self._tape: Tape | None = None
        self._known: dict[Hashable, Any] = {}
        self._window: tuple[Tape, int, NeuronReading] | None = None  # of the cell that was written last

    def _once(self, tape: Tape, key: Hashable, make: Callable[[], T]) -> T:
        if tape is not self._tape:
            self._tape, self._known = tape, {}
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def read(self, walking: StepPlayer | None, look: Look, picked: int, projection: Projection) -> Moment | None:
        """`picked`: a neuron, or -1. None outside a walk."""
        if walking is None:  # a tape is as large as several networks: not kept when the walk is over
            self._tape, self._known, self._window = None, {}, None
            return None
        boxes, window = projection.boxes(), self._card(walking)
        inset = None if window is not None else self._inset(walking, picked, projection)
        return Moment(step_change.shown(walking, look), boxes, self._table(walking, picked, projection), inset, window)

    def _card(self, walking: StepPlayer) -> WindowCard | None:
        """The cell that the window writes, or the one of its layer that is pointed at."""
        node, view = walking.sliding, walking.walk.view
        if node is None:
            return None
        neuron, held = walking.pointed, walking.held
        if not held or not node.neurons.start <= neuron < node.neurons.stop:
            cells = node.size // node.groups
            neuron = node.neurons.start + min(int(2 * view.filled(node.number) * cells), cells - 1)
        if self._window is None or self._window[0] is not view.tape or self._window[1] != neuron:
            self._window = view.tape, neuron, explain.read(Recorded(view.tape), neuron)
        reading = self._window[2]
        return None if reading.window is None else WindowCard(reading, node.number, held)

    def _table(self, walking: StepPlayer, picked: int, projection: Projection) -> OutputsTable | None:
        view = walking.walk.view
        output = view.topology.output.number
        if view.kind not in ("loss", "after") and (view.kind, view.phase.layer) != ("backward", output):
            return None
        tape = view.tape
        token = scored_token(tape, picked)
        found = self._once(tape, ("outputs", token), lambda: outputs(tape, token))
        x, y, reach = projection.neurons(view.topology.output.neurons.start + found.index_k)
        share = 1.0 if view.kind == "backward" else view.place.fraction
        return OutputsTable(found, "after" if view.kind == "after" else "loss", share, tuple(x), tuple(y), max(reach))

    def _inset(self, walking: StepPlayer, picked: int, projection: Projection) -> Inset | None:
        view, tape = walking.walk.view, walking.walk.tape
        neuron, why = picked, PICKED
        if not view.topology.input.size <= neuron < view.topology.n_neurons:
            if view.kind != "forward":
                return None
            here = view.topology.nodes[view.phase.layer].neurons
            neuron = self._once(tape, here.start, lambda: here.start + int(np.abs(tape.old.a[here.slice]).argmax()))
            why = "the strongest of its layer"
        node, index = view.topology.locate(neuron)
        layer = node.number
        (x,), (y,), (reach,) = projection.neurons(np.array([neuron]))
        done = view.filled(layer)
        tangent = "delta" in view.known(layer)
        found = self._once(tape, (neuron, "curve"), lambda: curve(tape, neuron))
        return Inset(
            found, layer, index, why, min(1.0, 2 * done), max(0.0, 2 * done - 1), view.passed("after"), tangent and not view.renewed,
            x, y, reach, view.renewed, self._once(tape, (neuron, "incoming", view.renewed), lambda: incoming(tape, neuron, view.renewed)),
        )  # fmt: skip

    def labels(self, walking: StepPlayer, picked: int, projection: Projection) -> list[Label]:
        """Numbers on the picked neuron's edges while their gradients appear; shown near their sources, where edges are apart."""
        view = walking.walk.view
        if view.kind != "backward" or view.place.fraction <= 0.5 or not 0 <= picked < view.topology.n_neurons:
            return []
        node, _ = view.topology.locate(picked)
        if node.number != view.phase.layer:
            return []
        found = self._once(view.tape, (picked, "products"), lambda: products(view.tape, picked))
        if not found:
            return []
        x, y, reach = projection.neurons(np.array([picked, *(source for source, _ in found)]))
        out = [Label(x[0], y[0] - reach[0] - 10, f"δ = {plain(float(view.tape.old.delta[picked]))}", 1.0, "centre", "value")]
        for k, (_, text) in enumerate(found, start=1):
            out.append(Label(x[k] * 0.72 + x[0] * 0.28, y[k] * 0.72 + y[0] * 0.28, text, 1.0 - 0.02 * k, "centre", "value"))
        return out
