"""A training loop of somebody's own as a source: what it sends stands in an arena, and the rest is worked out from it as in training.

It follows the newest state, or stands at a kept one. z, activations and deltas of a sample are our own engine's, from the parameters
that came; "gradient" is the loop's own where it sends it, else that of the shown sample alone; "change" is the difference from the kept
state before. Samples that came are the rows of the data set: too few for scores. While no loop is found it has the smallest network.
A large state is copied over several frames; until then `at_boundary` is False and everything shows the state before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.calls import cuts
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.shown_evaluation import Looking
from nnviz3d.engine.tape import Tape
from nnviz3d.live.wire import Control, Structure
from nnviz3d.sources.answer_text import label
from nnviz3d.sources.evaluated import Evaluated
from nnviz3d.sources.viewable import Array, next_serial
from nnviz3d.sources.watching.feed import WatchedFeed, WatchedRun, watched_reading
from nnviz3d.sources.watching.gradient import SampleGradient
from nnviz3d.sources.watching.history import WatchedHistory
from nnviz3d.sources.watching.link import Receiver
from nnviz3d.sources.watching.network import SentSample, WatchedNetwork, network_of, shown
from nnviz3d.sources.watching.ring import KeptState, StateRing
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import NONE, Holds
from nnviz3d.spec.readout import WatchedReading
from nnviz3d.spec.reasons import WATCHED, Reasons
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.topology import Topology

BUDGET = 256 << 20  # bytes of kept states
PIECE = 1 << 20  # parameters that are copied at once, in about a millisecond
GONE = "a watched loop sends single samples, not its data"
KEPT_LOOK = ("view", "look", "record", "test")  # of a scene: how it is looked at
_NOTHING = Structure(scene=toml.dump(Scene(title="none")), shape=(1,), outputs=1)


class WatchedLoop(Evaluated):
    """Implements `Viewable`, `Clock`, `Data` and `Playback`; `history` is `WatchedHistory`; there is no learner.

    `receiver` fills `feed`; `close` ends it. `run`: of the loop that is shown; None while there is none.
    """

    learner = None
    grows = True
    diverged = None
    phase = ""
    since = written = 0
    gone = GONE

    def __init__(self, scene: Scene, base: Path, ops: Ops, feed: WatchedFeed, receiver: Receiver | None = None):
        self.feed, self.receiver, self.run_shown = feed, receiver, None
        self.run_shown: WatchedRun | None
        network = network_of(_NOTHING, "", scene)
        super().__init__(scene, base, ops, network.data)
        self._build(network, None)

    def close(self) -> None:
        if self.receiver is not None:
            self.receiver.close()

    def _build(self, network: WatchedNetwork, run: WatchedRun | None) -> None:
        """The network of a run, at its newest state."""
        self.network, self.run_shown, self.serial = network, run, next_serial()
        self.ring = StateRing(0) if run is None else run.ring
        if not len(self.ring):
            self.ring.put(KeptState(0, 0.0, nan, np.zeros(network.topology.n_parameters, np.float32)))
        self.scene = network.scene.model_copy(update={name: getattr(self.scene, name) for name in KEPT_LOOK})
        self.samples: tuple[SentSample, ...] = () if run is None else run.samples
        self.data = network.holding(self.samples)
        self._parameters: Array = self.ops.zeros(network.topology.n_parameters)
        self._looking = Looking(self.ops, network.topology, network.objective, self.data, self._parameters)
        self._own = SampleGradient(self)  # where the loop sends none
        self._held: dict[str, tuple[KeptState, Array]] = {}
        self.history = WatchedHistory(self)
        self._copying: Iterator[None] | None = None
        self.state: KeptState = self.ring.at(inf)
        self.before = self.ring.beside(self.state.step, -1)
        self.go(inf)
        self.show_sample(-1)

    # ------------------------------------------------------------ what has come

    def renew(self) -> bool:
        """Take over what the thread has received, but for states. Whether there is another network now."""
        run = self.feed.run
        if run is not None and run is not self.run_shown and (run.network is None or len(run.ring)):
            self._build(run.network or network_of(_NOTHING, run.name, self.scene), run)
            return True
        if run is not None and run is self.run_shown and run.samples is not self.samples:
            self._take_samples(run.samples)
        return False

    def _take_samples(self, samples: tuple[SentSample, ...]) -> None:
        """More samples: the newest is shown, unless a person has chosen another."""
        old, index, own = self.samples, self.sample.index, self.sample.part == "own"
        newest = not old or index == len(old) - 1
        chosen = None if newest else old[index]
        self.samples, self.data = samples, self.network.holding(samples)
        self._looking.replace(self.data)
        if not own:
            self.show_sample(-1 if chosen is None or chosen not in samples else samples.index(chosen))

    @property
    def newest(self) -> KeptState:
        found = self.ring.newest
        assert found is not None  # there is one from the beginning
        return found

    def follow(self, more: Callable[[], bool], step: float = inf) -> bool:
        """Go on to the newest state, or to that of a step, piece by piece while `more()`. Whether it is shown."""
        if self._copying is None:
            state = self.ring.at(step)
            if state is self.state:
                return True
            self._copying = self._copy(state)
        for _ in self._copying:
            if not more():
                return False
        self._copying = None
        return True

    def _copy(self, state: KeptState) -> Iterator[None]:
        for part in cuts(state.parameters.size, PIECE):
            self.ops.write(state.parameters[part], self._parameters[part])
            yield
        self._held, self.state, self.before = {}, state, self.ring.beside(state.step, -1)

    # ------------------------------------------------------------ viewable, clock

    @property
    def topology(self) -> Topology:
        return self.network.topology

    @property
    def objective(self) -> Objective:
        return self.network.objective

    @property
    def looking(self) -> Looking:
        return self._looking

    @property
    def holds(self) -> Holds:
        return NONE

    @property
    def edited(self) -> dict[int, tuple[float, float]]:
        return {}

    @property
    def at_boundary(self) -> bool:
        return self._copying is None

    @property
    def step(self) -> int:
        return self.state.step

    @property
    def epoch(self) -> float:
        return self.state.epoch

    @property
    def loss(self) -> float:
        return self.state.loss

    @property
    def unsound(self) -> bool:
        return not self.state.sound

    @property
    def train(self) -> Train:
        return self.scene.train

    @property
    def of_epoch(self) -> tuple[int, int]:
        """As far as the loop tells its epoch."""
        whole = max(round(self.step / self.epoch), 1) if self.epoch > 0 else 1
        return self.step % whole, whole

    @property
    def batch_size(self) -> int:
        return max(self.state.batch, 1)

    @property
    def last_batch(self) -> int:
        return self.batch_size if self.state.gradients is not None else int(self.tensors("gradient") is not None)

    def tensors(self, kind: str) -> Any:
        match kind:
            case "delta" if self.sample.target is None:
                return None
            case "parameter" | "after":
                return self._parameters
            case "before":
                return self._on_device("before", self.before, self.before.parameters)
            case "change":
                return self._parameters - self.tensors("before")
            case "gradient":
                sent = self.state.gradients
                return self._own.now() if sent is None else self._on_device("gradient", self.state, sent)
        return getattr(self._looking.shown, kind)

    def _on_device(self, kind: str, state: KeptState, array: np.ndarray) -> Array:
        if kind not in self._held or self._held[kind][0] is not state:
            self._held[kind] = state, self.ops.asarray(array)
        return self._held[kind][1]

    def show_sample(self, index: int) -> None:
        """Choose one of the samples that came; wraps around."""
        samples = self.samples
        index %= max(len(samples), 1)
        words = ""
        if samples:
            sample = samples[index]
            words = "no target" if sample.target is None else label(self.data, sample.x, sample.target)
        self.sample = shown(self.network, samples, index, words)
        self.show()

    def advance(self, more: Callable[[], bool] | None, steps: int | None = None) -> int:
        """To the newest state."""
        first = self.step
        self.go(inf if steps is None else first + steps)
        return self.step - first

    def run(self, steps: int) -> int:
        return self.advance(None, steps)

    def settle(self) -> None:
        """Finish a copy."""
        for _ in self._copying or ():
            pass
        self._copying = None

    # ------------------------------------------------------------ changes

    @property
    def reasons(self) -> Reasons:
        return replace(WATCHED, walk=self.history.no_walk)

    def record(self, shown: int = 0) -> Tape:
        """One step from the parameters that are shown, worked out here (`WatchedHistory.record`). Raises RunError."""
        return self.history.record(shown)

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        """Another look or sample; what else there is the loop decides."""
        old, self.scene = self.scene, scene
        self.feed.look = scene
        if scene.view.sample != old.view.sample:
            self.show_sample(scene.view.sample)

    def control(self, action: Any) -> None:
        """Ask the loop to go on, to wait, or to take one step, where it lends control."""
        if self.receiver is not None:
            self.receiver.send(Control(action=action))

    # ------------------------------------------------------------ playback

    @property
    def playback(self) -> WatchedLoop:
        return self

    @property
    def path(self) -> Path:
        return Path(self.feed.link.run or "watched")

    @property
    def rows(self) -> int:
        return self.batch_size

    @property
    def scores(self) -> list[tuple]:
        """As far as the loop measures them, by the names that people give them."""
        return [] if self.run_shown is None else self.run_shown.scores

    def arrived(self) -> list[tuple[int, float]]:
        """(step, loss) that have come since this was last asked; `scores` grows by what was measured."""
        return [] if self.run_shown is None else self.run_shown.fetch()

    @property
    def end(self) -> str:
        return self.feed.link.text

    def at(self, step: float) -> int:
        return self.ring.at(step).step

    def beside(self, step: float, by: int) -> int:
        return self.ring.beside(step, by).step

    def go(self, step: float) -> int:
        """Be at the last kept state that is not after this step, at once; the shown sample is not refreshed."""
        self.be(self.ring.at(step))
        return self.step

    def be(self, state: KeptState) -> None:
        """At a state, also one that the ring has dropped."""
        self.settle()
        for _ in self._copy(state):
            pass

    def enter(self, step: float) -> Train:
        """The same with the shown sample in it."""
        self.go(step)
        self.show()
        return self.scene.train

    def curve(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        """None yet: they are fetched as they come."""
        return np.zeros(0), np.zeros(0)

    def reading(self) -> None:
        """It is no recording."""

    def watched(self, live: bool) -> WatchedReading:
        """How the link and the run stand; `live`: what is shown follows it."""
        return watched_reading(self.feed.link, self.run_shown, live, len(self.ring), self.state.gradients is not None)
