"""What has come from a watched loop: one `WatchedRun` after another, and how the link stands. Filled by the thread that receives.

Memory is bounded: the ring has its budget, the losses that nobody has fetched yet and the samples their numbers. What is replaced is
replaced as a whole, so that the thread that draws never sees half of anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from threading import Lock

import numpy as np

from nnviz3d.live.wire import End, Frame, Hello, Message, Structure, WireError
from nnviz3d.sources.watching.metrics import scored
from nnviz3d.sources.watching.network import SentSample, WatchedNetwork, network_of
from nnviz3d.sources.watching.ring import KeptState, StateRing
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import WatchedReading
from nnviz3d.spec.readout.times import LinkState
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Range

CODE = "view = nv.watch(model)"
SAMPLES = 64  # the newest different ones
AT_ONCE = 8192  # losses of one frame, evenly drawn: a chart has half as many points
SCORES = 4000  # of them are kept
UNREAD = 1 << 16  # losses that wait to be fetched: of more the oldest are lost
PARAMETER, GRADIENT = "parameter/", "gradient/"


@dataclass(frozen=True)
class Link:
    """How the link stands. `text`: more of it in words; `run`: the loop's name; `dropped`: frames that did not come."""

    state: LinkState = "waiting"
    text: str = ""
    run: str = ""
    address: str = ""
    dropped: int = 0
    paused: bool = False


@dataclass(eq=False)
class WatchedRun:
    """One run of one model. `network`: None where it cannot be drawn, and then `why` says so. `again`: after another run."""

    name: str
    address: str
    structure: Structure
    network: WatchedNetwork | None
    why: str
    ring: StateRing
    again: bool = False
    samples: tuple[SentSample, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    scores: list[tuple] = field(default_factory=list)  # as of `Playback.scores`, of the thread that draws
    step: int = 0
    _points: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=UNREAD))
    _measured: deque[tuple[int, dict[str, float]]] = field(default_factory=lambda: deque(maxlen=UNREAD // 16))
    _lock: Lock = field(default_factory=Lock)

    def fetch(self) -> list[tuple[int, float]]:
        """(step, loss) that have come since this was last asked; `scores` grows by what was measured since."""
        with self._lock:
            points, measured = list(self._points), list(self._measured)
            self._points.clear()
            self._measured.clear()
        self.scores += [row for step, metrics in measured if (row := scored(step, metrics)) is not None]
        if len(self.scores) > SCORES:
            del self.scores[1:-1:2]
        return points

    def note(self, frame: Frame, losses: np.ndarray | None) -> None:
        """Its curve. Frames of the past tell nothing new: the losses of all steps come with the others."""
        if frame.past:
            return
        loss = nan if frame.loss is None else frame.loss
        tail = np.array([loss]) if losses is None or not losses.size else losses.astype(np.float64).ravel()
        steps = np.arange(frame.step - tail.size + 1, frame.step + 1)
        some = np.unique(np.linspace(0, tail.size - 1, min(tail.size, AT_ONCE)).astype(np.intp))
        some = some[np.isfinite(tail[some]) & (steps[some] >= 0)]
        with self._lock:
            self._points.extend(zip(steps[some].tolist(), tail[some].tolist(), strict=True))
            if frame.metrics:
                self._measured.append((frame.step, dict(frame.metrics)))
        if frame.step >= self.step:
            self.step, self.metrics = frame.step, dict(frame.metrics)

    def take(self, sample: SentSample) -> None:
        others = tuple(other for other in self.samples if not other.same(sample))
        self.samples = (*others, sample)[-SAMPLES:]


class WatchedFeed:
    """`look`: the scene whose view the window has. `budget`: bytes of kept states. `link` and `run` are replaced as a whole."""

    def __init__(self, look: Scene, budget: int):
        self.look, self.budget = look, budget
        self.link, self.run = Link(), None
        self.run: WatchedRun | None
        self._resumed = False  # a run that was joined again: its first new frame says whether it is the same one

    def say(self, state: LinkState, text: str = "", **more) -> None:
        self.link = replace(self.link, state=state, text=text, **more)

    @property
    def body(self) -> int:
        """Bytes that the arrays of the next message may have: what its structure explains, and some for samples, losses and what is new."""
        network = self.run.network if self.run else None
        return (64 << 20) + (0 if network is None else 16 * network.topology.n_parameters + 16 * network.topology.input.size)

    def hear(self, message: Message, address: str) -> None:
        """One message. Raises WireError for what cannot come here, or does not fit what came before."""
        match message.header:
            case Hello() as hello:
                self.say("connected", run=hello.run or "a training loop", address=address, dropped=0, paused=False)
            case Structure() as structure:
                self._structure(structure, address)
            case Frame() as frame:
                self._frame(frame, message.arrays)
            case End() as end:
                self.say(_ENDS[end.reason], end.text, paused=False)
            case other:
                raise WireError(f"a message of the kind {other.kind} is none of a loop")

    def _structure(self, structure: Structure, address: str) -> None:
        old, name = self.run, self.link.run
        same = old is not None and (old.name, old.address) == (name, address) and _said(old.structure) == _said(structure)
        self._resumed = same
        if not same:
            self._begin(structure, address, name)

    def _begin(self, structure: Structure, address: str, name: str) -> None:
        network, why = None, ""
        try:
            network = network_of(structure, name, self.look)
        except InputError as error:
            why = _words(error)
        self.run = WatchedRun(name, address, structure, network, why, StateRing(self.budget), again=self.run is not None)

    def _frame(self, frame: Frame, arrays: dict[str, np.ndarray]) -> None:
        if self.run is None:
            raise WireError("a frame comes before the structure that says what it is of")
        if self._resumed and not frame.past:
            self._resumed = False
            if frame.step < self.run.step:  # the same program again, from its start
                self._begin(self.run.structure, self.run.address, self.run.name)
        run = self.run
        run.note(frame, arrays.get("losses"))
        if run.network is not None:
            try:
                _samples(run, run.network, arrays)
                state = _state(run, run.network, frame, arrays)
            except InputError as error:
                raise WireError(f"does not fit: {_words(error)}") from None
            if state is not None:
                run.ring.put(state)
        if not frame.past:
            self.say("connected", dropped=frame.dropped, paused=frame.paused)


def watched_reading(link: Link, run: WatchedRun | None, live: bool, kept: int, gradients: bool) -> WatchedReading:
    """For people. `kept` states; `gradients`: those of the shown one are the loop's own."""
    return WatchedReading(
        state=link.state, text=link.text, run=link.run, address=link.address, live=live, newest=0 if run is None else run.step, kept=kept,
        dropped=link.dropped, metrics=() if run is None else tuple(run.metrics.items()), gradients=gradients,
        code=CODE if run is None else "", why="" if run is None else run.why, paused=link.paused,
    )  # fmt: skip


_ENDS: dict[str, LinkState] = {"finished": "finished", "error": "failed", "restarted": "restarted", "refused": "refused"}


def _words(error: InputError) -> str:
    """Without the place, which is always the loop's model."""
    return "; ".join(": ".join(filter(None, (problem.key, problem.message))) for problem in error.problems)


def _said(structure: Structure) -> dict:
    return structure.model_dump(exclude={"sequence", "arrays"})


def _samples(run: WatchedRun, network: WatchedNetwork, arrays: dict[str, np.ndarray]) -> None:
    if "x" in arrays:
        run.take(network.sample(arrays["x"], arrays.get("target")))


def _state(run: WatchedRun, network: WatchedNetwork, frame: Frame, arrays: dict[str, np.ndarray]) -> KeptState | None:
    """The state that a frame tells. What it leaves out is as it was before; None where no parameter has ever come."""
    near = run.ring.at(frame.step) if len(run.ring) else None
    if near is None and not any(name.startswith(PARAMETER) for name in arrays):
        return None
    parameters = _filled(network, arrays, PARAMETER, None if near is None else near.parameters)
    gradients = _filled(network, arrays, GRADIENT, None) if any(name.startswith(GRADIENT) for name in arrays) else None
    assert parameters is not None
    sound = _made_finite(parameters)
    if gradients is not None:
        _made_finite(gradients)
    epoch = 0.0 if frame.epoch is None or not 0 <= frame.epoch < 1e9 else frame.epoch
    return KeptState(
        frame.step, epoch, nan if frame.loss is None else frame.loss, parameters, gradients, frame.batch or 0,
        tuple(frame.metrics.items()), sound, run.samples[-1] if run.samples else None,
    )  # fmt: skip


def _filled(network: WatchedNetwork, arrays: dict[str, np.ndarray], prefix: str, before: np.ndarray | None) -> np.ndarray:
    """(P,) float32 of the arrays whose names begin so; those that are missing as `before`, or 0."""
    places = network.places
    given = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    whole = len(given) >= len(places)
    size = network.topology.n_parameters
    out = np.empty(size, np.float32) if whole else np.zeros(size, np.float32) if before is None else before.copy()
    for name, array in given.items():
        place: Range | None = places.get(name)
        if place is None or array.shape != place.shape:
            has = "no such parameter" if place is None else f"the shape {list(place.shape)}"
            raise InputError.of("a frame", name, f"a frame has {prefix}{name} of shape {list(array.shape)}; the model has {has}")
        with np.errstate(all="ignore"):
            np.copyto(place.view(out), array, casting="unsafe")
    return out


def _made_finite(array: np.ndarray) -> bool:
    """Whether all numbers were; those that were not are 0, as pictures need numbers."""
    with np.errstate(all="ignore"):
        if isfinite(float(np.dot(array, array))) or np.isfinite(array).all():
            return True
    np.nan_to_num(array, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return False
