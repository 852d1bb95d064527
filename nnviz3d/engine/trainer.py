"""Training: one network, one data set, one backend. Knows steps; knows no picture, no frame and no clock.

Holds the arenas of parameters (`Arenas`) and, by way of `Looking`, the shown sample's z, activation, delta. The step itself is a compiled
`Plan`, which `StepRunner` runs. The loss is that of the data, without L1 and L2 terms; the gradient has them. L1 and L2 act on weights,
never on biases (AdamW's decay, as PyTorch's, on all parameters). Clipping sees the gradient with L1 and L2 in it, frozen parameters' too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.constants import INDEX
from nnviz3d.engine import initializers
from nnviz3d.engine.arenas import Arenas
from nnviz3d.engine.augmentation import Augmentation
from nnviz3d.engine.batch_feeder import Feed
from nnviz3d.engine.buffers import Buffers, check_memory, check_rows, dropout_of
from nnviz3d.engine.compiler import Compiler
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.frozen_ranges import frozen_stretches
from nnviz3d.engine.objective import check_tokens, class_weights, resolve
from nnviz3d.engine.optimizers import Optimizer
from nnviz3d.engine.plan import Plan
from nnviz3d.engine.shown_evaluation import Looking
from nnviz3d.engine.step_runner import StepRunner
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.score import Score
from nnviz3d.spec.topology_builder import build_topology


class Trainer(StepRunner):
    """Raises InputError where scene and data do not fit together, or a batch would not fit in memory.

    `holds`: which neurons are frozen or killed.
    """

    def __init__(self, scene: Scene, data: DataSet, ops: Ops):
        self.objective = resolve(scene, data)
        self.topology = build_topology(
            scene.network, data.shape, data.n_outputs, self.objective.output, tuple(data.feature_names), tuple(data.class_names), data.axes,
            data.reconstructs,
        )  # fmt: skip
        check_tokens(self.topology, data)
        self.data, self.ops, self.train, self.augment = data, ops, scene.train, scene.data.augment
        self._apart = ops.apart()  # a step is left half done where a frame ends, and others look in between
        check_memory(self.topology, len(data.x_train), scene.train)
        check_rows(self.topology, len(data.x_train), scene.train)
        self._weighed = scene.train.class_weights  # what the objective's weights are of
        self.since = 0  # the step at which the settings were last changed
        self.written = 0  # how often parameters or the position in the data were written from outside
        # by parameter, what the last step made of it, where a hand has since written; None: all were replaced
        self.edited: dict[int, tuple[float, float]] | None = {}
        self.arenas = Arenas(ops, self.topology, initializers.parameters(self.topology, scene.train.seed), scene.train.optimizer)
        constants = ops.constants()
        feed = Feed(ops, self.topology, dropout_of(self.topology), len(data.x_train), scene.train.seed, self._compile)
        super().__init__(ops, self.arenas, feed, Optimizer(scene.train, constants), constants)
        self.looking = Looking(ops, self.topology, self.objective, data, self.arenas.parameters)
        self.holds, self._freezes = Holds(), False
        self._start_batches()
        self.configure(scene.train)

    # running

    def _prepare(self) -> None:
        """Before a step: what a hand has written since the last one is learned from, and the optimiser keeps the old values of what it
        passes over only."""
        if self.edited != {}:
            self.edited = {}
        if self._freezes:
            self._freezes = False
            for r in frozen_stretches(self.topology, self.holds.frozen):
                self.arenas.before[r] = self.arenas.parameters[r]

    @property
    def clip(self) -> float:
        """What clipping multiplied the gradient of the last step that ran here by; 1 where it did not."""
        return float(self.ops.to_host(self._constants.device)[INDEX["scale"]]) if self.train.clip_norm else 1.0

    # looking

    def show(self, x_i, target) -> None:
        """The shown sample: forward (no dropout) and backward of one row into z, activation and delta (N,)."""
        self.looking.shown.show(x_i, target)

    def tensors(self, kind: str):
        """ "parameter", "gradient", "change" (P,); "z", "activation", "delta" (N,): arrays of `ops.xp`, to be read, not kept.

        "change" is the parameters minus those before the last finished step, computed when asked for.
        """
        if kind == "change":
            return self.arenas.change()
        if kind in ("z", "activation", "delta"):
            return getattr(self.looking.shown, kind)
        return {"parameter": self.arenas.parameters, "gradient": self.arenas.gradients}[kind]

    def evaluate(self, part: str, limit: int | None = None) -> tuple[float, float | None]:
        """(mean loss, accuracy in [0, 1] or None for regression) of a part, or of `limit` of its rows, drawn evenly; (nan, None) where it
        has none."""
        score = self.score(part, limit)
        return math.nan if score.loss is None else score.loss, score.accuracy

    def score(self, part: str, limit: int | None = None) -> Score:
        """The same with the rows that it is of, and by class."""
        result = Score(math.nan, None)
        for result in self.scoring(part, limit):  # noqa: B007  the last one is of all rows
            pass
        return result

    def scoring(self, part: str, limit: int | None = None, parameters=None) -> Iterator[Score]:
        """The same in pieces of a few milliseconds: an iterator over the score so far, with these or other `parameters` (P,)."""
        return self.looking.scoring(part, limit, parameters)

    # changing

    def configure(self, train: Train) -> None:
        """Live change of the constants: rates, schedule, L1, L2, clipping, huber's delta, class weights. A half-done step ends with the old
        ones. Raises InputError where the weights do not fit the classes, and nothing changes.

        A run that diverged may go on afterwards, from its last finite state.
        """
        objective = replace(self.objective, huber_delta=train.huber_delta, weights=self._weights(train))
        self.settle()
        self.train, self.since, self._weighed = train, self.step, train.class_weights
        if objective != self.objective:
            self.objective = objective
            self.looking.aim(self.objective, self.holds.killed)
        if train.l1_dead_at_zero:
            self.arenas.wake()
        self._optimizer.configure(train)
        self._optimizer.begin(self.step)
        self._feed.forget()
        self._pardon()

    def rebatch(self, train: Train) -> None:
        """Another batch size or order: a new epoch starts with it. Parameters, slots and step stay. `configure` takes over the rest; what
        that would refuse is refused here, before anything has changed."""
        self._weights(train)
        self.settle()
        check_memory(self.topology, len(self.data.x_train), train)
        check_rows(self.topology, len(self.data.x_train), train)
        self.train, self.since = train, self.step
        self._start_batches()
        self._pardon()

    def _weights(self, train: Train) -> tuple[float, ...]:
        """Of the classes, by these settings. Raises InputError where they do not fit."""
        return self.objective.weights if train.class_weights == self._weighed else class_weights(train, self.data)

    def state(self) -> dict:
        """Everything that an exact continuation needs, as host copies; a half-done step is finished first."""
        self.settle()
        return {
            "arenas": self.arenas.copies(), "step": self.step, "loss": self.loss, "diverged": self.diverged, "epoch": self.epoch,
            **self._feed.state(), "holds": self.holds, "rows": self.rows, "edited": self.edited,
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        """Continue from `state()` of a trainer with the same scene and data, bytewise. A half-done step is dropped."""
        self._cursor, alive = 0, self.arenas.alive
        if state["holds"] != self.holds:
            self._take_holds(state["holds"])
        self.arenas.put(state["arenas"])
        if self.train.l1_dead_at_zero:
            self.arenas.wake()
        if alive is not self.arenas.alive:
            self._feed.forget()
        self.step, self.loss, self.diverged, self.epoch = state["step"], state["loss"], state["diverged"], state["epoch"]
        self.rows, self.edited, self.since = state["rows"], state["edited"], min(self.since, self.step)
        self._freezes = bool(self.holds.frozen)
        self._feed.restore(state)
        self._optimizer.begin(self.step)
        self.written += 1
        self._renew()

    def continue_from(self, other: Trainer) -> None:
        """Take over parameters, slots and step of a trainer of an equal topology and optimiser; batches start again."""
        state, mine = other.state(), self.state()
        self.restore({**state, "batches": mine["batches"], "epoch": mine["epoch"], "diverged": None})

    def parameters(self) -> dict[str, np.ndarray]:
        """Float32 copies on the host by the names of a weights file (`Topology.parameter_name`)."""
        return self.arenas.named()

    def load_parameters(self, parameters: dict[str, np.ndarray]) -> None:
        """Replace all parameters. Raises InputError with every missing, unknown, misshapen or non-finite one; then nothing changes."""
        self.settle()
        self.arenas.load(parameters)
        self.edited = None
        self.written += 1
        self._renew()

    def set_parameter(self, p: int, value: float) -> float:
        """Give one parameter a value, with which training goes on; returns what 32 bits hold of it. Its slots stay, a weight that
        Playground's L1 had put to rest lives again, and "change" tells only of training: 0 here until the value is what the step made of
        it again. Raises InputError, and nothing changes."""
        self.check_parameter(p, value)
        self.settle()
        arenas, ops = self.arenas, self.ops
        held, here = np.full(1, value, ops.dtype), slice(p, p + 1)
        before = held
        if self.edited is not None:
            was = self.edited.get(p) or (float(ops.to_host(arenas.before[here])[0]), float(ops.to_host(arenas.parameters[here])[0]))
            back = was[1] == float(held[0])
            before = np.full(1, was[0], ops.dtype) if back else held
            others = {q: pair for q, pair in self.edited.items() if q != p}
            self.edited = others if back else {**others, p: was}
        ops.write(held, arenas.parameters[here])
        ops.write(before, arenas.before[here])
        if arenas.alive is not None:
            arenas.alive[p : p + 1] = 1
        self.written += 1
        self._pardon()
        return float(held[0])

    def check_parameter(self, p: int, value: float = 0.0) -> None:
        """Raises InputError where there is no such parameter, or it cannot have this value."""
        if not 0 <= p < self.topology.n_parameters:
            raise InputError.of("", "parameter", f"there is no weight or bias {p}; the network has {self.topology.n_parameters:,}")
        node, part, r = self.topology.part(p)
        if (part, r) in node.unlearned:
            why = f"{self.topology.parameter_name(node, part)} is kept up by training and cannot be set by hand"
            raise InputError.of("", "parameter", why)
        if not abs(value) <= limits.PARAMETER:  # also nan
            most = f"{limits.PARAMETER:,.0f}"
            raise InputError.of("", "value", f"a weight or a bias is a number from -{most} to {most}; found {value:g}")

    def hold(self, holds: Holds) -> None:
        """Freeze and kill these neurons and no others. Raises InputError with every one that cannot be; then nothing changes."""
        holds.check(self.topology)
        if holds != self.holds:
            self.settle()
            self._take_holds(holds)
            self.written += 1
            self._pardon()

    def _take_holds(self, holds: Holds) -> None:
        killed, self.holds = self.holds.killed, holds
        self._feed.forget()
        if holds.killed != killed:
            self._feed.kill(holds.killed)
            self.looking.aim(self.objective, holds.killed)
        self._freezes = bool(holds.frozen)

    # building

    def _pardon(self) -> None:
        """Other constants: a run that diverged may go on from its last finite state."""
        self.diverged = None
        self._renew()

    def _renew(self) -> None:
        """After parameters were written from outside: bounds are unknown, a device counts from here."""
        self._optimizer.largest = math.inf
        self._base = self.step
        if self.ops.asynchronous:
            self.ops.forget()

    def _start_batches(self) -> None:
        data, rows = self.data, self.train.rows(len(self.data.x_train))
        changed = Augmentation(self.ops, self.augment, data.shape, data.axes, rows, data.reconstructs) if self.augment.on else None
        self._feed.start(self.train, self.holds.killed, changed)
        self._cursor, self.epoch, self._step_loss = 0, 0.0, math.nan
        self.written += 1
        self._renew()

    def _compile(self, n: int, b: Buffers, index) -> Plan:
        """The plan for a batch of n rows, whose numbers stand in `index` (n,) wherever the batch is not the full set."""
        plan = Plan()
        compiler = Compiler(self._apart, self.topology, self.objective, self.arenas.parameters, self.arenas.gradients, training=True)
        plan.index, plan.buffers = index, b
        augmentation = self._feed.augmentation
        if self._feed.batches.whole and augmentation is None:
            b.y[0], b.t = self.looking.part("train")
        else:
            compiler.input(plan, b, *self.looking.part("train"))
            plan.add("input", augmentation.calls(b.y[0], b.t) if augmentation is not None else [])
        compiler.forward(plan, b)
        compiler.loss(plan, b)
        compiler.backward(plan, b, self.train, self._constants)
        compiler.update(plan, b, self.train, self._constants, self.arenas, self._judge, self.holds.frozen)
        plan.group(self.ops, 6.0 * n * self.topology.n_edges, self.topology.n_parameters)
        return plan
