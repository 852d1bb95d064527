"""The update of one parameter as numbers for an equation, and the check of its gradient. Reads tapes; changes nothing.

Everything is worked out again in float64 from what the tape holds in float32, by the formulas at the head of
`backend.numpy_updates`, written here in their textbook form. So an equation that is printed from a `Rule` adds up by itself, and its result
is the arena's new value to float32's rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.frozen_ranges import frozen_stretches
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.tape import Tape
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Node, Topology


@dataclass(frozen=True)
class Rule:
    """Numbers of one update; None where the optimiser has no such thing. The equations, in order:

    gradient = data_gradient + l1_term + l2_term          (l1 sign(w), l2 w; weights only)
    used = clip * gradient
    momentum, nesterov:  velocity = momentum velocity_before + used
    adam, adamw:         m = beta1 m_before + (1 - beta1) used;   m_hat = m / correction1,  correction1 = 1 - beta1^t
                         v = beta2 v_before + (1 - beta2) used^2; v_hat = v / correction2,  correction2 = 1 - beta2^t
    rmsprop:             v = rho v_before + (1 - rho) used^2
    step = learning_rate * direction, with direction
        used | velocity | used + momentum velocity | used / (sqrt v + epsilon) | m_hat / (sqrt v_hat + epsilon)
    new = old - decay_term - step - shrink                (decay_term = learning_rate weight_decay old, adamw)
    shrink = learning_rate l1 sign(old) is Playground's L1; where `dead`, it (or an earlier one) has put the weight to rest: new = 0.
    """

    optimizer: str
    parameter: int
    name: str  # layers.1.weight[3, 7], 0-based as in a weights file
    t: int
    old: float
    new: float
    recorded: float  # the arena's own new value, float32
    data_gradient: float
    gradient: float
    used: float
    clip: float
    learning_rate: float
    direction: float
    step: float
    l1: float | None = None
    l1_term: float | None = None
    l2: float | None = None
    l2_term: float | None = None
    momentum: float | None = None
    velocity_before: float | None = None
    velocity: float | None = None
    beta1: float | None = None
    m_before: float | None = None
    m: float | None = None
    correction1: float | None = None
    m_hat: float | None = None
    beta2: float | None = None
    rho: float | None = None
    v_before: float | None = None
    v: float | None = None
    correction2: float | None = None
    v_hat: float | None = None
    epsilon: float | None = None
    weight_decay: float | None = None
    decay_term: float | None = None
    shrink: float | None = None
    dead: bool = False
    frozen: bool = False  # new = old: no state, no step, whatever the gradient
    kept: float | None = None  # of what is kept but not learned: new = (1 - kept) old + kept batch
    batch: float | None = None  # what it was in this batch
    base_rate: float | None = None  # what the schedule and the warm-up started from: learning_rate = base_rate * rate_factor
    rate_factor: float | None = None
    clip_norm: float | None = None  # where it was clipped: clip = clip_norm / norm
    norm: float | None = None  # of the whole gradient

    def numbers(self) -> dict[str, float]:
        """Every symbol that this update has, by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int | float) and not isinstance(value, bool)}


def update(tape: Tape, p: int) -> Rule:
    """The rule that took parameter `p` of the arena from `before` to `after`. Raises IndexError outside [0, P)."""
    train, t = tape.train, tape.step
    node, name = locate(tape, p)
    if any(r.start <= p < r.stop for _, r in node.unlearned):
        return _running(tape, node, p, name)
    old, gradient, rate = float(tape.before[p]), float(tape.gradient[p]), tape.learning_rate
    regular, shrink = _regularisers(tape, old, _is_weight(node, p))
    used = tape.clip * gradient
    if tape.holds.freezes(tape.topology, p):
        data = gradient - regular.get("l1_term", 0.0) - regular.get("l2_term", 0.0)
        return Rule(
            train.optimizer, p, name, t, old, old, float(tape.after[p]), data, gradient, used, tape.clip, rate, 0.0, 0.0,
            frozen=True, **regular,
        )  # fmt: skip
    slots = [(float(a[p]), float(b[p])) for a, b in zip(tape.slots_before, tape.slots_after, strict=True)]
    state, direction = _direction(train, t, used, slots)
    if train.optimizer == "adamw":
        state |= {"weight_decay": train.weight_decay, "decay_term": rate * train.weight_decay * old}
    if train.learning_rate and (train.schedule != "constant" or train.warmup):
        state |= {"base_rate": train.learning_rate, "rate_factor": rate / train.learning_rate}
    if tape.clip != 1:
        state |= {"clip_norm": train.clip_norm, "norm": tape.gradient_norm}
    step = rate * direction
    new = old - state.get("decay_term", 0.0) - step - (shrink or 0.0)
    dead = tape.alive is not None and _is_weight(node, p) and not bool(tape.alive[p])
    if tape.diverged:
        new = old
    return Rule(
        train.optimizer, p, name, t, old, 0.0 if dead else new, float(tape.after[p]),
        gradient - regular.get("l1_term", 0.0) - regular.get("l2_term", 0.0), gradient, used, tape.clip, rate, direction, step,
        shrink=shrink, dead=dead, **regular, **state,
    )  # fmt: skip


def _running(tape: Tape, node: Node, p: int, name: str) -> Rule:
    """Of a running mean or variance. Frozen or after a step that diverged, it stays."""
    old, after = float(tape.before[p]), float(tape.after[p])
    share = getattr(node.table, "momentum", 0.0)
    frozen = tape.holds.freezes(tape.topology, p)
    moved: dict[str, Any] = {} if frozen or tape.diverged or not share else {"kept": share, "batch": old + (after - old) / share}
    return Rule(
        tape.train.optimizer, p, name, tape.step, old, after, after, 0.0, 0.0, 0.0, tape.clip, tape.learning_rate, 0.0, 0.0,
        frozen=frozen, **moved,
    )  # fmt: skip


def directions(tape: Tape, where: slice) -> np.ndarray:
    """What the learning rate multiplies in the step of these parameters, float64: `Rule.direction` of each; 0 where frozen."""
    slots = [(a[where].astype(np.float64), b[where].astype(np.float64)) for a, b in zip(tape.slots_before, tape.slots_after, strict=True)]
    with np.errstate(all="ignore"):
        direction = np.array(_direction(tape.train, tape.step, tape.clip * tape.gradient[where].astype(np.float64), slots)[1])
    for r in frozen_stretches(tape.topology, tape.holds.frozen):
        first, last = max(r.start, where.start), min(r.stop, where.stop)
        direction[max(first - where.start, 0) : max(last - where.start, 0)] = 0
    return direction


def locate(tape: Tape, p: int) -> tuple[Node, str]:
    """The node that parameter `p` leads into, and its name with 0-based indices, as in a weights file. Raises IndexError outside [0, P)."""
    node, part, r = tape.topology.part(p)
    return node, f"{tape.topology.parameter_name(node, part)}[{', '.join(map(str, np.unravel_index(p - r.start, r.shape)))}]"


def _is_weight(node: Node, p: int) -> bool:
    """L1 and L2 are for weights, not for biases."""
    return node.weight is not None and node.weight.start <= p < node.weight.stop


def _regularisers(tape: Tape, old: float, is_weight: bool) -> tuple[dict[str, Any], float | None]:
    """(terms of the gradient, Playground's shrinking after the update or None)."""
    train, terms = tape.train, dict[str, Any]()
    if not is_weight:
        return terms, None
    sign = float(np.sign(old))
    if train.l1 and not train.l1_dead_at_zero:
        terms |= {"l1": train.l1, "l1_term": train.l1 * sign}
    if train.l2:
        terms |= {"l2": train.l2, "l2_term": train.l2 * old}
    return terms, tape.learning_rate * train.l1 * sign if train.l1_dead_at_zero else None


def _direction(train: Train, t: int, used: Any, slots: list[tuple]) -> tuple[dict[str, Any], Any]:
    """(the optimiser's symbols, what the learning rate is multiplied by), of one parameter or of many. Moments are the arenas'
    own, so that float32's underflow of used^2 is reported as it happened."""
    name = train.optimizer
    if name == "sgd":
        return {}, used
    if name in ("momentum", "nesterov"):
        velocity_before, velocity = slots[0]
        state = {"momentum": train.momentum, "velocity_before": velocity_before, "velocity": velocity}
        return state, used + train.momentum * velocity if name == "nesterov" else velocity
    v_before, v = slots[-1]
    if name == "rmsprop":
        state = {"rho": train.rho, "v_before": v_before, "v": v, "epsilon": train.epsilon}
        return state, _ratio(used, np.sqrt(v) + train.epsilon)
    m_before, m = slots[0]
    correction1, correction2 = 1 - train.beta1**t, 1 - train.beta2**t
    m_hat, v_hat = m / correction1, v / correction2
    state = {
        "beta1": train.beta1, "m_before": m_before, "m": m, "correction1": correction1, "m_hat": m_hat,
        "beta2": train.beta2, "v_before": v_before, "v": v, "correction2": correction2, "v_hat": v_hat, "epsilon": train.epsilon,
    }  # fmt: skip
    return state, _ratio(m_hat, np.sqrt(v_hat) + train.epsilon)


def _ratio(a, b):
    """a / b as arrays divide: inf or nan instead of an error."""
    with np.errstate(all="ignore"):
        return np.float64(a) / np.float64(b) if np.ndim(a) == 0 else a / b


class Check(NamedTuple):
    """`analytic` is the tape's number; `numeric` the central difference in float64. `kink`: the slopes to the left and to the right differ
    (a ReLU's corner lies within the difference, or |w| of L1 at 0), so the two need not agree."""

    analytic: float
    numeric: float
    kink: bool


def check_gradient(tape: Tape, p: int, batch: bool = False, h: float = 1e-6) -> Check:
    """dL/dp of the shown sample's loss; with `batch` of the batch's, with its dropout masks and with L1 and L2, as the optimiser saw it.
    Where rows of a batch depend on one another it is always the batch's.

    Numeric: (L(w + h') - L(w - h')) / 2 h' with h' = h max(1, |w|). Raises IndexError outside [0, P).
    """
    node, _ = locate(tape, p)
    batch = batch or tape.topology.coupled  # a row's part in what the others become is no loss of its own
    rows = tape.rows if batch else np.array([tape.row])
    masks = tape.masks if batch else (None,) * len(tape.masks)
    shown = tape.batch if batch else (tape.data.x_train[rows], tape.data.t_train[rows])
    loss = _Loss(tape.topology, tape.objective, tape.before, *shown, masks, tape.holds.killed, tape.topology.coupled)
    old = float(tape.before[p])
    l1, l2 = (0.0 if tape.train.l1_dead_at_zero else tape.train.l1, tape.train.l2) if batch and _is_weight(node, p) else (0.0, 0.0)
    return _check(lambda w: loss(p, w) + l1 * abs(w) + l2 / 2 * w * w, old, float((tape.gradient if batch else tape.sample_gradient)[p]), h)


def check_sample(
    topology: Topology, objective: Objective, parameters, x_i, target, p: int, analytic: float, killed=(), h: float = 1e-6
) -> Check:
    """The same for any sample (inputs and its target) and any parameters (P,) on the host; `analytic` is what it is compared with."""
    topology.parameter(p)
    targets = np.asarray([target]) if objective.classes else np.reshape(target, (1, -1))
    loss = _Loss(topology, objective, parameters, np.reshape(x_i, (1, -1)), targets, (None,) * len(topology.nodes), killed)
    return _check(lambda w: loss(p, w), float(parameters[p]), analytic, h)


def _check(loss, old: float, analytic: float, h: float) -> Check:
    h *= max(1.0, abs(old))
    at = [loss(w) for w in (old - h, old, old + h)]
    left, right = (at[1] - at[0]) / h, (at[2] - at[1]) / h
    kink = abs(right - left) > 1e-3 * max(abs(left), abs(right), 1e-6)
    return Check(analytic, (left + right) / 2, kink)


class _Loss:
    """The data's loss in float64 as a function of one parameter. `masks`: dropout by node, None where there is none."""

    def __init__(self, topology: Topology, objective: Objective, parameters, x_bi, targets, masks, killed=(), training: bool = False):
        ops = NumpyOps("float64")
        self.parameters = np.array(parameters, np.float64)
        b = Buffers.make(ops, topology, len(x_bi), tuple(0.0 if m is None else 0.5 for m in masks), killed)
        for mine, mask in zip(b.masks, masks, strict=True):
            if mine is not None:
                mine[...] = mask
        b.a[0][...] = x_bi
        b.t[...] = objective.rows(targets, np.float64)
        self._pass = ForwardPass(ops, topology, objective, self.parameters, b, training=training)

    def __call__(self, p: int, value: float) -> float:
        kept, self.parameters[p] = self.parameters[p], value
        self._pass.run()
        self.parameters[p] = kept
        return float(self._pass.buffers.cell[0])
