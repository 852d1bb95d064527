"""A recorded step as something to look at: `StepView` is a tape at a place; `sources.walk` goes from place to place and from step to step.

A view is a pure function of (tape, place): no clock, no memory of the way there, and the trainer is never touched by looking. So scrubbing
in any order shows the same. Numbers for equations come from the tape itself; here they are blended for the eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.tape import Tape
from nnviz3d.layers.shared.window_table import WindowTable
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.phases import Phase, Place, index_of, phases
from nnviz3d.spec.topology import Topology

WHOLE = {"before": "before", "after": "after", "change": "change", "batch_gradient": "gradient", "sample_gradient": "sample_gradient"}


@dataclass(frozen=True)
class StepView:
    """What is to be seen at `place`. `batch`: the gradient is the batch's mean (with L1 and L2), else the shown sample's own."""

    tape: Tape
    place: Place
    batch: bool = False

    @property
    def topology(self) -> Topology:
        return self.tape.topology

    @property
    def phase(self) -> Phase:
        return self.place.phase(self.topology)

    @property
    def kind(self) -> str:
        return self.phase.kind

    @property
    def front(self) -> float:
        """How far the wave has come, in ranks: -1 outside, 0 at the input, the output's at the end. Forward and backward it arrives at half
        of the phase; then the node's sums fill and its activation is applied, or its gradient appears. Where several nodes have one rank,
        it moves with the first of them and stands still for the others."""
        kind, f, topology = self.kind, self.place.fraction, self.topology
        ends = {"input": f - 1, "loss": topology.ranks, "after": topology.ranks * f}
        if kind in ends:
            return float(ends[kind])
        rank = topology.nodes[self.phase.layer].rank
        before = phases(topology)[self.place.index - 1]
        arrived = before.kind == kind and topology.nodes[before.layer].rank == rank
        way = 1.0 if arrived else f if kind == "update" else min(1.0, 2 * f)
        return float(rank - 1 + way if kind == "forward" else rank - way)

    def tensors(self, kind: str) -> Array:
        """Arrays of `ops.xp`, to be read.

        "activation", "z" (N,): inputs fade in; in the second half of `forward k`, when the signals are there, node k grows to z, then
        turns into a; `after` blends to the new ones. "delta" (N,): the output's grows in `loss`, that of another in the first half of the
        last `backward` that adds to it. "gradient" (P,): node k's in the second half of `backward k`. "parameter" (P,): node k moves from
        before to after in `update k`.
        "reach" (N,): the largest that "activation" gets while z grows, so that a scale made of it stands still.
        Whole at every place: "before", "after", "change", "batch_gradient", "sample_gradient" (P,).
        """
        host = getattr(self.tape, WHOLE[kind]) if kind in WHOLE else getattr(self, f"_{kind}")()
        return self.tape.ops.asarray(host)

    def passed(self, kind: str, k: int = 0) -> float:
        """Which share of a phase is over here, in [0, 1]; of one that this network does not have 0."""
        start = index_of(self.topology, kind, k)
        if start is None:
            return 0.0
        ahead = self.place.index - start
        return self.place.fraction if ahead == 0 else float(ahead > 0)

    def reached(self, k: int) -> float:
        """Which share of the phases that make node k's error is over, in [0, 1]: the loss, or the way back through every node that reads
        it."""
        readers = self.topology.out_of(self.topology.nodes[k])
        return min((self.passed("backward", c.target.number) for c in readers), default=self.passed("loss"))

    def filled(self, k: int) -> float:
        """How far layer k has come once the signals are there, in [0, 1]: its sums are whole at a half, its activations at the end."""
        return max(0.0, 2 * self.passed("forward", k) - 1)

    @property
    def renewed(self) -> bool:
        """Numbers are those of the new weights: in `after`, from its start. Before it all are reported as the step found them."""
        return self.kind == "after"

    @property
    def stage(self) -> tuple[int, int]:
        """Changes whenever more becomes known: the phase, and how many of its borders lie behind."""
        return self.place.index, sum(self.place.fraction > border for border in (0.0, 0.5, 0.75))

    def known(self, k: int) -> frozenset[str]:
        """What has been worked out of node k here, and may be reported: "z", "a", "delta", "gradient", "update". The rest is to come."""
        learns = bool(self.topology.nodes[k].parameters)
        there = {
            "z": not k or self.filled(k) > 0, "a": not k or self.filled(k) > 0.5, "delta": self.reached(k) > 0.5,
            "gradient": learns and self.passed("backward", k) > 0.5, "update": learns and self.passed("update", k) > 0,
        }  # fmt: skip
        return frozenset(name for name, is_there in there.items() if is_there)

    def whole(self, name: str) -> bool:
        """Whether "delta" is known of every node, or "update" of every one that learns."""
        return all(name in self.known(k) for k in (self.topology.learning if name == "update" else self.topology.numbers[1:]))

    @property
    def answered(self) -> bool:
        """The output is there."""
        return "a" in self.known(self.topology.output.number)

    @property
    def judged(self) -> bool:
        """The loss of the shown sample is there."""
        return self.passed("loss") > 0 or self.kind == "loss"

    def _activation(self) -> np.ndarray:
        old, out = self.tape.old, np.zeros_like(self.tape.old.a)
        for k, here in self._layers():
            done = self.filled(k) if k else self.passed("input")
            z, a = old.z[here], old.a[here]
            out[here] = a * done if k == 0 else z * self._summed(k) if done < 0.5 else _blend(z, a, 2 * done - 1)
        return _blend(out, self.tape.new.a, self.passed("after"))

    def _summed(self, k: int) -> float | np.ndarray:
        """Which share of the sums of node k is there: of all alike; where windows slide, the cells of each map one after another."""
        done, node = min(1.0, 2 * self.filled(k)), self.topology.nodes[k]
        if not isinstance(node.table, WindowTable) or not 0 < done < 1:
            return done
        cells = node.size // node.groups
        return np.tile(np.arange(cells) <= int(done * cells), node.groups).astype(np.float32)

    def _reach(self) -> np.ndarray:
        now = self._activation()
        if self.kind == "forward" and self.place.fraction < 0.75:
            here = self.topology.nodes[self.phase.layer].neurons.slice
            now = now.copy()
            now[here] = self.tape.old.z[here]
        return now

    def _z(self) -> np.ndarray:
        old, out = self.tape.old, np.zeros_like(self.tape.old.z)
        for k, here in self._layers():
            out[here] = old.z[here] * (self._summed(k) if k else self.passed("input"))
        return _blend(out, self.tape.new.z, self.passed("after"))

    def _delta(self) -> np.ndarray:
        delta, out = self.tape.old.delta, np.zeros_like(self.tape.old.delta)
        for k, here in self._layers():
            done = self.reached(k)
            out[here] = delta[here] * (done if k == self.topology.output.number else min(1.0, 2 * done))
        return out

    def _gradient(self) -> np.ndarray:
        if self.passed("backward", self.topology.numbers[1]) == 1:
            return self.tape.gradient if self.batch else self.tape.sample_gradient
        out = np.zeros_like(self.tape.gradient)
        if self.passed("loss") < 1:
            return out
        gradient = self.tape.gradient if self.batch else self.tape.sample_gradient
        for k, part in self._parts():
            share = max(0.0, 2 * self.passed("backward", k) - 1)
            if share:
                out[part] = gradient[part] * share
        return out

    def _parameter(self) -> np.ndarray:
        before, after = self.tape.before, self.tape.after
        if self.passed("update", self.topology.learning[-1]) == 1:
            return after
        if self.passed("update", self.topology.learning[0]) == 0:
            return before
        out = before.copy()
        for k, part in self._parts():
            out[part] = _blend(before[part], after[part], self.passed("update", k))
        return out

    def _layers(self):
        return [(k, node.neurons.slice) for k, node in enumerate(self.topology.nodes)]

    def _parts(self):
        return [(node.number, node.parts) for node in self.topology.nodes if node.parameters]


def _blend(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """From a (0) to b (1), exact at both ends."""
    return a if share == 0 else b if share == 1 else a * (1 - share) + b * share
